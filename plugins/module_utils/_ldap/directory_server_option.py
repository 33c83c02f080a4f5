# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option that says how a domain controller is reached by LDAP."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

PORTS = {"ldaps": 636, "ldap": 389}
LONGEST_TIMEOUT = 3600

DIRECTORY_SERVER: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "address": {"type": "str", "required": True},
        "protocol": {"type": "str", "choices": list(PORTS), "default": "ldaps"},
        "port": {"type": "int"},
        "user": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": 10},
    },
    "required_together": [["user", "password"]],
}


@dataclass(frozen=True)
class DirectoryServer:
    """How a domain controller is reached. The password is in no text form of it.

    :ivar option: the option that it comes from, for messages.
    :ivar protocol: ``ldaps`` is LDAP inside TLS; with ``ldap``, Kerberos seals each message.
    :ivar user: for a logon with a password; None for one with a ticket.
    :ivar ca_path: the authorities to trust; empty for those of the system.
    """

    option: str
    address: str
    protocol: str
    port: int
    user: str | None
    password: str = field(repr=False)
    validate_certs: bool
    ca_path: str
    timeout: int

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.protocol}://{self.address}:{self.port}"


def read_directory_server(given: Mapping[str, t.Any], option: str) -> DirectoryServer:
    """The domain controller that a task names.

    :raises ShellError: of kind ``bad_input``, before anything is sent; a password is never in the message.
    """
    address = str(given["address"]).strip()
    if not address or any(character.isspace() or character in "/@" for character in address):
        raise _refuse(f"{option}.address", f"'{given['address']}' is neither a host name nor an IP address")
    port = PORTS[given["protocol"]] if given["port"] is None else given["port"]
    if not 0 < port < 65536:
        raise _refuse(f"{option}.port", f"{port} is not a port")
    if not 0 < given["timeout"] <= LONGEST_TIMEOUT:
        raise _refuse(
            f"{option}.timeout", f"{given['timeout']} must be at least 1 and at most {LONGEST_TIMEOUT} seconds"
        )
    _check_account(given, option)
    ca_path = given["ca_path"] or ""
    if ca_path and not Path(ca_path).exists():
        raise _refuse(f"{option}.ca_path", f"'{ca_path}' is not there on the controller")
    return DirectoryServer(
        option,
        address,
        given["protocol"],
        port,
        None if given["user"] is None else given["user"].strip(),
        given["password"] or "",
        given["validate_certs"],
        ca_path,
        given["timeout"],
    )


def _check_account(given: Mapping[str, t.Any], option: str) -> None:
    """An empty password would make the logon an anonymous one (RFC 4513, section 5.1.2), and only TLS keeps a password secret."""
    if given["user"] is None:
        return
    for name in ("user", "password"):
        if not given[name].strip():
            raise _refuse(
                f"{option}.{name}", "must not be empty. To log on with a Kerberos ticket, leave out user and password"
            )
    if given["protocol"] == "ldap":
        problem = "a password is sent inside TLS only. Set protocol to ldaps, or leave out user and password to use a Kerberos ticket"
        raise _refuse(f"{option}.user", problem)


def _refuse(option: str, problem: str) -> ShellError:
    return ShellError("bad_input", f"{option}: {problem}.")
