# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assignment of a certificate to one of Lync's uses.

OAuthTokenIssuer is assigned once, globally: the Central Management Store brings it to every front end. Everything else is assigned to
the computer. A certificate is judged before it is assigned.
"""

from __future__ import annotations

import datetime as dt

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import Moment
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import SOON
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_fitness import (
    find_errors,
    find_warnings,
    refuse_unfit,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_observation import (
    Evidence,
    Judge,
    ObservedAssignments,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_request import Request
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_staging import (
    choose_effective_date,
    is_too_late,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.front_end_certificates import (
    Facts,
    read_assigned,
    read_global_issuers,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan, Reads
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import SecretText, Value


class Assignment:
    """The certificate of one use."""

    name = "certificate"
    shell: ShellName = "lync"

    def __init__(self, request: Request) -> None:
        self._request = request
        self._in_file: Facts | None = None
        self._evidence: Evidence | None = None

    def observe(self, call: Call) -> ObservedAssignments:
        """Read what is assigned; all else only where something is to be done, and once."""
        request, judge = self._request, Judge(call, self._request)
        assigned = _read_assigned(call.shell(self.shell), request)
        thumbprint = request.thumbprint
        if request.path and not thumbprint and not request.absent:
            self._in_file = self._in_file or judge.read_file("")
            thumbprint = str((self._in_file or {}).get("thumbprint", ""))
        found = ObservedAssignments(call.shell(self.shell).find_now(), assigned, thumbprint)
        if request.absent or is_done(request, found):
            return found
        self._evidence = self._evidence or judge.collect(found, self._in_file)
        return ObservedAssignments(found.now, assigned, self._evidence.thumbprint, self._evidence)

    def plan(self, call: Call, observed: ObservedAssignments) -> Plan:
        """Assign or remove; nothing where that is done already.

        :raises ShellError: of kind ``certificate`` where a rule is broken that the task does not waive, of kind ``conflict`` where
            another certificate is in use or staged, and the task does not say what to do then.
        """
        request, evidence = self._request, observed.evidence
        before = observed.describe(observed.in_use)
        if request.previous:
            return _plan_forgetting(request, observed)
        if request.absent:
            removed = must_remove(request, observed)
            return Plan(before, None, (_make_removal(request),)) if removed else Plan(before, before)
        if evidence is None or is_done(request, observed):
            there = observed.describe(observed.thumbprint or observed.in_use)
            return Plan(there, there)
        effective, kept = settle_conflict(request, observed, evidence)
        if kept:
            return Plan(before, before, warnings=(kept,))
        _refuse_past(effective, evidence)
        warnings = _judge(request, evidence, effective)
        after = _foretell(request, observed, evidence, effective)
        return Plan(before, after, _make_steps(request, evidence, effective), warnings)


def is_done(request: Request, observed: ObservedAssignments) -> bool:
    """Whether the certificate is in force, or staged as the task wants it.

    Where the task leaves the certificate open, any will do. One that is in force is not staged again, whatever the date, but another one
    that is to follow it is not what the task asks for; and one that is staged is not what ``on_conflict=replace`` without a date asks for.
    """
    staged, wanted = observed.find_staged(), observed.thumbprint
    if request.is_open:
        return bool(observed.in_use or staged)
    if not wanted or observed.in_use == wanted:
        pending = observed.find_pending() if request.is_global else None
        return bool(wanted) and (pending is None or pending.thumbprint == wanted)
    if staged is None or staged.thumbprint != wanted:
        return False
    if request.effective_date:
        return staged.effective_date == request.effective_date
    return request.is_global and request.on_conflict != "replace"


def must_remove(request: Request, observed: ObservedAssignments) -> bool:
    """Whether the assignment is to be removed. A thumbprint that the task names is the only one that it removes.

    :raises ShellError: of kind ``conflict`` where the cmdlet would remove another one, in force or staged, with it.
    """
    there = {observed.in_use, *(item["thumbprint"] for item in observed.assigned)} - {""}
    others = there - {request.thumbprint}
    if request.thumbprint in there and others:
        named = ", ".join(sorted(others))
        message = f"{named} is assigned too, in force or staged, and would be removed with {request.thumbprint}."
        remedy = "Assign the one that is to stay (O(state)=present, O(on_conflict)=replace), or leave O(thumbprint) out to remove both."
        raise ShellError("conflict", message, remedy=remedy)
    return bool(there) and request.thumbprint in ("", *there)


def settle_conflict(
    request: Request, observed: ObservedAssignments, evidence: Evidence
) -> tuple[dt.datetime | None, str]:
    """The effective date (none for at once), and why nothing is done.

    Exchange trusts the keys that it has read, so that an OAuthTokenIssuer that is in use is replaced at once only where the task says so.
    One that somebody has staged would be lost, whatever the date.

    :raises ShellError: of kind ``conflict``.
    """
    policy, end = request.on_conflict, evidence.in_use_until
    # the one in force needs no date, only to be the one that stays
    date = None if observed.signing == evidence.thumbprint else request.effective_date
    in_use, staged = _find_valid_rival(observed, evidence), _describe_staged_rival(observed, evidence)
    if not request.is_global or not (staged or (in_use and not date)) or policy == "replace":
        return date, ""
    rivals = " and ".join(filter(None, [in_use and f"{in_use} is in use", staged]))
    if policy == "keep":
        return None, f"Left as it is: {rivals} as {request.use}."
    chosen = choose_effective_date(evidence.now, end) if policy == "stage" and not staged else None
    if chosen is None:
        soon = f" until {instant(end)}, which is too soon to stage another one" if end and not staged else ""
        remedy = (
            "Nothing was written. Set O(on_conflict) to replace to have this replaced, or to keep to leave it as it is."
        )
        message = f"{rivals} as {request.use}{soon if policy == 'stage' else ''}."
        raise ShellError("conflict", message, remedy=remedy)
    return chosen, ""


def _find_valid_rival(observed: ObservedAssignments, evidence: Evidence) -> str:
    """Another certificate that is in use, as long as it is valid: one that has expired signs nothing that anybody takes."""
    expired = evidence.in_use_until is not None and evidence.in_use_until < evidence.now
    return "" if expired or observed.signing == evidence.thumbprint else observed.signing


def _describe_staged_rival(observed: ObservedAssignments, evidence: Evidence) -> str:
    staged = observed.find_pending()
    if staged is None or staged.effective_date is None or staged.thumbprint == evidence.thumbprint:
        return ""
    return f"{staged.thumbprint} is staged for {instant(staged.effective_date)}"


def _refuse_past(effective: dt.datetime | None, evidence: Evidence) -> None:
    if effective and effective <= evidence.now:
        message = (
            f"O(effective_date): {instant(effective)} is past by the server's clock. Give a later one, or leave it out: then "
            "O(on_conflict) says when the certificate takes effect."
        )
        raise ShellError("bad_input", message)


def _judge(request: Request, evidence: Evidence, effective: dt.datetime | None) -> tuple[str, ...]:
    """Refuse a certificate that is unfit when it takes effect, and say what else there is to know.

    :raises ShellError: of kind ``certificate``.
    """
    candidate, end = evidence.candidate, evidence.in_use_until
    if candidate is None:
        return ("The server offers no Get-PfxData, so the certificate in the file was not judged.",)
    moment = Moment.at(evidence.now, effective)
    refuse_unfit(evidence.thumbprint, find_errors(request.use, candidate, moment), request.allow)
    found = find_warnings(request.use, candidate, moment, request.warn_days)
    warnings = [f"{evidence.thumbprint}: {flaw}." for flaw in found]
    if effective and end and is_too_late(effective, end):
        late = (
            f"it takes effect at {instant(effective)}, less than 24 hours before the one in use ends ({instant(end)})"
        )
        warnings.append(f"{evidence.thumbprint}: {late}, so servers that cache the old key may refuse its tokens.")
    return tuple(warnings)


def _make_steps(request: Request, evidence: Evidence, effective: dt.datetime | None) -> tuple[Cmdlet, ...]:
    given: dict[str, Value] = {"Type": [request.use], **request.scope, "Confirm": False}
    if effective:
        given.update(EffectiveDate=effective, Roll=True)
    if request.allow:
        given.update(Force=True)
    assign = Cmdlet("Set-CsCertificate", Thumbprint=evidence.thumbprint, **given)
    if evidence.in_store:
        return (assign,)
    read: dict[str, Value] = {"Path": request.path}
    if request.password is not None:
        read["Password"] = SecretText(request.password)
    if request.is_global:
        # into the Central Management Store, from where every front end gets the certificate and its key
        return (Cmdlet("Import-CsCertificate", **read, **given),)
    return Cmdlet("Import-CsCertificate", **read, Confirm=False), assign


def _plan_forgetting(request: Request, observed: ObservedAssignments) -> Plan:
    """Remove the previous certificate, which a roll leaves; while the next one is only staged, it is the one that signs."""
    before, staged = observed.describe(observed.in_use), observed.find_pending()
    if staged is not None and staged.effective_date is not None:
        kept = (
            f"The previous certificate was kept: {staged.thumbprint} takes effect at {instant(staged.effective_date)}. Clocks may differ, "
            f"so the previous one is removed {SOON.seconds // 60} minutes after that at the earliest."
        )
        return Plan(before, before, warnings=(kept,))
    if before is None or not before["previous_thumbprint"]:
        return Plan(before, before)
    return Plan(
        before, {**before, "previous_thumbprint": None}, (_make_removal(request).with_parameters(Previous=True),)
    )


def _make_removal(request: Request) -> Cmdlet:
    # the cmdlet asks about a certificate that is in use even under -Confirm:$false; -Force answers (Remove-CsCertificate.md)
    return Cmdlet("Remove-CsCertificate", Type=[request.use], **request.scope, Force=True, Confirm=False)


def _read_assigned(shell: Reads, request: Request) -> tuple[Facts, ...]:
    """The assignments of the use, in the use's scope. An unknown scope is taken for the computer's own."""
    if request.is_global:
        return tuple(read_global_issuers(shell))
    found = (item for item in read_assigned(shell) if item["use"] == request.use)
    return tuple(item for item in found if str(item["scope"] or "").casefold() != "global")


def _foretell(
    request: Request, observed: ObservedAssignments, evidence: Evidence, effective: dt.datetime | None
) -> Facts:
    facts, in_use = evidence.facts or {}, observed.signing
    current = observed.describe(in_use)
    # one that is in force already keeps the one before it; one that was staged to follow it has it as its previous one
    kept = current["previous_thumbprint"] if current and current["thumbprint"] == evidence.thumbprint else None
    return {
        "use": request.use,
        "thumbprint": evidence.thumbprint,
        "previous_thumbprint": in_use if in_use not in ("", evidence.thumbprint) else kept,
        "scope": "Global" if request.is_global else "Machine",
        "effective_date": effective and instant(effective),
        "subject": facts.get("subject"),
        "not_after": facts.get("not_after"),
    }
