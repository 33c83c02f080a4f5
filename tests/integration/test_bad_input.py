# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and bad circumstances: one clear error that names host, shell, cmdlet and remedy; exit code not 0; nothing written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import certifi
import pytest
import yaml

from harness import ROOT, Farm
from integrating import Watched, integrate, said

EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"


def refused(watched: Watched) -> list[str]:
    """The problems, one a line, of a run that was refused before anything was written."""
    assert watched.run.rc == 2, watched.run.output
    assert watched.writes == []
    return said(watched.run, "Report all problems at once").splitlines()


def problem(lines: list[str], *parts: str) -> str:
    """The one line that has all parts."""
    found = [line for line in lines if all(part in line for part in parts)]
    assert len(found) == 1, (parts, lines)
    return found[0]


def also(farm: Farm, variables: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """Arguments for an inventory that overrides variables of hosts."""
    path = farm.state_dir / "override.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": variables}}), encoding="utf-8")
    return "-i", str(path)


def own_endpoint(farm: Farm, **changes: Any) -> dict[str, Any]:
    """The Exchange host's variables with changes to how its shell is reached, whichever way that is."""
    inventory = yaml.load(farm.inventory().read_text(encoding="utf-8"), Loader=Loose)  # noqa: S506 (a SafeLoader)
    host = inventory["all"]["children"]["exchange_servers"]["hosts"][EXCHANGE]
    return {"ansible_exchange_shell": {**host.get("ansible_exchange_shell", {}), **changes}}


class Loose(yaml.SafeLoader):
    """YAML with Ansible's tag for data that is no template."""


Loose.add_constructor("!unsafe", lambda _loader, node: node.value)


def test_hosts_that_cannot_be_reached_are_told_together(farm: Farm) -> None:
    """One is not there, one refuses the password, and one shows a certificate that nobody trusts."""
    winrm = farm.connection == "winrm"
    untrusted = {"ansible_winrm_ca_trust_path" if winrm else "ansible_psrp_ca_cert": certifi.where()}
    overrides = {
        EXCHANGE: {"ansible_port": 9, **({} if winrm else own_endpoint(farm, port=9))},
        LYNC: {"ansible_password": "wrong: é"},
        DNS: untrusted,
    }
    watched = integrate(farm, *also(farm, overrides))
    lines = refused(watched)
    problem(lines, EXCHANGE, "exchange management shell", "Test-ServiceHealth", "Check the host name, the port")
    problem(lines, LYNC, "lync management shell", "Get-CsWindowsService", "Check the user name, the password")
    problem(lines, DNS, "windows management shell", "Get-DnsServerZone", "Name the authority")
    assert "wrong: é" not in watched.run.output


def test_what_the_variables_say_wrong_is_told_together(farm: Farm) -> None:
    records = [
        {"name": "autodiscover.litwareinc.com", "zone": "fabrikam.com", "value": [EXCHANGE]},
        {"name": "autodiscover.contoso.com", "zone": "litwareinc.com", "value": [EXCHANGE]},
        {"name": "autodiscover.contoso.com", "value": [EXCHANGE]},
        {"name": "sip.litwareinc.com", "value": [EXCHANGE]},
    ]
    wrong = {
        "integration_exchange_autodiscover_url": "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml",
        "integration_autodiscover_uri": "https:///autodiscover/autodiscover.xml",
        "integration_dns_records": records,
        "integration_sip_domains": ["litwareinc.com", "fabrikam.com"],
    }
    lines = refused(integrate(farm, extra_vars=wrong))
    problem(lines, LYNC, ".xml", "https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc")
    problem(lines, EXCHANGE, "not a URL with scheme and host", "give one such as")
    problem(
        lines, DNS, "windows management shell", "Get-DnsServerZone", "no zone fabrikam.com", "it has litwareinc.com"
    )
    problem(lines, DNS, "autodiscover.contoso.com", "zone litwareinc.com")
    problem(lines, DNS, "no zone that autodiscover.contoso.com belongs to")
    problem(lines, DNS, "sip.litwareinc.com already has A 192.0.2.20", "on_conflict")
    problem(lines, LYNC, "fabrikam.com is not a SIP domain of this deployment")


@pytest.mark.parametrize(
    ("certificate", "part"),
    [
        ("oauth-1024", "1024"),
        ("oauth-expired", "expired"),
        ("oauth-subject", "sip_domain_missing"),
        ("none", "not among"),
    ],
)
@pytest.mark.connections("documented")
def test_a_certificate_that_is_not_fit(farm: Farm, certificate: str, part: str) -> None:
    known = farm.state()["certificates"]
    thumbprint = known[certificate]["thumbprint"] if certificate in known else "0123456789" * 4
    lines = refused(integrate(farm, extra_vars={"integration_oauth_token_issuer_thumbprint": thumbprint}))
    problem(lines, LYNC, thumbprint, part)
    assert len(lines) == 2


@pytest.mark.connections("documented")
def test_a_sip_domain_that_no_certificate_carries(farm: Farm) -> None:
    lines = refused(integrate(farm, extra_vars={"integration_sip_domains": ["tailspintoys.com"]}))
    line = problem(lines, LYNC, "none of the 9 certificates in the store is fit", "Request one")
    assert "(CN=litwareinc.com): sip_domain_missing" in line
    problem(lines, LYNC, "tailspintoys.com is not a SIP domain of this deployment", "it has litwareinc.com")


@pytest.mark.connections("documented")
def test_certificates_that_are_going_to_expire(farm: Farm) -> None:
    """At another moment, which is an input: nothing of this is looked up on a clock."""
    lines = refused(integrate(farm, extra_vars={"integration_now": "2099-01-01T00:00:00Z"}))
    problem(lines, EXCHANGE, "expired", "New-ExchangeCertificate")
    problem(lines, LYNC, "none of the 9 certificates", "expired")


def test_missing_variables_are_named(tmp_path: Path) -> None:
    """Also by a role whose defaults are made from them."""
    playbook = tmp_path / "playbook.yml"
    play = {"hosts": "localhost", "gather_facts": False, "roles": ["onprem.exchange_lync.integration"]}
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(playbook)]
    environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    said_of_it = done.stdout + done.stderr
    assert "missing required arguments: integration_exchange_fqdn, integration_sip_domains" in said_of_it


@pytest.mark.connections("documented")
def test_an_account_without_the_rights(farm: Farm) -> None:
    auditor = {"ansible_user": "auditor@litwareinc.com", "ansible_password": 'read: "only" 100% é'}
    watched = integrate(farm, extra_vars=auditor)
    lines = refused(watched)
    problem(lines, EXCHANGE, "exchange management shell", "Set-ClientAccessServer", "not offered")
    assert "100% é" not in watched.run.output


def test_a_double_hop_without_delegation_is_named_as_such(farm: Farm) -> None:
    method = {"ansible_winrm_transport": "ntlm"} if farm.connection == "winrm" else {"ansible_psrp_auth": "ntlm"}
    lines = refused(integrate(farm, *also(farm, {LYNC: method})))
    assert [line for line in lines if LYNC in line and "lync management shell" in line and "double hop" in line]


def test_a_library_that_is_missing(farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = {"winrm": "pywinrm", "psrp": "pypsrp"}[farm.connection]
    module = {"winrm": "winrm", "psrp": "pypsrp"}[farm.connection]
    (tmp_path / module).mkdir()
    (tmp_path / module / "__init__.py").write_text(f"raise ImportError('No module named {module}')\n", encoding="utf-8")
    monkeypatch.setitem(farm.environment, "PYTHONPATH", str(tmp_path))
    lines = refused(integrate(farm))
    problem(lines, EXCHANGE, library, "Install")
    problem(lines, LYNC, library, "Install")


@pytest.mark.connections("documented")
def test_a_cmdlet_and_a_server_that_are_not_there(farm: Farm) -> None:
    tasks = """
    - {name: cmdlet, onprem.exchange_lync.exchange_cmdlet: {cmdlet: Get-Everything, select: [Name]}, ignore_errors: true}
    - name: server
      onprem.exchange_lync.exchange_client_access:
        servers: [atl-exchange-999]
        autodiscover_service_internal_uri: https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml
    """
    run = farm.play(tasks, hosts="exchange_servers")
    assert (run.rc, run.writes) == (2, [])
    for part in (EXCHANGE, "exchange management shell", "Get-Everything", "not offered"):
        assert part in run.step("cmdlet").msg
    for part in (EXCHANGE, "exchange management shell", "atl-exchange-999"):
        assert part in run.step("server").msg


def test_no_secret_is_shown_at_any_verbosity(farm: Farm) -> None:
    secret = 'pfx: "ä" 50% é'
    variables = {
        "integration_oauth_token_issuer_path": "C:\\Certificates\\oauth.pfx",
        "integration_oauth_token_issuer_password": secret,
    }
    watched = integrate(farm, "--check", "-vvvvv", extra_vars=variables)
    assert watched.run.rc == 0, watched.run.output
    password = 'P: "ä%1 é{{x'
    for shown in (secret, password, "50% é", "ä%1"):
        assert shown not in watched.run.output
