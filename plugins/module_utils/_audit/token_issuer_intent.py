# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to become of the OAuthTokenIssuer certificate: the one that the description names, or the one safe choice."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import Farm, FrontEnd
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import (
    Certificate,
    Moment,
    read_certificate,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import Description
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import (
    find_end,
    find_signing,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_staging import (
    choose_effective_date,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.token_issuer_choice import (
    choose_token_issuer,
)

Action = t.Literal["none", "assign", "stage", "replace", "missing", "undecided"]
"""``none``: it is as described. ``assign``: nothing valid is in use. ``stage``: at a date. ``replace``: at once, what is in use or staged.
``missing``: what is named is not there. ``undecided``: no safe choice."""


@dataclass(frozen=True)
class Intent:
    """What would be done.

    :ivar certificate: the one that would be assigned, as far as it is known.
    :ivar in_use: the one that some server may still sign with.
    :ivar lost: another one that somebody has staged, and that would be staged no longer.
    :ivar assigned: whether Lync has assigned it to some use already.
    :ivar reason: why it is this one, or why there is none.
    """

    action: Action
    thumbprint: str = ""
    certificate: Certificate | None = None
    in_use: str = ""
    lost: str = ""
    assigned: bool = False
    reason: str = ""

    @property
    def is_conflict(self) -> bool:
        """Whether something would be gone that somebody has chosen, or that partners know, so that the user has to say so."""
        return self.action == "replace" or bool(self.lost)


def find_token_issuer_intent(farm: Farm, speaker: FrontEnd, description: Description, now: dt.datetime) -> Intent:
    """The intent, by the global assignments that the front end shows that speaks for the deployment.

    What takes effect about now is still staged: some server may not sign with it yet.
    """
    in_use, staged = find_signing(speaker.token_issuers, now)
    store = speaker.store.certificates if speaker.store else {}
    pfx = farm.deployment.pfx if farm.deployment else None
    named = description.oauth_token_issuer_thumbprint or str((pfx or {}).get("thumbprint") or "")
    if not named and description.oauth_token_issuer_path:
        return Intent("none", in_use=in_use)  # the file could not be read, which is a finding of its own
    if not named:
        return _choose(speaker, description, now, in_use or (staged.thumbprint if staged else ""))
    if named == (staged.thumbprint if staged else in_use):
        return Intent("none", named, store.get(named), in_use, assigned=True)
    certificate = store.get(named)
    if certificate is None or (pfx and not certificate.has_private_key):
        certificate = read_certificate({**pfx, "has_private_key": None, "key_provider": None}) if pfx else None
    if certificate is None:
        return Intent("missing", named, None, in_use, reason=f"{named} is not in the store of {speaker.computer}")
    action = _choose_action(speaker, named, in_use, description, now)
    if staged and not (action == "stage" and description.oauth_token_issuer_effective_date):
        action = "replace"  # for another one that is staged, nobody has chosen a day
    assigned = any(item.thumbprint == named for item in (*(speaker.assigned or ()), *speaker.token_issuers))
    return Intent(action, named, certificate, in_use, staged.thumbprint if staged else "", assigned)


def _choose_action(speaker: FrontEnd, named: str, in_use: str, description: Description, now: dt.datetime) -> Action:
    """Staged where another one is in use and lasts long enough; at once where nothing valid is in use, or where it is the one in use."""
    if in_use == named:
        return "replace"
    current = speaker.store.certificates.get(in_use) if speaker.store else None
    end = current.not_after if current else find_end(speaker.token_issuers, in_use)
    if not in_use or (end is not None and end < now):
        return "assign"
    if description.oauth_token_issuer_effective_date:
        return "stage"
    if not description.allows("token_issuer_in_use", "OAuthTokenIssuer", in_use) and choose_effective_date(now, end):
        return "stage"
    return "replace"


def _choose(speaker: FrontEnd, description: Description, now: dt.datetime, there: str) -> Intent:
    if there or speaker.own_issuers or not description.oauth_token_issuer_automatic:
        return Intent("none", in_use=there)  # of an assignment of the server's own, the rule token_issuer_scope tells
    store = list(speaker.store.certificates.values()) if speaker.store else []
    choice = choose_token_issuer(
        store, speaker.default, description.sip_domains[0], Moment.at(now), warn_days=description.warn_days
    )
    if not choice.thumbprint:
        return Intent("undecided", reason=choice.reason)
    chosen = speaker.store.certificates[choice.thumbprint] if speaker.store else None
    return Intent(
        "assign", choice.thumbprint, chosen, assigned=chosen is not None and chosen.thumbprint == speaker.default
    )
