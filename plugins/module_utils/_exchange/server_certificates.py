# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of Exchange servers, all read through one session.

The certificate itself comes as ``RawData`` and is decoded here. What only Exchange knows (services, status, private key) comes along
where the server projects it. In an imported session nothing but ``RawData`` and ``SerializationData`` is left of the object; most of those
facts are read from the latter then, and what is not in it is null.
"""

from __future__ import annotations

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import (
    SERVERS,
    Facts,
    Flags,
    host_name,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.serialization_data import (
    read_serialized_facts,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import choose_servers
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Flag
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

PRODUCT_FACTS = Table(
    Property("has_private_key", "HasPrivateKey", Flag()),
    Property("friendly_name", "FriendlyName"),
    Property("services", "Services", Flags()),
    Property("status", "Status"),
    Property("root_ca_type", "RootCAType"),
    Property("private_key_exportable", "PrivateKeyExportable", Flag()),
)

_DATA = ("RawData", "SerializationData")

# Failures of this account, this session or this call: they would be the same for every server, so they end the task
_NOT_OF_ONE_SERVER = frozenset(
    {
        "access_denied",
        "authentication",
        "bad_parameter",
        "double_hop",
        "language",
        "missing_library",
        "not_offered",
        "not_sent",
        "session_lost",
        "shell_denied",
        "throttled",
        "timeout",
        "unsupported",
        "untrusted",
    }
)


def read_stores(call: Call, directory: Directory) -> list[Facts]:
    """Each server that the task is about with its certificates, or with why they could not be read.

    :raises ShellError: where a server that the task names does not exist: that is a mistake in the task, not a server that is down.
    """
    servers = choose_servers(SERVERS.read(directory), call.params["servers"])
    return [read_store(call, directory, host_name(server)) for server in servers]


def read_store(call: Call, directory: Directory, host: str, *, own: bool = False) -> Facts:
    """The certificates of one server, or why they could not be read.

    :param own: whether it is the server that the session is with; it is asked without ``-Server`` then.
    """
    where = {} if own else {"Server": host}
    try:
        items = directory.read_all(Cmdlet("Get-ExchangeCertificate", **where), PRODUCT_FACTS.projection(*_DATA))
    except ShellError as error:
        # only what the cmdlet itself said: an error without an id is one of the way to the shell
        if error.kind in _NOT_OF_ONE_SERVER or not error.error_id:
            raise
        call.warn(f"{host}: its certificates could not be read: {error.message.strip()}")
        return {"host": host, "certificates": [], "error": error.message.strip()}
    if not all(_read_raw_data(item) for item in items):
        missing = "the server sent certificates without their RawData, so they cannot be read"
        return {"host": host, "certificates": [], "error": missing}
    return {"host": host, "certificates": [describe_certificate(item, own=own) for item in items], "error": None}


def describe_certificate(item: RemoteObject, *, own: bool) -> Facts:
    """The facts of one certificate: those that it carries itself, and those that Exchange adds.

    HasPrivateKey is not among what a server sends of its certificates to another one, where it is False for all of them then. So a False
    of another server says nothing, unless its key can be exported or a service uses it: then it is there.

    :param own: whether the certificate is known to be the asked server's own.
    """
    facts = {**describe(_read_raw_data(item)), **PRODUCT_FACTS.state(item)}
    if facts["services"] is None:
        read = read_serialized_facts(_read_bytes(item, "SerializationData"))
        facts.update({name: read[name] for name, there in facts.items() if there is None and name in read})
    if facts["has_private_key"] is None or (not own and facts["has_private_key"] is False):
        facts["has_private_key"] = True if facts["private_key_exportable"] or facts["services"] else None
    return facts


def _read_raw_data(item: RemoteObject) -> bytes | str:
    value = item.get("RawData")
    # remoting may have hung properties of its own on the bytes
    return (value.value if isinstance(value, RemoteObject) else value) or b""


def _read_bytes(item: RemoteObject, name: str) -> bytes:
    value = item.get(name)
    value = value.value if isinstance(value, RemoteObject) else value
    return value if isinstance(value, bytes) else b""
