# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assignment of a certificate to one of Lync's uses.

OAuthTokenIssuer is assigned once, globally: the Central Management Store brings it to every front end. Everything else is assigned to
the computer. A certificate is judged before it is assigned, by the rules of the verdict.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Instant, Kind, Thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificates import (
    STORE,
    Facts,
    assigned,
    certificate,
    store,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.fitness import (
    TOKEN_ISSUER,
    findings,
    refuse_unfit,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import sip_domains
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Secret, SecretText, Value
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.oauth_token_issuer import in_use
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import read_assignment

_SHOWN = ("use", "thumbprint", "previous_thumbprint", "scope", "effective_date", "subject", "not_after")


@dataclass(frozen=True)
class Observed:
    """What is assigned, and, where that is not what the task asks for, all that a judgement needs.

    :ivar assigned: the assignments of the use. A staged one may stand alone, with the thumbprint of the one in force as its previous
        one, or beside it: no documentation says which.
    :ivar wanted: the thumbprint that the task means.
    :ivar facts: its certificate, or None where it is in a file that the server cannot look into.
    :ivar replaced: the certificate in force, where the store has it.
    :ivar in_store: whether the machine has the wanted one with its private key, so that no file is needed.
    """

    assigned: tuple[Facts, ...]
    wanted: str = ""
    facts: Facts | None = None
    replaced: Facts | None = None
    in_store: bool = True
    now: dt.datetime | None = None
    sip_domains: tuple[str, ...] = ()


def writing_cmdlet(call: Call) -> str:
    """The cmdlet that the task is about."""
    if call.params["state"] == "absent":
        return "Remove-CsCertificate"
    return "Import-CsCertificate" if call.params["path"] else "Set-CsCertificate"


class Assignment:
    """The certificate of one use."""

    name = "certificate"
    shell: ShellName = "lync"

    def __init__(self) -> None:
        self._in_file: Facts | None = None
        self._seen: Observed | None = None

    def observe(self, call: Call) -> Observed:
        """Read what is assigned; all else only where something is to be done, and once."""
        use, wanted = call.params["use"], _option(call, "thumbprint", Thumbprint()) or ""
        effective = _option(call, "effective_date", Instant())
        everywhere, here = use == TOKEN_ISSUER, assigned(call.shell(self.shell), use)
        found = tuple(item for item in here if _is_global(item) == everywhere)
        if call.params["state"] == "absent":
            return Observed(found, wanted)
        if not wanted:
            self._in_file = self._in_file or _file(call, wanted)
            wanted = str((self._in_file or {}).get("thumbprint", ""))
        if _meant(found, wanted, effective):
            return Observed(found, wanted)
        self._seen = self._seen or self._look(call, wanted, _in_use(found))
        return replace(self._seen, assigned=found)

    def _look(self, call: Call, wanted: str, in_use_now: str) -> Observed:
        """What a judgement needs: the certificate (of the store, or the file), the one that it replaces, SIP domains, the server's clock.

        :raises ShellError: of kind ``not_found`` where the certificate is in neither.
        """
        stored = {item["thumbprint"]: item for item in store(call.shell("windows"))}
        facts, replaced = stored.get(wanted), stored.get(in_use_now)
        in_store = facts is not None and (bool(facts["has_private_key"]) or not call.params["path"])
        if facts is None and not call.params["path"]:
            raise ShellError(
                "not_found",
                f"{wanted} is not among the {len(stored)} certificates of {STORE} on this host.",
                remedy="Import it there with its private key, assign it from a PFX file (path), or correct the thumbprint.",
            )
        if not in_store:
            facts = facts or self._in_file or _file(call, wanted)
            facts = facts and {**facts, "has_private_key": None}  # the file brings it
        domains = call.params["sip_domains"] if call.params["use"] == TOKEN_ISSUER else []
        if call.params["use"] == TOKEN_ISSUER and not domains:
            domains = [domain["name"] for domain in sip_domains(call.shell(self.shell))]
        return Observed((), wanted, facts, replaced, in_store, _clock(call), tuple(domains))

    def plan(self, call: Call, observed: Observed) -> Plan:
        """Assign or take back; nothing where the thumbprint is the one that is assigned.

        :raises ShellError: of kind ``certificate`` where a rule is broken that the task does not waive.
        """
        current, use = _current(observed.assigned), call.params["use"]
        before = _shown(current)
        scope: dict[str, Value] = {"Identity": "global"} if use == TOKEN_ISSUER else {}
        if call.params["state"] == "absent":
            step = Cmdlet(writing_cmdlet(call), Type=[use], **scope, Confirm=False)
            return Plan(before, None, (step,)) if _taken_back(observed) else Plan(before, before)
        effective = _option(call, "effective_date", Instant())
        if there := _meant(observed.assigned, observed.wanted, effective):
            return Plan(_shown(there), _shown(there))
        if effective and observed.now and dt.datetime.fromisoformat(effective) <= observed.now:
            raise ShellError(
                "bad_input", f"effective_date: {effective} is past; leave it out to assign the certificate now."
            )
        if observed.facts is None:
            call.warn(
                "Which certificate the file holds cannot be seen here (Get-PfxData is not offered): it is not judged."
            )
        else:
            self._judge(call, observed, observed.facts, effective)
        return Plan(before, _after(call, observed, effective), self._steps(call, observed, scope, effective))

    def _judge(self, call: Call, observed: Observed, facts: Facts, effective: str | None) -> None:
        now, use = observed.now or dt.datetime.now(dt.UTC), call.params["use"]
        domains, replaced = observed.sip_domains, observed.replaced
        said = findings(use, facts, now=now, sip_domains=domains, effective=effective, replaced=replaced)
        for sentence in refuse_unfit(observed.wanted, said, call.params["allow"]):
            call.warn(sentence)

    def _steps(
        self, call: Call, observed: Observed, scope: dict[str, Value], effective: str | None
    ) -> tuple[Cmdlet, ...]:
        given: dict[str, Value] = {"Type": [call.params["use"]], **scope, "Confirm": False}
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
        if scope:
            # into the Central Management Store, from where every front end gets the certificate and its key
            return (Cmdlet("Import-CsCertificate", **read, **given),)
        return Cmdlet("Import-CsCertificate", **read, Confirm=False), set_it


def _option(call: Call, name: str, kind: Kind) -> t.Any:
    try:
        return kind.desired(call.params[name])
    except ValueError as error:
        raise ShellError("bad_input", f"{name}: {error}.") from error


def _is_global(item: Facts) -> bool:
    return str(item["scope"]).casefold() == "global"


def _in_use(found: t.Sequence[Facts]) -> str:
    """The thumbprint that is in force, as the verdict says it."""
    return in_use([read_assignment(item, "assigned") for item in found], _soon())


def _current(found: t.Sequence[Facts]) -> Facts | None:
    """The assignment in force. One that is staged stands for the one before it where the server shows it alone."""
    thumbprint = _in_use(found)
    return next((item for item in found if item["thumbprint"] == thumbprint), next(iter(found), None))


def _meant(found: t.Sequence[Facts], wanted: str, effective: str | None) -> Facts | None:
    """The assignment because of which nothing is to be done: the certificate is staged for this date, or in force."""
    if effective and dt.datetime.fromisoformat(effective) > _soon():
        staged = (item for item in found if (item["thumbprint"], item["effective_date"]) == (wanted, effective))
        return next(staged, None)
    return _current(found) if wanted and _in_use(found) == wanted else None


def _taken_back(observed: Observed) -> bool:
    """Whether the assignment goes. A thumbprint that the task names is the only one that it takes back.

    :raises ShellError: of kind ``conflict`` where the cmdlet would take another one, in force or staged, back with it.
    """
    there = {_in_use(observed.assigned), *(item["thumbprint"] for item in observed.assigned)} - {""}
    others = there - {observed.wanted}
    if observed.wanted in there and others:
        message = f"{', '.join(sorted(others))} is assigned too, in force or staged, and would be taken back with {observed.wanted}."
        remedy = "Assign the one that is to stay (state=present), or leave thumbprint out to take back all."
        raise ShellError("conflict", message, remedy=remedy)
    return bool(there) and observed.wanted in ("", *there)


def _soon() -> dt.datetime:
    """Later than this is future: by the controller's clock, so that a run without changes asks for no other.

    Clocks of a domain differ by five minutes at most.
    """
    return dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)


def _clock(call: Call) -> dt.datetime:
    """The server's clock, by which the server will judge too."""
    moments = call.shell("windows").read_all(Cmdlet("Get-Date"))
    moment = moments[0] if moments else None
    return moment if isinstance(moment, dt.datetime) and moment.tzinfo else dt.datetime.now(dt.UTC)


def _file(call: Call, wanted: str) -> Facts | None:
    """The certificate that the PFX file holds, where the server can tell without importing it."""
    path, password = call.params["path"], call.params["password"]
    shell = call.shell("windows")
    if not shell.offered("Get-PfxData"):
        if wanted:
            return None
        message = f"which certificate {path} holds cannot be seen here."
        raise ShellError(
            "not_offered", message, shell="windows", cmdlet="Get-PfxData", remedy="Give its thumbprint as well."
        )
    read = Cmdlet("Get-PfxData", FilePath=path, **({"Password": Secret(password)} if password is not None else {}))
    try:
        found = shell.read_all(read, Cmdlet("Select-Object", ExpandProperty="EndEntityCertificates"), select("RawData"))
    except ShellError as error:
        error.remedy = error.remedy or "Correct path or password; nothing was written."
        raise
    facts = [certificate(item) for item in found]
    if len(facts) != 1 or wanted not in ("", facts[0]["thumbprint"]):
        held = ", ".join(item["thumbprint"] for item in facts) or "none"
        raise ShellError(
            "bad_input", f"path: {path} holds {held}; one certificate is wanted{f', {wanted}' if wanted else ''}."
        )
    return facts[0]


def _shown(item: Facts | None) -> Facts | None:
    return item and {key: item[key] for key in _SHOWN}


def _after(call: Call, observed: Observed, effective: str | None) -> Facts:
    facts, current = observed.facts or {}, _current(observed.assigned)
    in_use_now = _in_use(observed.assigned)
    # one that is in force already keeps the one before it
    stays = current["previous_thumbprint"] if current else None
    return {
        "use": call.params["use"],
        "thumbprint": observed.wanted,
        "previous_thumbprint": in_use_now if in_use_now not in ("", observed.wanted) else stays,
        "scope": "Global" if call.params["use"] == TOKEN_ISSUER else "Machine",
        "effective_date": effective,
        "subject": facts.get("subject"),
        "not_after": facts.get("not_after"),
    }
