# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot of a Lync host holds."""

from __future__ import annotations

import functools
import time
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.site_reading import (
    read_partner_documents,
    read_site,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import Reading
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import normal_thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.deployment_parts import DEPLOYMENT, OWN
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.front_end_certificates import (
    add_exportable,
    read_assigned,
    read_global_issuers,
    read_store,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.lync_partners import (
    read_partner_applications,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.oauth_configuration import (
    read_oauth_configuration,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.pfx_file import read_pfx
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import (
    TRUSTED_COMPUTERS,
    read_this_computer,
    read_trusted_computers,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import EXCHANGE
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.machine_reading import read_machine

_PARTS = ("pools", "sip_domains", "version", "oauth_configuration", "replicas")
_ASKED_FOR = (
    TRUSTED_COMPUTERS.cmdlet.name,
    "Import-CsCertificate",
    "New-CsPartnerApplication",
    "Set-CsCertificate",
    "Set-CsOAuthConfiguration",
    "Set-CsPartnerApplication",
)
"""The cmdlets that write, and one that not every account is offered; asked for once."""
_OF_CENTRAL_MANAGEMENT = ("MASTER", "FTA")
_INTERVAL = 5.0
_AWAITED = {"lync.assigned", "lync.global_token_issuers", "lync.store"}
"""The parts that show whether a certificate has come; where one of them cannot be read, it is not waited for."""


def read_lync(reading: Reading) -> None:
    """The computer's own parts, and those of the deployment where this host speaks for it."""
    lync, windows = reading.call.shell("lync"), reading.call.shell("windows")
    reading.read("lync", "computer", lambda: read_this_computer(lync))
    if reading.call.params["organization"]:
        reading.read("lync", "offered", lambda: sorted(lync.offered(*_ASKED_FOR)))
        for name in _PARTS:
            reading.read("lync", name, functools.partial(DEPLOYMENT[name], lync))
        reading.read("lync", "partner_applications", lambda: read_partner_applications(lync))
        reading.read("lync", "trusted_application_computers", lambda: read_trusted_computers(lync))
        _read_file(reading, windows)
    else:
        reading.read("lync", "local_oauth_configuration", lambda: read_oauth_configuration(lync, local=True))
    reading.read("lync", "windows_services", lambda: OWN["windows_services"](lync))
    _read_central_management(reading, lync)
    _read_certificates(reading, lync, windows)
    if reading.call.params["web_site"]:
        read_site(reading, "lync")
    if reading.call.params["machine"]:
        reading.read("lync", "machine", lambda: read_machine(windows, "lync"))
        read_partner_documents(reading, "lync", EXCHANGE)


def _read_file(reading: Reading, windows: Shell) -> None:
    """The certificate in the file that is to be assigned, so that a wrong path or password shows before anything is written."""
    path, password = (reading.call.params[f"oauth_token_issuer_{name}"] for name in ("path", "password"))
    if path:
        wanted = reading.call.params["oauth_token_issuer_thumbprint"] or ""
        reading.read("lync", "pfx", lambda: read_pfx(windows, path, password, wanted))


def _read_central_management(reading: Reading, lync: Shell) -> None:
    """Who the active master is; asked only where a service of its kind does not run here."""
    services = reading.products["lync"].get("windows_services") or []
    stopped = [item for item in services if item["name"] in _OF_CENTRAL_MANAGEMENT and item["status"] != "Running"]
    if stopped:
        reading.read("lync", "central_management", lambda: DEPLOYMENT["central_management"](lync))


def _read_certificates(reading: Reading, lync: Shell, windows: Shell) -> None:
    awaited = normal_thumbprint(reading.call.params["await_token_issuer"])
    started = time.monotonic()
    while True:
        reading.read("lync", "assigned", lambda: read_assigned(lync))
        reading.read("lync", "global_token_issuers", lambda: read_global_issuers(lync))
        reading.read("lync", "store", lambda: read_store(windows))
        own, waited = reading.products["lync"], time.monotonic() - started
        missed = {entry["what"] for entry in reading.unread} & _AWAITED
        if not awaited or missed or _is_deployed(own, awaited) or waited >= reading.call.params["timeout"]:
            break
        told = f"waiting for the certificate {awaited} in the store, {waited:.0f} of {reading.call.params['timeout']} s"
        reading.call.say(f"{reading.host}: {told}")
        time.sleep(_INTERVAL)
    if own.get("assigned") is None or own.get("store") is None:
        return
    if not own.get("global_token_issuers") or reading.call.params["key_containers"]:
        reading.read("lync", "store", lambda: add_exportable(own["store"], windows))


def _is_deployed(own: dict[str, t.Any], thumbprint: str) -> bool:
    """Whether the host shows the global assignment, and has the certificate with its private key.

    The scheduled tasks of the replica put it in place after the replica is up to date (TechNet, jj205253).
    """
    assigned = any(item["thumbprint"] == thumbprint for item in own.get("global_token_issuers") or [])
    stored = any(item["thumbprint"] == thumbprint and item["has_private_key"] for item in own.get("store") or [])
    return assigned and stored
