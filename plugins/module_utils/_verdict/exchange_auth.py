# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Exchange Auth certificate: what AuthConfig names has to be on every server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.certificate import (
    Judged,
    judge_certificate,
    look_up,
    successor,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.finding import Case, Finding, Policy
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import (
    AuthConfig,
    Certificate,
    ExchangeServers,
    Store,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.rules import ADVICE

AUTH_SUBJECT = "Microsoft Exchange Server Auth Certificate"

# The AuthAdmin servicelet publishes within 12 hours of the effective date (docs of MonitorExchangeAuthCertificate)
_PUBLISHED_WITHIN = dt.timedelta(hours=12)


def judge_auth_certificates(observed: Sequence[ExchangeServers], policy: Policy) -> Iterator[Finding | Judged]:
    """Every server against the AuthConfig it showed, or against the organisation's where it showed none."""
    configs = [servers.auth_config for servers in observed if servers.auth_config is not None]
    yield from _same_everywhere(observed, configs, policy)
    for servers in observed:
        config = servers.auth_config or next(iter(configs), None)
        yield from _judge_configuration(servers, config, policy)
        for store in servers.stores:
            yield from _judge_server(store, config, policy)


def _same_everywhere(
    observed: Sequence[ExchangeServers], configs: Sequence[AuthConfig], policy: Policy
) -> Iterator[Finding]:
    """There is one AuthConfig in the organisation; what differs has not been replicated."""
    for servers in observed:
        if servers.auth_config is not None and servers.auth_config != configs[0] and servers.stores:
            evidence = f"{_shown(servers.auth_config)} here, but {_shown(configs[0])} elsewhere"
            yield Case(servers.stores[0].host, "ExchangeAuth", policy).finding("auth_configuration_differs", evidence)


def _judge_configuration(servers: ExchangeServers, config: AuthConfig | None, policy: Policy) -> Iterator[Finding]:
    readable = [store for store in servers.stores if not store.error]
    if not readable:
        return
    case = Case(readable[0].host, "ExchangeAuth", policy)
    if config is None or not config.current:
        read = ADVICE[case.use].named_by
        shown = f"{read} shows no current certificate" if config else "AuthConfig was not read on any server"
        yield case.finding("auth_certificate_unassigned", shown)
    elif (
        _has_next(config) and config.next_effective_date and config.next_effective_date + _PUBLISHED_WITHIN < policy.now
    ):
        due = instant(config.next_effective_date)
        evidence = f"{config.next} was to take effect at {due}; {config.current} is still current"
        yield Case(case.host, "ExchangeAuthNext", policy, config.next).finding("auth_next_overdue", evidence)


def _has_next(config: AuthConfig) -> bool:
    """Whether another certificate than the current one is staged."""
    return config.next not in ("", config.current)


def _judge_server(store: Store, config: AuthConfig | None, policy: Policy) -> Iterator[Finding | Judged]:
    case = Case(store.host, "ExchangeAuth", policy)
    if store.error:
        yield case.finding("host_not_read", store.error)
        return
    if config is None:
        return
    if _has_next(config):
        yield from _judge_next(store, config, policy)
    if not config.current:
        return
    case = case.about(config.current)
    found = look_up(store, case)
    if isinstance(found, Finding):
        yield found
        return
    yield case, found
    following = successor(found, store.certificates.get(config.next), config.next_effective_date)
    yield from judge_certificate(case, found, following=following)
    yield from _subject(case, found)


def _judge_next(store: Store, config: AuthConfig, policy: Policy) -> Iterator[Finding | Judged]:
    case, effective = Case(store.host, "ExchangeAuthNext", policy, config.next), config.next_effective_date
    found = look_up(store, case)
    if isinstance(found, Finding):
        # Nothing breaks before it takes effect
        harmless = effective is not None and effective > policy.now
        yield case.finding("certificate_missing", found.evidence, severity="warning" if harmless else None)
        return
    yield case, found
    yield from judge_certificate(case, found, effective=effective)
    yield from _subject(case, found)
    current = store.certificates.get(config.current)
    if current and current.not_after and effective and effective > current.not_after:
        until = f"the current one, {config.current}, ends at {instant(current.not_after)}"
        yield case.finding("rollover_too_late", f"it takes effect at {instant(effective)}; {until}")


def _subject(case: Case, certificate: Certificate) -> Iterator[Finding]:
    """Exchange takes any subject that AuthConfig names; its own tools, and Microsoft's scripts, look for this one."""
    if certificate.subject is not None and certificate.subject.lower() != f"cn={AUTH_SUBJECT}".lower():
        yield case.finding("auth_certificate_subject", f"subject {certificate.subject or '(empty)'}")


def _shown(config: AuthConfig) -> str:
    effective = f" from {instant(config.next_effective_date)}" if config.next_effective_date else ""
    return f"current {config.current or 'none'}, next {config.next or 'none'}{effective}"
