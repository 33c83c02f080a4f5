# SPDX-License-Identifier: GPL-3.0-or-later
"""XML namespaces and resource URIs of WS-Management (MS-WSMV 2.2.1) and PowerShell Remoting."""

from __future__ import annotations

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMV = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
POWERSHELL = "http://schemas.microsoft.com/powershell"

CMD_URI = f"{SHELL}/cmd"
CONFIG_URI = CONFIG
POWERSHELL_URI = f"{POWERSHELL}/"

PREFIXES = {"s": SOAP, "a": ADDRESSING, "x": TRANSFER, "w": WSMAN, "rsp": SHELL, "p": WSMV}


def tag(namespace: str, name: str) -> str:
    """An element's name as ElementTree spells it."""
    return f"{{{namespace}}}{name}"
