# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions to a DNS server, and updates: signed where there is a key, with one clear error where there is no good answer."""

from __future__ import annotations

import ipaddress

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_replies import (
    DNS_IMPORT_ERROR,
    PREREQUISITES,
    DnsReply,
    explain_tsig_error,
    read_reply,
    require_dnspython,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import DnsServer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_transport import DnsTransport, NoAnswer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.update_request import UPDATE, Update
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

if DNS_IMPORT_ERROR is None:
    import dns.flags
    import dns.message
    import dns.name
    import dns.tsig

QUERY = "DNS QUERY"
_UNREACHABLE = "Check the address and port in O({0}), and the firewall between the controller and the DNS server."
_READ_BACK = (
    "Read the name with dns_info, then run the task again: it reads first, and writes only what is missing. "
    "If the server takes that long, raise timeout in O({0})."
)
_ALLOW = (
    "Allow the sender to update the zone in the server's configuration (BIND: update-policy or allow-update; Knot: an acl with action "
    "update), or give another key in O({0})."
)


class DnsClient:
    """Asks one server and sends it updates."""

    def __init__(self, server: DnsServer) -> None:
        require_dnspython()
        self._server = server
        self._transport = DnsTransport(server)
        key = server.key
        self._key = dns.tsig.Key(f"{key.name}.", key.secret, key.algorithm) if key else None
        self._negotiated: dns.tsig.Key | None = None
        self._is_known = False  # whether the server has answered to the shared key

    @property
    def signer(self) -> str:
        """Who signs, for messages."""
        if self._server.gss_tsig:
            return "the Kerberos principal"
        return (
            f"the key {self._server.key.name} ({self._server.key.algorithm})"
            if self._server.key
            else "an unsigned request"
        )

    @property
    def text(self) -> str:
        """The server's address and port, as nsupdate takes them."""
        return f"{self._server.address} {self._server.port}"

    def ask(self, name: str, kind: str) -> DnsReply:
        """What the server itself says of a name: it is not asked to look elsewhere.

        A shared key signs questions too, since a server may have another view of a zone for it. A negotiated one does not, as with
        nsupdate.

        :raises ShellError: if there is no good answer. Which code is good is for the caller to say.
        """
        reply = self._ask(_make_query(name, kind, self._key))
        if reply.tsig_error == "BADKEY" and self._is_known:
            # Knot knows a key for the zones that allow it something (measured with 3.2)
            reply = self._ask(_make_query(name, kind, None))
        if reply.tsig_error:
            raise explain_tsig_error(reply, self.signer, self._server.option).located(cmdlet=QUERY)
        # a server that knows a key by zone refuses without a signature; a refusal says nothing of what there is
        if reply.doubt and reply.code not in ("REFUSED", "NOTAUTH"):
            raise ShellError(
                "authentication",
                f"the answer for {name} ({reply.code}) {reply.doubt}, so it need not come from the server.",
                cmdlet=QUERY,
                error_id=reply.code,
                remedy=self._word("Check the key in O({0}), and what is between the controller and the DNS server."),
            )
        self._is_known = self._is_known or not reply.doubt
        return reply

    def _ask(self, query: dns.message.Message, *, stream: bool = False) -> DnsReply:
        try:
            return read_reply(self._transport.ask(query.to_wire(), stream=stream), query)
        except NoAnswer as error:
            message = f"the DNS server does not answer: {error.reason}."
            raise ShellError("unreachable", message, cmdlet=QUERY, remedy=self._word(_UNREACHABLE)) from None

    def send(self, update: Update, primary: str) -> None:
        """Have an update carried out. It is sent once.

        :param primary: the zone's primary server by the zone's own word.
        :raises ShellError: of kind ``conflict`` if what was observed is no longer there, ``unknown_outcome`` if nobody knows what became of
            it.
        """
        message = update.to_message()
        key = self._negotiate_key(primary) if self._server.gss_tsig else self._key
        if key:
            message.use_tsig(key)
        try:
            reply = read_reply(self._transport.send(message.to_wire()), message)
        except NoAnswer as error:
            if not error.sent:
                text = f"the DNS server does not answer: {error.reason}."
                raise ShellError("unreachable", text, cmdlet=UPDATE, remedy=self._word(_UNREACHABLE)) from None
            raise self._make_unknown(f"the update was sent, but {error.reason}.") from None
        except ShellError as error:
            raise self._make_unknown(f"the update was sent, but {error.message}") from None
        if reply.tsig_error:
            raise explain_tsig_error(reply, self.signer, self._server.option).located(cmdlet=UPDATE)
        if reply.doubt:
            raise self._make_unknown(f"the update was sent, but the answer ({reply.code}) {reply.doubt}.", reply.code)
        if reply.code != "NOERROR":
            raise self._explain_refusal(update, reply.code, primary)

    def _negotiate_key(self, primary: str) -> dns.tsig.Key:
        """The key of this task. Its server goes by the name that was given, or, for an address, by the one that the zone has for it."""
        if self._negotiated is None:
            from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.gss_key import negotiate_key

            name = primary if _is_address(self._server.address) else self._server.address
            self._negotiated = negotiate_key(name, lambda query: self._ask(query, stream=True))
        return self._negotiated

    def _explain_refusal(self, update: Update, code: str, primary: str) -> ShellError:
        if code == "SERVFAIL":
            # a server that passes updates on to the primary one (RFC 2136, section 6) may not know either what became of it
            return self._make_unknown("the server failed while it handled the update (SERVFAIL).", code)
        if code in PREREQUISITES:
            message = f"a prerequisite of the update no longer holds ({code})."
            return ShellError(
                "conflict", message, cmdlet=UPDATE, error_id=code, remedy="Run the task again: it reads first."
            )
        option, allow, zone = f"O({self._server.option})", self._word(_ALLOW), update.zone
        named = f"which is {primary} by the zone's own word"
        kind, message, remedy = {
            "REFUSED": ("access_denied", f"the server refuses {self.signer} to change {zone} (REFUSED).", allow),
            # Knot refuses like this whom it does not know (measured with 3.2)
            "NOTAUTH": (
                "access_denied",
                f"the server takes no updates of {zone} from {self.signer} (NOTAUTH).",
                f"If it is not the primary server of the zone, {named}, set {option} to that. {allow}",
            ),
            "NOTZONE": ("bad_input", f"the server says that {update.owner} is not in the zone {zone} (NOTZONE).", ""),
            "NOTIMP": (
                "unsupported",
                "the server takes no dynamic updates (NOTIMP).",
                f"Set {option} to the primary server of the zone, {named}, or use another provider.",
            ),
        }.get(code, ("failed", f"the server answered {code}.", ""))
        return ShellError(kind, message, cmdlet=UPDATE, error_id=code, remedy=remedy)

    def _make_unknown(self, message: str, code: str = "") -> ShellError:
        return ShellError("unknown_outcome", message, cmdlet=UPDATE, error_id=code, remedy=self._word(_READ_BACK))

    def _word(self, remedy: str) -> str:
        """A remedy that names the option of the server."""
        return remedy.format(self._server.option)

    def close(self) -> None:
        """Close what is open."""
        self._transport.close()


def _make_query(name: str, kind: str, key: dns.tsig.Key | None) -> dns.message.Message:
    query = dns.message.make_query(f"{name}.", kind, use_edns=False)
    query.flags &= ~dns.flags.RD
    if key:
        query.use_tsig(key)
    return query


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
