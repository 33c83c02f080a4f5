# SPDX-License-Identifier: GPL-3.0-or-later
"""autodiscover_scp_info on a real Active Directory domain controller, Samba's: every way in, what is read, and what each refusal says."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap import directory_session, gssapi_logon
from ansible_collections.onprem.exchange_lync.plugins.modules import autodiscover_scp_info
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.modules import conftest as modules
from directory_content import CONFIGURATION, SERVERS, name_conflict, open_writer
from dns_programs import PRINCIPAL
from kerberos_realm import STRANGER
from samba_domain import CONTROLLER, OTHER_NAME, Domain, run_domain
from tap import Tap

run_module = modules.run_module
scripted = modules.scripted

Result = dict[str, Any]
URL = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml"
PASSWORD = "updates nothing"


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    with run_domain(tmp_path_factory.mktemp("domain")) as running:
        with open_writer(running) as writer:
            writer.publish("EX1", URL, ["Atlanta", "Dublin"])
            writer.publish("EX2", "")
            writer.publish("EX2", URL, dn=name_conflict("EX2"))
            writer.publish("Straße, 2", URL, keywords=["DOMAIN=litwareinc.com"])
            writer.point("contoso.com", "LDAP://contoso.com", "contoso.com")
            writer.add(f"CN=Unrelated,CN=Services,{CONFIGURATION}", "serviceConnectionPoint", keywords="77378F46")
        yield running


def lead(monkeypatch: pytest.MonkeyPatch, address: str, *names: str) -> None:
    """Have names lead to an address."""
    ask = socket.getaddrinfo

    def find(host: Any, *given: Any, **options: Any) -> Any:
        return ask(address if host in names else host, *given, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find)


@pytest.fixture(autouse=True)
def names(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    """The domain controller's names lead to it; there is no ticket."""
    lead(monkeypatch, domain.address, CONTROLLER, OTHER_NAME)
    monkeypatch.setenv("KRB5_CONFIG", domain.environment["KRB5_CONFIG"])
    for name in ("KRB5CCNAME", "KRB5_CLIENT_KTNAME"):
        monkeypatch.setenv(name, f"FILE:{domain.folder}/nothing")


@pytest.fixture
def read(domain: Domain, run_module: Any, scripted: Any) -> Any:
    """Run the module with a password, or as the options say. No session is opened on any host, and no secret is in the result."""

    def run(**option: Any) -> Result:
        given = {
            "address": CONTROLLER,
            "user": f"{STRANGER}@litwareinc.com",
            "password": PASSWORD,
            "ca_path": domain.ca,
        }
        given |= {name: value if not isinstance(value, Path) else str(value) for name, value in option.items()}
        server = {
            name: str(value) if name == "ca_path" else value for name, value in given.items() if value is not None
        }
        helper = scripted()
        result = run_module(autodiscover_scp_info, helper, server=server)
        assert helper.pipelines == []
        assert result["changed"] is False
        assert PASSWORD not in json.dumps(result)
        return dict(result)

    return run


TICKET = {"user": None, "password": None}


def use_keytab(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in domain.client(PRINCIPAL).items():
        monkeypatch.setenv(name, value)


# What is read


def test_what_the_directory_has(read: Any) -> None:
    result = read()
    assert (result["domain_controller"], result["configuration_naming_context"]) == (CONTROLLER, CONFIGURATION)
    (conflict,) = [item for item in result["service_connection_points"] if item["in_conflict"]]
    assert (conflict["name"], conflict["server"], conflict["autodiscover_service_internal_uri"]) == ("EX2", "EX2", URL)
    points = {item["name"]: item for item in result["service_connection_points"] if not item["in_conflict"]}
    assert set(points) == {"EX1", "EX2", "Straße, 2", "contoso.com"}
    first = points["EX1"]
    assert first.pop("when_changed").endswith("Z")
    assert first == {
        "dn": f"CN=EX1,CN=Autodiscover,CN=Protocols,CN=EX1,{SERVERS}",
        "name": "EX1",
        "type": "url",
        "server": "EX1",
        "in_conflict": False,
        "autodiscover_service_internal_uri": URL,
        "autodiscover_site_scope": ["Atlanta", "Dublin"],
        "domains": [],
        "service_binding_information": [URL],
        "service_dns_name": "EX1",
    }
    assert points["EX2"]["autodiscover_service_internal_uri"] is None
    assert (points["Straße, 2"]["server"], points["Straße, 2"]["domains"]) == ("Straße, 2", ["litwareinc.com"])
    pointer = points["contoso.com"]
    assert (pointer["type"], pointer["server"], pointer["domains"]) == ("pointer", None, ["contoso.com"])
    assert pointer["service_binding_information"] == ["LDAP://contoso.com"]
    assert pointer["autodiscover_service_internal_uri"] is None


def test_more_than_one_page(read: Any, domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read()["service_connection_points"]
    monkeypatch.setattr(directory_session, "_PAGE", 3)
    assert len(whole) == 5
    assert read()["service_connection_points"] == whole


# The ways in


@pytest.mark.parametrize(
    "user", [f"{STRANGER}@litwareinc.com", f"LITWARE\\{STRANGER}", f"CN={STRANGER},CN=Users,DC=litwareinc,DC=com"]
)
def test_a_password_inside_tls(read: Any, user: str) -> None:
    assert len(read(user=user)["service_connection_points"]) == 5


@pytest.mark.parametrize("protocol", ["ldap", "ldaps"])
def test_a_ticket(read: Any, domain: Domain, monkeypatch: pytest.MonkeyPatch, protocol: str) -> None:
    use_keytab(domain, monkeypatch)
    result = read(**TICKET, protocol=protocol)
    assert len(result.get("service_connection_points", ())) == 5, result


def test_a_ticket_seals_all_that_is_read(read: Any, domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two, nobody reads a word of it; what Kerberos itself says is before."""
    use_keytab(domain, monkeypatch)
    with Tap(389, host=domain.address) as tap:
        lead(monkeypatch, "127.0.0.1", CONTROLLER)
        result = read(**TICKET, protocol="ldap", port=tap.port)
        assert len(result["service_connection_points"]) == 5, result
        for word in (b"serviceBindingInformation", b"autodiscover.xml", b"configurationNamingContext"):
            assert word not in tap.heard
        assert b"GSSAPI" in tap.heard


# What is refused


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"address": " "}, "server.address: ' ' is neither a host name nor an IP address."),
        ({"address": "ldaps://dc1"}, "server.address: 'ldaps://dc1' is neither a host name nor an IP address."),
        ({"port": 0}, "server.port: 0 is not a port."),
        ({"timeout": 0}, "server.timeout: 0 must be at least 1"),
        ({"password": ""}, "server.password: must not be empty."),
        ({"protocol": "ldap"}, "server.user: a password is sent inside TLS only."),
        ({"ca_path": "/nowhere.pem"}, "server.ca_path: '/nowhere.pem' is not there on the controller."),
        ({"ca_path": __file__}, "has no certificate that can be read"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(read: Any, option: Result, said: str) -> None:
    result = read(**{"address": "192.0.2.1", **option})
    assert (result["failed"], result["error"]["kind"]) == (True, "bad_input")
    assert said in result["msg"]


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        (f"{STRANGER}@litwareinc.com", "wrong", "the user name or the password is wrong"),
        ("nobody@litwareinc.com", "wrong", "the domain controller does not accept the logon"),
        ("newcomer@litwareinc.com", "to be changed", "the password must be changed before the first logon"),
    ],
)
def test_a_logon_that_is_not_accepted(read: Any, user: str, password: str, said: str) -> None:
    result = read(user=user, password=password)
    assert (result["failed"], result["error"]["kind"], result["error"]["error_id"]) == (True, "authentication", "49")
    assert (result["error"]["host"], result["error"]["cmdlet"]) == (CONTROLLER, "LDAP BIND")
    assert said in result["msg"]
    assert "Check user and password in server." in result["msg"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"ca_path": None}, "unable to get local issuer certificate"),
        ({"address": OTHER_NAME}, f"certificate is not valid for '{OTHER_NAME}'"),
        ({"address": "127.0.0.1"}, "certificate is not valid for '127.0.0.1'"),
    ],
)
def test_a_certificate_that_is_not_trusted(
    read: Any, domain: Domain, monkeypatch: pytest.MonkeyPatch, option: Result, said: str
) -> None:
    lead(monkeypatch, domain.address, "127.0.0.1")
    result = read(**option)
    assert (result["failed"], result["error"]["kind"]) == (True, "untrusted")
    assert said.lower() in result["msg"].lower()
    assert "ca_path of server" in result["msg"]
    assert len(read(**option, validate_certs=False)["service_connection_points"]) == 5


def test_no_ticket(read: Any) -> None:
    result = read(**TICKET, protocol="ldap")
    assert (result["failed"], result["error"]["kind"]) == (True, "authentication")
    assert f"Kerberos gives no way in to ldap/{CONTROLLER}" in result["msg"]
    assert "Get a ticket with kinit" in result["msg"]


def test_a_name_that_has_no_service_principal(read: Any, domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    use_keytab(domain, monkeypatch)
    result = read(**TICKET, protocol="ldap", address=OTHER_NAME)
    assert (result["failed"], result["error"]["kind"]) == (True, "authentication")
    assert f"ldap/{OTHER_NAME}" in result["msg"]


@pytest.mark.parametrize(
    ("option", "said"),
    [({"port": 9}, "Connection refused"), ({"address": "nowhere.invalid"}, "nowhere.invalid:636 does not answer")],
)
def test_a_server_that_is_not_there(read: Any, option: Result, said: str) -> None:
    result = read(**option)
    assert (result["failed"], result["error"]["kind"]) == (True, "unreachable")
    assert said in result["msg"]
    assert "Check address and port in server" in result["msg"]


def test_a_port_that_speaks_no_tls(read: Any, domain: Domain) -> None:
    result = read(port=88)
    assert (result["failed"], result["error"]["kind"]) == (True, "unreachable")


def test_a_server_that_says_nothing(read: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = read(address="127.0.0.1", port=silent.getsockname()[1], timeout=1)
    assert (result["failed"], result["error"]["kind"]) == (True, "unreachable")


GARBAGE = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "an endless message": b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01",
    "a broken message": b"\x30\x05\x02\x01\x01\x61\x99",
    "a logon without a word of Kerberos": b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
    "an end": b"",
}


@pytest.mark.parametrize("answer", GARBAGE)
def test_a_server_that_talks_nonsense(read: Any, domain: Domain, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """One clear error, and soon; whoever says that a logon has succeeded without its part of Kerberos is not believed."""
    use_keytab(domain, monkeypatch)
    lead(monkeypatch, "127.0.0.1", CONTROLLER)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _address = server.accept()
            with client:
                client.recv(65536)
                client.sendall(GARBAGE[answer])
                if answer != "an end":
                    client.recv(65536)

        thread = threading.Thread(target=serve)
        thread.start()
        result = read(**TICKET, protocol="ldap", port=server.getsockname()[1], timeout=1)
        thread.join()
    assert (result["failed"], result["error"]["kind"] in ("unreachable", "authentication")) == (True, True), result


def test_what_is_not_shown_is_not_taken_for_absent(read: Any) -> None:
    """Active Directory hides what an account may not read, and answers as if it were not there."""
    result = read(user="outsider@litwareinc.com", password="may see nothing")
    assert (result["failed"], result["error"]["kind"]) == (True, "access_denied")
    assert (
        f"CN=Services,{CONFIGURATION}, where Exchange keeps its objects, is not shown to this account" in result["msg"]
    )


def test_libraries_that_are_missing(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gssapi_logon, "LDAP_GSSAPI_IMPORT_ERROR", "no module")
    assert "LDAP with a Kerberos ticket needs the Python library gssapi" in read(**TICKET, protocol="ldap")["msg"]
    assert len(read()["service_connection_points"]) == 5
    monkeypatch.setattr(directory_session, "LDAP3_IMPORT_ERROR", "no module")
    result = read()
    assert (result["failed"], result["error"]["kind"]) == (True, "missing_library")
    assert "reading Active Directory by LDAP needs the Python library ldap3" in result["msg"]
