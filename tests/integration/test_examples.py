# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation of modules and filters run as they are, on the documented farm, and none of their tasks is left out."""

from __future__ import annotations

import ast

import pytest
import yaml

from harness import ROOT, Farm

ALL = "exchange_servers:lync_servers:dns_servers"
HOSTS = {
    "modules/dns_info": "dns_servers",
    "modules/dns_record": "dns_servers",
    "modules/exchange_certificate_info": "exchange_servers",
    "modules/exchange_client_access": "exchange_servers",
    "modules/exchange_cmdlet": "exchange_servers",
    "modules/exchange_info": "exchange_servers",
    "modules/farm_audit": ALL,
    "modules/farm_info": ALL,
    "modules/farm_report": ALL,
    "modules/lync_certificate": "lync_servers",
    "modules/lync_certificate_info": "lync_servers",
    "modules/lync_cmdlet": "lync_servers",
    "modules/lync_info": "lync_servers",
    "modules/lync_oauth_configuration": "lync_servers",
    "modules/lync_replication": "lync_servers",
    "filter/farm_audit": ALL,
    "filter/farm_description": "lync_servers",
    "filter/farm_parts": ALL,
}
"""Of each plugin: the hosts that its examples are for."""
SECRETS = {"vault_pfx_password": 'pfx: "ä" 50% é'}

pytestmark = pytest.mark.connections("documented")


def examples(plugin: str) -> str:
    """The EXAMPLES of a plugin."""
    tree = ast.parse((ROOT / "plugins" / f"{plugin}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    raise LookupError(f"{plugin} has no EXAMPLES")


@pytest.mark.parametrize("plugin", HOSTS)
def test_examples_run(farm: Farm, plugin: str) -> None:
    tasks = yaml.safe_load(examples(plugin))
    run = farm.play(examples(plugin), hosts=HOSTS[plugin], extra_vars=SECRETS)
    assert run.rc == 0, run.output
    assert all(task.get("name") for task in tasks)
    # a task may leave out hosts that it is not for, but not all of them
    assert [step.task for step in run.steps if step.outcome == "failed"] == []
    assert {step.task for step in run.steps if step.outcome == "ok"} == {task["name"] for task in tasks}


@pytest.mark.parametrize("kind", ["modules", "filter"])
def test_no_plugin_is_left_out(kind: str) -> None:
    there = {f"{kind}/{path.stem}" for path in (ROOT / "plugins" / kind).glob("[!_]*.py")}
    assert {plugin for plugin in HOSTS if plugin.startswith(kind)} == there
