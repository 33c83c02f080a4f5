# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a front end and a metadata document, seen from the front end itself.

New- and Set-CsPartnerApplication download the document on the front end, and say of every failure the same: that it could not be
downloaded. So the front end's own PowerShell is asked beforehand whether the name resolves, whether the document can be downloaded, and
which proxy WinHTTP has.
"""

from __future__ import annotations

import struct

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import read_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import NO_WAY_IN, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Uri, Value

SECONDS = 20
_PROXY = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
_NOT_ASKED = frozenset({*NO_WAY_IN, "access_denied", "not_offered", "language"})
"""Kinds of error that say nothing of the network."""


def probe_document(call: Call, url: str) -> list[str]:
    """What the front end says that would keep the document from it, each as a sentence; none where it can be downloaded."""
    windows = call.shell("windows")
    try:
        if refusal := _resolve(windows, read_host(url)):
            return [refusal]
        if refusal := _download(windows, url):
            return [refusal, *_describe_proxy(windows)]
    except ShellError as error:
        return [f"The front end was not asked whether it can download {url}: {error.message.strip()}"]
    return []


def _resolve(windows: Shell, host: str) -> str:
    try:
        windows.read_all(Cmdlet("Resolve-DnsName", Name=host), select("Name"))
    except ShellError as error:
        _refuse_unasked(error)
        return f"The front end cannot resolve {host}: {error.message.strip()}"
    return ""


def _download(windows: Shell, url: str) -> str:
    request = Cmdlet("Invoke-WebRequest", Uri=Uri(url), UseBasicParsing=True, TimeoutSec=SECONDS)
    try:
        windows.read_all(request, select("StatusCode"))
    except ShellError as error:
        _refuse_unasked(error)
        return f"The front end cannot download {url}: {error.message.strip()}"
    return ""


def _refuse_unasked(error: ShellError) -> None:
    """Pass on an error that is not the network's."""
    if error.kind in _NOT_ASKED or not error.error_id:
        raise error


def _describe_proxy(windows: Shell) -> list[str]:
    """The proxy that WinHTTP has, where it has one: it is asked for internal names too, unless they are on its bypass list."""
    items = windows.read_all(Cmdlet("Get-ItemProperty", LiteralPath=[_PROXY]), select("WinHttpSettings"))
    proxy = next((read_proxy(_read_bytes(item["WinHttpSettings"])) for item in items), "")
    told = f"WinHTTP on the front end uses the proxy {proxy} (netsh winhttp show proxy)."
    return [told] if proxy else []


def _read_bytes(value: Value) -> bytes:
    found = value.value if isinstance(value, RemoteObject) else value
    return found if isinstance(found, bytes) else b""


def read_proxy(settings: bytes) -> str:
    """The proxy in the value WinHttpSettings, or nothing.

    Three numbers of four octets, the third of which has its second bit set where there is a proxy, then the proxy's length and its name.
    """
    if len(settings) < 16:
        return ""
    _size, _counter, flags, length = struct.unpack_from("<IIII", settings)
    if not flags & 2 or length > len(settings) - 16:
        return ""
    return settings[16 : 16 + length].decode("ascii", "replace")
