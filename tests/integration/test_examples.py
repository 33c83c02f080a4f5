# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation of modules and filters run as they are, on the documented farm, and none of their tasks is left out."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import ROOT, Farm, Run
from name_server import make_option

HOSTS = {
    "modules/dns_info": "dns_servers",
    "modules/dns_record": "dns_servers",
    "modules/exchange_certificate_info": "exchange_servers",
    "modules/exchange_client_access": "exchange_servers",
    "modules/exchange_cmdlet": "exchange_servers",
    "modules/exchange_info": "exchange_servers",
    "modules/lync_certificate": "lync_servers",
    "modules/lync_certificate_info": "lync_servers",
    "modules/lync_cmdlet": "lync_servers",
    "modules/lync_info": "lync_servers",
    "modules/lync_oauth_configuration": "lync_servers",
    "modules/lync_replication": "lync_servers",
    "filter/oauth_token_issuer_candidates": "lync_servers",
    "filter/problems": "exchange_servers",
    # these want a farm whose token issuer has been assigned
    "modules/certificate_verdict": "",
    "filter/certificate_verdict": "lync_servers",
}
"""Of each plugin: the hosts that its examples are for. The examples of certificate_verdict are a play and say it themselves."""
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


def play(farm: Farm, plugin: str, folder: Path) -> tuple[Run, list[Any]]:
    """Run the examples of a plugin: tasks, or a whole play."""
    text = examples(plugin)
    content = yaml.safe_load(text)
    if HOSTS[plugin]:
        return farm.play(text, hosts=HOSTS[plugin], extra_vars={**SECRETS, **name_dns_server(farm)}), content
    playbook = folder / "examples.yml"
    playbook.write_text(text, encoding="utf-8")
    return farm.playbook(playbook), [task for each in content for task in each["tasks"]]


@pytest.fixture(scope="module")
def token_issuer(farm: Farm) -> None:
    """Prepares the farm for the examples that judge it."""
    tasks = """
    - onprem.exchange_lync.lync_certificate_info:
      register: found
    - onprem.exchange_lync.lync_certificate:
        use: OAuthTokenIssuer
        thumbprint: "{{ (found.store | selectattr('friendly_name', 'equalto', 'OAuthTokenIssuer') | first).thumbprint }}"
    - onprem.exchange_lync.lync_replication: {wait: true}
    """
    run = farm.play(tasks, hosts="lync_servers")
    assert run.rc == 0, run.output


@pytest.mark.parametrize("plugin", HOSTS)
def test_examples_run(request: pytest.FixtureRequest, farm: Farm, tmp_path: Path, plugin: str) -> None:
    if plugin.endswith("/certificate_verdict"):
        request.getfixturevalue("token_issuer")
    run, tasks = play(farm, plugin, tmp_path)
    assert run.rc == 0, run.output
    assert all(task.get("name") for task in tasks)
    # a task may leave out hosts that it is not for, but not all of them
    assert [step.task for step in run.steps if step.outcome == "failed"] == []
    assert {step.task for step in run.steps if step.outcome == "ok"} == {task["name"] for task in tasks}


@pytest.mark.parametrize("kind", ["modules", "filter"])
def test_no_plugin_is_left_out(kind: str) -> None:
    there = {f"{kind}/{path.stem}" for path in (ROOT / "plugins" / kind).glob("[!_]*.py")}
    assert {plugin for plugin in HOSTS if plugin.startswith(kind)} == there
