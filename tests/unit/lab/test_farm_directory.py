# SPDX-License-Identifier: GPL-3.0-or-later
"""Active Directory on two domain controllers, and servers that are in the organization and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psrpcore.types import PSUri

from farm.errors import LabError
from farm.faults import Fault
from farm_bench import Bench
from scenario_changes import bench_with

LONDON, NEW_YORK = "dc-lon-01.corp.contoso.com", "dc-nyc-01.corp.contoso.com"
NEAR, FAR = "ex-lon-01.corp.contoso.com", "ex-nyc-01.corp.contoso.com"
URL = "https://autodiscover.contoso.com/new.xml"
SETUP = "https://ex-2010.corp.contoso.com/Autodiscover/Autodiscover.xml"
BOTH = {"version": "2019", "build": "15.2.1544.4", "site": "London"}
OTHERS = [
    {
        "fqdn": "ex-2010.corp.contoso.com",
        "role": "exchange",
        "address": "198.51.100.90",
        "version": "2010",
        "build": "14.3.513.0",
        "site": "London",
        "autodiscover_uri": SETUP,
    },
    {"fqdn": "edge.corp.contoso.com", "role": "edge", "address": "198.51.100.91", **BOTH},
    {"fqdn": "ex-remote.corp.contoso.com", "role": "exchange", "address": "198.51.100.92", **BOTH},
]


@pytest.fixture
def lab() -> Bench:
    domain = {"controllers": [{"fqdn": NEW_YORK, "site": "New-York"}], "replication_delay": 15.0}
    return bench_with("contoso", domain=domain, exchange={"servers": OTHERS})


def pass_time(lab: Bench, seconds: float) -> None:
    lab.farm.clock.offset += timedelta(seconds=seconds)


def read(lab: Bench, **where: Any) -> tuple[str, str]:
    """What is said of the first server, and which domain controller says it."""
    found = lab("Get-ClientAccessService", Identity="EX-LON-01", **where).one
    return str(found.AutoDiscoverServiceInternalUri), str(found.OriginatingServer)


def write(lab: Bench, url: str, **where: Any) -> None:
    answer = lab("Set-ClientAccessService", Identity="EX-LON-01", AutoDiscoverServiceInternalUri=PSUri(url), **where)
    assert answer.failed is None and not answer.errors


def test_each_server_asks_the_controller_of_its_site(lab: Bench) -> None:
    assert read(lab, host=NEAR)[1] == LONDON
    assert read(lab, host=FAR)[1] == NEW_YORK
    assert read(lab, host=FAR, DomainController="dc-lon-01")[1] == LONDON
    assert lab("Get-ExchangeServer", host=FAR, Identity="EX-LON-01").one.CurrentConfigDomainController == NEW_YORK


def test_a_write_is_seen_elsewhere_after_the_delay(lab: Bench) -> None:
    write(lab, URL, host=FAR)
    assert read(lab, host=FAR) == (URL, NEW_YORK)
    assert read(lab, host=NEAR)[0] != URL
    assert read(lab, host=NEAR, DomainController=NEW_YORK) == (URL, NEW_YORK)
    pass_time(lab, 16)
    assert read(lab, host=NEAR) == (URL, LONDON)


def test_a_write_goes_to_the_controller_that_is_named(lab: Bench) -> None:
    write(lab, URL, host=FAR, DomainController=LONDON)
    assert read(lab, host=FAR)[0] != URL
    assert read(lab, host=NEAR)[0] == URL


def test_what_was_written_last_stays(lab: Bench) -> None:
    write(lab, "https://a.contoso.com/first.xml", host=FAR)
    pass_time(lab, 1)
    write(lab, URL, host=NEAR)
    pass_time(lab, 20)
    assert read(lab, host=NEAR)[0] == read(lab, host=FAR)[0] == URL


def test_an_unknown_controller_is_an_error(lab: Bench) -> None:
    answer = lab("Get-ClientAccessService", DomainController="dc-nowhere.corp.contoso.com")
    assert "Cmdlet-SuitabilityDirectoryException" in answer.error_id


def test_a_controller_that_a_host_names_has_to_be_there() -> None:
    with pytest.raises(LabError, match="there is no domain controller nowhere"):
        bench_with("contoso", hosts={0: {"domain_controller": "nowhere"}})


def test_a_server_of_2010_is_listed_with_what_it_has(lab: Bench) -> None:
    found = lab("Get-ExchangeServer", Identity="EX-2010").one
    assert found.AdminDisplayVersion.PSObject.to_string == "Version 14.3 (Build 513.0)"
    assert (found.IsE15OrLater, found.IsMailboxServer, found.IsFrontendTransportServer) == (False, True, False)
    assert found.ServerRole.PSObject.to_string == "Mailbox, ClientAccess, HubTransport"
    service = lab("Get-ClientAccessService", Identity="EX-2010").one
    assert str(service.AutoDiscoverServiceInternalUri) == SETUP
    for cmdlet in ("Get-WebServicesVirtualDirectory", "Get-AutodiscoverVirtualDirectory"):
        assert lab(cmdlet, Server="EX-2010").one.OAuthAuthentication is None
        assert lab(cmdlet, Server="EX-REMOTE").one.OAuthAuthentication is True
    assert lab("Get-ExchangeCertificate", Server="EX-2010").failed is None


def test_an_edge_server_has_no_client_access_service(lab: Bench) -> None:
    found = lab("Get-ExchangeServer", Identity="EDGE").one
    assert (found.IsEdgeServer, found.IsMailboxServer, found.IsClientAccessServer, found.IsE15OrLater) == (
        True,
        False,
        False,
        True,
    )
    assert found.ServerRole.PSObject.to_string == "Edge"
    names = [str(each.Name) for each in lab("Get-ClientAccessService").outputs]
    assert "EDGE" not in names and {"EX-2010", "EX-REMOTE"} < set(names)
    assert "ManagementObjectNotFoundException" in lab("Get-ClientAccessService", Identity="EDGE").error_id
    directories = lab("Get-WebServicesVirtualDirectory").outputs
    assert len(directories) == 5
    assert len(lab("Get-ExchangeServer").outputs) == 6


def unreachable(lab: Bench, server: str) -> dict[str, str]:
    answer = lab("Get-ExchangeCertificate", Server=server)
    assert answer.failed is None and answer.outputs == []
    (error,) = answer.errors
    return error


def test_a_server_that_does_not_answer(lab: Bench) -> None:
    edge = unreachable(lab, "EDGE")
    assert (edge["reason"], edge["category"]) == ("LocalizedException", "InvalidOperation")
    assert "[FailureCategory=Cmdlet-LocalizedException]" in edge["fqid"]
    lab.farm.faults.switch_on(Fault("rpc_unreachable", FAR))
    assert unreachable(lab, "ex-nyc-01")["reason"] == "LocalizedException"
    assert lab("Test-ServiceHealth", Server="ex-nyc-01").errors
    # itself it does answer
    assert lab("Get-ExchangeCertificate", host=FAR).outputs
    lab.farm.faults.switch_off("rpc_unreachable", FAR)
    assert lab("Get-ExchangeCertificate", Server="ex-nyc-01").outputs


def test_service_health_is_that_of_the_server_itself(lab: Bench) -> None:
    assert all(role.RequiredServicesRunning for role in lab("Test-ServiceHealth").outputs)


def test_a_hybrid_configuration_where_there_is_one(lab: Bench) -> None:
    assert lab("Get-HybridConfiguration").outputs == []
    hybrid = {"domains": ["contoso.com"], "smart_host": "mail.contoso.com", "transport_servers": ["ex-lon-01"]}
    found = bench_with("contoso", exchange={"hybrid": hybrid})("Get-HybridConfiguration").one
    assert [str(domain) for domain in found.Domains] == ["contoso.com"]
    assert [str(server.Name) for server in found.SendingTransportServers] == ["EX-LON-01"]
    assert str(found.OnPremisesSmartHost.Domain) == "mail.contoso.com"
    assert len(found.Features) == 8
