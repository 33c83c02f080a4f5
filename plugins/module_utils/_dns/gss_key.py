# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key that a DNS server and a Kerberos principal agree on for a while: GSS-TSIG (RFC 3645)."""

from __future__ import annotations

import time
import traceback
import typing as t
import uuid
from collections.abc import Callable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_replies import (
    DNS_IMPORT_ERROR,
    TSIG_ERRORS,
    DnsReply,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._libraries import GSSAPI, missing
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line

if DNS_IMPORT_ERROR is None:
    import dns.exception
    import dns.message
    import dns.name
    import dns.rdataclass
    import dns.rdatatype
    import dns.rdtypes.ANY.TKEY
    import dns.rrset
    import dns.tsig

try:
    import gssapi

    GSSAPI_IMPORT_ERROR: str | None = None
except (ImportError, OSError):  # OSError: the library is there, the system's Kerberos is not
    GSSAPI_IMPORT_ERROR = traceback.format_exc()

TKEY = "DNS TKEY"
Ask = Callable[["dns.message.Message"], DnsReply]

_GSS_API = 3
"""The mode of a TKEY record (RFC 2930, section 2.5)."""
_ROUNDS = 5
_LIFETIME = 3600
_SPNEGO = "1.3.6.1.5.5.2"
_TICKET = (
    "Get a ticket with kinit, or name a keytab in KRB5_CLIENT_KTNAME, in the environment that runs ansible-playbook. "
    "The server's principal is DNS/{0} in its realm."
)


def negotiate_key(server: str, ask: Ask) -> dns.tsig.Key:
    """Agree on a key with the server.

    :param server: the server's full name, which is in its principal.
    :param ask: sends a question over TCP.
    :raises ShellError: of kind ``authentication`` if there is no ticket, or the server does not take it.
    """
    if GSSAPI_IMPORT_ERROR is not None:
        raise missing(GSSAPI, GSSAPI_IMPORT_ERROR).located(cmdlet=TKEY)
    try:
        return _negotiate(server, ask)
    except gssapi.exceptions.GSSError as error:
        code = f"{error.maj_code:#x}/{error.min_code & 0xFFFFFFFF:#x}"
        message = f"Kerberos gives no way in to DNS/{server}: {escape_line(error.gen_message())}"
        raise ShellError("authentication", message, cmdlet=TKEY, error_id=code, remedy=_TICKET.format(server)) from None


def _negotiate(server: str, ask: Ask) -> dns.tsig.Key:
    context = _open_context(server)
    # a name that nobody else can have (RFC 3645, section 3.1.2)
    key = dns.tsig.Key(f"{uuid.uuid4().hex}.sig-{server.rstrip('.')}.", t.cast(t.Any, context), dns.tsig.GSS_TSIG)
    token = context.step()
    for _round in range(_ROUNDS):
        query = _make_query(key.name, token or b"")
        reply = ask(query)
        answer = _read_answer(reply, key.name, server)
        token = None if context.complete else context.step(answer)
        if context.complete and token is None:
            _check_context(context, server)
            _check_signature(reply, key, server)
            return key
    raise _refuse(server, "the server does not come to an end with the negotiation of a key", "")


def _open_context(server: str) -> gssapi.SecurityContext:
    """As nsupdate does it: SPNEGO, and no sequence numbers, which Windows does not keep."""
    name = gssapi.Name(f"DNS@{server.rstrip('.')}", gssapi.NameType.hostbased_service)
    flag = gssapi.RequirementFlag
    return gssapi.SecurityContext(
        name=name,
        mech=gssapi.OID.from_int_seq(_SPNEGO),
        flags=flag.mutual_authentication | flag.replay_detection | flag.integrity,
        usage="initiate",
    )


def _check_context(context: gssapi.SecurityContext, server: str) -> None:
    """That it proves who the server is, and protects messages, is asked for, and not sure before it is there (RFC 3645, section 3.1.1)."""
    flag = gssapi.RequirementFlag
    needed = flag.mutual_authentication | flag.integrity
    if context.actual_flags & needed != needed:
        raise _refuse(server, "what was negotiated does not prove who the server is", "")


def _make_query(name: dns.name.Name, token: bytes) -> dns.message.Message:
    """The TKEY record is in the additional section (RFC 3645, section 3.1.2)."""
    now = int(time.time())
    query = dns.message.make_query(name, dns.rdatatype.TKEY, dns.rdataclass.ANY, use_edns=False, flags=0)
    data = dns.rdtypes.ANY.TKEY.TKEY(
        dns.rdataclass.ANY, dns.rdatatype.TKEY, dns.tsig.GSS_TSIG, now, now + _LIFETIME, _GSS_API, 0, token, b""
    )
    query.additional.append(dns.rrset.from_rdata(name, 0, data))
    return query


def _read_answer(reply: DnsReply, name: dns.name.Name, server: str) -> bytes:
    """The server's token."""
    if reply.code != "NOERROR":
        raise _refuse(server, "the server refuses to negotiate a key", reply.code)
    for rrset in reply.message.answer:
        if rrset.rdtype == dns.rdatatype.TKEY and rrset.name == name:
            data = t.cast(dns.rdtypes.ANY.TKEY.TKEY, rrset[0])
            if data.error:
                raise _refuse(
                    server, "the server does not accept the ticket", TSIG_ERRORS.get(data.error, str(data.error))
                )
            return data.key
    raise _refuse(server, "the server's answer has no key", reply.code)


def _check_signature(reply: DnsReply, key: dns.tsig.Key, server: str) -> None:
    """The last answer is signed with the new key (RFC 3645, section 3.1.3.1)."""
    try:
        signed = dns.message.from_wire(reply.wire, keyring=key, ignore_trailing=True).had_tsig
    except dns.exception.DNSException:
        signed = False
    if not signed:
        raise _refuse(server, "the answer that ends the negotiation is not signed as it has to be", "")


def _refuse(server: str, problem: str, code: str) -> ShellError:
    message = f"{problem}{f' ({code})' if code else ''}."
    return ShellError("authentication", message, cmdlet=TKEY, error_id=code, remedy=_TICKET.format(server))
