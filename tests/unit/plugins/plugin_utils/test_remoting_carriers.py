# SPDX-License-Identifier: GPL-3.0-or-later
"""What the carriers make of the options of core's connection plugins, how long they wait, and what they say of missing libraries."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import typing as t
import uuid
from pathlib import Path

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from pypsrp.exceptions import WinRMTransportError, WSManFaultError

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import kerberos
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline, OutOfTime
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.winrs import WinrsCarrier, WinrsSettings
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.wsman import WsmanCarrier, WsmanSettings

PASSWORD = "P@ss: ä%1"
BASE = {"remote_addr": "host.litwareinc.com", "remote_user": "u@LITWAREINC.COM", "remote_password": PASSWORD}
TIMED_OUT = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>'
    '<s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="2150858793"/></s:Detail>'
    "</s:Fault></s:Body></s:Envelope>"
)


def core_plugin(name: str, variables: dict[str, t.Any]) -> t.Any:
    """Core's own connection plugin, told the same as ours."""
    plugin = connection_loader.get(name, PlayContext(), os.devnull)
    plugin.set_options(var_options={"inventory_hostname": BASE["remote_addr"], **variables})
    plugin.set_option("remote_user", BASE["remote_user"])
    plugin.set_option("remote_password", PASSWORD)
    return plugin


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"ansible_port": 5985, "ansible_psrp_auth": "ntlm"},
        {"ansible_psrp_protocol": "http", "ansible_psrp_message_encryption": "always"},
        {"ansible_psrp_protocol": "https", "ansible_psrp_cert_validation": "ignore", "ansible_psrp_path": "PowerShell"},
        {"ansible_psrp_ca_cert": "/etc/ca.pem", "ansible_psrp_proxy": "http://p:1", "ansible_psrp_ignore_proxy": True},
        {
            "ansible_psrp_connection_timeout": 7,
            "ansible_psrp_read_timeout": 40,
            "ansible_psrp_operation_timeout": 35,
            "ansible_psrp_reconnection_retries": 2,
            "ansible_psrp_reconnection_backoff": 3,
            "ansible_psrp_max_envelope_size": 512000,
        },
        {
            "ansible_psrp_auth": "certificate",
            "ansible_psrp_certificate_pem": "/c.pem",
            "ansible_psrp_certificate_key_pem": "/k.pem",
            "ansible_psrp_certificate_key_password": "s",
        },
        {
            "ansible_psrp_auth": "credssp",
            "ansible_psrp_credssp_auth_mechanism": "ntlm",
            "ansible_psrp_credssp_disable_tlsv1_2": True,
            "ansible_psrp_credssp_minimum_version": 5,
        },
        {
            "ansible_psrp_negotiate_delegate": True,
            "ansible_psrp_negotiate_hostname_override": "h",
            "ansible_psrp_negotiate_send_cbt": False,
            "ansible_psrp_negotiate_service": "HTTP",
            "ansible_psrp_configuration_name": "Microsoft.Exchange",
        },
    ],
)
def test_psrp_options_are_taken_as_core_takes_them(variables: dict[str, t.Any]) -> None:
    plugin = core_plugin("psrp", variables)
    plugin._build_kwargs()
    settings = WsmanSettings.of(plugin.get_options())
    mine = {
        "server": settings.server,
        "port": settings.port,
        "ssl": settings.ssl,
        "username": settings.user,
        "password": settings.password,
        "cert_validation": settings.cert_validation,
        **settings.arguments,
    }
    # core passes on what is not set as well
    assert mine == {name: value for name, value in plugin._psrp_conn_kwargs.items() if value is not None}
    assert settings.configuration_name == plugin.get_option("configuration_name")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"ansible_port": 5985, "ansible_winrm_transport": "ntlm"},
        {
            "ansible_winrm_scheme": "http",
            "ansible_winrm_path": "/other",
            "ansible_winrm_transport": ["ntlm", "credssp"],
        },
        {"ansible_winrm_connection_timeout": 50},
        {"ansible_winrm_server_cert_validation": "ignore", "ansible_winrm_message_encryption": "always"},
        {
            "ansible_winrm_ca_trust_path": "/etc/ca.pem",
            "ansible_winrm_operation_timeout_sec": 5,
            "ansible_winrm_send_cbt": False,
        },
    ],
)
def test_winrm_options_are_taken_as_core_takes_them(variables: dict[str, t.Any]) -> None:
    plugin = core_plugin("winrm", variables)
    plugin.set_option("remote_user", "LITWARE\\u")
    plugin._options["_extras"] = {
        name: value
        for name, value in variables.items()
        if name.removeprefix("ansible_winrm_") not in ("transport", "scheme", "path", "connection_timeout")
        and name != "ansible_port"
    }
    plugin._build_winrm_kwargs()
    settings = WinrsSettings.of({**plugin.get_options(), "_extras": plugin._options["_extras"]})
    theirs = dict(plugin._winrm_kwargs)
    if plugin._winrm_connection_timeout:
        timeout = plugin._winrm_connection_timeout
        theirs |= {"operation_timeout_sec": timeout, "read_timeout_sec": timeout + 10}
    assert {"username": settings.user, "password": settings.password, **settings.arguments} == theirs
    assert settings.transports == tuple(plugin._winrm_transport)
    assert settings.endpoint.startswith(f"{plugin._winrm_scheme}://{BASE['remote_addr']}:{plugin._winrm_port}/")
    assert settings.kerberos_is_managed == (plugin._kerb_managed or "kerberos" not in settings.transports)


@pytest.mark.parametrize("options", [{"_extras": {"ansible_winrm_ca_trust_path": ""}}, {"ca_trust_path": ""}])
def test_an_empty_ca_file_does_not_switch_the_check_off(options: dict[str, t.Any]) -> None:
    assert "ca_trust_path" not in WinrsSettings.of({**BASE, **options}).arguments
    assert WsmanSettings.of({**BASE, "ca_cert": ""}).cert_validation is True


def test_a_principal_name_means_kerberos_and_nothing_else() -> None:
    assert WinrsSettings.of(BASE).transports == ("kerberos",)
    assert WinrsSettings.of({**BASE, "remote_user": "u", "port": 5985}).transports == ("plaintext",)


def test_no_password_in_a_repr() -> None:
    for settings in (WsmanSettings.of(BASE), WinrsSettings.of(BASE)):
        assert PASSWORD not in repr(settings)


@pytest.mark.parametrize(
    ("options", "delegates"),
    [
        ({}, False),
        ({"auth": "ntlm"}, False),
        ({"auth": "credssp"}, True),
        ({"auth": "kerberos"}, False),
        ({"auth": "kerberos", "negotiate_delegate": True}, True),
        ({"auth": "basic", "path": "PowerShell"}, True),
        ({"auth": "basic", "path": "/wsman/"}, False),
    ],
)
def test_what_delegates(options: dict[str, t.Any], delegates: bool) -> None:
    assert WsmanSettings.of({**BASE, **options}).delegates is delegates


def test_idle_timeouts_are_whole_and_no_less_than_a_minute() -> None:
    assert WsmanSettings.of(BASE, 10.5).idle_timeout == 60
    assert WinrsSettings.of(BASE, 600.5).idle_timeout == 601
    assert WsmanSettings.of(BASE).idle_timeout is None


@pytest.mark.parametrize(
    ("module", "make", "package"),
    [
        ("pypsrp.wsman", lambda: WsmanCarrier(BASE), "pypsrp"),
        ("requests_credssp", lambda: WsmanCarrier({**BASE, "auth": "credssp"}), "pypsrp[credssp]"),
        ("gssapi", lambda: WsmanCarrier({**BASE, "auth": "kerberos"}), "pypsrp[kerberos]"),
        ("winrm.protocol", lambda: WinrsCarrier(BASE), "pywinrm"),
        ("requests_credssp", lambda: opened({**BASE, "transport": ["credssp"]}), "pywinrm[credssp]"),
        ("kerberos", lambda: opened({**BASE, "transport": ["kerberos"]}), "pywinrm[kerberos]"),
    ],
)
def test_a_missing_library_is_named(
    module: str, make: t.Callable[[], t.Any], package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ShellError) as caught:
        make()
    assert caught.value.kind == "missing_library"
    assert f"the Python library {package}," in caught.value.message
    assert f"pip install '{package}'" in caught.value.remedy


def opened(options: dict[str, t.Any]) -> None:
    WinrsCarrier(options).open(b"", Deadline(5))


def test_options_that_do_not_go_together() -> None:
    with pytest.raises(ShellError) as caught:
        WsmanCarrier({**BASE, "protocol": "http", "auth": "basic"})
    assert caught.value.kind == "unsupported"
    assert "message encryption" in caught.value.message


def test_a_ca_file_that_is_not_there() -> None:
    for make in (
        lambda: WsmanCarrier({**BASE, "ca_cert": "/nowhere/ca.pem"}),
        lambda: opened({**BASE, "transport": "ntlm", "ca_trust_path": "/nowhere/ca.pem"}),
    ):
        with pytest.raises(ShellError, match=r"no CA file /nowhere/ca\.pem") as caught:
            make()
        assert caught.value.kind == "untrusted"


def test_every_method_that_was_tried_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)  # pywinrm warns of what it takes from the environment
    refused = {**BASE, "remote_addr": "127.0.0.1", "port": 1, "transport": ["ntlm", "basic"]}
    with pytest.raises(ShellError) as caught:
        opened(refused)
    assert caught.value.kind == "unreachable"
    assert re.search(r"ntlm: .*refused.*; basic: .*refused", caught.value.message)


class Listening:
    """A transport of pypsrp that never has anything, and notes how long it was to wait."""

    endpoint = "http://host:5985/wsman"
    session = None

    def __init__(self) -> None:
        self.waits: list[tuple[str, float | None]] = []
        self.closed = False

    def send(self, message: bytes, *, retries_on_read_timeout: int = 0, timeout: float | None = None) -> bytes:
        operation = re.search(rb"OperationTimeout>([^<]*)<", message)
        assert operation is not None and retries_on_read_timeout == 0
        self.waits.append((operation[1].decode(), timeout))
        raise WinRMTransportError("http", 500, TIMED_OUT)

    def close(self) -> None:
        self.closed = True


def silent() -> tuple[WsmanCarrier, Listening]:
    carrier, listening = WsmanCarrier({**BASE, "auth": "ntlm", "operation_timeout": 20}), Listening()
    carrier._wsman.transport = listening
    return carrier, listening


def test_a_receive_never_waits_beyond_the_deadline() -> None:
    carrier, listening = silent()
    for seconds in (None, 60, 3.2, 0.1):
        assert carrier.receive(uuid.uuid4(), Deadline(seconds)) == []
    assert listening.waits == [("PT20S", None), ("PT20S", None), ("PT4S", 6), ("PT1S", 3)]
    with pytest.raises(OutOfTime):
        carrier.receive(None, Deadline(0))


@pytest.mark.parametrize(
    "request_of",
    [
        lambda carrier, deadline: carrier.open(b"", deadline),
        lambda carrier, deadline: carrier.start(uuid.uuid4(), b"", deadline),
        lambda carrier, deadline: carrier.send(uuid.uuid4(), b"", deadline),
        lambda carrier, deadline: carrier.send(None, b"", deadline, prompt=True),
    ],
)
def test_nor_does_any_other_request(request_of: t.Callable[[WsmanCarrier, Deadline], None]) -> None:
    carrier, listening = silent()
    for seconds in (None, 60, 3.2, 0.1):
        with pytest.raises(WSManFaultError):
            request_of(carrier, Deadline(seconds))
    assert listening.waits == [("PT20S", None), ("PT20S", None), ("PT4S", 6), ("PT1S", 3)]
    with pytest.raises(OutOfTime):
        request_of(carrier, Deadline(0))
    assert len(listening.waits) == 4


def test_a_farewell_waits_no_longer_than_it_may() -> None:
    for seconds, waits in ((3.2, [("PT4S", 6)]), (0, [])):
        carrier, listening = silent()
        carrier._shell.opened = True
        with pytest.raises((WSManFaultError, OutOfTime)):
            carrier.close(Deadline(seconds))
        assert (listening.waits, listening.closed) == (waits, True)


class Protocol:
    """A protocol of pywinrm that notes what it is asked, and how long it was to wait."""

    def __init__(self) -> None:
        self.transport = self
        self.operation_timeout_sec, self.read_timeout_sec = 20, 30
        self.waits: list[tuple[int, int]] = []
        self.closed = False

    def close_shell(self, _shell: str) -> None:
        self.waits.append((self.operation_timeout_sec, self.read_timeout_sec))

    def close_session(self) -> None:
        self.closed = True


def test_a_farewell_over_winrm_waits_no_longer_either() -> None:
    for seconds, waits in ((60, [(20, 30)]), (3.2, [(4, 14)]), (0, [])):
        carrier = WinrsCarrier(BASE)
        carrier._protocol, carrier._shell, carrier._timeouts = Protocol(), "1", (20, 30)
        with contextlib.nullcontext() if seconds else pytest.raises(OutOfTime):
            carrier.close(Deadline(seconds))
        assert (carrier._protocol.waits, carrier._protocol.closed) == (waits, True)


def test_deadlines() -> None:
    assert Deadline(None).remaining(5) == 5
    assert 0 < Deadline(10).remaining(60) <= 10
    assert Deadline(10).remaining(1) == 1
    assert [str(Deadline(seconds)) for seconds in (2.9999, 0.2, 1799.98)] == [
        "3 seconds",
        "0.2 seconds",
        "1800 seconds",
    ]
    with pytest.raises(OutOfTime):
        Deadline(-1).remaining(1)


KINIT = """#!/bin/sh
read -r password
printf '%s|%s|%s|%s' "$password" "$*" "$KRB5CCNAME" "$KRB5_CONFIG" > "$0.said"
echo "kinit: Nobody has foreseen this: $password" >&2
exit {code}
"""


def kinit(folder: Path, code: int = 0) -> Path:
    script = folder / "kinit"
    script.write_text(KINIT.format(code=code), encoding="utf-8")
    script.chmod(0o755)
    return script


def test_a_ticket_from_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = kinit(tmp_path)
    monkeypatch.setenv("KRB5_CONFIG", "/etc/k.conf")
    monkeypatch.delenv("KRB5CCNAME", raising=False)
    options = {"kerberos_command": str(script), "kinit_env_vars": ["KRB5_CONFIG"]}
    ticket = kerberos.Ticket("u@R", PASSWORD, options, forwardable=True)
    password, arguments, cache, configuration = (tmp_path / "kinit.said").read_text(encoding="utf-8").split("|")
    assert (password, arguments, configuration) == (PASSWORD, "-f u@R", "/etc/k.conf")
    assert "KRB5CCNAME" not in os.environ
    with ticket.active():
        assert os.environ["KRB5CCNAME"] == cache
    assert "KRB5CCNAME" not in os.environ
    ticket.close()
    assert not Path(cache.removeprefix("FILE:")).exists()


@pytest.mark.parametrize(("code", "kind"), [(1, "authentication"), (None, "missing_library")])
def test_no_ticket(tmp_path: Path, code: int | None, kind: str) -> None:
    command = tmp_path / "missing" if code is None else kinit(tmp_path, code)
    options = {"kerberos_command": str(command), "kinit_args": "-l 1h"}
    with pytest.raises(ShellError) as caught:
        kerberos.Ticket("u@R", PASSWORD, options, forwardable=True)
    assert caught.value.kind == kind
    assert PASSWORD not in str(caught.value)
    assert code is None or "exit code 1: kinit: Nobody has foreseen this: ****" in str(caught.value)
    assert code is None or (tmp_path / "kinit.said").read_text(encoding="utf-8").split("|")[1] == "-l 1h u@R"


def test_what_kinit_says_is_readable_where_there_is_no_password(tmp_path: Path) -> None:
    with pytest.raises(ShellError, match="exit code 1: kinit: Nobody has foreseen this"):
        kerberos.Ticket("u@R", "", {"kerberos_command": str(kinit(tmp_path, 1))}, forwardable=False)
