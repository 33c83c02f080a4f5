# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A partner application of Lync: Exchange, whose tokens Lync takes and to which it sends its own."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import leads_to_cloud
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ON_CONFLICT, ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.lync_partners import (
    TABLE,
    URL,
    read_partner_applications,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._metadata_probe import probe_document
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import (
    EXCHANGE,
    Facts,
    Match,
    find_asked,
    has_refused,
    list_warnings,
    require_free_name,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan, refuse_unoffered
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Steps
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value

_NAMES = {EXCHANGE: "Exchange"}
"""By identifier, the identity of an application that is created and that the task does not name."""
_NO_DOCUMENT = (
    "Nothing was written. The front end downloads the document while the cmdlet runs. Check on the front end that the host name of the URL "
    "resolves, that it trusts the certificate of the web site and reaches it without a proxy, and that the document opens there: HTTP 500 "
    "from Exchange means that the certificate that AuthConfig names is not on that server."
)


@dataclass(frozen=True)
class ObservedLyncPartner:
    """The applications, and what keeps the front end from the document, where it is to be downloaded."""

    identities: t.Mapping[str, str]
    match: Match
    problems: tuple[str, ...] = ()


class LyncPartner:
    """One partner application; see :class:`~._resource.Subject`."""

    name = "partner_application"
    shell: ShellName = "lync"

    def __init__(self) -> None:
        self.others: list[Facts] = []
        self.problems: list[str] | None = None

    def read_options(self, call: Call) -> dict[str, t.Any]:
        """What the task asks for, as plain values.

        :raises ShellError: of kind ``bad_input`` for a value that cannot be used.
        """
        with located(shell=self.shell, cmdlet="Set-CsPartnerApplication"):
            _refuse_unusable(call)
            return TABLE.desired(call.params)

    def observe(self, call: Call) -> ObservedLyncPartner:
        """Read the applications; and, once, ask the front end for the document if it is to be downloaded."""
        options = self.read_options(call)
        applications = read_partner_applications(call.shell(self.shell))
        match = find_asked(
            call.params,
            applications,
            options.get(URL),
            option="identity",
            cmdlet="Get-CsPartnerApplication",
            shell=self.shell,
        )
        self.others = [_show_other(item) for item in (*match.same, *match.other)]
        if self.problems is None and _downloads(call, match, options):
            self.problems = probe_document(call.shell("windows"), options[URL])
        identities = {str(item["identity"]).casefold(): str(item["application_identifier"]) for item in applications}
        return ObservedLyncPartner(identities, match, tuple(self.problems or ()))

    def plan(self, call: Call, observed: ObservedLyncPartner) -> Plan:
        """Create, change or remove the application; nothing where it is as the task asks.

        :raises ShellError: of kind ``conflict`` where something would be replaced that may be there on purpose, and the task does not
            say that it may be; of kind ``bad_input`` where an application cannot be created of what the task gives.
        """
        there = observed.match.one
        warnings = list_warnings(observed.match, told_enabled=call.params["enabled"] is not None)
        if call.params["state"] == "absent":
            plan = _plan_removal(there)
        elif there is None:
            plan = self._plan_creation(call, observed)
        else:
            plan = self._plan_changes(call, there)
        if plan.steps and call.check_mode:
            warnings += list(map(_foretell, observed.problems))
        return replace(plan, warnings=(*plan.warnings, *warnings))

    def _plan_creation(self, call: Call, observed: ObservedLyncPartner) -> Plan:
        params, options = call.params, self.read_options(call)
        identity = params["identity"] or _NAMES.get(params["application_identifier"].casefold(), "")
        if not identity or (params["kind"] == "cloud" and not params["identity"]):
            raise _refuse("identity is required to create this application.")
        require_free_name(
            identity,
            observed.identities,
            params,
            option="identity",
            url=URL,
            cmdlet="New-CsPartnerApplication",
            shell="lync",
        )
        given: dict[str, Value] = {"Identity": identity}
        if params["kind"] == "on_premises":
            if not options.get(URL):
                raise _refuse(f"{URL} is required to create an application on premises.")
        else:
            given |= {"ApplicationIdentifier": params["application_identifier"], "UseOAuthServer": True}
            given |= {"Realm": params["realm"]} if params["realm"] else {}
        blank = dict.fromkeys((row.option for row in TABLE.properties), None)
        wanted = {"application_trust_level": "Full", "enabled": True, **options}
        write = Cmdlet("New-CsPartnerApplication").with_parameters(
            **given, **TABLE.changes(blank, wanted), Confirm=False
        )
        return Plan(
            None,
            _show(call, {"accept_security_identifier_information": False, **_drop_unset(blank, wanted)}, identity),
            (write,),
        )

    def _plan_changes(self, call: Call, there: Facts) -> Plan:
        current = {row.option: there[row.option] for row in TABLE.properties}
        differing = TABLE.differing(current, self.read_options(call))
        kept: tuple[str, ...] = ()
        if URL in differing and there[URL] and call.params["on_conflict"] != "replace":
            reason = f"{URL} of {there['identity']} is {there[URL]}{_mention_cloud(there[URL])}"
            if call.params["on_conflict"] == "fail":
                raise _refuse_replacing(reason)
            del differing[URL]
            kept = (f"Left as it is: {reason}.",)
        before = _show(call, current, there["identity"])
        parameters = TABLE.changes(current, {**current, **differing})
        write = Cmdlet("Set-CsPartnerApplication", Identity=there["identity"]).with_parameters(
            **parameters, Confirm=False
        )
        return Plan(before, {**before, **differing}, (write,) if parameters else (), kept)

    def explain(self, error: ShellError) -> ShellError:
        """The error, with what the front end said of the document where the server says no more than that it was not downloaded."""
        if error.kind not in ("bad_parameter", "failed") or not has_refused(error, "MetadataUrl"):
            return error
        found = " ".join(self.problems or ["The front end itself could download it when it was asked just before."])
        return replace(error, message=f"{error.message.strip()} {found}", remedy=_NO_DOCUMENT)

    def refresh(self, call: Call, result: Result) -> Result:
        """Have Lync read the document of an application again, unless it has just done so. It does not show what it knows of it.

        Nothing is waited for: whether the store changes at all depends on what the document says.

        :raises ShellError: what the write is refused with, or that its outcome is unknown.
        """
        application = result[self.name] or {}
        read_already = any("-MetadataUrl " in command for command in result["commands"])
        if not application.get(URL) or read_already:
            return result
        shell = call.shell(self.shell)
        write = Cmdlet(
            "Set-CsPartnerApplication", Identity=application["identity"], MetadataUrl=application[URL], Confirm=False
        )
        refuse_unoffered(call, shell, [write])
        self.problems = (
            probe_document(call.shell("windows"), application[URL]) if self.problems is None else self.problems
        )
        told = {**result, "changed": True, "commands": [*result["commands"], str(write)]}
        if call.check_mode:
            for problem in self.problems:
                call.warn(_foretell(problem))
            return told
        Steps(shell).run([write])
        return told


def _foretell(problem: str) -> str:
    """A problem in check mode: an earlier task of the same playbook may be about to remove it, such as one that publishes the name."""
    return f"{problem.rstrip('.')}. Unless that has changed by then, a real run fails."


def _downloads(call: Call, match: Match, options: dict[str, t.Any]) -> bool:
    """Whether the front end would download a document."""
    if call.params["state"] == "absent" or not options.get(URL):
        return False
    there = match.one[URL] if match.one else None
    kept = there and call.params["on_conflict"] != "replace"
    return not kept and bool(TABLE.differing({**dict.fromkeys(options), URL: there}, {URL: options[URL]}))


def _drop_unset(blank: dict[str, t.Any], wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in {**blank, **wanted}.items() if value is not None or name == URL}


def _plan_removal(there: Facts | None) -> Plan:
    if there is None:
        return Plan(None, None)
    before = {"identity": there["identity"], URL: there[URL], "enabled": there["enabled"]}
    return Plan(before, None, (Cmdlet("Remove-CsPartnerApplication", Identity=there["identity"], Confirm=False),))


def _show(call: Call, state: dict[str, t.Any], identity: str) -> dict[str, t.Any]:
    fixed = {name: call.params[name] for name in ("application_identifier", "kind")}
    return {"identity": identity, **fixed, **{row.option: state[row.option] for row in TABLE.properties}}


def _show_other(application: Facts) -> Facts:
    return {name: application[name] for name in ("identity", "kind", "enabled", URL)}


def _mention_cloud(url: str) -> str:
    return ", which leads to Exchange Online" if leads_to_cloud(url) else ""


def _refuse_unusable(call: Call) -> None:
    params = call.params
    for option in ("identity", "application_identifier", URL, "realm"):
        if params[option] is not None and not params[option].strip():
            raise _refuse(f"{option} is empty: give a value, or leave the option out.")
    if params["kind"] == "cloud" and params[URL]:
        raise _refuse(f"{URL} is for applications on premises; one in the cloud uses an authorization server.")
    if params["kind"] == "on_premises" and params["realm"]:
        raise _refuse("realm is for applications in the cloud; that of one on premises is in its metadata document.")
    if params["refresh"] and (params["kind"] == "cloud" or params["state"] == "absent"):
        raise _refuse(
            "refresh is for applications on premises with O(state)=present: others have no metadata document."
        )


def _refuse(message: str) -> ShellError:
    return ShellError("bad_input", message, shell="lync", cmdlet="New-CsPartnerApplication")


def _refuse_replacing(reason: str) -> ShellError:
    return ShellError("conflict", f"{reason}.", shell="lync", cmdlet="Set-CsPartnerApplication", remedy=ON_CONFLICT)
