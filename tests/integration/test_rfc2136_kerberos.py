# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerberos instead of a shared key: whose ticket it is, where it comes from, and what is said where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns import dns_replies, gss_key
from ansible_collections.onprem.exchange_lync.plugins.modules import dns_record
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.modules import conftest as modules
from dns_programs import (
    HOST,
    PRINCIPAL,
    ZONE,
    Running,
    configure_guides_bind,
    find_block,
    make_option,
    run_bind,
    serve_dns,
)
from kerberos_realm import SERVICE, STRANGER, Realm, run_bind_with_kerberos
from samba_dns import run_samba_dns

run_module = modules.run_module
scripted = modules.scripted

Result = dict[str, Any]


SERVERS = {"bind-kerberos": run_bind_with_kerberos, "samba": run_samba_dns}
"""The KDC of the one is MIT's, that of the other is an Active Directory domain controller's."""


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with SERVERS[request.param](tmp_path_factory.mktemp("kerberos")) as running:
        yield running


@pytest.fixture
def realm(server: Running, monkeypatch: pytest.MonkeyPatch) -> Realm:
    """The server's realm, whose configuration is all that the environment has."""
    assert server.realm is not None
    for name in ("KRB5CCNAME", "KRB5_CLIENT_KTNAME"):
        monkeypatch.setenv(name, f"FILE:{server.realm.folder}/nothing")
    monkeypatch.setenv("KRB5_CONFIG", server.realm.environment["KRB5_CONFIG"])
    return server.realm


@pytest.fixture
def record(server: Running, run_module: Any, scripted: Any, request: pytest.FixtureRequest) -> Any:
    """Run dns_record on a name of the test's own."""

    def run(*, check: bool = False, value: str = "192.0.2.1", **option: Any) -> Result:
        name = f"{abs(hash(request.node.name)):x}.{ZONE}"
        asked = {"name": name, "type": "A", "value": [value], "provider": "rfc2136", "on_conflict": "replace"}
        helper = scripted()
        result = run_module(dns_record, helper, check=check, server={**server.option, **option}, **asked)
        assert helper.pipelines == []
        return dict(result)

    return run


def test_a_keytab(record: Any, realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.keytab(PRINCIPAL)))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{realm.folder}/from-keytab")
    assert [record()["changed"] for _turn in range(2)] == [True, False]


def test_a_ticket(record: Any, realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    """As kinit gets it; no key is in the environment."""
    cache = f"FILE:{realm.folder}/ticket"
    realm.run("kinit", "-c", cache, "-k", "-t", str(realm.keytab(PRINCIPAL)), PRINCIPAL)
    monkeypatch.setenv("KRB5CCNAME", cache)
    assert [record()["changed"] for _turn in range(2)] == [True, False]


def test_a_principal_that_may_not(record: Any, realm: Realm, server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Active Directory lets every account of the domain add a name; what somebody else has added is not for it to change."""
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.keytab(PRINCIPAL)))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{realm.folder}/of-an-owner")
    if server.program == "samba":
        assert record()["changed"]
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.keytab(STRANGER)))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{realm.folder}/of-a-stranger")
    result = record(value="192.0.2.99") if server.program == "samba" else record()
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "access_denied")
    assert f"the server refuses the Kerberos principal to change {ZONE} (REFUSED)." in result["msg"]


@pytest.mark.usefixtures("realm")
def test_no_ticket(record: Any) -> None:
    """Check mode foretells it: what would be done can be seen all the same."""
    checked, result = record(check=True), record()
    (warning,) = checked["warnings"]
    assert warning.startswith(f"A real run would fail: {HOST}: DNS TKEY: Kerberos gives no way in to {SERVICE}: ")
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "authentication")
    assert "Get a ticket with kinit, or name a keytab in KRB5_CLIENT_KTNAME" in result["msg"]
    assert (result["commands_unknown"], len(result["commands_not_run"])) == ([], 1)


def test_a_server_goes_by_the_name_that_is_given(record: Any, realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only for an address is it the one that the zone has for its primary server."""
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.keytab(PRINCIPAL)))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{realm.folder}/by-name")
    result = record(address="localhost")
    assert (result["failed"], result["error"]["kind"], result["error"]["host"]) == (True, "authentication", "localhost")
    assert "no way in to DNS/localhost" in result["msg"]


def test_a_kdc_that_is_not_there(record: Any, realm: Realm, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    text = (realm.folder / "krb5.conf").read_text(encoding="ascii")
    kdc = next(line.strip() for line in text.splitlines() if line.strip().startswith("kdc ="))
    (tmp_path / "krb5.conf").write_text(text.replace(kdc, f"kdc = {HOST}:9"), encoding="ascii")
    monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.keytab(PRINCIPAL)))
    result = record()
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "authentication")


def test_a_server_that_takes_no_tickets(
    record: Any, realm: Realm, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.keytab(PRINCIPAL)))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{realm.folder}/for-nobody")
    with run_bind(tmp_path) as other:
        result = record(port=other.port)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "authentication")
    assert "the server" in result["error"]["message"]
    assert result["error"]["error_id"]


def test_the_bind_of_the_guide(record: Any, realm: Realm, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """As the page has it, but for the folders."""
    monkeypatch.setenv("KRB5_CLIENT_KTNAME", str(realm.keytab(PRINCIPAL)))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{realm.folder}/for-the-guide")
    block = find_block("options {").replace("/etc/bind/dns.keytab", str(realm.keytab(SERVICE)))
    option, _separator, zone = block.removeprefix("options {\n").partition("};\n")

    def configure(folder: Any, port: int) -> list[str]:
        return configure_guides_bind(folder, port, block=zone, option=option)

    with serve_dns("named", tmp_path, configure, realm.environment) as port:
        assert [record(port=port)["changed"] for _turn in range(2)] == [True, False]


def test_a_library_that_is_missing(record: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gss_key, "GSSAPI_IMPORT_ERROR", "no module")
    result = record()
    assert (result["failed"], result["error"]["kind"]) == (True, "missing_library")
    assert "gss_tsig needs the Python library gssapi, which cannot be imported (no module)." in result["msg"]
    assert "libkrb5-dev" in result["msg"]
    monkeypatch.setattr(dns_replies, "DNS_IMPORT_ERROR", "no module")
    result = record()
    assert (result["failed"], result["error"]["kind"]) == (True, "missing_library")
    assert "provider=rfc2136 needs the Python library dnspython, which cannot be imported (no module)." in result["msg"]


def test_a_shared_key_beside_kerberos_is_refused(record: Any) -> None:
    result = record(**make_option(53))
    assert (result["failed"], result["error"]["kind"]) == (True, "bad_input")
    assert "a request is signed either with a shared key or with Kerberos" in json.dumps(result)
