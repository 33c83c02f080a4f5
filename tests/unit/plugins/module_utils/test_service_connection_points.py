# SPDX-License-Identifier: GPL-3.0-or-later
"""Service connection points as plain values, and what refusals mean. A real domain controller is in tests/integration."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_server_option import (
    DIRECTORY_SERVER,
    DirectoryServer,
    read_directory_server,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_session import Entry
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.ldap_errors import (
    explain_failure,
    explain_result,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.service_connection_points import (
    describe_entry,
    split_dn,
)

URL_GUID, POINTER_GUID = "77378F46-2C66-4aa9-A6A6-3E7A48B19596", "67661d7F-8FC4-4fa7-BFAC-E1D7794C1F68"
SERVERS = "CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Configuration,DC=litwareinc,DC=com"
URL = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.xml"


def describe(dn: str, **attributes: Any) -> dict[str, Any]:
    return describe_entry(Entry(dn, attributes))


@pytest.mark.parametrize(
    ("dn", "values"),
    [
        ("CN=EX1,DC=a", ["EX1", "a"]),
        (r"CN=Doe\, J.,DC=a", ["Doe, J.", "a"]),
        (r"CN=Stra\C3\9Fe\2C 2,DC=a", ["Straße, 2", "a"]),
        (r"CN=EX1\0ACNF:8bd2,DC=a", ["EX1\nCNF:8bd2", "a"]),
        (r"CN=a\=b\\,DC=a", ["a=b\\", "a"]),
        ("", []),
    ],
)
def test_the_values_of_a_name(dn: str, values: list[str]) -> None:
    assert split_dn(dn) == values


def test_a_server_and_its_sites() -> None:
    dn = f"CN=EX1,CN=Autodiscover,CN=Protocols,CN=EX1,{SERVERS}"
    keywords = [URL_GUID.lower(), "site=Dublin", "Site=Atlanta", "DOMAIN=litwareinc.com", "Site="]
    found = describe(dn, keywords=keywords, servicebindinginformation=[URL], whenchanged=["20261128075300.0Z"])
    assert (found["type"], found["server"], found["name"], found["in_conflict"]) == ("url", "EX1", "EX1", False)
    assert (found["autodiscover_site_scope"], found["domains"]) == (["Atlanta", "Dublin"], ["litwareinc.com"])
    assert (found["autodiscover_service_internal_uri"], found["when_changed"]) == (URL, "2026-11-28T07:53:00Z")


def test_a_conflict_still_belongs_to_its_server() -> None:
    dn = rf"CN=EX1\0ACNF:8bd2,CN=autodiscover,CN=PROTOCOLS,CN=EX1\0ACNF:77aa,{SERVERS}"
    found = describe(dn, keywords=[URL_GUID])
    assert (found["name"], found["server"], found["in_conflict"]) == ("EX1", "EX1", True)
    assert (found["autodiscover_service_internal_uri"], found["when_changed"]) == (None, None)


def test_an_object_elsewhere_belongs_to_no_server() -> None:
    found = describe("CN=contoso.com,CN=Microsoft Exchange Autodiscover,DC=a", keywords=[POINTER_GUID])
    assert (found["type"], found["server"]) == ("pointer", None)


def make_server(**given: Any) -> DirectoryServer:
    validated = ArgumentSpecValidator(DIRECTORY_SERVER["options"]).validate({"address": "dc1", **given})
    assert validated.error_messages == []
    return read_directory_server(validated.validated_parameters, "server")


def test_how_a_server_is_reached() -> None:
    inside_tls = make_server(user=" ann@litwareinc.com ", password=" secret ")
    assert (inside_tls.place, inside_tls.user, inside_tls.password) == (
        "ldaps://dc1:636",
        "ann@litwareinc.com",
        " secret ",
    )
    assert "secret" not in repr(inside_tls)
    assert (make_server(protocol="ldap").place, make_server(protocol="ldap").user) == ("ldap://dc1:389", None)


# as Active Directory words them; DSID numbers differ between versions
BEGIN = "80090308: LdapErr: DSID-0C09041C, comment: AcceptSecurityContext error, data "


@pytest.mark.parametrize(
    ("code", "text", "kind", "said"),
    [
        (49, f"{BEGIN}52e, v4563\0", "authentication", "the user name or the password is wrong"),
        (49, f"{BEGIN}775, v4563\0", "authentication", "the account is locked out"),
        (49, f"{BEGIN}533, v4563\0", "authentication", "the account is disabled"),
        (49, f"{BEGIN}999, v4563\0", "authentication", "does not accept the logon (LDAP result 49)"),
        (49, "80090346: LdapErr: DSID-0C0905F8, data 80090346, v4563", "authentication", "requires channel binding"),
        (
            8,
            "00002028: LdapErr: DSID-0C090257, data 0, v4563",
            "unsupported",
            "not take a logon that is protected in this way",
        ),
        (50, "", "access_denied", "(LDAP result 50)"),
        (1, "000004DC: LdapErr: DSID-0C090A5C, data 0, v4563", "access_denied", "000004DC"),
        (51, "\x1b[31mbusy", "failed", "\\u001b[31mbusy"),
    ],
)
def test_refusals_are_known_by_their_numbers(code: int, text: str, kind: str, said: str) -> None:
    error = explain_result({"result": code, "message": text, "description": "busy"}, make_server(), "LDAP BIND")
    assert (error.kind, error.error_id, error.host, error.cmdlet) == (kind, str(code), "dc1", "LDAP BIND")
    assert said in error.message
    assert "{" not in error.remedy


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (ssl.SSLCertVerificationError("self-signed certificate"), "untrusted"),
        (ssl.SSLError("wrong version number"), "unreachable"),
        (TimeoutError(), "unreachable"),
    ],
)
def test_failures(failure: Exception, kind: str) -> None:
    error = explain_failure(failure, make_server(), "LDAP BIND")
    assert (error.kind, "ldaps://dc1:636" in error.message) == (kind, True)
    assert "O(server)" in error.remedy


def test_an_empty_user_is_refused() -> None:
    with pytest.raises(ShellError, match=r"server\.user: must not be empty"):
        make_server(user=" ", password="x")
