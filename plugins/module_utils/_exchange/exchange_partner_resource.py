# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A partner application of Exchange with its account: what Microsoft's Configure-EnterprisePartnerApplication.ps1 does, once.

The script makes another application under a new name whenever it runs. Here the application is found by its identifier and its kind.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ON_CONFLICT, ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.application_account import (
    Account,
    explain_refusal,
    read_account,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory, open_directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.exchange_partners import (
    TABLE,
    URL,
    read_partner_applications,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    ACCEPTED_DOMAINS,
    Facts,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Thumbprint, Url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import (
    LYNC,
    NAME_IN_EXCHANGE,
    Match,
    choose_free_name,
    find_asked,
    find_missing,
    has_refused,
    is_same_text,
    list_warnings,
    require_free_name,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Value

ACCOUNT = "linked_account"
_URL = Url()
_NAMES = {LYNC: NAME_IN_EXCHANGE}
"""By identifier, the name of an application that is created and that the task does not name."""
_REPLACED = (URL, "realm", ACCOUNT)
"""What somebody may have chosen."""
_NO_DOCUMENT = (
    "Exchange downloads the document while the cmdlet runs. Check on the Exchange server that the host name of the URL resolves, that the "
    "web site behind it runs and shows a certificate that the server trusts, and that the OAuthTokenIssuer certificate is assigned there. "
    "O(trust_any_ssl_certificate) has the certificate of the web site not checked."
)
_OTHER_DOCUMENT = (
    "Exchange does not change the identifier, realm or issuer of an application. If the document at O(auth_metadata_url) is that of "
    "another deployment, say so with O(realm) and O(name), to have an application of its own for it. If it is the same deployment with "
    "another realm now, give O(realm) and O(on_conflict) replace, to have an application created for it and this one removed."
)
_DUPLICATE = (
    "Exchange refuses two applications with the same identifier and realm. Compare the error with what Get-PartnerApplication shows, and "
    "name the application that is meant with O(name)."
)
_NOT_ACQUIRED = ("ResourceUnavailable", "ParserError")
"""The categories of the cmdlets' errors for a document that cannot be downloaded, or read."""


@dataclass(frozen=True)
class ObservedExchangePartner:
    """The applications, and what the one of the task needs.

    :ivar directory: through the domain controller that everything is read from and written to.
    :ivar names: of all applications, in lower case, with their identifiers.
    :ivar account: None where the task is about no account.
    """

    directory: Directory
    names: t.Mapping[str, str]
    match: Match
    account: Account | None = None


class ExchangePartner:
    """One partner application; see :class:`~._resource.Subject`."""

    name = "partner_application"
    shell: ShellName = "exchange"

    def __init__(self) -> None:
        self.others: list[Facts] = []
        self.trusted: list[str] = []
        self.realm = ""
        self.replaced = ""

    def read_options(self, call: Call) -> dict[str, t.Any]:
        """What the task asks for, as plain values.

        :raises ShellError: of kind ``bad_input`` for a value that cannot be used.
        """
        with located(shell=self.shell, cmdlet="Set-PartnerApplication"):
            _refuse_empty(call)
            return TABLE.desired(call.params)

    def observe(self, call: Call) -> ObservedExchangePartner:
        """Read the applications, and the account of the one that the task is about; all from one domain controller."""
        options, params, directory = self.read_options(call), call.params, open_directory(call)
        applications = read_partner_applications(directory)
        directory = Directory(directory.shell, directory.domain_controller or _find_controller(directory, applications))
        match = find_asked(
            call.params,
            applications,
            options.get(URL),
            option="name",
            cmdlet="Get-PartnerApplication",
            shell=self.shell,
        )
        self.others = [_show_other(item) for item in (*match.same, *match.other, *match.elsewhere)]
        self.trusted = list(match.one["signing_certificates"]) if match.one else []
        self.realm = str(match.one["realm"] or "") if match.one else ""
        names = {str(item["name"]).casefold(): str(item["application_identifier"]) for item in applications}
        account = None
        linked = match.one[ACCOUNT] if match.one else None
        if params["state"] == "present" and (params["kind"] == "on_premises" or params[ACCOUNT]):
            account = read_account(directory, params[ACCOUNT], linked, params["roles"])
        return ObservedExchangePartner(directory, names, match, account)

    def plan(self, call: Call, observed: ObservedExchangePartner) -> Plan:
        """Create, change or remove the application; nothing where it is as the task asks.

        :raises ShellError: of kind ``conflict`` where something would be replaced that may be there on purpose, and the task does not
            say that it may be; of kind ``bad_input`` where an application cannot be created of what the task gives.
        """
        match, removals = observed.match, list[Cmdlet]()
        if call.params["state"] == "absent":
            plan = _plan_removal(observed)
        elif match.one is None:
            plan = self._plan_creation(call, observed)
        else:
            plan = self._plan_changes(call, observed, match.one)
            left = self._list_left(call, match)
            removals = [_make_removal(item) for item in left]  # last: the new one is in place then
            match = replace(match, elsewhere=tuple(item for item in match.elsewhere if item not in left))
        through = [observed.directory.through(t.cast(Cmdlet, step)) for step in (*plan.steps, *removals)]
        warnings = list_warnings(match, told_enabled=call.params["enabled"] is not None)
        return replace(plan, steps=tuple(through), warnings=(*plan.warnings, *warnings))

    def _list_left(self, call: Call, match: Match) -> list[Facts]:
        """The applications that another realm has left, and that are removed: a run ended before it had removed them.

        Of one on premises, the URL says it. Of one in the cloud, nothing does but this run's own memory: another realm may be meant.
        """
        if call.params["on_conflict"] != "replace" or match.one is None:
            return []
        on_premises = call.params["kind"] == "on_premises" and _URL.same(call.params[URL], match.one[URL])
        read_here = match.list_left() if on_premises else []
        return [item for item in match.elsewhere if item in read_here or is_same_text(item["name"], self.replaced)]

    def _plan_creation(self, call: Call, observed: ObservedExchangePartner) -> Plan:
        params, options, account = call.params, self.read_options(call), observed.account
        name = _choose_name(call, observed)
        given: dict[str, Value] = {"Name": name}
        if params["kind"] == "on_premises":
            if not options.get(URL):
                raise _refuse(f"{URL} is required to create an application on premises.")
            options.setdefault("accept_security_identifier_information", True)  # as the script has it
            given |= _trust_any(call)
        else:
            given["ApplicationIdentifier"] = params["application_identifier"]
        blank = dict.fromkeys((row.option for row in TABLE.properties), None)
        wanted = {"enabled": True, **options}
        given |= _leave_realm_to_document(call, TABLE.changes(blank, wanted))
        if account:
            given["LinkedAccount"] = account.identity
        write = Cmdlet("New-PartnerApplication").with_parameters(**given, Confirm=False)
        after = self._show(call, {**blank, **wanted, "name": name}, account, [], done=True)
        return Plan(None, after, (*(account.list_steps() if account else ()), write))

    def _plan_anew(self, call: Call, observed: ObservedExchangePartner, there: Facts, account: Account | None) -> Plan:
        """Create another application, with all that this one has and the task does not say otherwise, and then remove this one.

        Set-PartnerApplication takes no other realm: neither -Realm nor a document that has another one. In this order nothing is lost
        where the document cannot be read, or where the run ends in between. Exchange takes both, since their realms differ.
        """
        kept = {row.option: there[row.option] for row in TABLE.properties}
        wanted = {**kept, **self.read_options(call)}
        name = choose_free_name(call.params["name"] or _find_usual_name(call) or there["name"], observed.names)
        given: dict[str, Value] = {"Name": name}
        given |= _leave_realm_to_document(call, TABLE.changes(dict.fromkeys(kept, None), wanted))
        if call.params["kind"] == "on_premises":
            given |= _trust_any(call)
        else:
            given["ApplicationIdentifier"] = call.params["application_identifier"]
        if account or there[ACCOUNT]:
            given["LinkedAccount"] = account.identity if account else there[ACCOUNT]
        write = Cmdlet("New-PartnerApplication").with_parameters(**given, Confirm=False)
        self.replaced = there["name"]
        before = self._show(call, there, observed.account, [], done=False)
        after = self._show(call, {**there, **wanted, "name": name}, account or observed.account, [], done=True)
        return Plan(before, after, (*(account.list_steps() if account else ()), write, _make_removal(there)))

    def _plan_changes(self, call: Call, observed: ObservedExchangePartner, there: Facts) -> Plan:
        account, missing = (
            observed.account,
            find_missing(call.params["signing_certificates"], there["signing_certificates"]),
        )
        current = {row.option: there[row.option] for row in TABLE.properties}
        differing = TABLE.differing(current, self.read_options(call))
        links = account is not None and not is_same_text(account.identity, there[ACCOUNT])
        held, kept = _find_held(there, differing, links=links), tuple[str, ...]()
        if held and call.params["on_conflict"] == "fail":
            raise _refuse_replacing(there, held)
        if held and call.params["on_conflict"] == "keep":
            differing = {option: value for option, value in differing.items() if option not in held}
            links = links and ACCOUNT not in held
            kept = tuple(f"Left as it is: {reason}." for reason in held.values())
            account = account if links or ACCOUNT not in held else None
        if "realm" in differing:
            return replace(self._plan_anew(call, observed, there, account), warnings=kept)
        parameters = TABLE.changes(current, {**current, **differing})
        if links and account:
            parameters["LinkedAccount"] = account.identity
        parameters |= _make_refresh(call, there, missing, changes_url=URL in differing)
        steps = account.list_steps() if account else []
        if parameters:
            steps.append(
                Cmdlet("Set-PartnerApplication", Identity=there["name"]).with_parameters(**parameters, Confirm=False)
            )
        before = self._show(call, there, observed.account, missing, done=False)
        shown = account if links else None
        after = {**before, **differing, "missing_certificates": []}
        after |= {ACCOUNT: shown.identity} if shown else {}
        after |= {"roles": sorted({*account.assigned, *account.missing})} if account else {}
        return Plan(before, after, tuple(steps), kept)

    def _show(
        self, call: Call, application: Facts, account: Account | None, missing: list[str], *, done: bool
    ) -> dict[str, t.Any]:
        """The application as results and diffs show it.

        :param done: whether the account is shown as it will be.
        """
        linked = account.identity if account and done else application.get(ACCOUNT)
        roles = None
        if account:
            roles = sorted({*account.assigned, *(account.missing if done else ())})
        return {
            "name": application["name"],
            "application_identifier": call.params["application_identifier"],
            "kind": call.params["kind"],
            **{row.option: application[row.option] for row in TABLE.properties},
            ACCOUNT: linked,
            "roles": roles,
            "missing_certificates": missing,
        }

    def explain(self, call: Call, error: ShellError) -> ShellError:
        """The error, with what to do about it where that is known here and not in general."""
        if remedy := explain_refusal(error):
            return replace(error, remedy=remedy)
        if error.kind == "failed" and has_refused(error, "AuthMetadataUrl", "RefreshAuthMetadata"):
            return replace(error, remedy=self._explain_old_realm(error) or _explain_document(error))
        asked = call.params["realm"] if call.params["kind"] == "on_premises" else None
        if error.kind == "not_effective" and asked and not is_same_text(asked, self.realm):
            remedy = (
                f"Exchange has read the document, which has the realm {self.realm or 'none'}, not {asked}. Compare it with the realm of "
                "Lync: Get-CsOAuthConfiguration, or the default SIP domain if none is set there."
            )
            return replace(error, remedy=remedy)
        missing = find_missing(call.params["signing_certificates"], self.trusted)
        if error.kind == "not_effective" and missing:
            remedy = (
                f"Exchange has read the document, which does not list {', '.join(missing)}. Check that the certificate has reached the "
                "server that answers at the URL (lync_certificate_info shows its store), then run the task again."
            )
            return replace(error, remedy=remedy)
        return error

    def _explain_old_realm(self, error: ShellError) -> str:
        """Of an application for another realm that is refused as a duplicate: the document has the realm of the one that is there."""
        if not self.replaced or error.category != "InvalidArgument" or error.cmdlet != "New-PartnerApplication":
            return ""
        return (
            f"{self.replaced} is left as it is. If the document still has its realm, {self.realm}, give that as O(realm), or have Lync "
            "publish the other one first: Get-CsOAuthConfiguration shows its realm."
        )


def _explain_document(error: ShellError) -> str:
    """Why Exchange did not take the partner's document, by the category of its error (2013 CU23's cmdlets give these)."""
    if error.category in _NOT_ACQUIRED:
        return _NO_DOCUMENT
    return (
        _OTHER_DOCUMENT
        if error.category == "InvalidData"
        else _DUPLICATE
        if error.category == "InvalidArgument"
        else ""
    )


def _find_controller(directory: Directory, applications: list[Facts]) -> str:
    """The domain controller that Exchange itself asks: nothing of one trust may be written to two of them."""
    if applications:
        return str(applications[0]["originating_server"] or "")
    items = directory.read_all(ACCEPTED_DOMAINS.cmdlet, select("OriginatingServer"))
    return next((str(item["OriginatingServer"] or "") for item in items), "")


def _plan_removal(observed: ObservedExchangePartner) -> Plan:
    there = observed.match.one
    if there is None:
        return Plan(None, None)
    before = {"name": there["name"], URL: there[URL], "enabled": there["enabled"]}
    return Plan(before, None, (_make_removal(there),))


def _make_removal(application: Facts) -> Cmdlet:
    return Cmdlet("Remove-PartnerApplication", Identity=application["name"], Confirm=False)


def _choose_name(call: Call, observed: ObservedExchangePartner) -> str:
    name = call.params["name"] or _find_usual_name(call)
    if not name:
        raise _refuse("name is required to create this application.")
    require_free_name(
        name, observed.names, call.params, option="name", url=URL, cmdlet="New-PartnerApplication", shell="exchange"
    )
    return str(name)


def _find_usual_name(call: Call) -> str:
    """The name of a new application that the task does not name; empty where none is usual."""
    if call.params["kind"] == "cloud":
        return ""
    return _NAMES.get(call.params["application_identifier"].casefold(), "")


def _find_held(there: Facts, differing: dict[str, t.Any], *, links: bool) -> dict[str, str]:
    """Why each of what would be replaced may be there on purpose; what is blank is filled."""
    changed = {*differing, *([ACCOUNT] if links else [])}
    return {
        option: f"{option} of {there['name']} is {there[option]}"
        for option in _REPLACED
        if option in changed and there[option]
    }


def _leave_realm_to_document(call: Call, parameters: dict[str, Value]) -> dict[str, Value]:
    """-Realm goes with applications in the cloud only (parameter sets); that of one on premises comes from its document."""
    on_premises = call.params["kind"] == "on_premises"
    return {name: value for name, value in parameters.items() if not (on_premises and name == "Realm")}


def _make_refresh(call: Call, there: Facts, missing: list[str], *, changes_url: bool) -> dict[str, Value]:
    """The parameters that have Exchange read the document again; it is read anyway where the URL is set."""
    trusting = _trust_any(call)
    if changes_url:
        return trusting
    if not missing:
        return {}
    # -TrustAnySSLCertificate goes with the URL only (Set-PartnerApplication.md, parameter sets)
    return {"AuthMetadataUrl": there[URL], **trusting} if trusting else {"RefreshAuthMetadata": True}


def _trust_any(call: Call) -> dict[str, Value]:
    return {"TrustAnySSLCertificate": True} if call.params["trust_any_ssl_certificate"] else {}


def _refuse_empty(call: Call) -> None:
    for option in ("name", ACCOUNT, "application_identifier", URL):
        if call.params[option] is not None and not call.params[option].strip():
            raise _refuse(f"{option} is empty: give a value, or leave the option out.")
    for thumbprint in call.params["signing_certificates"]:
        try:
            if Thumbprint().accept(thumbprint) is None:
                raise ValueError("a thumbprint is empty")
        except ValueError as error:
            raise _refuse(f"signing_certificates: {error}.") from error
    if call.params["kind"] == "cloud" and call.params[URL]:
        raise _refuse(f"{URL} is for applications on premises; one in the cloud uses an authorization server.")
    if call.params["kind"] == "on_premises" and call.params["realm"] is not None and not call.params["realm"].strip():
        raise _refuse("realm is empty: an application on premises has the realm of its metadata document.")


def _refuse(message: str) -> ShellError:
    return ShellError("bad_input", message, shell="exchange", cmdlet="New-PartnerApplication")


def _refuse_replacing(there: Facts, held: dict[str, str]) -> ShellError:
    return ShellError(
        "conflict",
        f"{'; '.join(held.values())}.",
        shell="exchange",
        cmdlet="Set-PartnerApplication",
        remedy=ON_CONFLICT,
    )


def _show_other(application: Facts) -> Facts:
    names = ("name", "kind", "enabled", URL)
    return {name: application[name] for name in names}
