# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that was started with ``--latency real`` charges a client what its table says, and no less."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from pypsrp.powershell import PowerShell, RunspacePool

from wire_clients import wsman

# Clients leave sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

LAB = Path(__file__).resolve().parents[2] / "lab"
EXCHANGE = "atl-exchange-001.litwareinc.com"


def lab(*arguments: str | Path) -> str:
    command = [sys.executable, str(LAB), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True, timeout=90, text=True).stdout


def test_a_session_and_a_cmdlet_cost_what_the_table_says(tmp_path: Path) -> None:
    table = yaml.safe_load((LAB / "latency.yml").read_text(encoding="utf-8"))
    lab("up", "--latency", "real", "--state", tmp_path)
    try:
        made = json.loads((tmp_path / "lab.json").read_text(encoding="utf-8"))
        account = {"username": made["administrator"]["upn"], "password": made["administrator"]["password"]}
        port = made["hosts"][EXCHANGE]["listeners"]["product_https"]
        connection = wsman(port, ssl=True, auth="basic", path="PowerShell", **account)
        started = time.monotonic()
        with RunspacePool(connection, configuration_name="Microsoft.Exchange") as opened:
            assert time.monotonic() - started >= table["session_open"]["seconds"]
            shell = PowerShell(opened)
            shell.add_cmdlet("Get-ExchangeCertificate")
            started = time.monotonic()
            assert shell.invoke()
            assert time.monotonic() - started >= table["cmdlet"]["Get-ExchangeCertificate"]["seconds"]
            shell = PowerShell(opened)
            shell.add_cmdlet("Get-AutodiscoverVirtualDirectory").add_parameter("ADPropertiesOnly", True)
            started = time.monotonic()
            assert shell.invoke()
            assert time.monotonic() - started < table["cmdlet"]["Get-AutodiscoverVirtualDirectory"]["seconds"]
        machine = wsman(made["hosts"][EXCHANGE]["listeners"]["wsman_https"], ssl=True, auth="ntlm", **account)
        started = time.monotonic()
        with RunspacePool(machine):
            assert table["powershell_start"]["seconds"] <= time.monotonic() - started < table["session_open"]["seconds"]
        journal = json.loads(lab("journal", "--json", "--state", tmp_path))
        opened_in = [entry["duration"] for entry in journal if entry["event"] == "session_opened"]
        assert opened_in == [table["session_open"]["seconds"], table["powershell_start"]["seconds"]]
    finally:
        lab("down", "--state", tmp_path)
