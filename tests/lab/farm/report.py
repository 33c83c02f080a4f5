# SPDX-License-Identifier: GPL-3.0-or-later

"""The model and the counters as data, for people and tests."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from farm.certificates import Issued
from farm.exchange.organization import Organization
from farm.lync.store import Assignment, Content
from farm.oauth_trust import find_refusal
from farm.state import Farm


def status(farm: Farm) -> dict[str, Any]:
    """What each host has seen."""
    return {
        "scenario": farm.scenario.name,
        "now": farm.clock.now().isoformat(timespec="seconds"),
        "latency": farm.latency.mode,
        "hosts": {
            host.fqdn: {"role": host.role, **asdict(farm.journal.counter(host.fqdn))} for host in farm.scenario.hosts
        },
        "events": dict(farm.journal.other_events),
        "faults": [asdict(fault) for fault in farm.faults.active],
    }


def state(farm: Farm) -> dict[str, Any]:
    """The whole model."""
    with farm.lock:
        farm.store.settle()
        return {
            "scenario": farm.scenario.name,
            "description": farm.scenario.description,
            "now": farm.clock.now().isoformat(timespec="seconds"),
            "domain": asdict(farm.scenario.domain),
            "users": [{"name": user.name, "groups": user.groups} for user in farm.scenario.users],
            "hosts": {host.fqdn: _host(farm, host.fqdn) for host in farm.scenario.hosts},
            "exchange": _exchange(farm),
            "lync": _lync(farm),
            "dns": _zones(farm),
            "certificates": {name: _certificate(farm, issued) for name, issued in farm.certificates.items()},
            "files": [
                {"host": file.host, "path": file.path, "certificate": file.certificate} for file in farm.scenario.files
            ],
            "mailboxes": farm.mailboxes,
            "trust": _trust(farm),
            "faults": [asdict(fault) for fault in farm.faults.active],
        }


def _trust(farm: Farm) -> dict[str, str]:
    """For each front end, what keeps it from writing to the first mailbox; empty where nothing does."""
    mailbox = next(iter(farm.mailboxes), "")
    found = {host.fqdn: find_refusal(farm, host, mailbox) for host in farm.scenario.hosts_of("lync") if mailbox}
    return {fqdn: refusal.reason if refusal else "" for fqdn, refusal in found.items()}


def _host(farm: Farm, fqdn: str) -> dict[str, Any]:
    machine = farm.machines[fqdn]
    host = machine.host
    return {
        "short": host.short,
        "role": host.role,
        "address": host.address,
        "version": farm.scenario.version_of(host),
        "site": host.site,
        "certificates": {thumb: stored.has_key for thumb, stored in machine.store.entries.items()},
        "clock": host.clock,
        "restart_pending": machine.restart_pending,
        "events": [event.number for event in machine.events],
        "stopped_services": [name for name in machine.services if not farm.is_running(machine, name)],
    }


def _exchange(farm: Farm) -> dict[str, Any]:
    """The organization as the first domain controller has it; the servers as each one has them."""
    organization = farm.organization
    directory = farm.directory
    return {
        "organization": organization.name,
        "servers": _servers(organization),
        "controllers": {each.fqdn: _servers(directory.organization(each.fqdn)) for each in directory.controllers},
        "auth": {
            "current": organization.auth.current,
            "previous": organization.auth.previous,
            "next": organization.auth.next,
        },
        "accepted_domains": [asdict(domain) for domain in organization.accepted_domains],
        "partner_applications": [asdict(application) for application in organization.partner_applications],
        "recipients": [asdict(recipient) for recipient in organization.recipients],
    }


def _servers(organization: Organization) -> dict[str, Any]:
    return {
        server.host.fqdn: {
            "autodiscover_uri": server.autodiscover_uri,
            "site_scope": server.site_scope,
            "virtual_directories": {name: asdict(flags) for name, flags in server.directories.items()},
            "version": server.host.version,
            "build": server.host.build,
        }
        for server in organization.servers
    }


def _lync(farm: Farm) -> dict[str, Any]:
    store = farm.store
    return {
        "version": farm.scenario.lync.version,
        "build": farm.scenario.lync.build,
        "pools": [asdict(pool) for pool in farm.scenario.lync.pools],
        "store": {"number": store.head.number, **_content(store.content)},
        "replicas": {
            replica.fqdn: {
                "up_to_date": store.up_to_date(replica),
                "number": replica.version.number,
                **_content(replica.version.content),
            }
            for replica in store.replicas.values()
        },
        "local_certificates": {
            fqdn: {kind: assignment.issued.thumbprint for kind, assignment in own.items()}
            for fqdn, own in store.local.items()
        },
    }


def _content(content: Content) -> dict[str, Any]:
    return {
        "oauth": asdict(content.oauth),
        "sip_domains": [asdict(domain) for domain in content.sip_domains],
        "partner_applications": [asdict(application) for application in content.partner_applications],
        "certificates": {kind: _assignment(assignment) for kind, assignment in content.certificates.items()},
    }


def _assignment(assignment: Assignment) -> dict[str, Any]:
    return {
        "thumbprint": assignment.issued.thumbprint,
        "previous": assignment.previous.thumbprint if assignment.previous else "",
        "effective": assignment.effective.isoformat() if assignment.effective else None,
    }


def _zones(farm: Farm) -> dict[str, Any]:
    return {
        zone.name: [
            {"name": zone.relative(entry.owner), "type": entry.type, "ttl": entry.ttl, "data": entry.data.to_text()}
            for entry in zone.entries()
        ]
        for zone in farm.zones.zones
    }


def _certificate(farm: Farm, issued: Issued) -> dict[str, Any]:
    holders = {
        fqdn: machine.store.entries[issued.thumbprint].has_key
        for fqdn, machine in farm.machines.items()
        if issued.thumbprint in machine.store.entries
    }
    return {
        "thumbprint": issued.thumbprint,
        "subject": issued.subject,
        "issuer": issued.issuer,
        "dns_names": issued.dns_names,
        "bits": issued.bits,
        "not_before": issued.not_before.isoformat(),
        "not_after": issued.not_after.isoformat(),
        "hosts": holders,
    }
