# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._access import Access, describe

PSRP = {
    "remote_addr": "atl",
    "remote_user": "u",
    "remote_password": "p",
    "port": 5986,
    "path": "wsman",
    "auth": "basic",
    "ca_cert": "ca.pem",
}
WINRM = {
    "remote_addr": "atl",
    "remote_user": "u",
    "remote_password": "p",
    "port": 5986,
    "transport": ["credssp"],
    "_extras": {"ansible_winrm_ca_trust_path": "ca.pem"},
}


def access(transport: str = "psrp", own: dict[str, Any] | None = None, **shells: Any) -> Access:
    options = {
        "transport": transport,
        "carried_connection": None,
        "transport_options": own or (PSRP if transport == "psrp" else WINRM),
        "exchange_shell": {},
        "lync_shell": {},
        "windows_shell": {},
        "persistent_connect_timeout": 600,
        "persistent_command_timeout": 1800,
        **shells,
    }
    return Access(options, "atl-exchange-001.litwareinc.com")


def test_exchange_over_psrp_is_the_product_endpoint_over_tls() -> None:
    route = access().route("exchange")
    assert (route.transport, route.place) == ("psrp", "endpoint")
    wanted = {
        "protocol": "https",
        "port": 443,
        "path": "PowerShell",
        "configuration_name": "Microsoft.Exchange",
        "ca_cert": "ca.pem",
    }
    assert wanted.items() <= route.options.items()


def test_exchange_with_kerberos_is_plain_http_as_the_product_documents_it() -> None:
    route = access(own={**PSRP, "auth": "kerberos"}).route("exchange")
    assert (route.options["protocol"], route.options["port"]) == ("http", 80)


def test_exchange_over_winrm_is_the_machine_with_the_imported_session() -> None:
    route = access("winrm").route("exchange")
    assert (route.transport, route.place, route.load, route.server) == (
        "winrm",
        "machine",
        "session",
        "atl-exchange-001.litwareinc.com",
    )


def test_shells_on_the_same_machine_share_a_session() -> None:
    farm = access("winrm")
    assert farm.route("lync").key == farm.route("windows").key
    assert access().route("lync").key != access().route("exchange").key


def test_overrides_of_a_shell_win() -> None:
    given = {
        "port": 5985,
        "protocol": "http",
        "user": "svc",
        "password": "q",
        "auth": "ntlm",
        "cert_validation": "ignore",
    }
    wanted = {
        "port": 5985,
        "protocol": "http",
        "remote_user": "svc",
        "remote_password": "q",
        "auth": "ntlm",
        "cert_validation": "ignore",
    }
    assert wanted.items() <= access(lync_shell=given).route("lync").options.items()
    wanted = {
        "port": 5985,
        "scheme": "http",
        "remote_user": "svc",
        "remote_password": "q",
        "transport": ["ntlm"],
        "server_cert_validation": "ignore",
    }
    assert wanted.items() <= access("winrm", lync_shell=given).route("lync").options.items()


@pytest.mark.parametrize(("own", "other", "ca"), [("winrm", "psrp", "ca_cert"), ("psrp", "winrm", "ca_trust_path")])
def test_the_other_transport_keeps_account_address_and_trust(own: str, other: str, ca: str) -> None:
    options = access(own, windows_shell={"transport": other}).route("windows").options
    assert {"remote_addr": "atl", "remote_user": "u", "remote_password": "p", ca: "ca.pem"}.items() <= options.items()
    assert (options["auth"] if other == "psrp" else options["transport"]) in (
        ("credssp", ["credssp"]) if own == "winrm" else ("basic", ["basic"])
    )
    assert "port" not in options


@pytest.mark.parametrize(
    ("shells", "says"),
    [
        ({"exchange_shell": {"prot": 1}}, "has unknown keys. Did you mean .*port"),
        ({"exchange_shell": {"place": "moon"}}, "must be endpoint or machine"),
        ({"exchange_shell": {"place": "endpoint", "transport": "winrm"}}, "needs transport psrp"),
        ({"exchange_shell": {"transport": "ssh"}}, "must be psrp or winrm"),
        ({"exchange_shell": {"load": "snap-in"}}, "must be session or snapin"),
        ({"exchange_shell": {"protocol": "ftp"}}, "must be http or https"),
        ({"exchange_shell": {"port": "abc"}}, "port must be a number"),
        ({"transport": "", "carried_connection": "ssh"}, "'ssh' cannot carry a management shell"),
    ],
)
def test_refuses_what_leads_nowhere(shells: dict[str, Any], says: str) -> None:
    with pytest.raises(ShellError, match=says):
        access(**shells).route("exchange")


def test_windows_has_no_product_endpoint() -> None:
    with pytest.raises(ShellError, match="no product endpoint"):
        access(windows_shell={"place": "endpoint"}).route("windows")


def test_the_order_in_which_options_were_given_says_nothing() -> None:
    """Neither about a shell that shares a session, nor about the helper that a task may use."""
    given = {"a": 1, "extras": {"b": [{"c": "x", "d": None}], "e": "y"}}
    turned = {"extras": {"e": "y", "b": [{"d": None, "c": "x"}]}, "a": 1}
    assert describe(given) == describe(turned)
    assert access("winrm", {**WINRM, "_extras": given}).route("lync").key == (
        access("winrm", {**WINRM, "_extras": turned}).route("lync").key
    )
    others = [{"a": "1"}, {"a": 1, "extras": {}}, {"a": [1, 2]}, {"a": [2, 1]}, {"a": "[1, 2]"}, {"a": {"1": 2}}, {}]
    assert len({describe(other) for other in [given, *others]}) == 1 + len(others)


def test_no_password_in_what_a_curious_user_reads() -> None:
    assert "p" not in str(access(own={**PSRP, "remote_password": "p"}).route("exchange")).split()


def test_the_product_endpoint_is_not_asked_with_a_method_that_it_never_takes() -> None:
    with pytest.raises(ShellError, match="does not take CredSSP") as caught:
        access(own={**PSRP, "auth": "credssp"}).route("exchange")
    assert "ansible_exchange_shell" in caught.value.remedy
    assert (
        access(own={**PSRP, "auth": "credssp"}, exchange_shell={"auth": "basic"}).route("exchange").options["auth"]
        == "basic"
    )


def test_a_shell_can_be_reached_although_the_host_itself_is_not() -> None:
    farm = access(
        "",
        own={},
        transport_options=None,
        host="atl",
        remote_user="u",
        exchange_shell={"transport": "psrp", "password": "p"},
    )
    wanted = {"remote_addr": "atl", "remote_user": "u", "remote_password": "p", "port": 443}
    assert wanted.items() <= farm.route("exchange").options.items()
