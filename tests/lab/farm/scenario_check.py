# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scenario says has to fit together: names that it uses are there, and words are ones that the model knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from farm.certificates import DIGESTS
from farm.directory import list_controllers
from farm.errors import LabError
from farm.lync.roles import KINDS
from farm.scenario import HYBRID_FEATURES, Scenario

PROVIDERS = ("csp", "cng")
PROTECTION = ("None", "Allow", "Require")
PROTOCOLS = ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
OTHER_SERVERS = ("exchange", "edge")


def check(scenario: Scenario) -> None:
    """Refuse a scenario that does not fit together.

    :raises LabError: with the first thing that is wrong.
    """
    for message in (*_check_words(scenario), *_check_names(scenario)):
        raise LabError(f"scenario {scenario.name}: {message}")


def _check_words(scenario: Scenario) -> Iterator[str]:
    for pool in scenario.lync.pools:
        yield from _check_word(f"pool {pool.fqdn}: kind", pool.kind, KINDS)
    for certificate in scenario.certificates:
        yield from _check_word(f"certificate {certificate.name}: provider", certificate.provider, PROVIDERS)
        yield from _check_word(f"certificate {certificate.name}: digest", certificate.digest, DIGESTS)
    for host in scenario.machines():
        yield from _check_word(f"host {host.fqdn}: extended_protection", host.extended_protection, PROTECTION)
        for version in host.tls_disabled:
            yield from _check_word(f"host {host.fqdn}: tls_disabled", version, PROTOCOLS)
    for server in scenario.exchange.servers:
        yield from _check_word(f"server {server.fqdn}: role", server.role, OTHER_SERVERS)
    if scenario.exchange.hybrid:
        for feature in scenario.exchange.hybrid.features:
            yield from _check_word("hybrid: feature", feature, HYBRID_FEATURES)


def _check_names(scenario: Scenario) -> Iterator[str]:
    lync = scenario.lync
    if lync.central_management and lync.central_pool.fqdn.lower() != lync.central_management.lower():
        yield f"central_management names {lync.central_management}, which is no pool"
    if lync.master.lower() not in [name.lower() for name in lync.central_pool.computers]:
        yield f"active_master names {lync.master}, which is not in the pool {lync.central_pool.fqdn}"
    known = {name.lower() for host in scenario.machines() for name in (host.fqdn, host.short)}
    certificates = {certificate.name for certificate in scenario.certificates}
    for application in scenario.exchange.partner_applications:
        for name in application.certificates:
            if name not in certificates:
                yield f"partner application {application.name}: there is no certificate {name}"
    for host in scenario.machines():
        for name in host.root_certificates:
            if name not in certificates:
                yield f"{host.fqdn}: there is no certificate {name} (root_certificates)"
    controllers = list_controllers(scenario)
    for host in scenario.machines():
        if host.domain_controller and not any(each.is_called(host.domain_controller) for each in controllers):
            yield f"{host.fqdn}: there is no domain controller {host.domain_controller}"
    hybrid = scenario.exchange.hybrid
    for name in hybrid.transport_servers if hybrid else []:
        if name.lower() not in known:
            yield f"hybrid: there is no server {name}"


def _check_word(what: str, word: str, words: Iterable[str]) -> Iterator[str]:
    known = list(words)
    if word not in known:
        yield f"{what} {word!r} is not one of {', '.join(known)}"
