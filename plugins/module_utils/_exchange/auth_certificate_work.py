# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the table's word means in steps. Pure: by what was read, and nothing else, so a run that was killed is gone on with by the next.

The order is safe at each place where a run may end: a certificate is made, what it displaced is put back, every server gets it, and only
then AuthConfig names it. Only after that it is published. The previous one is never cleared here: partners may still know that one alone.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import (
    KEY_SIZE,
    Certificate,
    count_days,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_observation import (
    AuthObservation,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_table import (
    NEXT_DAYS,
    TOO_LATE_DAYS,
    AuthState,
    Decision,
    choose_effective_date,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_config import (
    AuthConfig,
    AuthConfigWrites,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import SHELL, Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.internal_transport import (
    find_internal_transport,
    make_restoration,
    name_new_certificate,
    read_record,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.pfx_transfer import EXPORT, Transfer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import normalize_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Step

SUBJECT = "CN=Microsoft Exchange Server Auth Certificate"
NEW = "the new certificate"
"""Stands for a thumbprint that is not known before the certificate is made."""

_REFRESH = "Have Lync and every other partner (SharePoint, Office Web Apps) read Exchange's metadata"

Phase = tuple[Step, ...]
"""Steps that are run one right after the other; after them all is read again."""


@dataclass(frozen=True)
class Displaced:
    """A server whose internal transport certificate an Auth certificate has taken the place of.

    :ivar belongs: what belongs there; empty where nothing says it.
    """

    host: str
    found: str
    belongs: str = ""


def list_phases(
    observed: AuthObservation,
    decision: Decision,
    directory: Directory,
    server: str,
    known: Collection[str] | None = None,
) -> list[Phase]:
    """The phases that carry a decision out, from what there is now.

    :param server: where a new certificate is made; empty for a server of our choice.
    :param known: the certificates that were there before this run has made one; None while it has made none.
    :raises ShellError: of kind ``conflict`` where it cannot be carried out.
    """
    writes = AuthConfigWrites(directory, observed.config, observed.state.now)
    displaced = [item for item in find_displaced(observed) if item.belongs]
    repairs = [directory.through(make_restoration(item.host, item.belongs)) for item in displaced]
    phases: list[Phase] = [tuple(repairs)] if repairs else []
    if decision.action == "import":
        phases += [_list_transfers(observed, thumb, hosts) for thumb, hosts in decision.missing.items()]
    elif decision.action == "publish":
        phases.append((writes.make_publication(),))
    elif decision.action in ("stage", "replace"):
        phases += _list_renewal(observed, decision, directory, server, known)
    return [phase for phase in phases if phase]


def find_displaced(observed: AuthObservation) -> list[Displaced]:
    """The servers whose internal transport certificate is an Auth certificate.

    What belongs there is in its friendly name if this collection has made it, and is taken from there only if the server still has it. It
    may have expired: Exchange looks at key and usages of a certificate for SMTP, not at its dates, and mail goes on with it.
    """
    found = []
    for server in observed.state.servers:
        here = server.certificates or {}
        shown = here.get(observed.find_transport(server.host))
        if shown is None or not is_auth_subject(shown):
            continue
        record = read_record(observed.stores[server.host][shown.thumbprint]["friendly_name"])
        found.append(Displaced(server.host, shown.thumbprint, record if server.has(record) else ""))
    return found


def is_auth_subject(certificate: Certificate) -> bool:
    """Whether a certificate is called as Exchange's own tools call an Auth certificate."""
    return (certificate.subject or "").casefold() == SUBJECT.casefold()


def _list_renewal(
    observed: AuthObservation, decision: Decision, directory: Directory, server: str, known: Collection[str] | None
) -> Iterator[Phase]:
    """Make one if none is there, bring it to every server, stage it, and publish it at once if the current one is dead, or nearly."""
    state, writes = observed.state, AuthConfigWrites(directory, observed.config, observed.state.now)
    at_once = decision.action == "replace"
    target = state.next if at_once and _can_follow_at_once(state) else find_candidate(observed, known)
    holder = choose_maker(state, server)  # by then, every server has it
    if not target:
        displaced = find_internal_transport(holder, observed.transports, observed.stores[holder])
        made, restored = (
            _make_creation(holder, displaced["thumbprint"]),
            make_restoration(holder, displaced["thumbprint"]),
        )
        yield directory.through(made), directory.through(restored)
        yield tuple(Transfer(NEW, holder, each.host) for each in state.servers if each.host != holder)
    else:
        yield _list_transfers(observed, target, state.list_without(target))
    effective = None if at_once else choose_effective_date(state.now, state.count_days(state.current))
    if target != state.next or not target:
        date = effective or state.now.replace(microsecond=0)
        yield (writes.make_staging(target or NEW, date, holder if state.excluded else ""),)
    if at_once:
        yield (writes.make_publication(),)


def _can_follow_at_once(state: AuthState) -> bool:
    """Whether the staged certificate can be published now: every server can have it, and it lasts until the next one can be staged."""
    days = state.count_days(state.next)
    return state.find_lack(state.next) != "stuck" and days > max(TOO_LATE_DAYS, state.count_days(state.current))


def choose_maker(state: AuthState, server: str) -> str:
    """The server on which a certificate is made: the one that is named, or the first that has the current one, or the first of all.

    :raises ShellError: of kind ``bad_input`` for a server that takes no part.
    """
    hosts = sorted(state.servers, key=lambda each: (not each.has(state.current), each.host))
    if not server:
        return hosts[0].host
    wanted = normalize_name(server)
    named = [each.host for each in hosts if wanted in (each.host, each.host.partition(".")[0])]
    if not named:
        known = ", ".join(sorted(each.host for each in hosts))
        raise ShellError("bad_input", f"server: {server} is none of the servers that take part: {known}.", shell=SHELL)
    return named[0]


def find_candidate(observed: AuthObservation, known: Collection[str] | None = None) -> str:
    """A certificate that is there and that nothing names: what this run has made, or one that was ended before it was staged.

    Others of the same subject were made, or withdrawn, by somebody. They are not taken.

    :param known: the certificates that were there before this run has made one; None while it has made none.
    """
    state = observed.state
    used = {state.current, state.previous, state.next}
    current = state.find(state.current)
    fit = [
        certificate
        for server in state.servers
        for certificate in (server.certificates or {}).values()
        if certificate.thumbprint not in used
        and _is_ours(observed, certificate.thumbprint, known)
        and _is_fit(certificate, state.now)
        and _is_newer(certificate, current)
    ]
    best = max(fit, key=lambda item: (item.not_after or state.now, item.thumbprint), default=None)
    return best.thumbprint if best else ""


def _is_ours(observed: AuthObservation, thumbprint: str, known: Collection[str] | None) -> bool:
    """Whether this run has made a certificate, or its name says that one of this collection has."""
    if known is not None and thumbprint not in known:
        return True
    held = [store[thumbprint] for store in observed.stores.values() if thumbprint in store]
    return any(read_record(facts["friendly_name"]) for facts in held)


def _is_fit(certificate: Certificate, now: dt.datetime) -> bool:
    """Whether a certificate can be the next one: as New-ExchangeCertificate makes it here, and one that lasts."""
    lasts = certificate.not_after is not None and count_days(certificate.not_after, now) > NEXT_DAYS
    key = certificate.key_type == "RSA" and (certificate.key_size or 0) >= KEY_SIZE
    return (
        is_auth_subject(certificate)
        and bool(certificate.self_signed)
        and key
        and certificate.exportable is True
        and lasts
    )


def _is_newer(certificate: Certificate, current: Certificate | None) -> bool:
    if current is None or current.not_before is None or certificate.not_before is None:
        return True
    return certificate.not_before > current.not_before


def _make_creation(host: str, displaced: str) -> Cmdlet:
    return Cmdlet(
        "New-ExchangeCertificate",
        Server=host,
        SubjectName=SUBJECT,
        FriendlyName=name_new_certificate(displaced),
        DomainName=[],
        KeySize=KEY_SIZE,
        PrivateKeyExportable=True,
        Force=True,
        Confirm=False,
    )


def _list_transfers(observed: AuthObservation, thumbprint: str, hosts: Sequence[str]) -> Phase:
    """Bring a certificate to servers, from one that may hand its private key on.

    :raises ShellError: of kind ``conflict`` where none may.
    """
    if not hosts:
        return ()
    sources = observed.state.list_sources(thumbprint)
    sources.sort(key=lambda host: not observed.stores[host][thumbprint]["private_key_exportable"])
    if not sources:
        message = f"no server has {thumbprint} with a private key that can be exported, so it cannot be brought to {', '.join(hosts)}."
        remedy = "Import it there from a PFX file (Import-ExchangeCertificate)."
        raise ShellError("conflict", message, shell=SHELL, cmdlet=EXPORT, remedy=remedy)
    return tuple(Transfer(thumbprint, sources[0], host) for host in hosts)


def list_remaining(observed: AuthObservation, following: Decision | None = None, *, published: bool) -> list[str]:
    """What is left for people and for later runs, in order.

    :param following: what the table decides by what there is after this run; None in check mode, which changes nothing.
    :param published: whether this run has made another certificate the current one.
    """
    state, left = observed.state, []
    if following and following.action == "stop":
        left.append(f"Run this task again. It will stop: {following.reason}. {following.remedy}")
    elif following and following.action != "none":
        left.append(f"Run this task again. It is not done yet ({following.action}): {following.reason}.")
    if state.next and state.next_effective:
        date = f"{state.next_effective:%Y-%m-%d %H:%M} UTC"
        left.append(f"{_REFRESH} before {date}, when Exchange begins to sign with {state.next}.")
        left.append(f"From {date} on, run this task again. It publishes {state.next}, if Exchange has not.")
    if published:
        left.append(
            "On each Exchange server, one after the other and out of the load balancer, unless role restart does it (farm_restart): "
            "restart MSExchangeServiceHost, and recycle MSExchangeOWAAppPool and MSExchangeECPAppPool."
        )
    if state.previous:
        left.append(f"{_REFRESH} again. Then clear the previous certificate: exchange_auth_config with clear_previous.")
    if state.hybrid and (published or state.next) and state.dedicated_application:
        left.append("Upload the next certificate: ConfigureExchangeHybridApplication.ps1 -UpdateCertificate.")
    if state.hybrid and (published or state.next):
        left.append("Run the Hybrid Configuration Wizard (HCW) again once the certificate is the current one.")
    return left


_GOES_ON: dict[str, tuple[str, ...]] = {
    "import": ("import",),
    "stage": ("stage",),
    "replace": ("replace", "publish"),
    "publish": ("publish",),
}
"""By the action that was decided first, what the table says while it is not done: one that is to replace is staged, and then published."""


def goes_on(first: Decision, following: Decision) -> bool:
    """Whether what the table says after a phase is still of the action that a run began with. Anything else is for the next run."""
    return following.action in _GOES_ON.get(first.action, ())


def find_rest(first: Decision, following: Decision, state: AuthState) -> Decision:
    """What a run does next: what the table says, as long as it is of the action that the run began with; else nothing.

    Where a replacement has staged the new certificate while the current one is still valid for a day, the table has the current one
    brought to the servers without it. A replacement does not wait for that: every server has the new one by then.
    """
    if goes_on(first, following):
        return following
    overtaken = following.action == "import" and state.is_due and state.find_lack(state.next) == "none"
    return Decision("publish", first.reason) if first.action == "replace" and overtaken else Decision("none", "")


def is_done(first: Decision, before: AuthConfig, after: AuthConfig) -> bool:
    """Whether AuthConfig shows the action that a run began with."""
    if first.action == "stage":
        return before.next != after.next
    return first.action not in ("replace", "publish") or before.current != after.current


def is_publication(step: t.Any) -> bool:
    """Whether a step makes another certificate the current one."""
    return isinstance(step, Cmdlet) and "PublishCertificate" in step.parameters


def describe_step(step: t.Any) -> str:
    """What a step would be, were a run to send it, without the moment that changes from run to run."""
    if isinstance(step, Cmdlet):
        fixed = {name: value for name, value in step.parameters.items() if name != "NewCertificateEffectiveDate"}
        return str(Cmdlet(step.name, **fixed))
    return str(step)
