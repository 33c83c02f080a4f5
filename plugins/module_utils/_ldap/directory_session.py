# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session with a domain controller that only reads: inside TLS, or sealed by Kerberos; there is no other way to open one."""

from __future__ import annotations

import contextlib
import socket
import ssl
import traceback
import typing as t
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_server_option import DirectoryServer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.gssapi_logon import (
    SealedSocket,
    find_bindings,
    log_on_with_ticket,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.ldap_errors import (
    NO_SUCH_OBJECT,
    SUCCESS,
    explain_failure,
    explain_result,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._libraries import LDAP3, missing

try:
    import ldap3
    from ldap3.core.exceptions import LDAPException
    from ldap3.protocol.sasl.sasl import send_sasl_negotiation

    LDAP3_IMPORT_ERROR: str | None = None
except ImportError:
    LDAP3_IMPORT_ERROR = traceback.format_exc()

BIND, SEARCH = "LDAP BIND", "LDAP SEARCH"
_IN_PROGRESS = 14
_PAGE = 500
"""Entries of one answer. Active Directory gives no more than 1000 unless it is asked for pages (MaxPageSize)."""
Attributes = dict[str, list[str]]


class Entry(t.NamedTuple):
    """An object: its name, and its attributes by their names in lower case."""

    dn: str
    attributes: Attributes


class _CheckedTls:
    """TLS as the standard library checks it: the certificate's trust, and its names, addresses among them. ldap3 has a check of its own.

    :ivar failure: why there is no connection: ldap3 keeps no more than the text.
    """

    def __init__(self, server: DirectoryServer) -> None:
        path = Path(server.ca_path) if server.ca_path else None
        folder, file = (path, None) if path and path.is_dir() else (None, path)
        self._context = ssl.create_default_context(cafile=file, capath=folder)
        if not server.validate_certs:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE
        self.failure: OSError | None = None

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = True) -> None:
        """What ldap3 calls once it is connected."""
        del do_handshake
        try:
            connection.socket = self._context.wrap_socket(connection.socket, server_hostname=connection.server.host)
        except OSError as error:
            self.failure = error
            raise


class DirectorySession:
    """A logged-on session.

    :param connection: an open connection.
    """

    def __init__(self, server: DirectoryServer, connection: ldap3.Connection) -> None:
        self._server, self._connection = server, connection

    def read_root(self) -> Attributes:
        """What the server says of itself (rootDSE)."""
        found = self._search("", "(objectClass=*)", ldap3.BASE, ["configurationNamingContext", "dnsHostName"])
        return found[0].attributes if found else {}

    def is_readable(self, dn: str) -> bool:
        """Whether an object is shown to this account: Active Directory hides what an account may not read."""
        try:
            return bool(self._search(dn, "(objectClass=*)", ldap3.BASE, ["objectClass"]))
        except ShellError as error:
            if error.error_id == str(NO_SUCH_OBJECT):
                return False
            raise

    def search(self, base: str, question: str, attributes: list[str]) -> list[Entry]:
        """All objects below a base, page by page.

        :raises ShellError: if the server refuses, or the connection breaks.
        """
        return self._search(base, question, ldap3.SUBTREE, attributes)

    def _search(self, base: str, question: str, scope: str, attributes: list[str]) -> list[Entry]:
        found: list[Entry] = []
        cookie: bytes | None = None
        while True:
            paging = {"paged_size": _PAGE, "paged_criticality": True, "paged_cookie": cookie} if base else {}
            with _translate(self._server, SEARCH):
                self._connection.search(base, question, scope, attributes=attributes, **paging)
            result = self._connection.result
            if result["result"] != SUCCESS:
                raise explain_result(result, self._server, SEARCH)
            found += [_read_entry(item) for item in self._connection.response if item["type"] == "searchResEntry"]
            cookie = _find_cookie(result)
            if not cookie:
                return found


@contextlib.contextmanager
def open_session(server: DirectoryServer) -> Iterator[DirectorySession]:
    """Log on, and log off at the end.

    :raises ShellError: if there is no way in.
    """
    if LDAP3_IMPORT_ERROR is not None:
        raise missing(LDAP3, LDAP3_IMPORT_ERROR)
    connection = _connect(server)
    try:
        with _translate(server, BIND):
            _log_on(server, connection)
        yield DirectorySession(server, connection)
    finally:
        with contextlib.suppress(LDAPException, OSError):
            connection.unbind()


def _connect(server: DirectoryServer) -> ldap3.Connection:
    """An open connection, on which nothing was said yet."""
    inside_tls = server.protocol == "ldaps"
    place = ldap3.Server(
        server.address, server.port, use_ssl=inside_tls, get_info=ldap3.NONE, connect_timeout=server.timeout
    )
    tls = place.tls = _make_tls(server) if inside_tls else None
    # as octets: ldap3 would change letters of a text (SASLprep), and Active Directory takes it as it is
    account = {"authentication": ldap3.SIMPLE, "user": server.user, "password": server.password.encode()}
    ticket = {"authentication": ldap3.SASL, "sasl_mechanism": ldap3.GSSAPI}
    connection = ldap3.Connection(
        place,
        **(account if server.user else ticket),
        receive_timeout=server.timeout,
        auto_referrals=False,
        check_names=False,
        read_only=True,
    )
    try:
        with _translate(server, BIND):
            connection.open(read_server_info=False)
    except ShellError as error:
        if connection.socket is not None:  # ldap3 leaves one that could not be connected
            connection.socket.close()
        raise (explain_failure(tls.failure, server, BIND) if tls and tls.failure else error) from None
    return connection


def _make_tls(server: DirectoryServer) -> _CheckedTls:
    try:
        return _CheckedTls(server)
    except OSError as error:
        message = f"{server.option}.ca_path: '{server.ca_path}' has no certificate that can be read ({error})."
        raise ShellError("bad_input", message) from None


def _log_on(server: DirectoryServer, connection: ldap3.Connection) -> None:
    if server.user:
        connection.bind(read_server_info=False)
        if connection.result["result"] != SUCCESS:
            raise explain_result(connection.result, server, BIND)
        return

    def exchange(token: bytes) -> bytes:
        result = send_sasl_negotiation(connection, None, token)
        if result["result"] not in (SUCCESS, _IN_PROGRESS):
            raise explain_result(result, server, BIND)
        return bytes(result.get("saslCreds") or b"")

    plain: socket.socket = connection.socket
    bindings = find_bindings(plain) if isinstance(plain, ssl.SSLSocket) else None
    with located(host=server.address, cmdlet=BIND):
        context = log_on_with_ticket(exchange, server.address, option=server.option, bindings=bindings)
    if context is not None:
        connection.socket = SealedSocket(plain, context)


@contextlib.contextmanager
def _translate(server: DirectoryServer, operation: str) -> Iterator[None]:
    """Have what goes wrong on the way be one of our errors."""
    try:
        yield
    except (LDAPException, OSError) as error:
        raise explain_failure(error, server, operation) from None
    except (LookupError, TypeError, ValueError):  # of ldap3's decoder, for octets of any other kind
        raise explain_failure(OSError("what it sends is no LDAP message"), server, operation) from None


def _read_entry(item: t.Mapping[str, t.Any]) -> Entry:
    attributes = {
        name.lower(): [bytes(value).decode("utf-8", "replace") for value in values]
        for name, values in item["raw_attributes"].items()
    }
    return Entry(str(item["dn"]), attributes)


def _find_cookie(result: t.Mapping[str, t.Any]) -> bytes | None:
    """What asks for the next page (RFC 2696)."""
    control = (result.get("controls") or {}).get("1.2.840.113556.1.4.319")
    return control["value"]["cookie"] if control else None
