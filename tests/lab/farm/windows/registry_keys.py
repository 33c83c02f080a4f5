# SPDX-License-Identifier: GPL-3.0-or-later

r"""The registry's settings for TLS and for WinHTTP's proxy.

"Transport Layer Security (TLS) registry settings": SCHANNEL\Protocols\VERSION\Client and Server with Enabled and DisabledByDefault.
"TLS best practices with the .NET Framework": SchUseStrongCrypto and SystemDefaultTlsVersions. WinHttpSettings is what ``netsh winhttp set
proxy`` writes; its layout is undocumented, and as others have read it: three numbers, of which the last has a bit for a proxy, then the
proxy and the list of exceptions, each behind its length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from psrpcore.types import PSByteArray, PSObject, PSString

from farm.errors import CmdletError
from farm.objects import psobject, with_notes
from farm.registry import Call, cmdlet
from farm.rights import WINDOWS_READ
from farm.scenario import Host
from farm.windows.certificate_store import MISSING
from farm.windows.errors import failure

PROTOCOLS = "system\\currentcontrolset\\control\\securityproviders\\schannel\\protocols"
FRAMEWORKS = (
    "software\\microsoft\\.netframework\\v4.0.30319",
    "software\\wow6432node\\microsoft\\.netframework\\v4.0.30319",
)
STRONG = ("SchUseStrongCrypto", "SystemDefaultTlsVersions")
CONNECTIONS = "software\\microsoft\\windows\\currentversion\\internet settings\\connections"
Values = dict[str, object]


@cmdlet(
    "Get-ItemProperty",
    WINDOWS_READ,
    type_name="Microsoft.PowerShell.Commands.GetItemPropertyCommand",
    without=("Name",),
)
def get_item_property(call: Call) -> Iterator[PSObject]:
    """The values of registry keys."""
    keys = list_keys(call.host)
    for path in call.texts("LiteralPath") or call.texts("Path"):
        drive, _colon, key = path.partition(":")
        found = keys.get(key.strip("\\").lower()) if drive.lower() == "hklm" else None
        if found is None:
            call.error(_missing(call, path))
            continue
        shown = f"Microsoft.PowerShell.Core\\Registry::HKEY_LOCAL_MACHINE\\{key.strip(chr(92))}"
        made = psobject(["System.Management.Automation.PSCustomObject", "System.Object"], None, **found)
        yield with_notes(made, PSPath=PSString(shown), PSDrive=PSString("HKLM"))


def _missing(call: Call, path: str) -> CmdletError:
    text = f"Cannot find path '{path}' because it does not exist."
    return failure(call, text, "PathNotFound", "ObjectNotFound", MISSING, target=path)


def list_keys(host: Host) -> dict[str, Values]:
    """The keys that are there, in lower case, with their values."""
    keys: dict[str, Values] = {CONNECTIONS: {"WinHttpSettings": PSByteArray(_write_proxy(host.winhttp_proxy))}}
    strong = {} if host.strong_crypto is None else dict.fromkeys(STRONG, int(host.strong_crypto))
    keys |= {framework: dict(strong) for framework in FRAMEWORKS}
    for version in host.tls_disabled:
        for side in ("client", "server"):
            keys[f"{PROTOCOLS}\\{version.lower()}\\{side}"] = {"Enabled": 0, "DisabledByDefault": 1}
    return keys


def _write_proxy(proxy: str, exceptions: str = "<local>") -> bytes:
    if not proxy:
        return struct.pack("<IIIII", 0x18, 0, 1, 0, 0) + bytes(4)
    texts = b"".join(struct.pack("<I", len(text)) + text.encode("ascii") for text in (proxy, exceptions))
    return struct.pack("<III", 0x28, 0, 3) + texts
