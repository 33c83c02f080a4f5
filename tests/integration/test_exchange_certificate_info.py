# SPDX-License-Identifier: GPL-3.0-or-later
"""exchange_certificate_info on three servers, of which one lacks the Exchange Auth certificate."""

from __future__ import annotations

import pytest

from harness import Farm

pytestmark = pytest.mark.scenario("contoso")

ONE = "exchange_servers[0]"


def test_reads_every_store_from_one_server(farm: Farm) -> None:
    run = farm.play(
        "- name: certificates\n  onprem.exchange_lync.exchange_certificate_info:\n  check_mode: true", hosts=ONE
    )
    assert run.rc == 0, run.output
    step = run.step("certificates")
    assert (step.changed, step.writes) == (False, [])
    stores = {server["host"]: server for server in step.result["servers"]}
    assert sorted(stores) == ["ex-lon-01.corp.contoso.com", "ex-lon-02.corp.contoso.com", "ex-nyc-01.corp.contoso.com"]
    assert {server["error"] for server in stores.values()} == {None}
    current = step.result["auth_config"]["current_certificate_thumbprint"]
    holders = [
        host for host, store in stores.items() if current in [one["thumbprint"] for one in store["certificates"]]
    ]
    assert holders == ["ex-lon-01.corp.contoso.com", "ex-lon-02.corp.contoso.com"]
    auth = next(one for one in stores[holders[0]]["certificates"] if one["thumbprint"] == current)
    assert (auth["subject"], auth["key_size"], auth["problems"]) == (
        "CN=Microsoft Exchange Server Auth Certificate",
        2048,
        [],
    )
    # over winrm the session is imported into the server's own PowerShell, where nothing but RawData and SerializationData is left
    assert (auth["services"], auth["status"], auth["private_key_exportable"]) == (["SMTP"], "Valid", True)
    assert auth["friendly_name"] == "Microsoft Exchange Server Auth Certificate"


def test_some_servers_and_one_that_does_not_exist(farm: Farm) -> None:
    run = farm.play(
        """
        - name: one
          onprem.exchange_lync.exchange_certificate_info: {servers: [EX-NYC-01]}
        - name: no such
          onprem.exchange_lync.exchange_certificate_info: {servers: [ex-nyc-01, ex-par-01.corp.contoso.com]}
          ignore_errors: true
        """,
        hosts=ONE,
    )
    assert [server["host"] for server in run.step("one").result["servers"]] == ["ex-nyc-01.corp.contoso.com"]
    missing = run.step("no such")
    assert missing.result["error"]["kind"] == "not_found"
    assert "no such Exchange server: ex-par-01.corp.contoso.com" in missing.msg


def test_a_server_that_cannot_be_read_does_not_hide_the_others(farm: Farm) -> None:
    farm.lab("fault", "cmdlet_fails", "--value", "Get-ExchangeCertificate", "--count", "1")
    run = farm.play("- name: certificates\n  onprem.exchange_lync.exchange_certificate_info:", hosts=ONE)
    assert run.rc == 0, run.output
    result = run.step("certificates").result
    assert [bool(server["error"]) for server in result["servers"]] == [True, False, False]
    assert "ex-lon-01.corp.contoso.com: its certificates could not be read" in result["warnings"][0]
    assert result["servers"][0]["certificates"] == []
