# SPDX-License-Identifier: GPL-3.0-or-later
"""Directors, Edge and Mediation pools, and the Windows services of each computer."""

from __future__ import annotations

from typing import Any

import pytest

from farm.errors import LabError
from farm.faults import Fault
from farm_bench import Bench
from scenario_changes import bench_with

DIRECTOR, FRONT_END = "sfb-nyc-01.corp.contoso.com", "sfb-lon-01.corp.contoso.com"
EDGE, MEDIATION = "edge.contoso.com", "med.corp.contoso.com"
POOLS = {
    "pools": [
        {
            "fqdn": "pool-lon.corp.contoso.com",
            "site": "London",
            "computers": [FRONT_END, "sfb-lon-02.corp.contoso.com"],
        },
        {"fqdn": DIRECTOR, "site": "New-York", "kind": "director", "computers": [DIRECTOR]},
        {"fqdn": EDGE, "site": "London", "kind": "edge", "computers": [EDGE]},
        {"fqdn": MEDIATION, "site": "London", "kind": "mediation", "computers": [MEDIATION]},
    ],
    "central_management": "pool-lon.corp.contoso.com",
}


@pytest.fixture
def lab() -> Bench:
    return bench_with("contoso", lync=POOLS)


def services(lab: Bench, pool: str) -> list[str]:
    found = lab("Get-CsPool", Identity=pool).one
    return [str(service).partition(":")[0] for service in found.Services]


@pytest.mark.parametrize(
    ("pool", "roles"),
    [
        (DIRECTOR, ["Registrar", "WebServer"]),
        (EDGE, ["EdgeServer"]),
        (MEDIATION, ["MediationServer"]),
        (
            "pool-lon.corp.contoso.com",
            ["Registrar", "UserServer", "WebServer", "ConferencingServer", "CentralManagement"],
        ),
    ],
)
def test_the_services_of_a_pool_are_those_of_its_kind(lab: Bench, pool: str, roles: list[str]) -> None:
    assert services(lab, pool) == roles
    found = lab("Get-CsService", PoolFqdn=pool).outputs
    assert [(str(each.Role), str(each.PoolFqdn)) for each in found] == [(role, pool) for role in roles]


@pytest.mark.parametrize(
    ("switch", "identities"),
    [
        ("UserServer", ["UserServer:pool-lon.corp.contoso.com"]),
        ("Registrar", ["Registrar:pool-lon.corp.contoso.com", f"Registrar:{DIRECTOR}"]),
        ("Director", [f"Director:{DIRECTOR}"]),
        ("EdgeServer", [f"EdgeServer:{EDGE}"]),
        ("MediationServer", [f"MediationServer:{MEDIATION}"]),
        ("CentralManagement", ["CentralManagement:pool-lon.corp.contoso.com"]),
    ],
)
def test_services_by_role(lab: Bench, switch: str, identities: list[str]) -> None:
    named: dict[str, Any] = {switch: True}
    assert [str(each.Identity) for each in lab("Get-CsService", **named).outputs] == identities


def test_every_computer_of_the_topology_has_a_replica(lab: Bench) -> None:
    states = lab("Get-CsManagementStoreReplicationStatus").outputs
    assert {EDGE, MEDIATION, DIRECTOR, FRONT_END, "edge-old.contoso.com"} <= {str(each.ReplicaFqdn) for each in states}
    assert len(states) == 6
    assert len(lab("Get-CsComputer").outputs) == 5


def test_computers_whose_applications_are_trusted() -> None:
    pools = [{"fqdn": "owa.contoso.com", "computers": ["ex1.contoso.com", "ex2.contoso.com"]}]
    lab = bench_with("contoso", lync={"trusted_application_pools": pools})
    found = lab("Get-CsTrustedApplicationComputer", Pool="OWA.contoso.com").outputs
    assert [(str(item.Fqdn), str(item.Pool)) for item in found] == [
        ("ex1.contoso.com", "owa.contoso.com"),
        ("ex2.contoso.com", "owa.contoso.com"),
    ]
    assert lab("Get-CsTrustedApplicationComputer", Identity="ex1.contoso.com").one.Identity == "ex1.contoso.com"
    assert lab("Get-CsTrustedApplicationComputer", Identity="ex3.contoso.com").errors
    assert bench_with("contoso")("Get-CsTrustedApplicationComputer").outputs == []


def windows_services(lab: Bench, host: str) -> dict[str, str]:
    found = lab("Get-CsWindowsService", host=host).outputs
    return {str(each.Name): str(each.Status.PSObject.to_string) for each in found}


def test_a_director_has_few_services(lab: Bench) -> None:
    assert set(windows_services(lab, DIRECTOR)) == {"RTCSRV", "RTCCLSAGT", "REPLICA", "W3SVC"}


def test_an_optional_service_can_be_stopped_for_good_or_by_a_fault() -> None:
    lab = bench_with("contoso", hosts={3: {"stopped_services": ["rtcrgs"]}})
    assert {name for name, status in windows_services(lab, FRONT_END).items() if status == "Stopped"} == {"RTCRGS"}
    for name in ("RTCCPS", "rtcclsagt"):
        lab.farm.faults.switch_on(Fault("service_stopped", FRONT_END, name))
    stopped = {name for name, status in windows_services(lab, FRONT_END).items() if status == "Stopped"}
    assert stopped == {"RTCRGS", "RTCCPS", "RTCCLSAGT"}
    lab("Restart-Service", host=FRONT_END, Name="RTCCPS")
    assert lab("Get-CsWindowsService", host=FRONT_END, Name="RTCCPS").one.Status.PSObject.to_string == "Running"
    assert lab("Get-Service", host=FRONT_END, Name="RTCCLSAGT").one.Status.PSObject.to_string == "Stopped"


def test_the_services_of_another_computer(lab: Bench) -> None:
    far = lab("Get-CsWindowsService", host=FRONT_END, ComputerName=DIRECTOR, Name="RTCSRV")
    assert far.one.Name == "RTCSRV"
    edge = lab("Get-CsWindowsService", host=FRONT_END, ComputerName=EDGE)
    assert edge.failed is not None and edge.failed["category"] == "ResourceUnavailable"
    lab.delegated = False
    refused = lab("Get-CsWindowsService", host=FRONT_END, ComputerName=DIRECTOR)
    assert refused.failed is not None and refused.failed["category"] == "PermissionDenied"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"lync": {"pools": {1: {"kind": "trunk"}}}},
            "kind 'trunk' is not one of front_end, director, edge, mediation",
        ),
        ({"hosts": {3: {"stopped_services": ["NoSuch"]}}}, "has no service 'NoSuch'"),
        ({"certificates": {0: {"provider": "tpm"}}}, "provider 'tpm' is not one of csp, cng"),
        ({"certificates": {0: {"digest": "md5"}}}, "digest 'md5' is not one of sha256, sha1"),
    ],
)
def test_a_word_that_means_nothing_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(LabError, match=message):
        bench_with("contoso", **changes)
