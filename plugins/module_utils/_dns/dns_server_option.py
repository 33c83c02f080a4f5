# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that choose a provider, and say how a DNS server is reached by RFC 2136."""

from __future__ import annotations

import base64
import binascii
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import normalize_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

PROVIDERS = ("windows", "rfc2136")
ALGORITHMS = ("hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
"""Those of RFC 8945, section 6, without MD5, which it forbids to use."""
LONGEST_TIMEOUT = 3600.0

PROVIDER: dict[str, t.Any] = {"type": "str", "choices": list(PROVIDERS), "default": "windows"}
SERVER: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "default": 53},
        "protocol": {"type": "str", "choices": ["tcp", "udp"], "default": "tcp"},
        "timeout": {"type": "float", "default": 10.0},
        "key_name": {"type": "str", "no_log": False},
        "key_secret": {"type": "str", "no_log": True},
        "key_algorithm": {"type": "str", "choices": list(ALGORITHMS), "default": "hmac-sha256", "no_log": False},
        "gss_tsig": {"type": "bool", "default": False},
    },
    "required_together": [["key_name", "key_secret"]],
}
OPTIONS = {"provider": PROVIDER, "server": SERVER}
"""The options of the modules that ask one DNS server."""


def reaches_host(given: Mapping[str, t.Any]) -> bool:
    """Whether a task asks its own host, by the options as they were given: it does not if it sends updates from the controller."""
    return given.get("provider") != "rfc2136"


@dataclass(frozen=True)
class SharedKey:
    """A key that the server knows too (RFC 8945). The secret is in no text form of it."""

    name: str
    algorithm: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class DnsServer:
    """How a server is reached.

    :ivar option: the option that it comes from, for messages.
    :ivar key: signs requests; None for none.
    :ivar gss_tsig: whether a key is negotiated with Kerberos (RFC 3645).
    """

    option: str
    address: str
    port: int
    protocol: str
    timeout: float
    key: SharedKey | None
    gss_tsig: bool


def read_server(given: Mapping[str, t.Any] | None, option: str) -> DnsServer:
    """The server that a task gives.

    :raises ShellError: of kind ``bad_input``; a secret is never in the message.
    """
    if given is None:
        raise _refuse(option, "is required with provider=rfc2136: give the address of the DNS server")
    address = str(given["address"]).strip()
    if not address or any(character.isspace() for character in address):
        raise _refuse(f"{option}.address", f"'{given['address']}' is neither a host name nor an IP address")
    if not 0 < given["port"] < 65536:
        raise _refuse(f"{option}.port", f"{given['port']} is not a port")
    if not 0 < given["timeout"] <= LONGEST_TIMEOUT:
        raise _refuse(
            f"{option}.timeout", f"{given['timeout']} must be more than 0 and at most {LONGEST_TIMEOUT:g} seconds"
        )
    key = _read_key(given, option)
    if key and given["gss_tsig"]:
        raise _refuse(f"{option}.gss_tsig", "a request is signed either with a shared key or with Kerberos. Remove one")
    return DnsServer(option, address, given["port"], given["protocol"], given["timeout"], key, given["gss_tsig"])


def _read_key(given: Mapping[str, t.Any], option: str) -> SharedKey | None:
    if given["key_name"] is None:
        return None
    name, text = normalize_name(given["key_name"], f"{option}.key_name"), "".join(given["key_secret"].split())
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not secret:
        raise _refuse(f"{option}.key_secret", "it is not base64, as tsig-keygen and keymgr print it")
    return SharedKey(name, given["key_algorithm"], secret)


def _refuse(option: str, problem: str) -> ShellError:
    return ShellError("bad_input", f"{option}: {problem}.")
