# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each management shell of a host is reached: the host's own connection, and what the user overrides per shell."""

from __future__ import annotations

import difflib
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Carrier

Options = dict[str, t.Any]

HOST_KEYS = frozenset(
    {"host", "port", "protocol", "path", "configuration_name", "auth", "user", "password", "cert_validation", "ca_cert"}
)
"""Keys of a shell's dictionary that mean what they mean for the transport's connection plugin."""
KEYS = frozenset({*HOST_KEYS, "transport", "place", "load", "server"})
CHOICES = {
    "transport": ("psrp", "winrm"),
    "place": ("endpoint", "machine"),
    "load": ("session", "snapin"),
    "protocol": ("http", "https"),
}
ENDPOINTS: dict[str, tuple[str, str]] = {
    "exchange": ("PowerShell", "Microsoft.Exchange"),
    "lync": ("OcsPowershell", "Microsoft.PowerShell"),
}
"""Path and configuration name of the products' own endpoints."""

# what a key of a shell's dictionary is called by the connection plugin of each transport
PSRP_NAMES = {"host": "remote_addr", "user": "remote_user", "password": "remote_password"}
WINRM_NAMES = {
    **PSRP_NAMES,
    "protocol": "scheme",
    "auth": "transport",
    "ca_cert": "ca_trust_path",
    "cert_validation": "server_cert_validation",
}
PSRP_ONLY = {"configuration_name"}

COMMON_METHODS = ("kerberos", "credssp", "ntlm", "basic")
"""Authentication methods that both plugins call the same."""

# Kerberos encrypts the messages itself; every other method needs TLS around it
ENCRYPTED_BY_THEMSELVES = ("kerberos", "negotiate")


TASKWISE = ("execution", "session_scope", "persistent_command_timeout")
"""Options of the ``management_shell`` connection that do not decide what a session is: tasks that share one may have others."""


def describe_session(options: Options) -> str:
    """The same text for options by which the same sessions would be opened."""
    return describe({name: value for name, value in options.items() if name not in TASKWISE})


def describe(value: t.Any) -> str:
    """The same text for the same options, whatever the order in which dictionaries were given, at any depth."""
    if isinstance(value, dict):
        return f"{{{', '.join(sorted(f'{key!r}: {describe(item)}' for key, item in value.items()))}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(describe, value))}]"
    return repr(value)


@dataclass(frozen=True)
class Route:
    """The way to one shell.

    :ivar transport: ``psrp`` or ``winrm``.
    :ivar place: ``endpoint`` or ``machine``.
    :ivar load: for an Exchange shell on the machine, ``session`` or ``snapin``.
    :ivar server: the server's own name, for the loopback session.
    :ivar options: the transport's options, named as Ansible's connection plugin of that name documents them.
    """

    shell: ShellName
    transport: str
    place: str
    load: str
    server: str
    options: Options

    @property
    def key(self) -> tuple[str, str]:
        """The same for two shells that can share a session."""
        return self.transport, describe(self.options)

    @property
    def user(self) -> str:
        """The account that logs on."""
        return str(self.options.get("remote_user") or "")

    @property
    def password(self) -> str:
        """Its password, empty where the logon uses a ticket or a certificate."""
        return str(self.options.get("remote_password") or "")

    def __str__(self) -> str:
        address = f"{self.options.get('remote_addr')}:{self.options.get('port')}"
        return f"{self.shell} on the {self.place} over {self.transport} at {address} as {self.user or 'the owner of the ticket'}"

    def carrier(self, idle_timeout: float) -> Carrier:
        """The carrier that goes this way. Its libraries are imported only here, so that one of them may be missing."""
        if self.transport == "psrp":
            from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.wsman import WsmanCarrier

            return WsmanCarrier(self.options, idle_timeout)
        from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.winrs import WinrsCarrier

        return WinrsCarrier(self.options, idle_timeout)


class Access:
    """All that the ``management_shell`` connection was told about a host.

    :param options: its resolved options.
    :param server: the host's inventory name.
    """

    def __init__(self, options: Options, server: str) -> None:
        self._options = options
        self._server = server
        self.idle_timeout = float(options["persistent_connect_timeout"])

    def route(self, shell: ShellName) -> Route:
        """The way to ``shell``.

        :raises ShellError: of kind ``unsupported``, saying which variable to change, where there is none.
        """
        given = self._given(shell)
        own = self._options["transport"]
        transport = given.get("transport") or own
        if transport not in ("psrp", "winrm"):
            raise ShellError(
                "unsupported",
                f"the connection '{self._options['carried_connection']}' cannot carry a management shell.",
                remedy="Set ansible_connection to psrp or winrm for this host.",
            )
        place = given.get("place") or ("endpoint" if shell == "exchange" and transport == "psrp" else "machine")
        _check(shell, transport, place)
        options = dict(self._options["transport_options"] or self._bare())
        if transport != own:
            options = _translate(options, own)
        options.update(_rename(given, transport))
        if place == "endpoint":
            options.update(_fill_in_endpoint(shell, given, options))
            _check_method(shell, given, options)
        return Route(
            shell, transport, place, given.get("load") or "session", given.get("server") or self._server, options
        )

    def _bare(self) -> Options:
        """What is known of a host whose own connection is neither psrp nor winrm: its address and user."""
        return {"remote_addr": self._options["host"], "remote_user": self._options["remote_user"]}

    def _given(self, shell: ShellName) -> Options:
        given = _check_dictionary(shell, self._options[f"{shell}_shell"])
        for key, allowed in CHOICES.items():
            if given.get(key) not in (None, *allowed):
                message = f"ansible_{shell}_shell: {key} must be {' or '.join(allowed)}."
                raise ShellError("unsupported", message)
        if given.get("port") is not None and not str(given["port"]).isdigit():
            raise ShellError("unsupported", f"ansible_{shell}_shell: port must be a number.")
        return given


def _check_dictionary(shell: ShellName, given: t.Any) -> Options:
    """A shell's dictionary, if it is one with known keys.

    It may hold a password, and where it is mistyped the password may be anywhere in it: neither values nor unknown keys are shown.
    """
    if given is None or given == "":
        return {}
    if not isinstance(given, t.Mapping):
        kind = "a list" if isinstance(given, (list, tuple)) else "text" if isinstance(given, str) else "a number"
        message = f"ansible_{shell}_shell must be a dictionary, not {kind}."
        raise ShellError("unsupported", message, remedy=f"Write it as in: ansible_{shell}_shell: {{transport: psrp}}.")
    unknown = [str(key) for key in given if key not in KEYS]
    if unknown:
        meant = {name for key in unknown for name in difflib.get_close_matches(key, KEYS, n=1)}
        hint = f" Did you mean {', '.join(sorted(meant))}?" if meant else ""
        known = f"The keys are: {', '.join(sorted(KEYS))}."
        raise ShellError("unsupported", f"ansible_{shell}_shell has unknown keys.{hint} {known}")
    nested = sorted(
        key for key, value in given.items() if isinstance(value, (t.Mapping, list, tuple)) and key != "auth"
    )
    if nested:
        raise ShellError(
            "unsupported", f"ansible_{shell}_shell: {', '.join(nested)} must be text, not a list or a dictionary."
        )
    return dict(given)


def _check(shell: ShellName, transport: str, place: str) -> None:
    if place == "endpoint" and transport == "winrm":
        raise ShellError(
            "unsupported",
            f"ansible_{shell}_shell: a product endpoint speaks PowerShell Remoting only: it needs transport psrp.",
        )
    if place == "endpoint" and shell not in ENDPOINTS:
        raise ShellError(
            "unsupported",
            f"ansible_{shell}_shell: there is no product endpoint for this shell: place can only be machine.",
        )


def _check_method(shell: ShellName, given: Options, options: Options) -> None:
    if shell == "exchange" and "auth" not in given and options.get("auth") == "credssp":
        raise ShellError(
            "unsupported",
            "Exchange's own endpoint does not take CredSSP, which is this host's authentication method.",
            remedy="Set ansible_exchange_shell to {auth: kerberos}, to {auth: basic}, or to {place: machine}.",
        )


def _rename(given: Options, transport: str) -> Options:
    """A shell's dictionary in the option names of the transport's plugin."""
    names = PSRP_NAMES if transport == "psrp" else WINRM_NAMES
    keys = (set(given) & HOST_KEYS) - (PSRP_ONLY if transport == "winrm" else set())
    options = {names.get(key, key): given[key] for key in keys}
    if transport == "winrm" and isinstance(options.get("transport"), str):
        options["transport"] = [options["transport"]]
    return options


def _fill_in_endpoint(shell: ShellName, given: Options, options: Options) -> Options:
    """Address and configuration of the product's endpoint, where the user does not say."""
    path, configuration = ENDPOINTS[shell]
    plain = shell == "exchange" and options.get("auth") in ENCRYPTED_BY_THEMSELVES
    protocol = given.get("protocol") or ("http" if plain else "https")
    return {
        "protocol": protocol,
        "port": given.get("port") or {"http": 80, "https": 443}[protocol],
        "path": given.get("path") or path,
        "configuration_name": given.get("configuration_name") or configuration,
    }


def _translate(options: Options, own: str) -> Options:
    """The account and address of the host's own connection, for the other transport; the rest is that transport's default."""
    kept = {
        name: options[name]
        for name in ("remote_addr", "remote_user", "remote_password")
        if options.get(name) is not None
    }
    if own == "winrm":
        extras, methods = options.get("_extras") or {}, options.get("transport") or []
        kept["auth"] = next((name for name in COMMON_METHODS if name in methods), "negotiate")
        kept["cert_validation"] = extras.get("ansible_winrm_server_cert_validation") or "validate"
        return {**kept, "ca_cert": extras.get("ansible_winrm_ca_trust_path")}
    kept["transport"] = [options.get("auth") if options.get("auth") in COMMON_METHODS else "ntlm"]
    kept["server_cert_validation"] = options.get("cert_validation") or "validate"
    return {**kept, "ca_trust_path": options.get("ca_cert")}
