# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mailbox test: a front end writes an item into a mailbox, with a token that Exchange has to trust.

Test-CsExStorageConnectivity.md says in its description that the item is deleted, and of DeleteItem that it deletes it: the parameter is
always given, unless the task says otherwise.
"""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Steps

SHELL: ShellName = "lync"
NAME = "Test-CsExStorageConnectivity"
FOLDERS = ("ConversationHistory", "Inbox", "Dumpster")
REFUSED = "failed"
"""The kind of the cmdlet's own error: the test ran, and did not pass."""
_REMEDY = (
    "Look at the events 32053 and 32054 of the source LS Storage Service in the front end's log Lync Server, and at what trust_info and "
    "farm_audit say of the farm."
)
_MARKS = {
    # x-ms-diagnostics and the status are the same in every language
    "invalid_tenant": (
        "Exchange has no accepted domain for the address itself. A wildcard entry that covers it does not count: add an entry for the "
        "domain (New-AcceptedDomain)."
    ),
    "(401)": (
        "Exchange does not take the token. Check that its partner application for Lync is enabled and has Lync's realm and certificate, "
        "that the EWS and Autodiscover directories accept OAuth, that the clocks agree, and that iisreset was run after the change."
    ),
    "(403)": "Exchange knows who asks, but its partner application has no linked account with the roles for it.",
}


def make_test(params: dict[str, t.Any]) -> Cmdlet:
    """The cmdlet with what the task gives.

    :raises ShellError: of kind ``bad_input`` for an address that is none, and for a host without the binding that takes one.
    """
    address, host = params["sip_uri"].strip(), params["storage_service_host"]
    name, at, domain = address.removeprefix("sip:").partition("@")
    if not (name and at and "." in domain) or any(character.isspace() for character in address):
        raise _refuse(f"O(sip_uri): '{params['sip_uri']}' is not a SIP address such as sip:user@litwareinc.com")
    cmdlet = Cmdlet(NAME, SipUri=f"sip:{name}@{domain}", Folder=params["folder"])
    if params["delete_item"]:
        cmdlet = cmdlet.with_parameters(DeleteItem=True)
    if host is not None:
        if not host.strip():
            raise _refuse("storage_service_host is empty: give the name of a front end, or leave the option out")
        cmdlet = cmdlet.with_parameters(Binding="NetTCP", HostNameStorageService=host.strip())
    return cmdlet


def _refuse(message: str) -> ShellError:
    return ShellError("bad_input", f"{message}.", shell=SHELL, cmdlet=NAME)


def run_storage_test(call: Call) -> Result:
    """Run the test once, or say in check mode how it would be run.

    :raises ShellError: where the test did not pass or could not be run, if the task shall fail then.
    """
    test = make_test(call.params)
    result: Result = {"changed": False, "passed": None, "output": [], "commands": [str(test)]}
    if call.check_mode:
        return result
    steps = Steps(call.shell(SHELL))
    try:
        reply = steps.write(test)
    except ShellError as error:
        return _report_failure(call, error, str(test))
    output = [line for item in reply.objects for line in str(item).splitlines() if line.strip()]
    # what is deleted at once changes nothing
    return {**result, "changed": not call.params["delete_item"], "passed": True, "output": output}


def _report_failure(call: Call, error: ShellError, command: str) -> Result:
    refused = error.kind == REFUSED
    if refused:
        marks = [remedy for mark, remedy in _MARKS.items() if mark in error.message]
        error.remedy = " ".join([*marks[:1], _REMEDY])
        error.result = {"changed": False, "commands": [command], "commands_unknown": [], "commands_not_run": []}
    error.result = {**error.result, "passed": False if refused else None, "output": []}
    if call.params["fail"]:
        raise error
    return {**error.result, "error": error.details()}
