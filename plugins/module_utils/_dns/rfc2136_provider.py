# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any DNS server that takes dynamic updates (RFC 2136), asked from the controller.

An update is carried out as a whole or not at all, and only if its prerequisites hold: what was observed must still be there. So there
is no gap while a record is replaced, nothing has to be put back, and what somebody else does in the meantime is never overwritten.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._after_refusal import Undo
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_client import QUERY, DnsClient
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import DnsServer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_records import Edit
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.provider import Place
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.rfc2136_reader import Rfc2136Reader
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.update_request import (
    UPDATE,
    Update,
    make_update,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Step

_NO_REFUSAL = ("conflict", "unknown_outcome")
"""What says nothing about whether the server takes updates from this sender."""


class Rfc2136Provider:
    """One server."""

    def __init__(self, server: DnsServer) -> None:
        self._client = DnsClient(server)
        self._reader = Rfc2136Reader(self._client)
        self.place = Place(host=server.address, shell="", reading=QUERY, another=f"set O({server.option}) to {{}}")

    def name_step(self, params: dict[str, t.Any]) -> str:
        """The request that a task of dns_record is about."""
        del params
        return UPDATE

    def open_reader(self) -> Rfc2136Reader:
        """A reader that has read nothing yet."""
        self._reader = Rfc2136Reader(self._client)
        return self._reader

    def open_writer(self) -> Rfc2136Provider:
        """What carries out updates."""
        return self

    def plan_steps(self, edit: Edit) -> tuple[Sequence[Step], Undo]:
        """One update. It leaves nothing to take back."""
        return [make_update(edit, self._client.text)], ()

    def close(self) -> None:
        """Close the connection to the server."""
        self._client.close()

    # As the writer of its updates

    name = ""
    """There is no management shell."""

    def write(self, *steps: t.Any) -> Reply:
        """Send an update."""
        (update,) = t.cast("tuple[Update]", steps)
        self._client.send(update, self._reader.find_facts(update.zone).primary)
        return Reply()

    def offered(self, *names: str) -> frozenset[str]:
        """All of them: there is nothing to ask before."""
        return frozenset(names)

    def foretell(self, steps: Sequence[Step]) -> ShellError | None:
        """Whether the server takes updates from this sender: it is asked with the prerequisites alone, which changes nothing."""
        for step in steps:
            try:
                self.write(t.cast(Update, step).keep_prerequisites())
            except ShellError as error:
                if error.kind not in _NO_REFUSAL:
                    return error.located(host=self.place.host)
        return None
