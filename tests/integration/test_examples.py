# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of modules, filters and roles run as they are, on the documented farm, and none of their tasks is left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import ROOT, Farm, Run
from name_server import make_option

HOSTS = {
    "modules/dns_info": "dns_servers",
    "modules/dns_record": "dns_servers",
    "modules/exchange_auth_certificate": "exchange_servers",
    "modules/exchange_auth_config": "exchange_servers",
    "modules/exchange_certificate_info": "exchange_servers",
    "modules/exchange_client_access": "exchange_servers",
    "modules/exchange_cmdlet": "exchange_servers",
    "modules/exchange_info": "exchange_servers",
    "modules/exchange_oauth_connectivity": "exchange_servers",
    "modules/exchange_restart": "exchange_servers",
    "modules/exchange_virtual_directory": "exchange_servers",
    "modules/lync_certificate": "lync_servers",
    "modules/lync_certificate_info": "lync_servers",
    # after those of lync_certificate: Exchange reads a document that needs the certificate
    "modules/exchange_partner_application": "exchange_servers",
    "modules/lync_cmdlet": "lync_servers",
    # after those of lync_cmdlet, which make one only where there is none
    "modules/lync_partner_application": "lync_servers",
    "modules/lync_info": "lync_servers",
    "modules/lync_oauth_configuration": "lync_servers",
    "modules/lync_replication": "lync_servers",
    "modules/lync_storage_connectivity": "lync_servers",
    "modules/lync_token_issuer_info": "lync_servers",
    "modules/trust_info": "exchange_servers:lync_servers",
    **dict.fromkeys(
        (
            "modules/farm_info",
            "modules/farm_audit",
            "modules/farm_report",
            "modules/farm_trust",
            "filter/farm_audit",
            "modules/farm_description",
        ),
        "all",
    ),
    "filter/farm_description": "exchange_servers",
}
"""Of each plugin: the hosts that its examples are for."""
ELSEWHERE = {"modules/autodiscover_scp_info"}
"""Those that need a server which the lab does not have: test_farm_directory.py runs them."""
DOWNLOADS = ("modules/lync_partner_application", "modules/lync_cmdlet")
"""Those whose examples have a front end download a document at the Autodiscover name."""
PUBLISH = """
- onprem.exchange_lync.dns_record:
    {name: autodiscover.litwareinc.com, type: CNAME, value: atl-exchange-001.litwareinc.com, on_conflict: replace}
"""
ROLES = sorted(path.parent.name for path in (ROOT / "roles").glob("*/README.md"))
WITHOUT_REPORT = {"restart"}
"""Roles that audit nothing."""
FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECRETS = {"vault_pfx_password": 'pfx: "ä" 50% é'}

pytestmark = pytest.mark.connections("documented")


def examples(plugin: str) -> str:
    """The EXAMPLES of a plugin."""
    tree = ast.parse((ROOT / "plugins" / f"{plugin}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    raise LookupError(f"{plugin} has no EXAMPLES")


def name_dns_server(farm: Farm) -> dict[str, Any]:
    """The DNS server of the examples with provider=rfc2136, by their variables."""
    option = make_option(farm)
    assert option["key_algorithm"] == "hmac-sha256"  # the default
    names = {
        "dns_primary": "address",
        "dns_port": "port",
        "dns_key_name": "key_name",
        "vault_dns_key_secret": "key_secret",
    }
    return {name: option[part] for name, part in names.items()}


@pytest.mark.parametrize("plugin", HOSTS)
def test_examples_run(farm: Farm, plugin: str) -> None:
    if plugin in DOWNLOADS:
        assert farm.play(PUBLISH, hosts="dns_servers").rc == 0
    run = farm.play(examples(plugin), hosts=HOSTS[plugin], extra_vars={**SECRETS, **name_dns_server(farm)})
    assert run.rc == 0, run.output
    check_all_ran(run, yaml.safe_load(examples(plugin)))


def check_all_ran(run: Run, tasks: list[dict[str, Any]]) -> None:
    """A task may leave out hosts that it is not for, but not all of them."""
    assert all(task.get("name") for task in tasks)
    assert [step.task for step in run.steps if step.failed] == []
    ran = {step.task for step in run.steps if step.outcome == "ok"}
    assert {task["name"] for task in tasks if "ansible.builtin.import_role" not in task} <= ran


@pytest.mark.parametrize("role", ROLES)
def test_the_example_of_a_role_runs(farm: Farm, role: str, tmp_path: Path) -> None:
    """Each is a play. In check mode, so that each finds the farm as the one before it did."""
    (block,) = FENCE.findall((ROOT / "roles" / role / "README.md").read_text(encoding="utf-8"))
    (play,) = yaml.safe_load(block)
    playbook = tmp_path / "example.yml"
    playbook.write_text(block, encoding="utf-8")
    run = farm.playbook(playbook, "--check")
    assert (run.rc, run.writes) == (0, []), run.output
    assert any("import_role" in keyword for task in play["tasks"] for keyword in task)
    assert role in WITHOUT_REPORT or "Report what was found" in run.output
    check_all_ran(run, play["tasks"])


@pytest.mark.parametrize("kind", ["modules", "filter"])
def test_no_plugin_is_left_out(kind: str) -> None:
    there = {f"{kind}/{path.stem}" for path in (ROOT / "plugins" / kind).glob("[!_]*.py")}
    assert {plugin for plugin in (*HOSTS, *ELSEWHERE) if plugin.startswith(kind)} == there
