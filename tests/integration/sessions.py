# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote sessions to the hosts of the documented example, without anything of Ansible."""

from __future__ import annotations

import json

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


def listeners(farm: Farm, host: str) -> tuple[dict[str, int], str]:
    """A host's ports, and the authority that signed its certificate."""
    lab = json.loads((farm.state_dir / "lab.json").read_text(encoding="utf-8"))
    return lab["hosts"][host]["listeners"], lab["ca"]


def opened(session: Session) -> Session:
    session.open(PATIENCE)
    return session


def machine(farm: Farm, host: str = LYNC) -> Session:
    """A session in the machine's own PowerShell, over the farm's connection."""
    ports, authority = listeners(farm, host)
    if farm.connection == "winrm":
        options = {
            "port": ports["wsman_https"],
            "scheme": "https",
            "transport": ["credssp"],
            "ca_trust_path": authority,
        }
        return opened(Session(WinrsCarrier({**ACCOUNT, **options})))
    options = {"port": ports["wsman_https"], "protocol": "https", "auth": "credssp", "ca_cert": authority}
    return opened(Session(WsmanCarrier({**ACCOUNT, **options})))


def endpoint(farm: Farm) -> Session:
    """A session at Exchange's own endpoint, which only WS-Management reaches."""
    ports, authority = listeners(farm, EXCHANGE)
    return opened(
        Session(
            WsmanCarrier(
                {
                    **ACCOUNT,
                    "port": ports["product_https"],
                    "protocol": "https",
                    "auth": "basic",
                    "ca_cert": authority,
                    "path": "PowerShell",
                    "configuration_name": "Microsoft.Exchange",
                }
            )
        )
    )


def ask(session: Session, *cmdlets: Cmdlet) -> Reply:
    return session.invoke(Pipeline(cmdlets), PATIENCE)
