# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote sessions to the hosts of the documented example, without anything of Ansible."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.winrs import WinrsCarrier
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.wsman import WsmanCarrier
from harness import Farm

EXCHANGE = "atl-exchange-001.litwareinc.com"
LYNC = "atl-lync-001.litwareinc.com"
DC = "atl-dc-001.litwareinc.com"
ACCOUNT = {"remote_addr": "127.0.0.1", "remote_user": "administrator@litwareinc.com", "remote_password": 'P: "ä%1 é{{x'}
PATIENCE = 60.0
MEGABYTE = [(1000 * "x" + "\U0001f600\r\n_x000D_\t") * 1024, bytes(range(256)) * 4096]
"""A text with characters beyond the BMP and what looks escaped, and bytes: each a megabyte."""


class Way(NamedTuple):
    """A way to a host: the carrier, http (where the messages are sealed) or https, and the authentication method."""

    carrier: str
    protocol: str = "https"
    method: str = "credssp"


def listeners(farm: Farm, host: str) -> tuple[dict[str, int], str]:
    """A host's ports, and the authority that signed its certificate."""
    lab = json.loads((farm.state_dir / "lab.json").read_text(encoding="utf-8"))
    return lab["hosts"][host]["listeners"], lab["ca"]


def opened(session: Session) -> Session:
    session.open(PATIENCE)
    return session


def machine(farm: Farm, host: str = LYNC, way: Way | None = None, **options: Any) -> Session:
    """A session in the machine's own PowerShell: over the farm's connection, where no way is given.

    :param options: further ones of the carrier, such as another port.
    """
    carrier, protocol, method = way or Way(farm.connection)
    ports, authority = listeners(farm, host)
    place = {**ACCOUNT, "port": ports[f"wsman_{protocol}"]}
    if carrier == "winrm":
        how = {"scheme": protocol, "transport": [method], "ca_trust_path": authority}
        return opened(Session(WinrsCarrier({**place, **how, **options})))
    how = {"protocol": protocol, "auth": method, "ca_cert": authority}
    return opened(Session(WsmanCarrier({**place, **how, **options})))


def endpoint(farm: Farm, protocol: str = "https", method: str = "basic", **options: Any) -> Session:
    """A session at Exchange's own endpoint, which only WS-Management reaches."""
    ports, authority = listeners(farm, EXCHANGE)
    place = {"port": ports[f"product_{protocol}"], "path": "PowerShell", "configuration_name": "Microsoft.Exchange"}
    how = {"protocol": protocol, "auth": method, "ca_cert": authority}
    return opened(Session(WsmanCarrier({**ACCOUNT, **place, **how, **options})))


def ask(session: Session, *cmdlets: Cmdlet) -> Reply:
    return session.invoke(Pipeline(cmdlets), PATIENCE)


def echo(session: Session, values: list[Any]) -> list[Any]:
    """The values there and back: Write-Output takes the outer list apart, and leaves each of its members whole."""
    return list(ask(session, Cmdlet("Write-Output", InputObject=values)).objects)
