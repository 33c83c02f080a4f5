# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule: what breaks it, how grave that is, and whom it names. A farm in which nothing is wrong breaks none."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Stage
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.rulebook import REPLACEMENTS, RULES
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils.healthy_farm import (
    DNS,
    EXCHANGE,
    EXCHANGE_URL,
    LYNC,
    LYNC_URL,
    OF_EXCHANGE,
    OF_LYNC,
    SECOND,
    HealthyFarm,
    assign,
    challenge,
    cname,
    directory,
    im_settings,
    name,
    partner,
    point,
    pointer,
    server,
    show,
)

DAY = dt.timedelta(days=1)
OF_SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
OTHER = "ex2.litware.example"


@pytest.fixture
def farm(certificate: Any, now: dt.datetime) -> HealthyFarm:
    return HealthyFarm(certificate, now)


Break = Callable[[HealthyFarm], Any]


class Case(NamedTuple):
    """How a rule is broken, and what is found: severity and host, for each finding of the rule."""

    rule: str
    broken: Break
    found: list[tuple[str, str]]
    description: Mapping[str, Any] = MappingProxyType({})
    stage: Stage = "after"


def change(host: str, part: str, value: Any) -> Break:
    return lambda farm: farm.of(host).update({part: value})


ALL_TLS = ["TLS 1.0", "TLS 1.1", "TLS 1.2"]
EVENT = {
    "id": 32054,
    "count": 3,
    "last": "2026-08-01T11:00:00Z",
    "message": "Storage Service had an EWS Autodiscovery failure.",
}


def ask_machines(*hosts: str, **more: Any) -> Break:
    """The machines of Exchange and of the first front end were asked; on these hosts they said something else."""

    def ask(farm: HealthyFarm) -> None:
        facts: dict[str, Any] = {"error": None, "tls_off_as_client": [], "tls_off_as_server": [], "strong_crypto": None}
        facts |= {"proxy": None, "proxy_exceptions": [], "authorities": [farm.tls["raw_data"]], "events": []}
        facts |= {"roots": [farm.tls["thumbprint"]]}
        for host in (EXCHANGE, LYNC):
            farm.of(host)["machine"] = {**facts, **(more if host in (hosts or (EXCHANGE, LYNC)) else {})}
            farm.of(host)["metadata"]["certificate"] = farm.tls

    return ask


def mix_tls(farm: HealthyFarm) -> None:
    ask_machines(LYNC, strong_crypto=False)(farm)
    farm.of(EXCHANGE)["machine"]["tls_off_as_server"] = ["TLS 1.0"]


def require_extended_protection(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["virtual_directories"]["web_services"][0]["extended_protection"] = "Require"


def switch_ws_security_off(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["virtual_directories"]["web_services"][0]["ws_security_authentication"] = False


def publish(host: str, **more: Any) -> Break:
    return lambda farm: farm.of(host)["metadata"].update(more)


def publish_another_key(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["metadata"]["signing_keys"].append({"thumbprint": "C" * 40})


def lose_auth_certificate(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["certificates"][0]["certificates"] = [farm.tls]
    publish(EXCHANGE, status=500, error="HTTP 500", signing_keys=[])(farm)


def unassign_and_fail(farm: HealthyFarm) -> None:
    for host in (LYNC, SECOND):
        farm.of(host)["assigned"] = []
        publish(host, status=500, error="HTTP 500", signing_keys=[])(farm)


def distrust(*trusted: str, partners: list[dict[str, Any]] | None = None, **more: Any) -> Break:
    def replace(farm: HealthyFarm) -> None:
        farm.of(EXCHANGE)["challenge"] = challenge(*trusted, **more)
        if partners is not None:
            farm.of(EXCHANGE)["partner_applications"] = partners

    return replace


def disable_in_exchange(farm: HealthyFarm) -> None:
    distrust(partners=[partner("LyncEnterprise", OF_LYNC, LYNC_URL, enabled=False)])(farm)


def switch_oauth_off(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["virtual_directories"]["autodiscover"] = [directory(EXCHANGE, oauth=False)]
    distrust(trusted_issuers=None)(farm)


def set_service(host: str, service: str, **more: Any) -> Break:
    def stop(farm: HealthyFarm) -> None:
        farm.of(host)["windows_services"] = [{"name": service, "status": "Stopped"}]
        farm.of(host).update(more)

    return stop


def stop_master_of_a_pool_of_one(farm: HealthyFarm) -> None:
    farm.of(LYNC)["pools"][0]["computers"] = [LYNC]
    set_service(LYNC, "MASTER", central_management={"active_master_fqdn": "pool.litware.example"})(farm)


def use_issuer(make: Callable[[HealthyFarm], dict[str, Any]], *hosts: str, **more: Any) -> Break:
    """Another OAuthTokenIssuer, in use on these hosts."""

    def replace(farm: HealthyFarm) -> None:
        shown = make(farm)
        for host in hosts or (LYNC, SECOND):
            farm.of(host).update(assigned=[assign(shown, **more)], store=[shown])

    return replace


def use_auth(make: Callable[[HealthyFarm], dict[str, Any]]) -> Break:
    """Another Auth certificate."""

    def replace(farm: HealthyFarm) -> None:
        shown = make(farm)
        farm.of(EXCHANGE)["auth_config"]["current_certificate_thumbprint"] = shown["thumbprint"]
        farm.of(EXCHANGE)["certificates"][0]["certificates"] = [shown, farm.tls]

    return replace


def set_partner(host: str, **more: Any) -> Break:
    """The partner application on premises, on the side of the host's product."""

    def put(farm: HealthyFarm) -> None:
        for item in farm.of(host)["partner_applications"]:
            if item["url"]:
                item.update(more)

    return put


def drop_partner(host: str) -> Break:
    """As before anybody has made it."""

    def drop(farm: HealthyFarm) -> None:
        there = farm.of(host)["partner_applications"]
        farm.of(host)["partner_applications"] = [item for item in there if not item["url"]]

    return drop


def forbid_accounts(farm: HealthyFarm) -> None:
    drop_partner(EXCHANGE)(farm)
    account: dict[str, Any] = {"account": "LyncEnterprise-ApplicationAccount", "assigned": [], "missing": []}
    account["error"] = "not there"
    offered = [*farm.of(EXCHANGE)["offered"], "New-PartnerApplication"]
    farm.of(EXCHANGE).update(script_account=account, offered=offered)


def add_partner(host: str, **given: Any) -> Break:
    return lambda farm: farm.of(host)["partner_applications"].append(partner(**given))


def issuer(subject: str = "litware.example", *, shown: dict[str, Any] | None = None, **more: Any) -> Any:
    return lambda farm: show(farm.make(subject, **more), **{"key_provider": "csp", **(shown or {})})


def in_days(days: float) -> Any:
    return lambda farm: show(farm.make("litware.example", not_after=farm.now + days * DAY), key_provider="csp")


def stage(days_ahead: float, **certificate: Any) -> Break:
    """A certificate that is staged beside the one in use, which ends in ten days."""

    def add(farm: HealthyFarm) -> None:
        current, following = in_days(10)(farm), issuer(serial=77, **certificate)(farm)
        date = (farm.now + days_ahead * DAY).isoformat()
        staged = assign(following, effective_date=date, previous_thumbprint=current["thumbprint"])
        for host in (LYNC, SECOND):
            farm.of(host).update(assigned=[assign(current), staged], store=[current, following])

    return add


def add_servers(*servers: dict[str, Any]) -> Break:
    return lambda farm: farm.of(EXCHANGE)["servers"].extend(servers)


def set_uri(uri: str | None, **more: Any) -> Break:
    def replace(farm: HealthyFarm) -> None:
        farm.of(EXCHANGE)["client_access"][0]["autodiscover_service_internal_uri"] = uri
        farm.of(EXCHANGE).update(more)

    return replace


def set_oauth(**settings: Any) -> Break:
    def replace(farm: HealthyFarm) -> None:
        farm.of(LYNC)["oauth_configuration"].update(settings)
        farm.of(SECOND)["local_oauth_configuration"].update(settings)

    return replace


def set_name(*records: dict[str, Any], **resolution: Any) -> Break:
    def replace(farm: HealthyFarm) -> None:
        farm.of(DNS)["names"][0] = name("autodiscover.litware.example", *records, **resolution)

    return replace


def set_points(*points: dict[str, Any]) -> Break:
    """What Active Directory itself has."""

    def replace(farm: HealthyFarm) -> None:
        farm.of(EXCHANGE)["service_connection_points"]["service_connection_points"] = list(points)

    return replace


def hide_directory(farm: HealthyFarm) -> None:
    del farm.of(EXCHANGE)["service_connection_points"]


def serve(shown: dict[str, Any] | None) -> Break:
    error = None if shown else "ex1.litware.example:443: timed out"
    found = {"name": "autodiscover.litware.example", "certificate": shown, "error": error}
    return change(EXCHANGE, "served_certificates", [found])


def accept(*domains: str) -> Break:
    return change(EXCHANGE, "accepted_domains", [{"name": item, "domain_name": item} for item in domains])


def unassign(farm: HealthyFarm) -> None:
    for host in (LYNC, SECOND):
        farm.of(host)["assigned"] = []


def leave(host: str) -> Break:
    return lambda farm: farm.snapshots.pop(host)


def use_broken(farm: HealthyFarm) -> None:
    """A certificate in use of which nothing can be decoded."""
    raw = "MIIDAzCCAeug"
    shown = show(raw)
    farm.of(SECOND).update(assigned=[assign(shown)], store=[shown])


def other_issuer(farm: HealthyFarm) -> dict[str, Any]:
    """A certificate in the store that is not assigned."""
    return show(farm.make("litware.example", serial=99), key_provider="csp")


def set_im(*overrides: Callable[[HealthyFarm], dict[str, Any]], **more: Any) -> Break:
    """How Outlook on the web is configured for instant messages, and what else the host says."""

    def replace(farm: HealthyFarm) -> None:
        farm.of(EXCHANGE).update(setting_overrides=[make(farm) for make in overrides], **more)

    return replace


def im(pool: str = "pool.litware.example", *, thumbprint: str | None = None, **more: Any) -> Any:
    """An override; of the web site's certificate where nothing is said."""
    return lambda farm: im_settings(pool, farm.tls["thumbprint"] if thumbprint is None else thumbprint, **more)


def let_im_end(days: float) -> Break:
    """The certificate that is named is there, and ends."""

    def replace(farm: HealthyFarm) -> None:
        shown = show(farm.make("mail.litware.example", not_after=farm.now + days * DAY))
        farm.of(EXCHANGE)["certificates"][0]["certificates"].append(shown)
        farm.of(EXCHANGE)["setting_overrides"] = [im(thumbprint=shown["thumbprint"])(farm)]

    return replace


def run_lync_2013(farm: HealthyFarm) -> None:
    farm.of(LYNC)["version"] = {"product": "Microsoft Lync Server 2013", "build": "5.0.8308.1149"}


def trust_computers(*computers: tuple[str, str]) -> Break:
    return change(LYNC, "trusted_application_computers", [{"fqdn": name, "pool": pool} for name, pool in computers])


def set_version(version: str) -> Break:
    return lambda farm: farm.of(EXCHANGE)["servers"][0].update(version=version)


def both(*breaks: Break) -> Break:
    def run(farm: HealthyFarm) -> None:
        for each in breaks:
            each(farm)

    return run


def probe(host: str, *problems: str) -> Break:
    """What the server said when it was to download the partner's document."""
    told = {"name": "Exchange", "url": "https://x/metadata/json/1", "problems": list(problems), "error": None}
    return change(host, "partner_documents", [told])


def fill_roots(*roots: Callable[[HealthyFarm], str], times: int = 1) -> Break:
    """The trusted roots of the first front end."""

    def fill(farm: HealthyFarm) -> None:
        ask_machines()(farm)
        machine, raw = farm.of(LYNC)["machine"], [make(farm) for make in roots]
        machine["authorities"] = [*machine["authorities"], *raw]
        machine["roots"] = [show(item)["thumbprint"] for item in raw] * times

    return fill


def root(farm: HealthyFarm) -> str:
    return str(farm.make("A root"))


def issued(farm: HealthyFarm) -> str:
    return str(farm.make("An issuing authority", issuer=AUTHORITY))


AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
KEY_ENCIPHERMENT = x509.KeyUsage(
    **{
        bit: bit == "key_encipherment"
        for bit in (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        )
    }
)
HYBRID = {"domains": ["litware.example"], "features": []}
FAR = {"autodiscover_name": "elsewhere.litware.example"}
OLD = "https://ex1.litware.example/Autodiscover/Autodiscover.xml"
CASES = [
    Case("scp_differs", set_points(point("EX1", autodiscover_service_internal_uri=OLD)), [("warning", EXCHANGE)]),
    Case("scp_differs", set_points(point("ex1", autodiscover_site_scope=["Atlanta"])), [("warning", EXCHANGE)]),
    Case("scp_differs", set_points(), [("warning", EXCHANGE)], stage="before"),
    Case("scp_differs", lambda farm: (set_points()(farm), set_uri(None)(farm)), []),
    Case("scp_differs", set_points(), [], {"leave_out": ["ex1"]}),
    Case("scp_differs", hide_directory, []),
    Case("scp_differs", set_points(point("EX1", autodiscover_service_internal_uri=OLD), point("EX1")), []),
    Case("scp_leftover", set_points(point("EX1"), point("EX9")), [("warning", "EX9")]),
    Case("scp_leftover", set_points(point("EX1"), point("EX9")), [], {"leave_out": ["EX9"]}),
    Case("scp_leftover", set_points(point("EX1"), point("Kolab", server=None)), []),
    Case(
        "scp_leftover",
        lambda farm: (set_points(point("EX1"), point("EX2"))(farm), add_servers(server(OTHER, "14.3.513.0"))(farm)),
        [],
    ),
    Case("scp_leftover", lambda farm: (set_points(point("EX9"))(farm), change(EXCHANGE, "servers", [])(farm)), []),
    Case("scp_duplicate", set_points(point("EX1"), point("EX1", name="EX1 copy")), [("warning", EXCHANGE)]),
    Case("scp_duplicate", set_points(point("EX1", mark="\\0ACNF:8bd2")), [("warning", EXCHANGE)]),
    Case("scp_duplicate", set_points(point("EX1"), pointer("contoso.com"), pointer("contoso.com")), []),
    Case("no_hosts", leave(DNS), [("error", "the inventory")], {"dns_hosts": []}),
    Case("host_not_in_play", leave(SECOND), [("error", SECOND)], {"in_play": [EXCHANGE, LYNC, DNS]}),
    Case("host_not_read", leave(SECOND), [("error", SECOND)], {"in_play": [EXCHANGE, LYNC, SECOND, DNS]}),
    Case(
        "host_not_read",
        lambda farm: farm.snapshots[LYNC]["unread"].append({"what": "lync.pools", "message": f"{LYNC}: refused."}),
        [("error", LYNC)],
    ),
    Case(
        "not_writable",
        lambda farm: (set_uri(None)(farm), change(EXCHANGE, "offered", [])(farm)),
        [("error", EXCHANGE)],
        stage="before",
    ),
    Case("clock_skew", lambda farm: farm.snapshots[SECOND].update(clock_offset=-301.0), [("error", SECOND)]),
    Case("exchange_server_left_out", add_servers(server(OTHER, "14.3.513.0")), [("info", OTHER)]),
    Case("exchange_server_left_out", add_servers(server(OTHER, is_edge=True)), [("info", OTHER)]),
    Case(
        "exchange_store_unread",
        lambda farm: (
            add_servers(server(OTHER))(farm),
            change(EXCHANGE, "other_certificates", [{"host": OTHER, "certificates": [], "error": "RPC failed"}])(farm),
        ),
        [("error", OTHER)],
    ),
    Case(
        "exchange_service_stopped",
        change(EXCHANGE, "service_health", [{"role": "Mailbox", "services_not_running": ["MSExchangeIS"]}]),
        [("error", EXCHANGE)],
    ),
    Case(
        "oauth_off",
        change(EXCHANGE, "virtual_directories", {"web_services": [directory(EXCHANGE, oauth=False)]}),
        [("error", EXCHANGE)],
    ),
    Case("hybrid_organization", change(EXCHANGE, "hybrid_configuration", HYBRID), [("info", "Exchange")]),
    Case("hybrid_organization", set_uri(None, hybrid_configuration=HYBRID), [("error", EXCHANGE)], stage="before"),
    Case(
        "autodiscover_uri_replaced",
        set_uri("https://eu.litware.example/autodiscover/autodiscover.xml"),
        [("error", EXCHANGE)],
    ),
    Case(
        "autodiscover_uri_replaced",
        set_uri("https://eu.litware.example/autodiscover/autodiscover.xml"),
        [("info", EXCHANGE)],
        {"replace": ["autodiscover_uri_replaced"]},
        "before",
    ),
    Case(
        "autodiscover_uri_differs", set_uri(f"https://{EXCHANGE}/Autodiscover/Autodiscover.xml"), [("error", EXCHANGE)]
    ),
    Case("cloud_url", set_uri("https://autodiscover.outlook.com/autodiscover/autodiscover.xml"), [("error", EXCHANGE)]),
    Case(
        "cloud_url",
        set_oauth(exchange_autodiscover_url="https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc"),
        [("error", "Lync")],
    ),
    Case(
        "autodiscover_name_missing",
        lambda farm: (
            change(EXCHANGE, "certificates", [{"host": EXCHANGE, "certificates": [farm.auth], "error": None}])(farm),
            change(EXCHANGE, "served_certificates", [])(farm),
        ),
        [("warning", EXCHANGE)],
    ),
    # the store has a certificate for it, and the web site shows another one
    Case("autodiscover_name_missing", lambda farm: serve(farm.issuer)(farm), [("warning", EXCHANGE)]),
    Case("metadata_failed", publish(EXCHANGE, status=500, error="HTTP 500", signing_keys=[]), [("error", EXCHANGE)]),
    Case("metadata_failed", lose_auth_certificate, []),
    Case("metadata_failed", publish(SECOND, status=500, error="HTTP 500", signing_keys=[]), [("error", SECOND)]),
    Case("metadata_failed", unassign_and_fail, []),
    Case("metadata_not_seen", publish(LYNC, status=None, error="timed out", signing_keys=[]), [("info", LYNC)]),
    Case("metadata_stale", publish(EXCHANGE, signing_keys=[{"thumbprint": "B" * 40}]), [("warning", EXCHANGE)]),
    Case("metadata_stale", publish(SECOND, signing_keys=[]), [("warning", SECOND)]),
    Case("metadata_foreign_key", publish_another_key, [("warning", EXCHANGE)]),
    Case("issuer_not_trusted", distrust(), [("error", EXCHANGE)]),
    Case("issuer_not_trusted", distrust(), [("warning", EXCHANGE)], {"require_trust": False}),
    Case("issuer_not_trusted", distrust(), [("warning", EXCHANGE)], stage="before"),
    Case("issuer_not_trusted", distrust(), [("info", EXCHANGE)], {"restart": True}, "before"),
    Case("issuer_not_trusted", distrust(f"{OF_LYNC}@other.example"), [("error", EXCHANGE)]),
    Case("issuer_not_trusted", disable_in_exchange, [("error", EXCHANGE)]),
    Case("issuer_not_trusted", disable_in_exchange, [], {"tolerate": ["partner_application_disabled"]}),
    Case("issuer_not_trusted", disable_in_exchange, [("error", EXCHANGE)], {"tolerate": ["partner_keys_stale"]}),
    Case("issuer_not_trusted", distrust(trusted_issuers=None), [("error", EXCHANGE)]),
    Case("issuer_not_trusted", switch_oauth_off, []),
    Case("issuer_not_trusted", distrust(partners=[]), []),
    Case("issuer_not_trusted", distrust(error="timed out"), []),
    Case("machine_not_read", ask_machines(error="no WinRM"), [("info", EXCHANGE), ("info", LYNC)]),
    Case("authority_not_trusted", ask_machines(), []),
    Case("authority_not_trusted", ask_machines(authorities=[]), [("warning", EXCHANGE), ("warning", LYNC)]),
    Case("tls_versions_differ", ask_machines(tls_off_as_client=["TLS 1.0"]), []),
    Case("tls_versions_differ", ask_machines(EXCHANGE, tls_off_as_server=["TLS 1.0", "TLS 1.1"]), []),
    Case("tls_versions_differ", ask_machines(LYNC, tls_off_as_client=ALL_TLS), [("error", LYNC)]),
    Case("strong_crypto_missing", ask_machines(LYNC, strong_crypto=False), []),
    Case("strong_crypto_missing", mix_tls, [("warning", LYNC)]),
    Case("winhttp_proxy_in_the_way", ask_machines(LYNC, proxy="proxy:80"), [("warning", LYNC)]),
    Case("winhttp_proxy_in_the_way", ask_machines(EXCHANGE, proxy="proxy:80"), []),
    Case(
        "winhttp_proxy_in_the_way",
        ask_machines(LYNC, proxy="proxy:80", proxy_exceptions=["<local>", "*.litware.example"]),
        [],
    ),
    Case("storage_service_failed", ask_machines(LYNC, events=[EVENT]), [("warning", LYNC)]),
    Case("extended_protection_required", require_extended_protection, [("warning", EXCHANGE)]),
    Case("ws_security_off", switch_ws_security_off, [("warning", EXCHANGE)]),
    Case("ws_security_off", switch_ws_security_off, [("info", EXCHANGE)], {"replace": ["ws_security_off"]}, "before"),
    Case("oauth_off", switch_oauth_off, [("error", EXCHANGE)], {"replace": ["oauth_off@web_services"]}, "before"),
    Case("oauth_off", switch_oauth_off, [("info", EXCHANGE)], {"replace": [f"oauth_off@{EXCHANGE}"]}, "before"),
    Case("oauth_off", switch_oauth_off, [], {"leave_out": [EXCHANGE]}),
    Case("web_site_not_seen", serve(None), [("info", EXCHANGE)]),
    Case(
        "autodiscover_name_missing",
        lambda _farm: None,
        [("error", EXCHANGE)],
        {**FAR, "replace": ["autodiscover_uri_replaced", "oauth_configuration_replaced"], "dns_records": []},
        "before",
    ),
    Case(
        "sip_domain_unknown",
        lambda _farm: None,
        [("error", "Lync")],
        {"sip_domains": ["litware.example", "other.example"]},
    ),
    Case(
        "sip_domain_not_default",
        change(
            LYNC,
            "sip_domains",
            [{"name": "other.example", "default": True}, {"name": "litware.example", "default": False}],
        ),
        [("error", "Lync")],
    ),
    Case("sip_domain_not_accepted", accept("other.example"), [("warning", "Exchange")]),
    Case("wildcard_accepted_domain", accept("*.litware.example"), [("error", "Exchange")]),
    Case(
        "front_end_not_in_inventory",
        lambda farm: farm.of(LYNC)["pools"][0]["computers"].append("fe3.litware.example"),
        [("warning", "fe3.litware.example")],
    ),
    Case("lync_service_stopped", set_service(LYNC, "RTCSRV"), [("error", LYNC)]),
    Case("lync_service_stopped", set_service(LYNC, "RTCRGS"), [("warning", LYNC)]),
    Case(
        "lync_service_stopped",
        set_service(LYNC, "MASTER", central_management={"active_master_fqdn": LYNC}),
        [("error", LYNC)],
    ),
    Case(
        "lync_service_stopped",
        set_service(LYNC, "MASTER", central_management={"active_master_fqdn": "pool.litware.example"}),
        [("warning", LYNC)],
    ),
    Case("lync_service_stopped", stop_master_of_a_pool_of_one, [("error", LYNC)]),
    Case("replica_behind", lambda farm: farm.of(LYNC)["replicas"][1].update(up_to_date=False), [("error", SECOND)]),
    Case(
        "replica_behind",
        lambda farm: farm.of(LYNC)["replicas"].append(
            {"replica_fqdn": "edge.litware.example", "up_to_date": False, "last_status_report": None}
        ),
        [("warning", "edge.litware.example")],
    ),
    Case(
        "replica_differs",
        lambda farm: farm.of(SECOND)["local_oauth_configuration"].update(realm="old.example"),
        [("error", SECOND)],
    ),
    Case(
        "oauth_configuration_replaced",
        set_oauth(realm="other.example"),
        [("error", "Lync")],
        {"lync_realm": "litware.example"},
    ),
    Case("oauth_configuration_differs", set_oauth(exchange_autodiscover_url=None), [("error", "Lync")]),
    Case(
        "dns_points_elsewhere",
        set_name(cname("autodiscover.outlook.com"), chain=["autodiscover.outlook.com"], complete=False),
        [("error", DNS)],
    ),
    Case("dns_record_differs", set_name(), [("error", DNS)]),
    Case("dns_zone_missing", set_name(zone=None), [("error", DNS)]),
    Case(
        "dns_zone_missing", change(DNS, "zones", [{"name": "litware.example", "type": "Secondary"}]), [("error", DNS)]
    ),
    Case("certificate_missing", change(SECOND, "store", []), [("error", SECOND)]),
    Case(
        "certificate_unreadable",
        use_broken,
        [("warning", SECOND)],
    ),
    Case("private_key_missing", use_issuer(issuer(shown={"has_private_key": False}), SECOND), [("error", SECOND)]),
    Case("private_key_unknown", use_auth(lambda farm: {**farm.auth, "has_private_key": None}), [("info", EXCHANGE)]),
    Case("key_type", use_issuer(issuer(key="ec")), [("error", LYNC), ("error", SECOND)]),
    Case("key_size", use_issuer(issuer(key="rsa1024")), [("error", LYNC), ("error", SECOND)]),
    Case(
        "not_yet_valid",
        use_issuer(lambda farm: show(farm.make("litware.example", not_before=farm.now + DAY)), LYNC),
        [("error", LYNC)],
    ),
    Case("expired", use_issuer(in_days(-1), LYNC), [("error", LYNC)]),
    Case("expires_soon", use_issuer(in_days(59.5)), [("warning", LYNC), ("warning", SECOND)]),
    Case("expires_soon", stage(2), [("info", LYNC), ("info", SECOND)]),
    Case("rollover_too_late", stage(9.5), [("warning", LYNC), ("warning", SECOND)]),
    Case(
        "server_authentication",
        lambda farm: use_issuer(issuer(purposes=[farm.make.client]), LYNC)(farm),
        [("warning", LYNC)],
    ),
    Case(
        "digital_signature",
        use_issuer(lambda farm: show(farm.make("litware.example", usages=KEY_ENCIPHERMENT)), LYNC),
        [("warning", LYNC)],
    ),
    Case(
        "signature_hash",
        use_auth(lambda farm: show(farm.make.signed_with_sha1(farm.auth["raw_data"]))),
        [("info", EXCHANGE)],
    ),
    Case(
        "signature_hash",
        use_issuer(lambda farm: show(farm.make.signed_with_sha1(farm.make("litware.example", issuer=AUTHORITY))), LYNC),
        [("warning", LYNC)],
    ),
    Case(
        "token_issuer_unassigned",
        unassign,
        [("error", LYNC), ("error", SECOND)],
        {"oauth_token_issuer_automatic": False},
    ),
    Case("token_issuer_not_chosen", unassign, [("error", LYNC)]),
    Case("token_issuer_not_found", lambda _farm: None, [("error", LYNC)], {"oauth_token_issuer_thumbprint": "A" * 40}),
    Case(
        "token_issuer_in_use",
        lambda farm: farm.of(LYNC)["store"].append(other_issuer(farm)),
        [("info", LYNC)],
        {"oauth_token_issuer_thumbprint": "other"},
        "before",
    ),
    Case(
        "token_issuer_in_use",
        lambda farm: (use_issuer(in_days(0.5))(farm), farm.of(LYNC)["store"].append(other_issuer(farm))),
        [("error", LYNC)],
        {"oauth_token_issuer_thumbprint": "other"},
        "before",
    ),
    Case(
        "token_issuer_date_past",
        lambda farm: farm.of(LYNC)["store"].append(other_issuer(farm)),
        [("error", LYNC)],
        {"oauth_token_issuer_thumbprint": "other", "oauth_token_issuer_effective_date": "2020-01-01T00:00:00Z"},
        "before",
    ),
    Case(
        "token_issuer_differs_from_description",
        lambda farm: farm.of(LYNC)["store"].append(other_issuer(farm)),
        [("error", LYNC)],
        {"oauth_token_issuer_thumbprint": "other"},
    ),
    Case("token_issuer_differs", use_issuer(issuer(serial=5), SECOND), [("error", LYNC), ("error", SECOND)]),
    Case("token_issuer_scope", use_issuer(lambda farm: farm.issuer, SECOND, scope="Machine"), [("warning", SECOND)]),
    Case(
        "private_key_not_exportable",
        lambda farm: farm.of(LYNC)["store"].append({**other_issuer(farm), "private_key_exportable": False}),
        [("error", LYNC)],
        {"oauth_token_issuer_thumbprint": "other"},
        "before",
    ),
    Case(
        "key_provider",
        lambda farm: (
            use_issuer(issuer(shown={"key_provider": "cng"}))(farm),
            change(LYNC, "version", {"build": "5.0.8308.0"})(farm),
        ),
        [("error", LYNC), ("error", SECOND)],
    ),
    Case("sip_domain_missing", use_issuer(issuer("other.example")), [("error", LYNC), ("error", SECOND)]),
    Case(
        "sip_domain_not_in_subject",
        use_issuer(issuer("pool.litware.local", dns_names=["sip.litware.example"]), LYNC),
        [("warning", LYNC)],
    ),
    Case("wildcard_subject", use_issuer(issuer("*.litware.example"), LYNC), [("warning", LYNC)]),
    Case("partner_application_missing", drop_partner(EXCHANGE), [("error", "Exchange")]),
    Case("partner_application_missing", drop_partner(LYNC), [("error", "Lync")]),
    Case("partner_application_missing", drop_partner(LYNC), [], stage="before"),
    Case(
        "partner_application_replaced",
        set_partner(EXCHANGE, url="https://old.litware.example/metadata/json/1"),
        [("error", "Exchange")],
    ),
    Case("partner_application_replaced", set_partner(LYNC, application_trust_level="User"), [("error", "Lync")]),
    Case(
        "partner_application_replaced",
        lambda farm: None,
        [("error", "Exchange")],
        {"linked_account": "LITWARE\\another"},
    ),
    Case("partner_application_disabled", set_partner(EXCHANGE, enabled=False), [("error", "Exchange")]),
    Case("partner_application_disabled", set_partner(LYNC, enabled=False), [("error", "Lync")], stage="before"),
    Case(
        "partner_application_duplicate",
        add_partner(EXCHANGE, name="again", identifier=OF_LYNC, url="https://old.litware.example/metadata/json/1"),
        [("warning", "Exchange")],
    ),
    Case(
        "partner_application_duplicate",
        lambda farm: (
            set_partner(LYNC, url="https://one.litware.example/metadata/json/1")(farm),
            add_partner(LYNC, name="b", identifier=OF_EXCHANGE, url="https://two.litware.example/metadata/json/1")(
                farm
            ),
        ),
        [("error", "Lync")],
    ),
    Case(
        "partner_application_duplicate",
        add_partner(LYNC, name="Exchange", identifier=OF_EXCHANGE, url=EXCHANGE_URL),
        [("error", "Lync")],
    ),
    Case(
        "partner_application_identifier",
        set_partner(LYNC, application_identifier=OF_SHAREPOINT),
        [("warning", "Lync")],
    ),
    Case(
        "partner_application_identifier",
        add_partner(EXCHANGE, name="again", identifier=OF_SHAREPOINT, url=f"https://{LYNC}/metadata/json/1"),
        [("warning", "Exchange")],
    ),
    Case(
        "partner_application_identifier",
        add_partner(
            LYNC,
            name="SharePoint",
            identifier=OF_SHAREPOINT,
            url="https://sp.litware.example/_layouts/15/metadata/json/1",
        ),
        [],
    ),
    Case("partner_metadata_unreachable", probe(LYNC), []),
    Case("partner_metadata_unreachable", probe(LYNC, "cannot resolve ex0: no."), [("warning", LYNC)]),
    Case("partner_metadata_unreachable", probe(EXCHANGE, "cannot resolve fe0: no."), [("warning", EXCHANGE)]),
    Case(
        "partner_metadata_unreachable",
        both(probe(LYNC, "cannot resolve autodiscover: no."), set_name()),
        [],
        stage="before",
    ),
    Case("owa_im_certificate", set_im(im(thumbprint="F" * 40)), [("warning", EXCHANGE)]),
    Case("owa_im_certificate", set_im(im(thumbprint="")), [("warning", EXCHANGE)]),
    Case("owa_im_certificate", let_im_end(-1), [("warning", EXCHANGE)]),
    Case("owa_im_certificate", let_im_end(59.5), [("warning", EXCHANGE)]),
    Case("owa_im_certificate", let_im_end(60.5), []),
    Case("owa_im_certificate", set_im(im(thumbprint="F" * 40, servers=["EX2"])), []),
    Case("owa_im_certificate", set_im(im(thumbprint="F" * 40, servers=["ex*"])), [("warning", EXCHANGE)]),
    Case("owa_im_certificate", set_im(im(thumbprint="F" * 40, max_version="15.1.0.0")), []),
    # which of two counts is not known
    Case("owa_im_certificate", set_im(im(thumbprint="F" * 40), im(servers=["EX1"])), []),
    # 2013 reads web.config
    Case("owa_im_certificate", both(set_im(im(thumbprint="F" * 40)), set_version("15.0.1497.2")), []),
    Case("owa_im_certificate", set_im(im(thumbprint="F" * 40)), [], {"leave_out": ["ex1"]}),
    Case("owa_im_with_lync_2013", run_lync_2013, [("warning", EXCHANGE)]),
    Case("owa_im_with_lync_2013", both(run_lync_2013, set_im(im("pool2.litware.example"))), []),
    Case("owa_im_with_lync_2013", both(run_lync_2013, set_im()), []),
    Case("owa_im_server_not_trusted", trust_computers(("ex9.litware.example", "owa")), [("warning", EXCHANGE)]),
    # by the name of its certificate, or of the pool
    Case("owa_im_server_not_trusted", trust_computers(("MAIL.litware.example", "owa")), []),
    Case("owa_im_server_not_trusted", trust_computers(("ex9.litware.example", EXCHANGE)), []),
    # there, Lync may know it by its Unified Messaging
    Case("owa_im_server_not_trusted", both(trust_computers(), set_version("15.1.2507.39")), []),
    Case("owa_im_server_not_trusted", both(trust_computers(), set_im(im("elsewhere.example"))), []),
    Case("owa_im_server_not_trusted", change(LYNC, "trusted_application_computers", None), []),
    Case("root_store_misplaced", fill_roots(root), []),
    Case("root_store_misplaced", fill_roots(root, issued), [("warning", LYNC)]),
    Case("root_store_duplicate", fill_roots(root, times=2), [("info", LYNC)]),
    Case("root_store_too_many", fill_roots(root, times=100), []),
    Case("root_store_too_many", fill_roots(root, times=101), [("warning", LYNC)]),
    Case("partner_account_not_created", forbid_accounts, [("error", "Exchange")], stage="before"),
    Case("partner_account_not_created", forbid_accounts, [], {"linked_account": "lync-app"}, "before"),
    Case("partner_keys_stale", set_partner(EXCHANGE, signing_certificates=["A" * 40]), [("error", "Exchange")]),
    Case("partner_keys_stale", stage(5, subject="litware.example"), [("error", "Exchange")]),
    Case("partner_account_missing", set_partner(EXCHANGE, linked_account=None), [("error", "Exchange")]),
    Case(
        "partner_account_missing",
        lambda farm: farm.of(EXCHANGE)["partner_accounts"][0].update(error="the linked account was not found."),
        [("error", "Exchange")],
        stage="before",
    ),
    Case(
        "partner_roles_missing",
        lambda farm: farm.of(EXCHANGE)["partner_accounts"][0].update(missing=["MeetingGraphApplication"]),
        [("error", "Exchange")],
    ),
    Case(
        "partner_application_of_cloud",
        add_partner(EXCHANGE, name="SfBOnline", identifier=OF_LYNC, url=None),
        [("info", "Exchange")],
    ),
    Case(
        "auth_certificate_unassigned",
        lambda farm: farm.of(EXCHANGE)["auth_config"].update(current_certificate_thumbprint=""),
        [("error", "Exchange")],
    ),
    Case("auth_certificate_subject", use_auth(lambda farm: show(farm.make("something else"))), [("warning", EXCHANGE)]),
    Case(
        "auth_next_overdue",
        lambda farm: farm.of(EXCHANGE)["auth_config"].update(
            next_certificate_thumbprint="B" * 40, next_certificate_effective_date=(farm.now - DAY).isoformat()
        ),
        [("warning", "Exchange")],
    ),
]


def judge(farm: HealthyFarm, case: Case) -> list[dict[str, Any]]:
    case.broken(farm)
    given = dict(case.description)
    if given.get("oauth_token_issuer_thumbprint") == "other":
        given["oauth_token_issuer_thumbprint"] = other_issuer(farm)["thumbprint"]
    return [item for item in farm.audit(case.stage, **given)["findings"] if item["rule"] == case.rule]


@pytest.mark.parametrize("stage_name", ["before", "after"])
def test_a_farm_in_which_nothing_is_wrong(farm: HealthyFarm, stage_name: Stage) -> None:
    audit = farm.audit(stage_name, in_play=[EXCHANGE, LYNC, SECOND, DNS])
    assert (audit["findings"], audit["to_do"], audit["ok"]) == ([], [], True)
    assert [(item["use"], item["days_left"], item["hosts"]) for item in audit["certificates"]] == [
        ("Exchange Auth", 700, [EXCHANGE]),
        ("OAuthTokenIssuer", 700, [LYNC, SECOND]),
    ]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.rule}-{number}" for number, case in enumerate(CASES)])
def test_what_breaks_a_rule(farm: HealthyFarm, case: Case) -> None:
    found = judge(farm, case)
    assert sorted((item["severity"], item["host"]) for item in found) == case.found
    for item in found:
        assert item["evidence"], item
        assert item["remedy"].endswith((".", ").")), item
        assert "{" not in item["remedy"], item


def test_the_evidence_names_both_domain_controllers(farm: HealthyFarm) -> None:
    farm.of(EXCHANGE)["client_access"][0]["originating_server"] = "dc2.litware.example"
    (found,) = judge(farm, CASES[0])
    assert found["evidence"] == (
        f"the Autodiscover URI is {OLD} in Active Directory, and https://autodiscover.litware.example/autodiscover/autodiscover.xml "
        f"for Exchange (read from {DNS}, by LDAP; dc2.litware.example, by Exchange)"
    )


@pytest.mark.parametrize(
    ("broken", "rule", "evidence"),
    [
        (
            set_partner(LYNC, application_identifier=OF_SHAREPOINT),
            "partner_application_identifier",
            f"microsoft.exchange ({EXCHANGE_URL}) has the identifier {OF_SHAREPOINT}, not {OF_EXCHANGE}",
        ),
        (
            add_partner(LYNC, name="Exchange", identifier=OF_EXCHANGE, url=EXCHANGE_URL),
            "partner_application_duplicate",
            f"several partner applications fit, and more than one has the URL {EXCHANGE_URL}: microsoft.exchange, Exchange",
        ),
        (
            both(
                set_partner(LYNC, url="https://one.litware.example/metadata/json/1"),
                add_partner(LYNC, name="b", identifier=OF_EXCHANGE, url="https://two.litware.example/metadata/json/1"),
            ),
            "partner_application_duplicate",
            f"several partner applications fit, and none has the URL {EXCHANGE_URL}: microsoft.exchange, b",
        ),
        (
            probe(LYNC, "cannot download https://x: no.", "has the WinHTTP proxy proxy:80 (netsh winhttp show proxy)."),
            "partner_metadata_unreachable",
            "partner application Exchange: the server cannot download https://x: no; it has the WinHTTP proxy proxy:80 (netsh winhttp "
            "show proxy)",
        ),
    ],
)
def test_the_evidence_names_the_application(farm: HealthyFarm, broken: Break, rule: str, evidence: str) -> None:
    broken(farm)
    assert [item["evidence"] for item in farm.audit()["findings"] if item["rule"] == rule] == [evidence]


def find_remedies(farm: HealthyFarm, rule: str) -> set[str]:
    return {item["remedy"] for item in farm.audit("after")["findings"] if item["rule"] == rule}


@pytest.mark.parametrize(("days", "option"), [(700, " with -e rotate_renew_days="), (60, "."), (-1, ".")])
def test_the_remedy_for_an_auth_certificate_has_the_playbook_renew_it(
    farm: HealthyFarm, days: int, option: str
) -> None:
    """The playbook looks at the days that are left: of a certificate that is wrong otherwise, it has to be told."""
    use_auth(lambda farm: show(farm.make("something else", not_after=farm.now + days * DAY)))(farm)
    (remedy,) = find_remedies(farm, "auth_certificate_subject")
    begin = f"Run playbook onprem.exchange_lync.rotate_auth_certificate{option}"
    assert remedy.startswith(begin)
    given = re.findall(r"rotate_renew_days=(\d+), for this run only", remedy)
    assert [int(number) >= days for number in given] == [True] * (days > 60)


def test_the_remedy_for_a_staged_auth_certificate_and_for_one_that_is_followed(farm: HealthyFarm) -> None:
    use_auth(lambda farm: show(farm.make("something else")))(farm)
    staged = show(farm.make("another"))
    farm.of(EXCHANGE)["auth_config"].update(
        next_certificate_thumbprint=staged["thumbprint"], next_certificate_effective_date=(farm.now + DAY).isoformat()
    )
    farm.of(EXCHANGE)["certificates"][0]["certificates"].append(staged)
    followed, next_one = sorted(find_remedies(farm, "auth_certificate_subject"))
    assert followed.startswith(f"{staged['thumbprint']} is staged to follow it: run playbook")
    assert next_one.startswith("Stage another certificate in its place: exchange_auth_config")


def test_every_rule_has_a_case() -> None:
    assert {case.rule for case in CASES} == set(RULES)


def test_every_rule_that_holds_back_a_change_can_be_allowed(farm: HealthyFarm) -> None:
    """Before, it is an error; with the user's word it is a note, and the change is to be made."""
    for case in (
        case for case in CASES if case.rule in REPLACEMENTS and case.found[:1] and case.found[0][0] == "error"
    ):
        broken = HealthyFarm(farm.make, farm.now)
        allowed = case._replace(stage="before", description={**case.description, "replace": [case.rule]})
        assert [item["severity"] for item in judge(broken, allowed)] == ["info"], case.rule
        given = {**allowed.description, "oauth_token_issuer_thumbprint": None}
        if case.rule != "token_issuer_in_use":
            assert [item["state"] for item in broken.audit("before", **given)["to_do"]] == ["to_do"], case.rule


@pytest.mark.parametrize("narrowed", ["", f"@{SECOND}", f"@{SECOND.upper()}."])
def test_what_is_tolerated_is_a_warning(farm: HealthyFarm, narrowed: str) -> None:
    set_service(LYNC, "RTCSRV")(farm)
    set_service(SECOND, "RTCSRV")(farm)
    audit = farm.audit(tolerate=[f"lync_service_stopped{narrowed}"])
    found = {item["host"]: (item["severity"], item["tolerated"]) for item in audit["findings"]}
    assert found[SECOND] == ("warning", True)
    assert found[LYNC] == (("error", False) if narrowed else ("warning", True))


def test_what_is_tolerated_and_held_back_is_kept(farm: HealthyFarm) -> None:
    set_uri("https://eu.litware.example/autodiscover/autodiscover.xml")(farm)
    audit = farm.audit("before", tolerate=["autodiscover_uri_replaced"])
    assert audit["ok"]
    assert [item["state"] for item in audit["to_do"]] == ["kept"]
    assert audit["work"]["autodiscover"] == {"needed": False, "servers": [], "on_conflict": "fail"}


def test_a_server_that_is_left_out_is_not_judged_nor_written(farm: HealthyFarm) -> None:
    set_service(SECOND, "RTCSRV")(farm)
    change(SECOND, "store", [])(farm)
    set_uri(None)(farm)
    audit = farm.audit("before", leave_out=[SECOND, "EX1"], in_play=[EXCHANGE, LYNC, DNS])
    assert (audit["findings"], audit["to_do"]) == ([], [])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tolerate": ["nonsense"]}, "there is no rule nonsense"),
        ({"replace": ["expired"]}, "expired is not one of"),
        ({"tolerate": ["expired@"], "replace": ["cloud_url@x"]}, None),
    ],
)
def test_an_id_that_does_not_exist_is_refused(farm: HealthyFarm, given: dict[str, Any], said: str | None) -> None:
    if said is None:
        farm.audit(**given)
        return
    with pytest.raises(ValueError, match=said):
        farm.audit(**given)


def test_a_role_alone_asks_only_about_its_own_work(farm: HealthyFarm) -> None:
    unassign(farm)
    set_oauth(exchange_autodiscover_url=None)(farm)
    for host in (EXCHANGE, DNS):
        farm.snapshots.pop(host)
    audit = farm.audit("before", roles=("oauth",), in_play=[LYNC, SECOND])
    assert audit["findings"] == []
    assert [item["role"] for item in audit["to_do"]] == ["oauth"]
    assert [item["rule"] for item in farm.audit("before", roles=("certificates",))["findings"]] == [
        "token_issuer_not_chosen"
    ]


@pytest.mark.parametrize("stage_name", ["before", "after"])
def test_what_was_not_read_is_not_found_to_be_right(farm: HealthyFarm, stage_name: Stage) -> None:
    """Every part of every host, one after the other: a finding says that it was not read, and nothing is written because of it."""
    for host, snapshot in list(farm.snapshots.items()):
        for product, parts in snapshot["products"].items():
            for part in list(parts):
                broken = HealthyFarm(farm.make, farm.now)
                del broken.of(host)[part]
                broken.snapshots[host]["unread"].append({"what": f"{product}.{part}", "message": "refused."})
                audit = broken.audit(stage_name)
                assert "host_not_read" in {item["rule"] for item in audit["findings"]}, (host, part)
                assert not audit["ok"], (host, part)


def test_a_host_of_the_inventory_that_takes_no_part_is_not_judged(farm: HealthyFarm) -> None:
    """An Exchange 2010 server in the group exchange_servers: said once."""
    add_servers(server(OTHER, "14.3.513.0"))(farm)
    farm.snapshots[OTHER] = {**farm.snapshots[EXCHANGE], "host": OTHER}
    own = {
        "certificates": [{"host": OTHER, "certificates": [], "error": None}],
        "service_health": [{"role": "x", "services_not_running": ["y"]}],
    }
    farm.snapshots[OTHER]["products"] = {"exchange": own}
    audit = farm.audit(exchange_hosts=[EXCHANGE, OTHER])
    assert [(item["rule"], item["host"]) for item in audit["findings"]] == [("exchange_server_left_out", OTHER)]


def test_what_the_partners_role_has_to_do(farm: HealthyFarm) -> None:
    """Of nothing that is as described; with the certificate that the run is about to assign."""
    nothing = farm.audit("before")["work"]["partners"]
    assert (nothing["exchange"]["needed"], nothing["lync"]["needed"]) == (False, False)
    for host in (EXCHANGE, LYNC):
        drop_partner(host)(farm)
    unassign(farm)
    planned = {"oauth_token_issuer_thumbprint": farm.issuer["thumbprint"]}
    audit = farm.audit("before", linked_account="lync-app", **planned)
    assert [(item["about"], item["after"]) for item in audit["to_do"] if item["role"] == "partners"] == [
        ("exchange.application", LYNC_URL),
        ("lync.application", EXCHANGE_URL),
    ]
    work = audit["work"]["partners"]
    assert work["exchange"] == {
        "needed": True,
        "name": None,
        "auth_metadata_url": LYNC_URL,
        "linked_account": "lync-app",
        "enabled": None,
        "realm": None,
        "signing_certificates": [farm.issuer["thumbprint"]],
        "on_conflict": "fail",
    }
    assert (work["lync"]["metadata_url"], work["lync"]["on_conflict"]) == (EXCHANGE_URL, "fail")
    # alone, the role has to do with what is assigned already
    alone = farm.audit("before", roles=("partners",), **planned)["work"]["partners"]
    assert alone["exchange"]["signing_certificates"] == []


def test_virtual_directories_that_need_the_same_are_written_together(farm: HealthyFarm) -> None:
    """And only as far as the user's word goes."""
    add_servers(server(OTHER))(farm)
    off = [directory(host, oauth=False) for host in (EXCHANGE, OTHER)]
    off[1]["ws_security_authentication"] = False
    farm.of(EXCHANGE)["virtual_directories"] = {"autodiscover": off, "web_services": [directory(OTHER, oauth=False)]}
    names = {host: host.partition(".")[0] for host in (EXCHANGE, OTHER)}
    work = farm.audit("before", replace=["oauth_off"])["work"]["virtual_directories"]
    assert [(item["directories"], [name.lower() for name in item["servers"]]) for item in work] == [
        (["autodiscover"], [names[EXCHANGE], names[OTHER]]),
        (["web_services"], [names[OTHER]]),
    ]
    assert {(item["oauth_authentication"], item["ws_security_authentication"]) for item in work} == {(True, None)}
    narrowed = farm.audit("before", replace=["oauth_off@web_services", "ws_security_off"])["work"][
        "virtual_directories"
    ]
    assert [(item["directories"], item["oauth_authentication"]) for item in narrowed] == [
        (["autodiscover"], None),
        (["web_services"], True),
    ]
    assert farm.audit("before")["work"]["virtual_directories"] == []


def test_what_was_not_read_is_restarted_on_the_users_word_unless_this_run_changes_it(farm: HealthyFarm) -> None:
    distrust()(farm)
    publish(EXCHANGE, signing_keys=[{"thumbprint": "C" * 40}])(farm)
    assert farm.audit("before")["work"]["restart"] == []
    audit = farm.audit("before", restart=True)
    assert audit["work"]["restart"] == [
        {"host": EXCHANGE, "after": ["partner_application", "auth_certificate", "virtual_directory"]}
    ]
    assert {item["before"] for item in audit["to_do"]} == {
        "its web site has not read its partner applications",
        "its web site has not read its Auth certificate",
    }
    set_partner(EXCHANGE, signing_certificates=[])(farm)
    audit = farm.audit("before", restart=True)
    assert audit["work"]["restart"] == [{"host": EXCHANGE, "after": ["auth_certificate", "virtual_directory"]}]


def test_another_realm_is_replaced_on_the_users_word_and_another_deployment_is_left_alone(farm: HealthyFarm) -> None:
    set_partner(EXCHANGE, realm="fabrikam.com", signing_certificates=[])(farm)
    (held,) = (item for item in farm.audit("before")["to_do"] if item["about"].startswith("exchange."))
    assert (held["about"], held["before"], held["after"], held["state"]) == (
        "exchange.realm",
        "fabrikam.com",
        "litware.example",
        "held",
    )
    work = farm.audit("before", replace=["partner_application_replaced"])["work"]["partners"]["exchange"]
    assert (work["realm"], work["auth_metadata_url"], work["on_conflict"]) == ("litware.example", LYNC_URL, "replace")
    set_partner(EXCHANGE, url="https://pool.fabrikam.com/metadata/json/1")(farm)
    audit = farm.audit("before")
    work = audit["work"]["partners"]["exchange"]
    assert (work["name"], work["realm"], work["auth_metadata_url"]) == ("LyncEnterprise 2", "litware.example", LYNC_URL)
    assert "partner_application_duplicate" not in {item["rule"] for item in audit["findings"]}


def test_a_realm_that_is_about_to_be_set_counts_where_lync_has_none_yet(farm: HealthyFarm) -> None:
    """Neither a realm nor a default SIP domain is there: that was read, and what the user gives is not lost."""
    farm.of(LYNC)["oauth_configuration"]["realm"] = ""
    for domain in farm.of(LYNC)["sip_domains"]:
        domain["default"] = False
    set_partner(EXCHANGE, realm="old.example", signing_certificates=[])(farm)
    audit = farm.audit("before", lync_realm="new.example", replace=["oauth_configuration_replaced"])
    (change,) = (item for item in audit["to_do"] if item["about"] == "exchange.realm")
    assert (change["before"], change["after"]) == ("old.example", "new.example")


def test_the_realm_is_that_which_lync_has_or_is_about_to_get(farm: HealthyFarm) -> None:
    """Whether the described one will be written is for the user to say, too."""
    farm.of(LYNC)["oauth_configuration"]["realm"] = "old.example"
    farm.of(SECOND)["local_oauth_configuration"]["realm"] = "old.example"
    set_partner(EXCHANGE, realm="OLD.example")(farm)
    asked: dict[str, Any] = {"lync_realm": "new.example", "replace": ["partner_application_replaced"]}
    kept = farm.audit("before", tolerate=["oauth_configuration_replaced"], **asked)
    assert not [item for item in kept["to_do"] if item["about"] == "exchange.realm"]
    alone = farm.audit("before", roles=("partners",), **asked)
    assert not alone["to_do"]
    asked["replace"].append("oauth_configuration_replaced")
    work = farm.audit("before", **asked)["work"]["partners"]["exchange"]
    assert (work["realm"], work["auth_metadata_url"]) == ("new.example", LYNC_URL)
    # of another pool of the deployment, it is no application of another deployment
    pool = {"fqdn": "Pool2.litware.example", "computers": ["fe9.litware.example"], "front_end": True}
    farm.of(LYNC)["pools"].append({**farm.of(LYNC)["pools"][0], **pool})
    url = "https://pool2.litware.example/metadata/json/1"
    set_partner(EXCHANGE, url=url)(farm)
    work = farm.audit("before", **asked)["work"]["partners"]["exchange"]
    assert (work["name"], work["realm"], work["auth_metadata_url"]) == (None, "new.example", url)


def test_an_application_of_another_deployment_does_not_hide_that_ours_was_not_read(farm: HealthyFarm) -> None:
    theirs = {"realm": "fabrikam.com", "linked_account": "litware.example/Users/theirs"}
    add_partner(EXCHANGE, name="theirs", identifier=OF_LYNC, url="https://pool.fabrikam.com/metadata/json/1", **theirs)(
        farm
    )
    distrust(f"{OF_LYNC}@fabrikam.com")(farm)
    account = {"account": theirs["linked_account"], "assigned": [], "missing": ["UserApplication"], "error": None}
    farm.of(EXCHANGE)["partner_accounts"].append(account)
    audit = farm.audit("before", restart=True)
    assert audit["work"]["restart"] == [{"host": EXCHANGE, "after": ["partner_application"]}]
    assert [item["about"] for item in audit["to_do"]] == [EXCHANGE]
    farm.of(EXCHANGE)["partner_accounts"][0]["missing"] = ["UserApplication"]
    assert "exchange.roles" in [item["about"] for item in farm.audit("before")["to_do"]]


def test_what_is_kept_does_not_keep_a_server_from_being_restarted(farm: HealthyFarm) -> None:
    distrust()(farm)
    set_partner(EXCHANGE, linked_account="litware.example/Users/other")(farm)
    given: dict[str, Any] = {"linked_account": "lync-app", "restart": True}
    work = farm.audit("before", tolerate=["partner_application_replaced"], **given)["work"]["restart"]
    assert work == [{"host": EXCHANGE, "after": ["partner_application"]}]
    work = farm.audit("before", replace=["partner_application_replaced"], **given)["work"]["restart"]
    assert work == []


def test_a_server_signs_with_its_own_certificate_until_that_is_taken_back(farm: HealthyFarm) -> None:
    """Exchange knows that one: nothing is to be read again, and nothing is chosen in its place."""
    own, there = other_issuer(farm), farm.of(LYNC)
    there["store"].append(own)
    item = {"use": "OAuthTokenIssuer", "thumbprint": own["thumbprint"], "scope": "Machine", "effective_date": None}
    mine = {**there["assigned"][0], **item}
    there["global_token_issuers"] = [entry for entry in there["assigned"] if entry["use"] == "OAuthTokenIssuer"]
    there["assigned"] = [entry for entry in there["assigned"] if entry["use"] != "OAuthTokenIssuer"] + [mine]
    set_partner(EXCHANGE, signing_certificates=[own["thumbprint"]])(farm)
    tolerated = ["token_issuer_differs"]
    assert not [entry for entry in farm.audit("before", tolerate=tolerated)["to_do"] if entry["role"] == "partners"]
    taken_back = farm.audit("before", replace=["token_issuer_scope"])
    (change,) = (entry for entry in taken_back["to_do"] if entry["role"] == "partners")
    assert (change["about"], change["after"]) == ("exchange.signing_certificates", farm.issuer["thumbprint"])
    there["global_token_issuers"] = []
    found = {entry["rule"] for entry in farm.audit("before", tolerate=tolerated)["findings"]}
    assert "token_issuer_scope" in found
    assert not found & {"token_issuer_not_chosen", "token_issuer_unassigned"}


def test_what_a_new_realm_has_left_is_reported(farm: HealthyFarm) -> None:
    add_partner(EXCHANGE, name="left", identifier=OF_LYNC, url=LYNC_URL, realm="fabrikam.com")(farm)
    audit = farm.audit("before")
    (found,) = (item for item in audit["findings"] if item["rule"] == "partner_application_duplicate")
    assert "has the same metadata URL as LyncEnterprise, and the realm fabrikam.com" in found["evidence"]
    assert audit["to_do"] == []


def test_the_document_of_any_pool_of_the_deployment_will_do(farm: HealthyFarm) -> None:
    pool = {"fqdn": "Pool2.litware.example", "computers": ["fe9.litware.example"], "front_end": True}
    farm.of(LYNC)["pools"].append({**farm.of(LYNC)["pools"][0], **pool})
    url = "https://pool2.litware.example/metadata/json/1"
    set_partner(EXCHANGE, url=url)(farm)
    about = [item["about"] for item in farm.audit("before")["to_do"]]
    assert "exchange.auth_metadata_url" not in about
    (named,) = (item for item in farm.audit("before", lync_metadata_url=LYNC_URL)["to_do"] if "url" in item["about"])
    assert named["before"] == url


def test_keys_are_read_again_without_touching_what_is_held(farm: HealthyFarm) -> None:
    """The URL is somebody's choice and stays, and so does a duplicate, which is not taken for the one that is meant."""
    set_partner(EXCHANGE, signing_certificates=[])(farm)
    add_partner(EXCHANGE, name="again", identifier=OF_LYNC, url="https://old.litware.example/metadata/json/1")(farm)
    audit = farm.audit("before")
    (change,) = audit["to_do"]
    assert (change["about"], change["after"], change["state"]) == (
        "exchange.signing_certificates",
        farm.issuer["thumbprint"],
        "to_do",
    )
    work = audit["work"]["partners"]["exchange"]
    assert (work["name"], work["auth_metadata_url"], work["signing_certificates"]) == (
        "LyncEnterprise",
        None,
        [farm.issuer["thumbprint"]],
    )


def test_an_account_is_the_same_under_any_of_its_names(farm: HealthyFarm) -> None:
    for account in ("LyncEnterprise-ApplicationAccount@litware.example", "LITWARE\\lyncenterprise-applicationaccount"):
        assert farm.audit("before", linked_account=account)["to_do"] == []


def test_an_account_is_what_exchange_says_it_is(farm: HealthyFarm) -> None:
    """The name that the user gives need not be in the identity, and two accounts of one name are two."""
    linked = "litware.example/Users/LyncEnterprise-ApplicationAccount"
    for identity, changed in ((linked, []), ("eu.litware.example/Users/LyncEnterprise-ApplicationAccount", [linked])):
        account: dict[str, Any] = {"account": identity, "assigned": [], "missing": [], "error": None}
        farm.of(EXCHANGE)["described_account"] = account
        to_do = farm.audit("before", linked_account="LITWARE\\lea")["to_do"]
        assert [item["before"] for item in to_do] == changed
    farm.of(EXCHANGE)["described_account"] = {**account, "error": "linked_account: there is no account lea."}
    found = farm.audit("before", linked_account="lea")["findings"]
    assert "partner_account_missing" in {item["rule"] for item in found}
