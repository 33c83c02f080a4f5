# SPDX-License-Identifier: GPL-3.0-or-later

"""An Ansible inventory of the running lab: each host at 127.0.0.1, with the variables that the winrm and psrp plugins document."""

from __future__ import annotations

from typing import Any

import yaml

from farm.errors import LabError

GROUPS = {"exchange": "exchange_servers", "lync": "lync_servers", "dns": "dns_servers"}

CONNECTIONS: dict[str, dict[str, str]] = {
    "documented": {"exchange": "psrp", "lync": "winrm", "dns": "psrp"},
    "psrp": {"exchange": "psrp", "lync": "psrp", "dns": "psrp"},
    "winrm": {"exchange": "winrm", "lync": "winrm", "dns": "winrm"},
}
HTTPS = {"exchange": "farm_exchange_https_port", "lync": "farm_lync_https_port"}
"""The variable that says where the web site of a host is."""
KERBEROS = "kerberos"
"""The name of the inventory for people with a ticket."""

HEADER = "# Inventory of the lab in {state} (scenario {scenario}), made by: python tests/lab inventory --connection {connection}\n"


def inventory(lab: dict[str, Any], state: str, connection: str) -> str:
    """The inventory as YAML."""
    if connection == KERBEROS:
        return _with_header(lab, state, connection, kerberos_inventory(lab))
    children: dict[str, Any] = {name: {"hosts": {}} for name in GROUPS.values()}
    for fqdn, host in lab["hosts"].items():
        children[GROUPS[host["role"]]]["hosts"][fqdn] = _host(lab, host, CONNECTIONS[connection][host["role"]])
    content = {
        "all": {"vars": {"ansible_host": "127.0.0.1", **_account(lab), **lab["inventory"]}, "children": children}
    }
    return _with_header(lab, state, connection, content)


def _with_header(lab: dict[str, Any], state: str, connection: str, content: dict[str, Any]) -> str:
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
    return HEADER.format(state=state, scenario=lab["scenario"], connection=connection) + text


def _account(lab: dict[str, Any]) -> dict[str, Any]:
    administrator = lab["administrator"]
    # The password may hold what Jinja would read as a template: it is data.
    return {"ansible_user": administrator["upn"], "ansible_password": Unsafe(administrator["password"])}


def _host(lab: dict[str, Any], host: dict[str, Any], connection: str) -> dict[str, Any]:
    variables = (_psrp if connection == "psrp" else _winrm)(lab, host["listeners"])
    if port := HTTPS.get(host["role"]):  # on real servers at port 443
        variables[port] = host["listeners"]["product_https"]
    if host["role"] == "exchange" and connection == "psrp":
        variables["ansible_exchange_shell"] = _exchange_endpoint(lab, host["listeners"])
    return variables


def _psrp(lab: dict[str, Any], ports: dict[str, int]) -> dict[str, Any]:
    return {
        "ansible_connection": "psrp",
        "ansible_port": ports["wsman_https"],
        "ansible_psrp_protocol": "https",
        "ansible_psrp_auth": "credssp",
        "ansible_psrp_cert_validation": "validate",
        "ansible_psrp_ca_cert": lab["ca"],
    }


def _winrm(lab: dict[str, Any], ports: dict[str, int]) -> dict[str, Any]:
    return {
        "ansible_connection": "winrm",
        "ansible_port": ports["wsman_https"],
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": "credssp",
        "ansible_winrm_server_cert_validation": "validate",
        "ansible_winrm_ca_trust_path": lab["ca"],
    }


def _exchange_endpoint(lab: dict[str, Any], ports: dict[str, int]) -> dict[str, Any]:
    """Exchange's own endpoint: on real servers at port 443 or 80, here at a port of the lab's."""
    return {
        "transport": "psrp",
        "place": "endpoint",
        "port": ports["product_https"],
        "protocol": "https",
        "path": "PowerShell",
        "configuration_name": "Microsoft.Exchange",
        "auth": "basic",
        "cert_validation": "validate",
        "ca_cert": lab["ca"],
    }


def kerberos_inventory(lab: dict[str, Any]) -> dict[str, Any]:
    """The inventory that docs/your_own_farm.md begins with, but for the ports, and without a password: whoever runs it has a ticket."""
    if "kerberos" not in lab:
        raise LabError("this lab has no KDC: start it with --kerberos")
    name = lab["administrator"]["upn"].partition("@")[0]
    children: dict[str, Any] = {group: {"hosts": {}} for group in GROUPS.values()}
    for fqdn, host in lab["hosts"].items():
        children[GROUPS[host["role"]]]["hosts"][fqdn] = _kerberos_host(host)
    account = {"ansible_user": f"{name}@{lab['kerberos']['realm']}"}
    return {"all": {"vars": {**account, **lab["inventory"]}, "children": children}}


def _kerberos_host(host: dict[str, Any]) -> dict[str, Any]:
    ports: dict[str, int] = host["listeners"]
    if host["role"] == "lync":
        return {
            "ansible_connection": "winrm",
            "ansible_port": ports["wsman_http"],
            "ansible_winrm_scheme": "http",
            "ansible_winrm_transport": "kerberos",
            "ansible_winrm_kerberos_delegation": True,
            "farm_lync_https_port": ports["product_https"],
        }
    psrp: dict[str, Any] = {
        "ansible_connection": "psrp",
        "ansible_port": ports["wsman_http"],
        "ansible_psrp_protocol": "http",
        "ansible_psrp_auth": "kerberos",
    }
    if host["role"] == "exchange":  # on real servers at ports 80 and 443
        psrp["ansible_exchange_shell"] = {"port": ports["product_http"]}
        psrp["farm_exchange_https_port"] = ports["product_https"]
    return psrp


class Unsafe(str):
    """A text that Ansible must not template (YAML tag !unsafe)."""

    __slots__ = ()


yaml.SafeDumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style='"'))
