# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the DNS modules need of a DNS server, however it is asked: its zones, the records of a name, and steps that change them.

There is one provider for the DnsServer cmdlets of Windows, and one for dynamic updates (RFC 2136), which every DNS server has. What a
record is, what is replaced and what is refused is decided above them, once.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._after_refusal import Undo
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.name_records import Edit, Node
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Step, Writer

Zone = dict[str, t.Any]
Zones = list[Zone]


@dataclass(frozen=True)
class Place:
    """Where a provider works, for errors.

    :ivar host: the DNS server, where it is not the host of the task.
    :ivar shell: the management shell; empty where there is none.
    :ivar reading: the cmdlet or request that reads zones.
    :ivar another: how a task is sent to another server, to follow "Correct the name, or" in a sentence; ``{}`` is that server.
    """

    host: str
    shell: ShellName | t.Literal[""]
    reading: str
    another: str

    def suggest(self, server: str) -> str:
        """How to ask another server, as a sentence."""
        way = self.another.format(server)
        return f"{way[:1].upper()}{way[1:]}."


class ZoneReader(t.Protocol):
    """Reads a server as it is now. Each zone and each name is read once."""

    def list_zones(self) -> Zones:
        """The server's zones; where a server cannot list them, those that were met."""

    def has_zone(self, name: str) -> bool:
        """Whether the server has a zone of just this name."""

    def find_zone(self, full: str) -> Zone | None:
        """The longest of the server's zones that a name belongs to, whatever its type."""

    def explain_absence(self, full: str) -> str:
        """What the server says instead of having a zone for a name, to end a sentence."""

    def find_delegation(self, zone: str, full: str) -> str | None:
        """The name below the zone from which on another server holds the records (RFC 1034, section 4.2)."""

    def read_node(self, zone: str, full: str) -> Node:
        """All records of a name. One that is not there has none.

        :raises ShellError: for any other error: what could not be read is never taken for absent.
        """


class Provider(t.Protocol):
    """One way to a DNS server."""

    @property
    def place(self) -> Place: ...

    def name_step(self, params: dict[str, t.Any]) -> str:
        """The cmdlet or request that a task of dns_record is about."""

    def open_reader(self) -> ZoneReader:
        """A reader that has read nothing yet."""

    def open_writer(self) -> Writer:
        """What carries out the steps."""

    def plan_steps(self, edit: Edit) -> tuple[Sequence[Step], Undo]:
        """The steps of an edit in order, and what takes back those that only make room. Pure."""

    def close(self) -> None:
        """Close what the provider has opened itself."""


@contextlib.contextmanager
def open_provider(call: Call, provider: str = "provider", server: str = "server") -> Iterator[Provider]:
    """The provider that the task asks for, as long as it is needed. Nothing is opened before it is asked.

    :param provider: the option that names it.
    :param server: the option that says how a server is reached by RFC 2136.
    :raises ShellError: of kind ``bad_input`` for a server that cannot be used, ``missing_library`` where dnspython is not there.
    """
    chosen = _choose_provider(call, provider, server)
    try:
        yield chosen
    finally:
        chosen.close()


def _choose_provider(call: Call, provider: str, server: str) -> Provider:
    # here, so that a task needs only the libraries of its own provider
    if call.params[provider] == "rfc2136":
        from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import (
            read_server,
        )
        from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.rfc2136_provider import Rfc2136Provider

        return Rfc2136Provider(read_server(call.params[server], server))
    if call.params[server] is not None:
        message = f"{server}: is used with {provider}=rfc2136 only; this task would write through Windows cmdlets on its own host."
        raise ShellError("bad_input", message, remedy=f"Set {provider} to rfc2136, or remove {server}.")
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.windows_provider import WindowsProvider

    return WindowsProvider(call.shell("windows"))


@contextlib.contextmanager
def locate(provider: Provider, step: str = "") -> Iterator[None]:
    """Have every error that arises inside say where, as far as it does not know better itself.

    :param step: the cmdlet or request that is being prepared; the one that reads, if it is not given.
    """
    place = provider.place
    with located(host=place.host, shell=place.shell, cmdlet=step or place.reading):
        yield
