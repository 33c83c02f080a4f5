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
from integrating import integrate, problems, reports
from refusals import clear, failed, refused

EXCHANGE, LYNC, DNS = "atl-exchange-001.litwareinc.com", "atl-lync-001.litwareinc.com", "atl-dc-001.litwareinc.com"


def report(
    farm: Farm, *arguments: str, extra_vars: dict[str, Any] | None = None, secret: str | None = None
) -> tuple[list[str], str]:
    """The problems of an integration that is refused before anything is written, one a line, and the whole report as one text."""
    watched = integrate(farm, *arguments, extra_vars=extra_vars)
    failed(watched.run)
    assert watched.writes == []
    assert secret is None or secret not in watched.run.output
    lines = reports(watched.run)[0]
    assert lines[0].endswith("Nothing was written.")
    return problems(lines), " ".join(" ".join(lines).split())


def problem(found: tuple[list[str], str], rule: str, about: str, *said: str, remedy: str) -> str:
    """The one line by this rule about a server, which says this; what to do about it is in the report."""
    lines, text = found
    matching = [
        line for line in lines if line.startswith(f"[{rule}] ") and line.endswith(f": {about}") and said[0] in line
    ]
    assert len(matching) == 1, (rule, about, said, lines)
    assert all(part in matching[0] for part in said), (said, matching)
    assert remedy in text, (remedy, text)
    return matching[0]


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
    found = report(farm, *also(farm, overrides), secret="wrong: é")
    unread = "host_not_read"
    problem(
        found,
        unread,
        EXCHANGE,
        "connection refused",
        "exchange management shell",
        remedy="Check the host name, the port",
    )
    problem(found, unread, LYNC, "did not accept the credentials", remedy="Check the user name, the password")
    problem(found, unread, DNS, "certificate is not trusted", remedy="Name the authority")
    assert len(found[0]) == 3


@pytest.mark.connections("psrp")
def test_an_account_that_exchange_opens_no_shell_for_is_told_once(farm: Farm) -> None:
    """Nothing more is asked of a host whose door is closed, as every answer would be the same."""
    account = {"ansible_user": "operator@litwareinc.com", "ansible_password": 'no: "rights" 0% é'}
    found = report(farm, *also(farm, {EXCHANGE: account}), secret=account["ansible_password"])
    said = "does not allow this account to open a remote shell"
    assert found[0] == [problem(found, "host_not_read", EXCHANGE, said, remedy="RemotePowerShellEnabled")]


@pytest.mark.connections("documented")
def test_what_the_variables_say_wrong_is_told_together_before_anything_is_asked(farm: Farm) -> None:
    url = "https://autodiscover.litwareinc.com/autodiscover/autodiscover"
    wrong = {
        "farm_exchange_autodiscover_url": f"{url}.xml",
        "farm_autodiscover_service_internal_uri": "https:///autodiscover/autodiscover.xml",
        "farm_oauth_token_issuer_thumbprint": "43 digits",
        "farm_replication_timeout": -1,
    }
    watched = integrate(farm, extra_vars=wrong)
    failed(watched.run)
    assert not any(step.asked for step in watched.run.steps)
    for said in (
        f"farm_exchange_autodiscover_url: '{url}.xml' is the URL for Outlook; Lync needs the one that ends in .svc: {url}.svc",
        "farm_autodiscover_service_internal_uri: 'https:///autodiscover/autodiscover.xml' is not a URL with scheme and host",
        "farm_oauth_token_issuer_thumbprint: '43 digits' is not a certificate thumbprint",
        "farm_replication_timeout must be",
    ):
        assert said in watched.run.output, said


@pytest.mark.connections("documented")
def test_names_that_the_server_cannot_hold(farm: Farm) -> None:
    records = [
        {"name": "autodiscover.contoso.com", "value": [EXCHANGE]},
        {"name": "sip.litwareinc.com", "value": [EXCHANGE]},
    ]
    found = report(farm, extra_vars={"farm_dns_records": records, "farm_sip_domains": "litwareinc.com,fabrikam.com"})
    missing = "it has no zone that autodiscover.contoso.com belongs to"
    problem(found, "dns_zone_missing", DNS, missing, remedy="Create the zone")
    problem(
        found,
        "dns_points_elsewhere",
        DNS,
        "sip.litwareinc.com",
        "192.0.2.20",
        remedy="add dns_points_elsewhere to farm_replace",
    )
    unknown = "fabrikam.com is not a SIP domain of this deployment, which has litwareinc.com"
    problem(found, "sip_domain_unknown", "Lync", unknown, remedy="Correct farm_sip_domains")


@pytest.mark.parametrize(
    ("certificate", "rule", "part", "remedy"),
    [
        (
            "oauth-1024",
            "key_size",
            "has an RSA key of 1024 bits, fewer than 2048",
            "Its key must be RSA of 2048 bits or more",
        ),
        ("oauth-expired", "expired", "days left)", "Request a web server certificate"),
        ("none", "token_issuer_not_found", "is not in the store of", "Import it there with its private key"),
    ],
)
@pytest.mark.connections("documented")
def test_a_certificate_that_is_not_fit(farm: Farm, certificate: str, rule: str, part: str, remedy: str) -> None:
    known = farm.state()["certificates"]
    thumbprint = known[certificate]["thumbprint"] if certificate in known else "0123456789" * 4
    found = report(farm, extra_vars={"farm_oauth_token_issuer_thumbprint": thumbprint})
    assert found[0] == [problem(found, rule, LYNC, part, remedy=remedy)]


@pytest.mark.connections("documented")
def test_a_sip_domain_that_nobody_knows(farm: Farm) -> None:
    found = report(farm, extra_vars={"farm_sip_domains": ["tailspintoys.com"]})
    unknown = "tailspintoys.com is not a SIP domain of this deployment, which has litwareinc.com"
    problem(found, "sip_domain_unknown", "Lync", unknown, remedy="Correct farm_sip_domains")
    first = "the default SIP domain is litwareinc.com, not tailspintoys.com"
    problem(found, "sip_domain_not_default", "Lync", first, remedy="Put the deployment's default SIP domain first")


@pytest.mark.connections("documented")
def test_certificates_that_are_going_to_expire(farm: Farm) -> None:
    """At another moment, which is an input: nothing of this is looked up on a clock."""
    found = report(farm, extra_vars={"farm_now": "2099-01-01T00:00:00Z"})
    problem(found, "expired", EXCHANGE, "Exchange Auth: ", remedy="rotate_auth_certificate")
    chosen = "no certificate was chosen: the store has no fit certificate made for litwareinc.com"
    problem(
        found,
        "token_issuer_not_chosen",
        LYNC,
        chosen,
        remedy="Name a certificate in farm_oauth_token_issuer_thumbprint",
    )


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
    assert "missing required arguments: farm_exchange_fqdn, farm_sip_domains" in said_of_it


@pytest.mark.connections("documented")
def test_an_account_without_the_rights(farm: Farm) -> None:
    auditor = {"ansible_user": "auditor@litwareinc.com", "ansible_password": 'read: "only" 100% é'}
    found = report(farm, extra_vars=auditor, secret="100% é")
    said = "Set-ClientAccessService is not offered to this account"
    problem(found, "not_writable", EXCHANGE, said, remedy="Give the account the management role or group")


def test_a_double_hop_without_delegation_is_named_as_such(farm: Farm) -> None:
    method = {"ansible_winrm_transport": "ntlm"} if farm.connection == "winrm" else {"ansible_psrp_auth": "ntlm"}
    found = report(farm, *also(farm, {LYNC: method}))
    remedy = "(double hop): use an authentication that delegates (CredSSP, or Kerberos with delegation)"
    for cmdlet in (
        "Get-CsPool",
        "Get-CsManagementStoreReplicationStatus",
        "Get-CsOAuthConfiguration",
        "Get-CsComputer",
    ):
        problem(found, "host_not_read", LYNC, f"lync management shell: {cmdlet}: ", remedy=remedy)


def test_a_library_that_is_missing(farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = {"winrm": "pywinrm", "psrp": "pypsrp"}[farm.connection]
    module = {"winrm": "winrm", "psrp": "pypsrp"}[farm.connection]
    (tmp_path / module).mkdir()
    (tmp_path / module / "__init__.py").write_text(f"raise ImportError('No module named {module}')\n", encoding="utf-8")
    monkeypatch.setitem(farm.environment, "PYTHONPATH", str(tmp_path))
    found = report(farm)
    said = f"the {farm.connection} connection needs the Python library {library}"
    remedy = f"Install it in the environment that runs ansible-playbook: pip install '{library}'."
    for host in (EXCHANGE, LYNC, DNS):
        problem(found, "host_not_read", host, said, remedy=remedy)


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
        "farm_oauth_token_issuer_path": "C:\\Certificates\\oauth.pfx",
        "farm_oauth_token_issuer_password": secret,
    }
    watched = integrate(farm, "--check", "-vvvvv", extra_vars=variables)
    assert watched.run.rc == 0, watched.run.output
    password = 'P: "ä%1 é{{x'
    for shown in (secret, password, "50% é", "ä%1"):
        assert shown not in watched.run.output
