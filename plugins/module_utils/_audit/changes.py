# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles would change: the difference between what was read and what is described, and what holds a part of it back.

Preflight shows it, the roles do it, verify sees that nothing of it is left: all three ask here.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import Farm, FrontEnd, Names
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.token_issuer_intent import (
    Intent,
    find_token_issuer_intent,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import leads_to_cloud
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import qualify_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.resolution import (
    Entry,
    judge_resolution,
    make_address_target,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.autodiscover_uri import (
    Conflict,
    find_conflict,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.client_access import TABLE as CLIENT_ACCESS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.client_access import URI
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.organization import host_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.taking_part import names_of
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.description import Description, WantedRecord
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync import oauth_configuration as oauth

Role = t.Literal["dns", "certificates", "autodiscover", "oauth", "virtual_directories", "partners", "restart"]
TAKE_BACK = "take_back"
"""The action of role certificates that removes a server's own assignment."""
State = t.Literal["to_do", "held", "kept"]
"""``held`` until the user says whether it may be replaced; ``kept`` where the user has accepted what is there."""


@dataclass(frozen=True)
class Change:
    """One thing that a role would change.

    :ivar about: what is changed: a record's name, a server, ``OAuthTokenIssuer``, a property of the OAuth configuration.
    :ivar host: the server that it is about.
    :ivar before: what is there, for people; empty for nothing.
    :ivar after: what is described, for people.
    :ivar conflict: the rule that holds it back, or would without the user's word.
    :ivar details: what the role needs.
    :ivar also: what else the user may have narrowed a rule to, beside ``about`` and ``host``.
    """

    role: Role
    about: str
    host: str
    before: str
    after: str
    conflict: str = ""
    state: State = "to_do"
    details: dict[str, t.Any] = field(default_factory=dict)
    also: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """For the result; what the role needs is not for people."""
        names = ("role", "about", "host", "before", "after", "conflict", "state")
        return {name: getattr(self, name) for name in names}


def find_changes(farm: Farm, description: Description, now: dt.datetime) -> Iterator[Change]:
    """Everything that differs, in the order in which the roles work: DNS comes before the products are pointed at the name."""
    for change in (
        *find_dns_changes(farm, description),
        *find_certificate_changes(farm, description, now),
        *find_own_assignments(farm, description, now),
        *find_autodiscover_changes(farm, description),
        *find_oauth_changes(farm, description),
    ):
        yield settle(change, description)


def settle(change: Change, description: Description, *things: str) -> Change:
    """What the user has said about what holds the change back.

    :param things: what else the user may have narrowed it to, beside the change's own name and host.
    """
    if not change.conflict:
        return change
    names = (change.about, change.host, *change.also, *things)
    if description.allows(change.conflict, *names):
        return change
    state: State = "kept" if description.accepts(change.conflict, *names) else "held"
    return Change(**{**vars(change), "state": state})


def list_wanted_records(farm: Farm, description: Description) -> list[WantedRecord]:
    """The records that are described, or that follow from the description where none are.

    Autodiscover belongs to the mail domain, so that further SIP domains get a record only where they are accepted domains.
    """
    if description.dns_records is not None:
        return list(description.dns_records)
    names = [description.autodiscover_name]
    domains = farm.organization.accepted_domains if farm.organization else None
    accepted = {spell_domain(str(domain["domain_name"])) for domain in domains or ()}
    names += [f"autodiscover.{name}" for name in description.sip_domains if spell_domain(name) in accepted]
    return [WantedRecord(name, (description.exchange_fqdn,)) for name in dict.fromkeys(names)]


def find_dns_changes(farm: Farm, description: Description) -> Iterator[Change]:
    """Records that are missing, or whose name leads elsewhere."""
    dns = farm.dns
    if dns is None or dns.names is None:
        return
    for record in list_wanted_records(farm, description):
        name = qualify_name(record.name, record.zone)
        entry = dns.names.get(name)
        if entry is None or entry["zone"] is None:
            continue
        judgement = judge_resolution(entry, _find_target(record, dns))
        if judgement.verdict in ("same", "equivalent"):
            continue
        yield Change(
            "dns",
            name,
            dns.host,
            "" if judgement.verdict == "missing" else judgement.evidence,
            f"{record.type} {', '.join(record.value)}",
            "" if judgement.verdict == "missing" and not _others(entry) else "dns_points_elsewhere",
            details={"record": record},
        )


def _others(entry: Entry) -> list[t.Any]:
    """Records of other types that a CNAME cannot stand beside."""
    return [item for item in entry["records"] if item["type"] not in ("RRSIG", "NSEC", "NSEC3")]


def _find_target(record: WantedRecord, dns: Names) -> Entry:
    if record.type != "CNAME":
        return make_address_target(record.value)
    target = qualify_name(record.value[0], record.zone)
    unknown: Entry = {
        "name": target,
        "zone": None,
        "records": [],
        "resolution": {"chain": [], "addresses": [], "complete": False},
    }
    return (dns.names or {}).get(target, unknown)


def find_autodiscover_changes(farm: Farm, description: Description) -> Iterator[Change]:
    """Servers whose service connection point has another URI."""
    organization = farm.organization
    if organization is None or organization.servers is None or organization.client_access is None:
        return
    (row,) = (row for row in CLIENT_ACCESS.properties if row.option == URI)
    wanted, rules = description.autodiscover_service_internal_uri, _AUTODISCOVER_RULES
    services = {service["name"]: service for service in organization.client_access}
    for server in organization.servers:
        service = services.get(server["name"])
        if service is None or not _is_asked(server, description) or row.kind.same(service[URI], wanted):
            continue
        # what was not read is not taken for "no hybrid organisation"
        hybrid = organization.hybrid_configuration is not None or "hybrid_configuration" not in organization.read
        conflict = rules[find_conflict(service[URI], server, hybrid=hybrid)]
        host = host_name(server)
        yield Change(
            "autodiscover", host, host, service[URI] or "", wanted, conflict, details={"server": server["name"]}
        )


_AUTODISCOVER_RULES: dict[Conflict, str] = {
    "": "",
    "chosen": "autodiscover_uri_replaced",
    "cloud": "cloud_url",
    "hybrid": "hybrid_organization",
}


def _is_asked(server: dict[str, t.Any], description: Description) -> bool:
    """Whether the description is about the server: one of those that it names, or any, less those that it leaves out."""
    names = names_of(server)
    asked = {name.strip().rstrip(".").casefold() for name in description.autodiscover_servers}
    left_out = {name.strip().rstrip(".").casefold() for name in description.leave_out}
    return not names & left_out and (not asked or bool(names & asked))


def find_oauth_changes(farm: Farm, description: Description) -> Iterator[Change]:
    """Properties of Lync's OAuth configuration that differ."""
    deployment = farm.deployment
    if deployment is None or deployment.oauth_configuration is None:
        return
    observed = deployment.oauth_configuration
    wanted = oauth.TABLE.desired(list_oauth_options(description))
    differing = oauth.TABLE.differing(observed, wanted)
    conflicts = oauth.find_conflicts(observed, differing)
    for name, value in differing.items():
        conflict = "oauth_configuration_replaced" if name in conflicts else ""
        if conflict and name == oauth.URL and leads_to_cloud(observed[name]):
            conflict = "cloud_url"
        yield Change("oauth", name, deployment.computer, _show(observed[name]), _show(value), conflict)


def list_oauth_options(description: Description) -> dict[str, t.Any]:
    """The options of ``lync_oauth_configuration`` that the description gives."""
    return {
        oauth.URL: description.exchange_autodiscover_url,
        oauth.ALLOWED: description.exchange_autodiscover_allowed_domains,
        "realm": description.lync_realm,
        "service_name": description.lync_service_name,
    }


def _show(value: t.Any) -> str:
    return ", ".join(value) if isinstance(value, (list, tuple)) else str(value or "")


def find_certificate_changes(farm: Farm, description: Description, now: dt.datetime) -> Iterator[Change]:
    """The assignment of the OAuthTokenIssuer certificate, where another one is described, or none is assigned."""
    speaker = find_speaker(farm)
    intent = speaker and find_intent(farm, speaker, description, now)
    if speaker and intent and intent.action in ("assign", "stage", "replace"):
        yield Change(
            "certificates",
            "OAuthTokenIssuer",
            speaker.computer,
            intent.in_use + (f", then {intent.lost} (staged)" if intent.lost else ""),
            intent.thumbprint + (" (staged)" if intent.action == "stage" else ""),
            "token_issuer_in_use" if intent.is_conflict else "",
            details={"thumbprint": intent.thumbprint, "action": intent.action},
            also=tuple(filter(None, (intent.in_use, intent.lost))),
        )


def find_intent(farm: Farm, speaker: FrontEnd, description: Description, now: dt.datetime) -> Intent | None:
    """What is to become of the certificate; None where what it depends on was not read."""
    if speaker.assigned is None or speaker.store is None or speaker.global_issuers is None:
        return None
    return find_token_issuer_intent(farm, speaker, description, now)


def find_own_assignments(farm: Farm, description: Description, now: dt.datetime) -> Iterator[Change]:
    """Servers with an OAuthTokenIssuer assignment of their own, where there is or will be a global one that they would go by instead."""
    speaker = find_speaker(farm)
    intent = speaker and find_intent(farm, speaker, description, now)
    if not intent:
        return
    following = intent.thumbprint if intent.action in ("assign", "replace") else intent.in_use
    for front_end in farm.front_ends if following else ():
        if front_end.own_issuers and not description.leaves_out(front_end.host, front_end.computer):
            own = ", ".join(dict.fromkeys(item.thumbprint for item in front_end.own_issuers))
            yield Change(
                "certificates",
                "OAuthTokenIssuer",
                front_end.computer,
                f"{own} (its own)",
                following,
                "token_issuer_scope",
                details={"action": TAKE_BACK, "host": front_end.host},
                also=(front_end.host,),
            )


def find_speaker(farm: Farm) -> FrontEnd | None:
    """The front end that speaks for the deployment."""
    host = farm.deployment.host if farm.deployment else None
    return next((item for item in farm.front_ends if item.host == host), None)
