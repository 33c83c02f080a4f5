# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assignment of a certificate to one of Lync's uses.

OAuthTokenIssuer is assigned once, globally: the Central Management Store brings it to every front end. Everything else is assigned to
the computer. A certificate is judged before it is assigned.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import (
    Moment,
    read_certificate,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Instant, Kind, Thumbprint, instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import (
    SOON,
    Assigned,
    find_in_use,
    find_staged,
    read_assignment,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_fitness import (
    TOKEN_ISSUER,
    Candidate,
    choose_moment,
    find_errors,
    find_warnings,
    refuse_unfit,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_staging import (
    choose_effective_date,
    is_too_late,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.front_end_certificates import (
    STORE,
    Facts,
    add_exportable,
    read_assigned,
    read_store,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.pfx_file import read_pfx
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.token_issuer_choice import choose_token_issuer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import read_sip_domains, read_version
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import SecretText, Value

_KEYS = ("use", "thumbprint", "previous_thumbprint", "scope", "effective_date", "subject", "not_after")
_NO_CNG = ("4.", "5.")
"""Builds of Lync Server 2010 and 2013, which cannot use a key of a CNG provider."""


@dataclass(frozen=True)
class Observed:
    """What is assigned, and, where that is not what the task asks for, all that a judgement needs.

    :ivar now: the server's clock where it was read, else the controller's.
    :ivar assigned: the assignments of the use, as the module returns them.
    :ivar wanted: the thumbprint that the task means; empty for none.
    :ivar candidate: the certificate, or None where it is in a file that the server cannot look into.
    :ivar facts: the same, as the module returns it.
    :ivar in_use_until: the end of the certificate in force; None where it is not known.
    :ivar in_store: whether the machine has the wanted one with its private key, so that no file is needed.
    """

    now: dt.datetime
    assigned: tuple[Facts, ...]
    wanted: str = ""
    candidate: Candidate | None = None
    facts: Facts | None = None
    in_use_until: dt.datetime | None = None
    in_store: bool = True

    @property
    def assignments(self) -> list[Assigned]:
        """The assignments, typed."""
        return [read_assignment(item) for item in self.assigned]

    @property
    def in_use(self) -> str:
        """The thumbprint in force."""
        return find_in_use(self.assignments, self.now + SOON)

    @property
    def staged(self) -> Assigned | None:
        """The assignment that is not in force yet."""
        return find_staged(self.assignments, self.now + SOON)

    def find_facts(self) -> Facts | None:
        """The assignment in force. One that is staged stands for the one before it where the server shows it alone."""
        in_use = self.in_use
        return next((item for item in self.assigned if item["thumbprint"] == in_use), next(iter(self.assigned), None))


def name_writing_cmdlet(call: Call) -> str:
    """The cmdlet that the task is about."""
    if call.params["state"] == "absent":
        return "Remove-CsCertificate"
    return "Import-CsCertificate" if call.params["path"] else "Set-CsCertificate"


def refuse_automatic(call: Call) -> None:
    """A certificate is chosen for one use only.

    :raises ShellError: of kind ``bad_input``.
    """
    if call.params["automatic"] and call.params["use"] != TOKEN_ISSUER:
        raise ShellError("bad_input", f"automatic: a certificate is chosen only for {TOKEN_ISSUER}.")


class Assignment:
    """The certificate of one use."""

    name = "certificate"
    shell: ShellName = "lync"

    def __init__(self) -> None:
        self._in_file: Facts | None = None
        self._looked: Observed | None = None

    def observe(self, call: Call) -> Observed:
        """Read what is assigned; all else only where something is to be done, and once."""
        wanted, effective = (
            _read_option(call, "thumbprint", Thumbprint()),
            _read_option(call, "effective_date", Instant()),
        )
        _refuse_blank(call, "path")
        everything, now = read_assigned(call.shell(self.shell)), dt.datetime.now(dt.UTC)
        here = tuple(item for item in everything if _concerns(item, call.params["use"]))
        found = Observed(now, here, wanted or "")
        if call.params["state"] == "absent":
            return found
        if not wanted and call.params["path"]:
            self._in_file = self._in_file or _read_file(call, "")
            found = replace(found, wanted=str((self._in_file or {}).get("thumbprint", "")))
        chooses = not wanted and not call.params["path"]
        if (chooses and (found.in_use or found.staged)) or _find_meant(found, effective):
            return found
        self._looked = self._looked or self._look(call, found, everything, chooses=chooses)
        return replace(self._looked, assigned=here)

    def _look(self, call: Call, found: Observed, everything: list[Facts], *, chooses: bool) -> Observed:
        """What a judgement needs: the certificate (of the store, or the file), the one that it replaces, SIP domains, the clock.

        :raises ShellError: of kind ``not_found`` where the certificate is in neither, or of kind ``conflict`` where none can be chosen.
        """
        windows, now, domains = call.shell("windows"), _read_clock(call), _read_domains(call)
        store = read_store(windows)
        if call.params["use"] == TOKEN_ISSUER:
            store = add_exportable(store, windows)
        stored = {item["thumbprint"]: item for item in store}
        wanted = _choose(call, stored, everything, domains, now) if chooses else found.wanted
        facts, replaced = stored.get(wanted), stored.get(found.in_use)
        in_store = facts is not None and (bool(facts["has_private_key"]) or not call.params["path"])
        if facts is None and not call.params["path"]:
            raise ShellError(
                "not_found",
                f"{wanted} is not among the {len(stored)} certificates of {STORE} on this host.",
                remedy="Import it there with its private key, assign it from a PFX file (O(path)), or correct O(thumbprint).",
            )
        if not in_store:
            facts = facts or self._in_file or _read_file(call, wanted)
            facts = facts and {**facts, "has_private_key": None, "key_provider": None}  # the file brings the key
        return Observed(
            now,
            (),
            wanted,
            facts and self._describe_candidate(call, facts, domains, everything),
            facts,
            replaced and read_certificate(replaced).not_after,
            in_store,
        )

    def _describe_candidate(
        self, call: Call, facts: Facts, domains: tuple[str, ...], everything: list[Facts]
    ) -> Candidate:
        certificate = read_certificate(facts)
        cng = certificate.key_provider == "cng"
        return Candidate(
            certificate,
            domains,
            assigned=any(item["thumbprint"] == certificate.thumbprint for item in everything),
            takes_cng=not cng or not str(read_version(call.shell(self.shell))["build"] or "").startswith(_NO_CNG),
        )

    def plan(self, call: Call, observed: Observed) -> Plan:
        """Assign or take back; nothing where the thumbprint is the one that is assigned.

        :raises ShellError: of kind ``certificate`` where a rule is broken that the task does not waive, of kind ``conflict`` where
            another certificate is in use, and the task does not say what to do then.
        """
        before = _select_keys(observed.find_facts())
        if call.params["state"] == "absent":
            step = _make_removal(call)
            return Plan(before, None, (step,)) if _is_to_be_taken_back(observed) else Plan(before, before)
        effective = _read_option(call, "effective_date", Instant())
        if not observed.wanted or (there := _find_meant(observed, effective)):
            there = _select_keys(there) if observed.wanted else before
            return Plan(there, there)
        if effective and dt.datetime.fromisoformat(effective) <= observed.now:
            message = f"effective_date: {effective} is past; leave it out to assign the certificate now."
            raise ShellError("bad_input", message)
        warnings = _judge(call, observed, effective)
        effective, kept = _settle_conflict(call, observed, effective)
        if kept:
            return Plan(before, before, warnings=(kept,))
        return Plan(before, _foretell(call, observed, effective), _make_steps(call, observed, effective), warnings)


def _judge(call: Call, observed: Observed, effective: str | None) -> tuple[str, ...]:
    """Refuse an unfit certificate, and say what else there is to know.

    :raises ShellError: of kind ``certificate``.
    """
    if observed.candidate is None:
        return ("The server offers no Get-PfxData, so the certificate in the file was not judged.",)
    moment, use = choose_moment(observed.now, effective), call.params["use"]
    refuse_unfit(observed.wanted, find_errors(use, observed.candidate, moment), call.params["allow"])
    said = [f"{observed.wanted}: {breach}." for breach in find_warnings(use, observed.candidate, moment)]
    end = observed.in_use_until
    if effective and end and is_too_late(moment.used, end):
        late = f"it takes effect at {effective}, less than 24 hours before the one in use ends ({instant(end)})"
        said.append(f"{observed.wanted}: {late}, so servers that cache the old key may refuse its tokens.")
    return tuple(said)


def _settle_conflict(call: Call, observed: Observed, effective: str | None) -> tuple[str | None, str]:
    """The effective date, and why nothing is done.

    Another OAuthTokenIssuer that is in use is replaced at once only where the task says so: Exchange trusts the keys that it has read.

    :raises ShellError: of kind ``conflict``.
    """
    in_use, end = observed.in_use, observed.in_use_until
    expired = end is not None and end < observed.now
    if call.params["use"] != TOKEN_ISSUER or not in_use or in_use == observed.wanted or effective or expired:
        return effective, ""
    policy = call.params["on_conflict"]
    if policy == "replace":
        return None, ""
    if policy == "keep":
        return None, f"Left as it is: {in_use} is in use as OAuthTokenIssuer."
    chosen = choose_effective_date(observed.now, end) if policy == "stage" else None
    if chosen is None:
        soon = f" until {instant(end)}, which is too soon to stage another one" if policy == "stage" and end else ""
        remedy = "Nothing was written. Set O(on_conflict) to replace to replace it at once, or to keep to leave it."
        raise ShellError("conflict", f"{in_use} is in use as OAuthTokenIssuer{soon}.", remedy=remedy)
    return instant(chosen), ""


def _make_steps(call: Call, observed: Observed, effective: str | None) -> tuple[Cmdlet, ...]:
    given: dict[str, Value] = {"Type": [call.params["use"]], **_scope(call), "Confirm": False}
    if effective:
        given.update(EffectiveDate=Instant().parameter(effective), Roll=True)
    if call.params["allow"]:
        given.update(Force=True)
    set_it = Cmdlet("Set-CsCertificate", Thumbprint=observed.wanted, **given)
    if not call.params["path"] or observed.in_store:
        return (set_it,)
    read: dict[str, Value] = {"Path": call.params["path"]}
    if call.params["password"] is not None:
        read["Password"] = SecretText(call.params["password"])
    if _scope(call):
        # into the Central Management Store, from where every front end gets the certificate and its key
        return (Cmdlet("Import-CsCertificate", **read, **given),)
    return Cmdlet("Import-CsCertificate", **read, Confirm=False), set_it


def _make_removal(call: Call) -> Cmdlet:
    # the cmdlet asks about a certificate that is in use even under -Confirm:$false; -Force answers (Remove-CsCertificate.md)
    return Cmdlet(name_writing_cmdlet(call), Type=[call.params["use"]], **_scope(call), Force=True, Confirm=False)


def _scope(call: Call) -> dict[str, Value]:
    return {"Identity": "global"} if call.params["use"] == TOKEN_ISSUER else {}


def _choose(
    call: Call, stored: dict[str, Facts], everything: list[Facts], domains: tuple[str, ...], now: dt.datetime
) -> str:
    """The certificate that may be assigned though nobody named it.

    :raises ShellError: of kind ``conflict`` where there is no single safe answer.
    """
    default = next((str(item["thumbprint"]) for item in everything if item["use"] == "Default"), "")
    certificates = [read_certificate(item) for item in stored.values()]
    choice = choose_token_issuer(certificates, default, domains[0], Moment.at(now), warn_days=call.params["warn_days"])
    if not choice.thumbprint:
        named = "; ".join(f"{item.thumbprint} ({item})" for item in choice.proposals)
        remedy = f"Name one with O(thumbprint){f': {named}' if named else ', or give a file with O(path)'}."
        raise ShellError("conflict", f"no certificate was chosen: {choice.reason}.", remedy=remedy)
    return choice.thumbprint


def _read_option(call: Call, name: str, kind: Kind) -> t.Any:
    _refuse_blank(call, name)
    try:
        return kind.desired(call.params[name])
    except ValueError as error:
        raise ShellError("bad_input", f"{name}: {error}.") from error


def _refuse_blank(call: Call, name: str) -> None:
    """An option that is given and empty may not be taken for one that was left out.

    :raises ShellError: of kind ``bad_input``.
    """
    if call.params[name] is not None and not str(call.params[name]).strip():
        raise ShellError("bad_input", f"{name} is empty: give a value, or leave the option out.")


def _concerns(item: Facts, use: str) -> bool:
    """Whether an assignment is one of the use, in the use's scope. An unknown scope is taken for the use's own."""
    scope = str(item["scope"] or "").casefold()
    return item["use"] == use and (scope in ("", "global") if use == TOKEN_ISSUER else scope != "global")


def _find_meant(observed: Observed, effective: str | None) -> Facts | None:
    """The assignment because of which nothing is to be done: the certificate is staged (for this date), or in force."""
    if not observed.wanted:
        return None
    staged = observed.staged
    if effective and dt.datetime.fromisoformat(effective) > observed.now + SOON:
        matches = staged and (staged.thumbprint, staged.effective_date) == (
            observed.wanted,
            dt.datetime.fromisoformat(effective),
        )
    else:
        matches = staged is not None and staged.thumbprint == observed.wanted
        if not matches and observed.in_use == observed.wanted:
            return observed.find_facts()
    wanted = (item for item in observed.assigned if item["thumbprint"] == observed.wanted)
    return next(wanted, None) if matches else None


def _is_to_be_taken_back(observed: Observed) -> bool:
    """Whether the assignment goes. A thumbprint that the task names is the only one that it takes back.

    :raises ShellError: of kind ``conflict`` where the cmdlet would take another one, in force or staged, back with it.
    """
    there = {observed.in_use, *(item["thumbprint"] for item in observed.assigned)} - {""}
    others = there - {observed.wanted}
    if observed.wanted in there and others:
        message = f"{', '.join(sorted(others))} is assigned too, in force or staged, and would be taken back with {observed.wanted}."
        remedy = "Assign the one that is to stay (O(state)=present), or leave O(thumbprint) out to take back all."
        raise ShellError("conflict", message, remedy=remedy)
    return bool(there) and observed.wanted in ("", *there)


def _read_file(call: Call, wanted: str) -> Facts | None:
    return read_pfx(call.shell("windows"), call.params["path"], call.params["password"], wanted)


def _read_clock(call: Call) -> dt.datetime:
    """The server's clock, by which the server will judge too."""
    moments = call.shell("windows").read_all(Cmdlet("Get-Date"))
    moment = moments[0] if moments else None
    return moment if isinstance(moment, dt.datetime) and moment.tzinfo else dt.datetime.now(dt.UTC)


def _read_domains(call: Call) -> tuple[str, ...]:
    if call.params["use"] != TOKEN_ISSUER:
        return ()
    return tuple(call.params["sip_domains"] or [domain["name"] for domain in read_sip_domains(call.shell("lync"))])


def _select_keys(item: Facts | None) -> Facts | None:
    return item and {key: item[key] for key in _KEYS}


def _foretell(call: Call, observed: Observed, effective: str | None) -> Facts:
    facts, current, in_use = observed.facts or {}, observed.find_facts(), observed.in_use
    # one that is in force already keeps the one before it
    stays = current["previous_thumbprint"] if current else None
    return {
        "use": call.params["use"],
        "thumbprint": observed.wanted,
        "previous_thumbprint": in_use if in_use not in ("", observed.wanted) else stays,
        "scope": "Global" if call.params["use"] == TOKEN_ISSUER else "Machine",
        "effective_date": effective,
        "subject": facts.get("subject"),
        "not_after": facts.get("not_after"),
    }
