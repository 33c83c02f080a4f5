# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a DNS server's answer is worth: whether it is signed as it has to be, and what its codes say."""

from __future__ import annotations

import time
import traceback
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._libraries import DNSPYTHON, missing

try:
    import dns.exception
    import dns.message
    import dns.name
    import dns.rcode
    import dns.tsig

    DNS_IMPORT_ERROR: str | None = None
except ImportError:
    DNS_IMPORT_ERROR = traceback.format_exc()

if t.TYPE_CHECKING:
    import dns.rdtypes.ANY.TSIG

TSIG_ERRORS = {16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG", 22: "BADTRUNC"}
"""The errors of TSIG and TKEY (RFC 8945, section 10, and RFC 2930, section 2.6). As an RCODE, 16 is BADVERS."""
PREREQUISITES = ("YXDOMAIN", "YXRRSET", "NXRRSET", "NXDOMAIN")
"""The codes by which a server says that a prerequisite does not hold (RFC 2136, section 3.2)."""


@dataclass(frozen=True)
class DnsReply:
    """An answer.

    :ivar wire: as it came.
    :ivar code: its RCODE by name.
    :ivar tsig_error: the error in its signature's record, by name; empty for none.
    :ivar clock_offset: with BADTIME, by how many seconds the server's clock is ahead of the controller's.
    :ivar doubt: why it need not come from the server, as part of a sentence; empty where it is signed as it has to be.
    """

    message: dns.message.Message
    wire: bytes
    code: str
    tsig_error: str = ""
    clock_offset: float | None = None
    doubt: str = ""


def require_dnspython() -> None:
    """See that the library is there.

    :raises ShellError: of kind ``missing_library``.
    """
    if DNS_IMPORT_ERROR is not None:
        raise missing(DNSPYTHON, DNS_IMPORT_ERROR)


def read_reply(wire: bytes, request: dns.message.Message) -> DnsReply:
    """Take an answer apart, and check its signature if the request had one.

    :raises ShellError: of kind ``failed`` for what is no DNS message.
    """
    try:
        message = dns.message.from_wire(wire, keyring=False, ignore_trailing=True)
    except dns.exception.DNSException as error:
        raise ShellError("failed", f"what came back cannot be read ({type(error).__name__}).") from None
    code = dns.rcode.to_text(message.rcode())
    if not request.mac:
        return DnsReply(message, wire, code)
    if message.tsig is None:
        return DnsReply(message, wire, code, doubt="has no signature")
    signature = t.cast("dns.rdtypes.ANY.TSIG.TSIG", message.tsig[0])
    if signature.error:
        name = TSIG_ERRORS.get(signature.error, str(signature.error))
        return DnsReply(message, wire, code, tsig_error=name, clock_offset=_find_clock_offset(signature))
    return DnsReply(message, wire, code, doubt=_find_doubt(wire, request))


def _find_doubt(wire: bytes, request: dns.message.Message) -> str:
    try:
        dns.message.from_wire(wire, keyring=request.keyring, request_mac=request.mac, ignore_trailing=True)
    except dns.tsig.BadTime:
        return "was signed at another time: the clocks of the server and the controller differ"
    except dns.exception.DNSException:
        return "has a signature that does not fit"
    return ""


def _find_clock_offset(signature: dns.rdtypes.ANY.TSIG.TSIG) -> float | None:
    """The server's time is in the record (RFC 8945, section 5.2.3)."""
    if signature.error != 18 or len(signature.other) != 6:
        return None
    return int.from_bytes(signature.other, "big") - time.time()


def explain_tsig_error(reply: DnsReply, key: str, option: str) -> ShellError:
    """What the server has against the request's signature.

    :param key: who signed, such as "the key ansible".
    :param option: the option that has the key.
    """
    name = reply.tsig_error
    message, remedy = {
        "BADKEY": (
            f"the server does not know {key}",
            f"Compare key_name and key_algorithm of O({option}) with the server's configuration.",
        ),
        "BADSIG": (
            f"the server has another secret for {key}",
            f"Compare key_secret and key_algorithm of O({option}) with the server's configuration.",
        ),
        "BADTIME": (
            _explain_time(reply),
            "Set the clock of the controller or of the server right, then run the task again.",
        ),
    }.get(name, (f"the server does not accept the signature of {key}", f"Check the key in O({option})."))
    return ShellError("authentication", f"{message} ({name}).", error_id=name, remedy=remedy)


def _explain_time(reply: DnsReply) -> str:
    if reply.clock_offset is None:
        return "the clocks of the server and the controller differ by more than the signature allows"
    direction = "ahead of" if reply.clock_offset > 0 else "behind"
    return f"the server's clock is {abs(reply.clock_offset):.0f} s {direction} the controller's, more than the signature allows"
