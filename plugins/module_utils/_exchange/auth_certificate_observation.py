# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that is read to decide on the Exchange Auth certificate: AuthConfig, every server's store, internal transport, and the cloud."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import read_certificate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_table import (
    AuthServer,
    AuthState,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_config import (
    AuthConfig,
    read_auth_settings,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import SHELL, Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.internal_transport import (
    read_internal_transport,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    SERVERS,
    Facts,
    host_name,
    read_hybrid_configuration,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.server_certificates import read_store
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.setting_overrides import (
    DEDICATED,
    choose_overrides,
    read_setting_overrides,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import (
    choose_servers,
    normalize_name,
)

_UNREADABLE = ("not_offered", "access_denied")


@dataclass(frozen=True)
class AuthObservation:
    """What was read.

    :ivar stores: by server, its certificates by thumbprint, as ``exchange_certificate_info`` returns them.
    :ivar transports: by server, its internal transport certificate; None where the account is not offered it.
    """

    config: AuthConfig
    state: AuthState
    stores: dict[str, dict[str, Facts]] = field(default_factory=dict)
    transports: dict[str, str] | None = None

    def find_transport(self, host: str) -> str:
        """The internal transport certificate of a server; empty where it is not known."""
        return (self.transports or {}).get(host, "")

    def describe_servers(self) -> dict[str, t.Any]:
        """For the result: which server has what."""
        return {server.host: self._describe(server) for server in self.state.servers}

    def _describe(self, server: AuthServer) -> dict[str, t.Any]:
        unknown = server.certificates is None
        return {
            "current": None if unknown else server.has(self.state.current),
            "next": None if unknown or not self.state.next else server.has(self.state.next),
            "internal_transport": self.find_transport(server.host) or None,
            "error": server.error or None,
        }


class AuthReader:
    """Reads it, as often as it is asked. What does not change meanwhile is read once."""

    def __init__(self, call: Call, directory: Directory, excluded: t.Sequence[str]) -> None:
        self._call, self._directory, self._excluded = call, directory, excluded
        self._servers: list[Facts] | None = None
        self._out: tuple[str, ...] = ()
        self._cloud: tuple[bool | None, bool] | None = None

    def read(self) -> AuthObservation:
        """Read it.

        :raises ShellError: where AuthConfig or the list of servers cannot be read.
        """
        config = read_auth_settings(self._directory)
        if self._servers is None:
            known = SERVERS.read(self._directory)
            self._servers = choose_servers(known, None, self._excluded)
            _refuse_nothing(self._servers)
            self._out = tuple(host_name(each) for each in choose_servers(known, None) if each not in self._servers)
        if self._cloud is None:
            self._cloud = read_cloud(self._directory)
        read = [(server, read_store(self._call, self._directory, host_name(server))) for server in self._servers]
        servers = tuple(_make_server(server, store) for server, store in read)
        hybrid, dedicated = self._cloud
        shown = read_internal_transport(self._directory)
        transports = (
            {host_name(server): shown.get(normalize_name(server["name"]), "") for server in self._servers}
            if shown
            else shown
        )
        return AuthObservation(
            config,
            AuthState(
                self._call.shell(SHELL).find_now(),
                config.current,
                config.previous,
                config.next,
                config.next_effective,
                servers,
                self._out,
                hybrid,
                dedicated,
            ),
            {store["host"]: {item["thumbprint"]: item for item in store["certificates"]} for _server, store in read},
            transports,
        )


def _refuse_nothing(servers: list[Facts]) -> None:
    """An account whose roles show it no server must not be told that the certificate is missing nowhere."""
    if not servers:
        message = "it returned no server that takes part in server-to-server authentication."
        raise ShellError(
            "not_found",
            message,
            shell=SHELL,
            cmdlet=SERVERS.cmdlet.name,
            remedy="Check the scope of the account's roles.",
        )


def _make_server(server: Facts, store: Facts) -> AuthServer:
    site, host = str(server["site"] or ""), store["host"]
    if store["error"] is not None:
        return AuthServer(host, site, None, store["error"])
    certificates = [read_certificate(item) for item in store["certificates"]]
    return AuthServer(host, site, {item.thumbprint: item for item in certificates})


def read_cloud(directory: Directory) -> tuple[bool | None, bool]:
    """Whether the organisation is hybrid (None where that cannot be read), and whether it has its own application there."""
    try:
        hybrid = read_hybrid_configuration(directory) is not None
    except ShellError as error:
        if error.kind not in _UNREADABLE:
            raise
        return None, False
    overrides = read_setting_overrides(directory) if hybrid else None
    return hybrid, bool(choose_overrides(overrides or (), DEDICATED))
