# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot of an Exchange host holds."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.application_account import (
    CREATING,
    NAME,
    read_account,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.client_access import NOUNS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import Directory, open_directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.exchange_partners import (
    read_partner_applications,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import Facts, host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization_parts import (
    ORGANIZATION,
    OWN,
    Gather,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.served_certificate import (
    read_served_certificate,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.server_certificates import read_store
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.setting_overrides import (
    READ,
    read_setting_overrides,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import names_of, takes_part
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.site_reading import (
    read_partner_documents,
    read_site,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import Reading
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import LYNC, is_same_text
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.machine_reading import read_machine

_ASKED_FOR = [
    READ,
    *(f"{verb}-{noun}" for noun in NOUNS for verb in ("Get", "Set")),
    "Set-AutodiscoverVirtualDirectory",
    "Set-WebServicesVirtualDirectory",
    "New-PartnerApplication",
    "Set-PartnerApplication",
    CREATING,
]
"""The cmdlets that write, and those that not every account or version is offered; asked for once."""
_ORGANIZATION: dict[str, Gather] = {name: gather for name, gather in ORGANIZATION.items() if name != "organization"}


def read_exchange(reading: Reading) -> None:
    """The server's own parts, and those of the organisation where this host speaks for it."""
    directory, params = open_directory(reading.call), reading.call.params
    if params["organization"]:
        reading.read("exchange", "offered", lambda: sorted(directory.shell.offered(*_ASKED_FOR)))
        _read_parts(reading, directory, _ORGANIZATION)
        reading.read("exchange", "partner_applications", lambda: read_partner_applications(directory))
        _read_accounts(reading, directory, params["linked_account"])
        reading.read("exchange", "setting_overrides", lambda: read_setting_overrides(directory))
    _read_parts(reading, directory, OWN)
    own = reading.host.lower()
    reading.read("exchange", "certificates", lambda: [read_store(reading.call, directory, own, own=True)])
    if params["web_site"]:
        reading.read("exchange", "served_certificates", lambda: list(_read_served(reading)))
        read_site(reading, "exchange")
    if params["machine"]:
        reading.read("exchange", "machine", lambda: read_machine(reading.call.shell("windows"), "exchange"))
        read_partner_documents(reading, "exchange", LYNC)
    if params["organization"]:
        reading.read("exchange", "other_certificates", lambda: _read_others(reading, directory))
        if params["directory"] is not None:
            reading.read_elsewhere("exchange", "service_connection_points", lambda: _read_points(params["directory"]))


def _read_points(given: Mapping[str, t.Any]) -> Facts:
    # here, since it loads libraries that nothing else of a snapshot needs
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_server_option import (
        read_directory_server,
    )
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.service_connection_points import (
        read_service_connection_points,
    )

    return read_service_connection_points(read_directory_server(given, "directory"))


def _read_parts(reading: Reading, directory: Directory, parts: dict[str, Gather]) -> None:
    for name, gather in parts.items():
        reading.read("exchange", name, functools.partial(gather, directory))


def _read_accounts(reading: Reading, directory: Directory, given: str | None) -> None:
    """The accounts of Lync's applications, and the one that is described for it, each once."""
    applications = reading.products["exchange"].get("partner_applications") or []
    ours = [item for item in applications if str(item["application_identifier"]).casefold() == LYNC and item["url"]]
    linked = list(dict.fromkeys(str(item["linked_account"]) for item in ours if item["linked_account"]))
    known: list[Facts] = []
    if given:
        reading.read("exchange", "described_account", lambda: _describe_account(directory, given, None, linked))
        known = [item for item in [reading.products["exchange"].get("described_account")] if item]
    reading.read("exchange", "partner_accounts", lambda: list(_describe_linked(directory, linked, known)))
    if not linked and CREATING not in reading.products["exchange"].get("offered", ()):
        # it would have to be there already: somebody may have created it
        reading.read("exchange", "script_account", lambda: _describe_account(directory, None, NAME))


def _describe_linked(directory: Directory, linked: list[str], known: list[Facts]) -> Iterator[Facts]:
    for account in linked:
        same = next((item for item in known if is_same_text(item["account"], account)), None)
        yield same or _describe_account(directory, None, account)


def _describe_account(directory: Directory, given: str | None, linked: str | None, in_use: Sequence[str] = ()) -> Facts:
    """The roles of an account, those that it lacks, and why it cannot be used, where it cannot.

    :param in_use: the accounts that applications have: one of them can be used whatever its type is.
    """
    try:
        account = read_account(directory, given, linked, None, in_use=in_use)
    except ShellError as error:
        if error.kind not in ("bad_input", "conflict", "not_found"):
            raise
        return {"account": given or linked, "assigned": [], "missing": [], "error": error.message}
    return {
        "account": account.identity,
        "assigned": list(account.assigned),
        "missing": list(account.missing),
        "error": None,
    }


def _read_served(reading: Reading) -> Iterator[Facts]:
    """What the web site shows for each of the names by which clients and Lync look for it."""
    address, _colon, port = reading.call.params["web_site"].rpartition(":")
    for name in reading.call.params["web_site_names"]:
        yield read_served_certificate(address, int(port), name)


def _read_others(reading: Reading, directory: Directory) -> list[Facts]:
    """The certificates of the servers that no host of the inventory tells."""
    told = {name.strip().rstrip(".").casefold() for name in [reading.host, *reading.call.params["covered"]]}
    servers = reading.products["exchange"].get("servers") or []
    others = [server for server in servers if takes_part(server) and not names_of(server) & told]
    return [read_store(reading.call, directory, host_name(server)) for server in others]
