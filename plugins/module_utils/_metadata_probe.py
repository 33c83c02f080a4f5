# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a server and a metadata document of the other product, seen from the server itself.

New- and Set-CsPartnerApplication download the document on the front end, and say of every failure the same: that it could not be
downloaded. So the front end's own PowerShell is asked beforehand whether the name resolves, whether the document can be downloaded, and
which proxy WinHTTP has. A snapshot asks the same of the URLs that the partner applications have.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import read_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import NO_WAY_IN, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import is_same_text
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Uri, Value
from ansible_collections.onprem.exchange_lync.plugins.module_utils._winhttp_proxy import CONNECTIONS, read_proxy

SECONDS = 20
_NOT_ASKED = frozenset({*NO_WAY_IN, "access_denied", "not_offered", "language"})
"""Kinds of error that say nothing of the network."""


def probe_document(windows: Shell, url: str) -> list[str]:
    """What the front end says that would keep the document from it, each as a sentence; none where it can be downloaded."""
    try:
        return [f"The front end {problem}" for problem in _find_problems(windows, url)]
    except ShellError as error:
        return [f"The front end was not asked whether it can download {url}: {error.message.strip()}"]


def probe_partners(
    windows: Shell, applications: Iterable[Mapping[str, t.Any]], identifier: str
) -> list[dict[str, t.Any]]:
    """For each enabled application of the other product that has a URL, what keeps the server from the document there.

    :returns: with ``name``, ``url``, ``problems``, and ``error`` where the server could not be asked.
    """
    found: list[dict[str, t.Any]] = []
    for item in applications:
        if item["url"] and item["enabled"] and is_same_text(item["application_identifier"], identifier):
            told: dict[str, t.Any] = {"name": item["name"], "url": item["url"], "problems": [], "error": None}
            try:
                told["problems"] = _find_problems(windows, str(item["url"]))
            except ShellError as error:
                told["error"] = error.message.strip()
            found.append(told)
    return found


def _find_problems(windows: Shell, url: str) -> list[str]:
    if refusal := _resolve(windows, read_host(url)):
        return [refusal]
    if refusal := _download(windows, url):
        return [refusal, *_describe_proxy(windows)]
    return []


def _resolve(windows: Shell, host: str) -> str:
    try:
        windows.read_all(Cmdlet("Resolve-DnsName", Name=host), select("Name"))
    except ShellError as error:
        _refuse_unasked(error)
        return f"cannot resolve {host}: {error.message.strip()}"
    return ""


def _download(windows: Shell, url: str) -> str:
    request = Cmdlet("Invoke-WebRequest", Uri=Uri(url), UseBasicParsing=True, TimeoutSec=SECONDS)
    try:
        windows.read_all(request, select("StatusCode"))
    except ShellError as error:
        _refuse_unasked(error)
        return f"cannot download {url}: {error.message.strip()}"
    return ""


def _refuse_unasked(error: ShellError) -> None:
    """Pass on an error that is not the network's."""
    if error.kind in _NOT_ASKED or not error.error_id:
        raise error


def _describe_proxy(windows: Shell) -> list[str]:
    """The proxy that WinHTTP has, where it has one: it is asked for internal names too, unless they are on its bypass list."""
    items = windows.read_all(Cmdlet("Get-ItemProperty", LiteralPath=[CONNECTIONS]), select("WinHttpSettings"))
    try:
        proxy = read_proxy(_read_bytes(items[0]["WinHttpSettings"])) if items else None
    except ValueError:
        return []  # it is only asked to explain something else
    return [f"has the WinHTTP proxy {proxy.address} (netsh winhttp show proxy)."] if proxy else []


def _read_bytes(value: Value) -> bytes:
    found = value.value if isinstance(value, RemoteObject) else value
    return found if isinstance(found, bytes) else b""
