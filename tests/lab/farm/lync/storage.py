# SPDX-License-Identifier: GPL-3.0-or-later

"""Test-CsExStorageConnectivity: an item in a mailbox, written with a token of this front end.

Its page says that the item is deleted, and that DeleteItem deletes it: the parameter is believed. Output and error are as administrators
show them; the output's class is what the page declares, the error's id is of the usual form.
"""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSString

from farm.lync.errors import bad_argument, failure
from farm.oauth_trust import AUTODISCOVERY, Refusal, find_refusal
from farm.registry import Call, cmdlet
from farm.rights import LYNC_STORAGE
from farm.state import Event

CLASS = "Microsoft.Rtc.Management.Storage.TestExStorageConnectivityCmdlet"
LOG, SOURCE = "Lync Server", "LS Storage Service"
PASSED = "Test passed."


@cmdlet("Test-CsExStorageConnectivity", LYNC_STORAGE, type_name=CLASS, writes=True, without=("UseCache",))
def test_cs_ex_storage_connectivity(call: Call) -> Iterator[PSString]:
    """Create an item in a folder of the user's mailbox."""
    address = (call.text("SipUri") or "").lower()
    if not address.startswith("sip:") or "@" not in address:
        raise bad_argument(call, f'"{address}" is not a SIP address such as sip:user@litwareinc.com.', address)
    if (call.text("Binding") or "NetNamedPipe").lower() == "nettcp" and not call.text("HostNameStorageService"):
        raise bad_argument(
            call, "HostNameStorageService is required with the binding NetTCP.", "HostNameStorageService"
        )
    mailbox = address.removeprefix("sip:")
    if refusal := find_refusal(call.farm, call.host, mailbox):
        _log(call, mailbox, refusal)
        text = f"ExCreateItem exchange operation failed, code=50043, reason={_describe(mailbox, refusal)}"
        raise failure(call, text, target=address)
    if not call.switch("DeleteItem"):
        call.farm.mailboxes[mailbox].append(call.text("Folder") or "ConversationHistory")
    yield PSString(PASSED)


def _describe(mailbox: str, refusal: Refusal) -> str:
    if refusal.event == AUTODISCOVERY:
        return f"GetUserSettings failed, smtpAddress={mailbox} ---> System.Net.WebException: {refusal.reason}"
    return f"{refusal.reason}"


def _log(call: Call, mailbox: str, refusal: Refusal) -> None:
    code = "ErrorIncorrectExchangeServerVersion" if refusal.status == 401 else "ErrorEwsAutodiscover"
    what = (
        "Storage Service had an EWS Autodiscovery failure."
        if refusal.event == AUTODISCOVERY
        else "Storage Service failure."
    )
    message = f"{what}\r\n\r\ncode={code}, reason={_describe(mailbox, refusal)}"
    call.machine.events.append(Event(LOG, SOURCE, refusal.event, "Error", message, call.now))
