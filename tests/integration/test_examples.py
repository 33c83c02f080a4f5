# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the modules' documentation run as they are, on the documented farm."""

from __future__ import annotations

import ast

import pytest

from harness import ROOT, Farm

HOSTS = {
    "dns_record": "dns_servers",
    "exchange_certificate_info": "exchange_servers",
    "exchange_client_access": "exchange_servers",
    "exchange_cmdlet": "exchange_servers",
    "exchange_info": "exchange_servers",
    "lync_certificate": "lync_servers",
    "lync_certificate_info": "lync_servers",
    "lync_cmdlet": "lync_servers",
    "lync_info": "lync_servers",
    "lync_oauth_configuration": "lync_servers",
    "lync_replication": "lync_servers",
}


def examples(module: str) -> str:
    """The EXAMPLES of a module."""
    tree = ast.parse((ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    raise LookupError(f"{module} has no EXAMPLES")


@pytest.mark.connections("documented")
@pytest.mark.parametrize("module", sorted(HOSTS))
def test_examples_run(farm: Farm, module: str) -> None:
    run = farm.play(examples(module), hosts=HOSTS[module])
    assert run.rc == 0, run.output
    assert any(step.outcome == "ok" for step in run.steps)
