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
from integrating import integrate, said
from refusals import clear, failed, refused

EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"
SHELLS = {EXCHANGE: "exchange", LYNC: "lync", DNS: "windows"}


def problems(
    farm: Farm, *arguments: str, extra_vars: dict[str, Any] | None = None, secret: str | None = None
) -> list[str]:
    """The problems, one a line, of an integration that is refused before anything is written, or a secret shown."""
    watched = integrate(farm, *arguments, extra_vars=extra_vars)
    failed(watched.run)
    assert watched.writes == []
    assert secret is None or secret not in watched.run.output
    title, *lines = said(watched.run, "Report all problems at once").splitlines()
    assert title == "This stands in the way:"
    return lines


def problem(lines: list[str], host: str, cmdlet: str, said: str, remedy: str) -> str:
    """The one line that says this of a host, which is a clear error."""
    found = [line for line in lines if line.startswith(f"- {host}: ") and f" {cmdlet}: " in line and said in line]
    assert len(found) == 1, (host, cmdlet, said, lines)
    clear(found[0].removeprefix("- "), host=host, shell=SHELLS[host], cmdlet=cmdlet, said=said, remedy=remedy)
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
    lines = problems(farm, *also(farm, overrides), secret="wrong: é")
    problem(lines, EXCHANGE, "Test-ServiceHealth", "connection refused", "Check the host name, the port")
    problem(lines, LYNC, "Get-CsWindowsService", "did not accept the credentials", "Check the user name, the password")
    problem(lines, DNS, "Get-DnsServerZone", "certificate is not trusted", "Name the authority")


@pytest.mark.connections("psrp")
def test_an_account_that_exchange_opens_no_shell_for_is_told_once(farm: Farm) -> None:
    """Nothing more is asked of a host whose door is closed, as every answer would be the same."""
    account = {"ansible_user": "operator@litwareinc.com", "ansible_password": 'no: "rights" 0% é'}
    lines = problems(farm, *also(farm, {EXCHANGE: account}), secret=account["ansible_password"])
    said_of_exchange = [line for line in lines if line.startswith(f"- {EXCHANGE}: ")]
    denied = "does not allow this account to open a remote shell"
    assert said_of_exchange == [problem(lines, EXCHANGE, "Test-ServiceHealth", denied, "RemotePowerShellEnabled")]


@pytest.mark.connections("documented")
def test_what_the_variables_say_wrong_is_told_together(farm: Farm) -> None:
    records = [
        {"name": "autodiscover.fabrikam.com", "zone": "fabrikam.com", "value": [EXCHANGE]},
        {"name": "autodiscover.contoso.com", "zone": "litwareinc.com", "value": [EXCHANGE]},
        {"name": "autodiscover.contoso.com", "value": [EXCHANGE]},
        {"name": "sip.litwareinc.com", "value": [EXCHANGE]},
    ]
    url = "https://autodiscover.litwareinc.com/autodiscover/autodiscover"
    wrong = {
        "integration_exchange_autodiscover_url": f"{url}.xml",
        "integration_autodiscover_uri": "https:///autodiscover/autodiscover.xml",
        "integration_dns_records": records,
        "integration_sip_domains": ["litwareinc.com", "fabrikam.com"],
    }
    lines = problems(farm, extra_vars=wrong)
    outlooks = f"'{url}.xml' is the URL for Outlook; Lync needs the one that ends in .svc"
    problem(lines, LYNC, "Set-CsOAuthConfiguration", outlooks, f"{url}.svc. Correct the task")
    problem(lines, EXCHANGE, "Set-ClientAccessServer", "not a URL with scheme and host", "Correct the task")
    problem(lines, DNS, "Get-DnsServerZone", "no zone fabrikam.com; it has litwareinc.com", "create the zone")
    add = "Add-DnsServerResourceRecordCName"
    problem(lines, DNS, add, "contoso.com lies outside the zone litwareinc.com", "Correct the task")
    problem(lines, DNS, "Get-DnsServerZone", "no zone that autodiscover.contoso.com belongs to", "create the zone")
    problem(lines, DNS, add, "sip.litwareinc.com already has A 192.0.2.20", "Set on_conflict")
    unknown = "fabrikam.com is not a SIP domain of this deployment; it has litwareinc.com"
    problem(lines, LYNC, "Get-CsSipDomain", unknown, "Correct the list of SIP domains")


@pytest.mark.parametrize(
    ("certificate", "part", "remedy"),
    [
        ("oauth-1024", "1024 bits; at least 2048 are asked (key_size)", "Assign a certificate that keeps the rules"),
        ("oauth-expired", "(expired)", "Assign a certificate that keeps the rules"),
        ("none", "is not among the 9 certificates", "Import it there with its private key"),
    ],
)
@pytest.mark.connections("documented")
def test_a_certificate_that_is_not_fit(farm: Farm, certificate: str, part: str, remedy: str) -> None:
    known = farm.state()["certificates"]
    thumbprint = known[certificate]["thumbprint"] if certificate in known else "0123456789" * 4
    lines = problems(farm, extra_vars={"integration_oauth_token_issuer_thumbprint": thumbprint})
    assert thumbprint in problem(lines, LYNC, "Set-CsCertificate", part, remedy)
    assert len(lines) == 1


@pytest.mark.connections("documented")
def test_a_sip_domain_that_no_certificate_carries(farm: Farm) -> None:
    lines = problems(farm, extra_vars={"integration_sip_domains": ["tailspintoys.com"]})
    unfit = "none of the 9 certificates in the store is fit"
    line = problem(lines, LYNC, "Set-CsCertificate", unfit, "Request one whose subject is the SIP domain")
    assert "(CN=litwareinc.com): sip_domain_missing" in line
    unknown = "tailspintoys.com is not a SIP domain of this deployment; it has litwareinc.com"
    problem(lines, LYNC, "Get-CsSipDomain", unknown, "Correct the list of SIP domains")


@pytest.mark.connections("documented")
def test_certificates_that_are_going_to_expire(farm: Farm) -> None:
    """At another moment, which is an input: nothing of this is looked up on a clock."""
    lines = problems(farm, extra_vars={"integration_now": "2099-01-01T00:00:00Z"})
    problem(lines, EXCHANGE, "Get-ExchangeCertificate", "expired: ", "New-ExchangeCertificate")
    line = problem(lines, LYNC, "Set-CsCertificate", "none of the 9 certificates", "Request one")
    assert "(CN=litwareinc.com): expired" in line


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
    lines = problems(farm, extra_vars=auditor, secret="100% é")
    problem(lines, EXCHANGE, "Set-ClientAccessServer", "not offered to this account", "the account's roles")


def test_a_double_hop_without_delegation_is_named_as_such(farm: Farm) -> None:
    method = {"ansible_winrm_transport": "ntlm"} if farm.connection == "winrm" else {"ansible_psrp_auth": "ntlm"}
    lines = problems(farm, *also(farm, {LYNC: method}))
    asked = ("Get-CsPool", "Get-CsManagementStoreReplicationStatus", "Get-CsOAuthConfiguration", "Get-CsComputer")
    remedy = "(double hop): use an authentication that delegates (CredSSP, or Kerberos with delegation)"
    for cmdlet in asked:
        problem(lines, LYNC, cmdlet, "cannot be passed on to a second server", remedy)
    assert len(lines) == len(asked)


def test_a_library_that_is_missing(farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = {"winrm": "pywinrm", "psrp": "pypsrp"}[farm.connection]
    module = {"winrm": "winrm", "psrp": "pypsrp"}[farm.connection]
    (tmp_path / module).mkdir()
    (tmp_path / module / "__init__.py").write_text(f"raise ImportError('No module named {module}')\n", encoding="utf-8")
    monkeypatch.setitem(farm.environment, "PYTHONPATH", str(tmp_path))
    lines = problems(farm)
    said = f"the {farm.connection} connection needs the Python library {library}"
    remedy = f"Install it in the environment that runs ansible-playbook: pip install '{library}'."
    problem(lines, EXCHANGE, "Test-ServiceHealth", said, remedy)
    problem(lines, LYNC, "Get-CsWindowsService", said, remedy)
    problem(lines, DNS, "Get-DnsServerZone", said, remedy)


def test_a_cmdlet_that_is_not_offered(farm: Farm) -> None:
    [message] = refused(farm, "exchange_cmdlet", "exchange_servers", {"cmdlet": "Get-Everything", "select": ["Name"]})
    remedy = "This cmdlet or parameter is not offered here: check the product version"
    clear(message, host=EXCHANGE, shell="exchange", cmdlet="Get-Everything", remedy=remedy)


@pytest.mark.connections("documented")
def test_a_server_that_is_not_there(farm: Farm) -> None:
    uri = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml"
    case = {"servers": ["atl-exchange-999"], "autodiscover_service_internal_uri": uri}
    [message] = refused(farm, "exchange_client_access", "exchange_servers", case)
    said = f"no such Exchange server: atl-exchange-999. Known here: {EXCHANGE}."
    clear(message, host=EXCHANGE, shell="exchange", cmdlet="Get-ExchangeServer", said=said, remedy="Check the name")


@pytest.mark.connections("documented")
def test_no_secret_is_shown_at_any_verbosity(farm: Farm) -> None:
    """By both carriers: the documented inventory has Exchange by psrp and Lync by winrm."""
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
