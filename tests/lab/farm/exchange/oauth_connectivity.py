# SPDX-License-Identifier: GPL-3.0-or-later

"""Test-OAuthConnectivity: a request with a token of this organization, as one of its mailbox users.

Its page says that it tests OAuth with partner applications for a user. The form of its result is from listings that administrators have
posted. What is sent is as others have read it in the task's own code: EWS asks /ews/Exchange.asmx of the target's host for the Inbox of
the mailbox, AutoD asks its /autodiscover/autodiscover.svc for settings of the user, Generic gets the target itself and takes any 200 for
success; without -AppOnly a mailbox is needed, with it -Service EWS is refused. Nothing is written.

The other organization that it is for is not in the farm. What can be had: the farm's own Exchange, which is taken to trust its own tokens
(a guess), hosts that are no Exchange, and names that lead nowhere. Guesses: the texts of the refusals, that a Lync web site answers /ews
with 404, the bodies of answers, the value's name space and numbers, and the log between the captured lines.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from psrpcore.types import PSObject

from farm.errors import CmdletError
from farm.exchange.errors import failure, not_found
from farm.exchange.objects import received
from farm.exchange.recipients import canonical, find_recipient
from farm.objects import enumeration, psobject, text
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_PARTNERS
from farm.scenario import Recipient
from farm.state import Machine
from farm.web.download import DownloadError, find_machine, is_trusted, resolve
from farm.web.pages import find_page
from farm.web.signing_keys import find_signer

OAUTH = "Microsoft.Exchange.Security.OAuth"
TASKS = "Microsoft.Exchange.Management.Tasks"
DIRECTORIES = {"EWS": "/ews/Exchange.asmx", "AutoD": "/autodiscover/autodiscover.svc"}
STATUS = {
    401: "(401) Unauthorized",
    404: "(404) Not Found",
    405: "(405) Method Not Allowed",
    500: "(500) Internal Server Error",
}
BODIES = {
    "EWS": '<m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:GetFolderResponseMessage>',
    "AutoD": "<ErrorCode>NoError</ErrorCode>",
    "Generic": "",
}


@cmdlet("Test-OAuthConnectivity", EXCHANGE_PARTNERS, type_name="Microsoft.Exchange.Monitoring.TestOAuthConnectivity")
def test_oauth_connectivity(call: Call) -> Iterator[PSObject]:
    """Send one request with a token, and say what came of it."""
    service = _find_service(call)
    mailbox = _find_mailbox(call)
    if call.switch("AppOnly") and service == "EWS":
        raise _refuse(call, "EwsNotSupportedException", "AppOnly isn't supported with the service EWS.", "NotEnabled")
    target = urlsplit(call.text("TargetUri") or "")
    url = f"{target.scheme}://{target.hostname}{DIRECTORIES[service]}" if service in DIRECTORIES else target.geturl()
    problem = _find_problem(call, service, urlsplit(url))
    detail = _describe(call, service, url, mailbox, problem)
    yield _show(call, service, detail, "Error" if problem else "Success")


def _find_service(call: Call) -> str:
    """The service as it is spelt here; the binder lets no other one through."""
    return {name.lower(): name for name in BODIES}[str(call.text("Service")).lower()]


def _find_mailbox(call: Call) -> Recipient:
    identity = call.text("Mailbox")
    if not identity:
        name = "NoUserOrOrganiztionProvidedException" if call.switch("AppOnly") else "MailboxParameterMissingException"
        raise _refuse(call, name, "The Mailbox parameter is required.", "ObjectNotFound")
    found = find_recipient(call, identity, ("UserMailbox",))
    if found is None:
        raise not_found(call, identity)
    return found


def _refuse(call: Call, name: str, message: str, category: str) -> CmdletError:
    return failure(call, message, f"{TASKS}.{name}", terminating=True, category=category)


def _find_problem(call: Call, service: str, url: SplitResult) -> str:
    """The exception that ends the request; none where the answer is 200."""
    try:
        machine = find_machine(call.farm, resolve(call.farm, (url.hostname or "").lower()))
    except DownloadError as error:
        return f"System.Net.WebException: {error}"
    if url.scheme == "https" and not is_trusted(call.farm, call.host, machine, (url.hostname or "").lower()):
        reason = "Could not establish trust relationship for the SSL/TLS secure channel."
        return f"System.Net.WebException: The underlying connection was closed: {reason}"
    status = _find_status(call, service, machine, url.path.lower())
    if status == 0:
        inner = f"{OAUTH}.OAuthTokenRequestFailedException: The signing certificate could not be loaded."
        return f"System.Net.WebException: The request was aborted: The request was canceled. ---> {inner}"
    if status == 200:
        return ""
    return f"System.Net.WebException: The remote server returned an error: {STATUS.get(status, f'({status})')}."


def _find_status(call: Call, service: str, machine: Machine, path: str) -> int:
    """The status of the answer; 0 where no token could be made for a challenge."""
    wanted = (
        "EWS" if path.startswith("/ews/") else "Autodiscover" if path.startswith("/autodiscover/autodiscover.") else ""
    )
    if machine.host.role == "exchange" and wanted:
        server = call.organization.server(machine.host.fqdn)
        if server is None or not server.directories[wanted].oauth:
            return 401
        return 200 if find_signer(call.farm, call.host) else 0
    page = find_page(call.farm, machine.host, "GET" if service == "Generic" else "POST", path)
    return page.status if page else 404


def _describe(call: Call, service: str, url: str, mailbox: Recipient, problem: str) -> str:
    """The log of a request, in the order of the captured ones."""
    loaded = datetime(1, 1, 1, tzinfo=call.now.tzinfo)
    minutes = round((call.now - loaded).total_seconds() / 60)
    lines = [
        f"The configuration was last successfully loaded at 1/1/0001 12:00:00 AM UTC. This was {minutes} minutes ago.",
        *(
            ['The token cache is being cleared because "use cached token" was set to false.']
            if not call.switch("UseCachedToken")
            else []
        ),
        "Exchange Outbound Oauth Log:",
        f"Client request ID: {uuid.uuid4()}",
        "Information:[OAuthCredentials:Authenticate] entering",
        f"Information:[OAuthCredentials:Authenticate] send request to '{url}' as '{canonical(call.organization, mailbox)}'",
        "",
        f"{'Generic' if service == 'Generic' else 'Exchange'} Response Details:",
        f"HTTP response message: {'' if problem else BODIES[service]}",
    ]
    if problem:
        lines += ["Exception:", problem, "   at System.Net.HttpWebRequest.GetResponse()"]
    return "\r\n".join([*lines, ""])


def _show(call: Call, service: str, detail: str, result: str) -> PSObject:
    kind = [f"{OAUTH}.ValidationResultNode", "Microsoft.Exchange.Data.ConfigurableObject", "System.Object"]
    properties: dict[str, object] = {
        "Task": text(f"Checking {service} API Call Under Oauth"),
        "Detail": text(detail),
        "ResultType": enumeration(f"{OAUTH}.ResultType", result, {"Success": 0, "Error": 2}[result]),
        "Identity": psobject([f"{OAUTH}.ValidationResultNodeId", "System.Object"], f"{OAUTH}.ValidationResultNodeId"),
        "IsValid": True,
        "ObjectState": enumeration("Microsoft.Exchange.Data.ObjectState", "New", 0),
    }
    return received(call, psobject(kind, None, **properties))
