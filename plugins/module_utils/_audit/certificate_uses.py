# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every certificate that signs tokens, in each of its uses on each server: what the certificate rules go through."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.changes import find_speaker
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import FrontEnd, Store
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.token_issuer_intent import (
    find_token_issuer_intent,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import (
    Certificate,
    Moment,
    count_days,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_table import RENEW_DAYS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant, normal_thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import find_in_use, find_staged

Name = t.Literal["OAuthTokenIssuer", "OAuthTokenIssuer, staged", "Exchange Auth", "Exchange Auth, next"]

_ROTATE = "Run playbook onprem.exchange_lync.rotate_auth_certificate"
_ROTATION = (
    "It makes a new certificate (New-ExchangeCertificate), brings it to every server, stages and publishes it (Set-AuthConfig), and has "
    "Lync read Exchange's metadata again."
)
_ONCE = "for this run only: each run with it would renew the certificate again"
REPLACE: dict[str, str] = {
    "lync": (
        "Request a web server certificate with an exportable key from your authority, name it in farm_oauth_token_issuer_thumbprint, or "
        "give it as a file in farm_oauth_token_issuer_path, and run playbook onprem.exchange_lync.rotate_oauth_token_issuer."
    ),
    "exchange": (
        f"{_ROTATE}. {_ROTATION} If the certificate has more than {RENEW_DAYS} days left, give the playbook more days than that in "
        f"-e rotate_renew_days, {_ONCE}."
    ),
}
"""What to do about a wrong certificate, by product, as docs/rules.md shows it. A finding words it for its own certificate."""
DEPLOY: dict[str, str] = {
    "lync": (
        "Assign the certificate globally, once, from a PFX file with its private key (farm_oauth_token_issuer_path); replication brings "
        "it to every front end."
    ),
    "exchange": (
        "Run playbook onprem.exchange_lync.rotate_auth_certificate. It brings the certificate with its private key from a server that has "
        "it to this one (Export-ExchangeCertificate, Import-ExchangeCertificate)."
    ),
}


@dataclass(frozen=True)
class Use:
    """A certificate that signs tokens on a server.

    :ivar host: the server.
    :ivar certificate: None where the server's store does not have it.
    :ivar stored: how many certificates the store has.
    :ivar current_ends: for a staged one, when the one in use ends.
    :ivar successor: a staged one that the server has and that takes effect in time.
    :ivar planned: whether it is not assigned yet, but this run would do that.
    :ivar leaving: whether it stays in use only until the one that this run stages takes effect.
    :ivar of_lync: whether Lync has assigned it to some use: any such certificate can issue tokens.
    """

    name: Name
    host: str
    thumbprint: str
    certificate: Certificate | None
    moment: Moment
    stored: int = 0
    current_ends: dt.datetime | None = None
    successor: Certificate | None = None
    planned: bool = False
    leaving: bool = False
    of_lync: bool = True

    @property
    def product(self) -> str:
        """``exchange`` or ``lync``."""
        return "exchange" if self.name.startswith("Exchange") else "lync"

    @property
    def is_staged(self) -> bool:
        """Whether it is not in use yet."""
        return self.name in ("OAuthTokenIssuer, staged", "Exchange Auth, next")

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """What a remedy needs."""
        return (("replace", self.replacement), ("deploy", DEPLOY[self.product]))

    @property
    def replacement(self) -> str:
        """How it is replaced."""
        return REPLACE["lync"] if self.product == "lync" else self._describe_rotation()

    def _describe_rotation(self) -> str:
        """How this Auth certificate is replaced. The playbook looks at the days that are left, and at nothing else."""
        if self.is_staged:
            return "Stage another certificate in its place: exchange_auth_config with next_certificate_thumbprint and on_conflict=replace."
        if self.successor:
            return f"{self.successor.thumbprint} is staged to follow it: {_ROTATE[0].lower()}{_ROTATE[1:]} when its date has come."
        end = self.certificate.not_after if self.certificate else None
        days = count_days(end, self.moment.now) if end else 0
        option = f" with -e rotate_renew_days={days + 1}, {_ONCE}" if days > RENEW_DAYS else ""
        return f"{_ROTATE}{option}. {_ROTATION}"


def list_uses(context: Context) -> Iterator[Use]:
    """Every use on every server that could be read."""
    for front_end in context.front_ends:
        if front_end.assigned is not None and front_end.store is not None:
            yield from _list_token_issuers(context, front_end, front_end.store)
    yield from _list_planned(context)
    for store in context.exchange_stores:
        if store.error is None:
            yield from _list_auth_certificates(context, store)


def list_found(context: Context) -> Iterator[tuple[Use, Certificate]]:
    """Those uses whose certificate is there."""
    for use in list_uses(context):
        if use.certificate is not None:
            yield use, use.certificate


def _list_token_issuers(context: Context, front_end: FrontEnd, store: Store) -> Iterator[Use]:
    assigned, now = context.list_issuers(front_end), context.now
    in_use, staged = find_in_use(assigned, now), find_staged(assigned, now)
    current, count = store.certificates.get(in_use), len(store.certificates)
    others = {item.thumbprint for item in front_end.assigned or () if item.use != "OAuthTokenIssuer"}
    if staged is not None:
        moment, certificate = Moment.at(now, staged.effective_date), store.certificates.get(staged.thumbprint)
        end, mine = current.not_after if current else None, staged.thumbprint in others
        yield Use(
            "OAuthTokenIssuer, staged", store.host, staged.thumbprint, certificate, moment, count, end, of_lync=mine
        )
    if in_use and not context.will_assign:
        yield _find_current(context, front_end, store, in_use)


def list_leaving(context: Context) -> Iterator[Use]:
    """The certificates in use that this run stages a successor for: until then, every server needs them."""
    change = context.find_assignment()
    if not context.will_assign or change is None or change.details["action"] != "stage":
        return
    for front_end in context.front_ends:
        in_use = find_in_use(context.list_issuers(front_end), context.now)
        if in_use and front_end.store is not None:
            yield replace(_find_current(context, front_end, front_end.store, in_use), leaving=True)


def _find_current(context: Context, front_end: FrontEnd, store: Store, in_use: str) -> Use:
    staged, current = find_staged(context.list_issuers(front_end), context.now), store.certificates.get(in_use)
    successor = store.certificates.get(staged.thumbprint) if staged else None
    late = staged and current and _is_late(current, staged.effective_date)
    others = {item.thumbprint for item in front_end.assigned or () if item.use != "OAuthTokenIssuer"}
    return Use(
        "OAuthTokenIssuer",
        store.host,
        in_use,
        current,
        Moment.at(context.now),
        len(store.certificates),
        successor=None if late else successor,
        of_lync=in_use in others,
    )


def _list_planned(context: Context) -> Iterator[Use]:
    """The certificate that this run would assign, judged as if it were assigned already."""
    speaker = find_speaker(context.farm)
    if not context.will_assign or speaker is None:
        return
    intent = find_token_issuer_intent(context.farm, speaker, context.description, context.now)
    if intent.certificate is not None:
        moment = Moment.at(context.now)
        yield Use(
            "OAuthTokenIssuer",
            speaker.computer,
            intent.thumbprint,
            intent.certificate,
            moment,
            planned=True,
            of_lync=intent.assigned,
        )


def _list_auth_certificates(context: Context, store: Store) -> Iterator[Use]:
    config = context.farm.organization.auth_config if context.farm.organization else None
    if config is None:
        return
    current = normal_thumbprint(config["current_certificate_thumbprint"])
    following = normal_thumbprint(config["next_certificate_thumbprint"])
    effective = read_effective_date(config["next_certificate_effective_date"])
    found, count = store.certificates.get(current), len(store.certificates)
    if following not in ("", current):
        end = found.not_after if found else None
        moment, certificate = Moment.at(context.now, effective), store.certificates.get(following)
        yield Use("Exchange Auth, next", store.host, following, certificate, moment, count, end)
    if current:
        successor = store.certificates.get(following) if following != current else None
        late = found is not None and _is_late(found, effective)
        yield Use(
            "Exchange Auth",
            store.host,
            current,
            found,
            Moment.at(context.now),
            count,
            successor=None if late else successor,
        )


def read_effective_date(text: str | None) -> dt.datetime | None:
    """The date from which on the next Auth certificate is the current one."""
    return dt.datetime.fromisoformat(text) if text else None


def _is_late(current: Certificate, effective: dt.datetime | None) -> bool:
    """Whether the staged certificate takes effect only after the current one has ended."""
    return effective is not None and current.not_after is not None and effective > current.not_after


def describe_end(certificate: Certificate, now: dt.datetime) -> str:
    """Until when a certificate is valid."""
    end = t.cast(dt.datetime, certificate.not_after)
    return f"{certificate} is valid until {instant(end)} ({count_days(end, now)} days left)"
