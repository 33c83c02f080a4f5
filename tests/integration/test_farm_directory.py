# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm with an Active Directory that is asked by LDAP: the emulated hosts beside a real domain controller, Samba's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from directory_content import Writer, name_conflict, name_point, open_writer
from dns_programs import PRINCIPAL
from harness import LAB, Farm, Run
from integrating import problems, reports
from samba_domain import CONTROLLER, Domain, run_domain
from test_examples import check_all_ran, examples

pytestmark = pytest.mark.connections("documented")

SERVER = "ATL-EXCHANGE-001"
EXCHANGE = f"{SERVER.lower()}.litwareinc.com"
URL = f"https://{EXCHANGE}/Autodiscover/Autodiscover.xml"
USER, PASSWORD = "stranger@litwareinc.com", "updates nothing"
POINTS = ("scp_differs", "scp_leftover", "scp_duplicate")


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    """A domain in which the lab's Exchange server has published what it says."""
    with run_domain(tmp_path_factory.mktemp("domain")) as running:
        with open_writer(running) as writer:
            writer.publish(SERVER, URL, ["Atlanta"])
        yield running


@pytest.fixture
def writer(domain: Domain) -> Iterator[Writer]:
    with open_writer(domain) as opened:
        yield opened


@pytest.fixture(autouse=True)
def reachable(farm: Farm, domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    """The domain controller is found by its name, and a keytab gives tickets."""
    names = {"PYTHONPATH": str(LAB / "names"), "EXCHANGE_LYNC_LAB_HOSTS": str(domain.hosts)}
    monkeypatch.setattr(farm, "environment", {**names, **domain.client(PRINCIPAL)})


def make_option(domain: Domain, **more: Any) -> dict[str, Any]:
    return {"address": CONTROLLER, "user": USER, "password": PASSWORD, "ca_path": str(domain.ca), **more}


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_the_examples_of_the_module(farm: Farm, domain: Domain, execution: str) -> None:
    """Nothing is asked of any host, and the password is in no output."""
    text = examples("modules/autodiscover_scp_info")
    names = {"directory_server": CONTROLLER, "directory_user": USER, "directory_ca": str(domain.ca)}
    secrets = {"vault_directory_password": PASSWORD}
    before = len(farm.journal())
    run = farm.play(
        text, hosts="exchange_servers", extra_vars={**names, **secrets}, execution=execution, arguments=["-vvv"]
    )
    assert run.rc == 0, run.output
    check_all_ran(run, yaml.safe_load(text))
    assert PASSWORD not in run.output
    assert PASSWORD not in json.dumps([step.result for step in run.steps])
    assert len(farm.journal()) == before
    for name in ("Read the service connection points with a password, inside TLS", run.steps[-1].task):
        (point,) = run.step(name).result["service_connection_points"]
        assert (point["server"], point["autodiscover_service_internal_uri"]) == (SERVER, URL)


def audit(farm: Farm, directory: dict[str, Any]) -> tuple[Run, list[str]]:
    """The role audit alone, and what it finds of service connection points and of what was not read."""
    tasks = "- import_role: {name: onprem.exchange_lync.audit}"
    variables = {"farm_directory": directory, "farm_fail_on": "never"}
    run = farm.play(tasks, hosts="exchange_servers:lync_servers:dns_servers", extra_vars=variables, arguments=["-vvv"])
    assert (run.rc, run.writes) == (0, []), run.output
    assert PASSWORD not in run.output
    lines = problems(reports(run)[0])
    return run, sorted(
        line for line in lines if line.startswith(tuple(f"[{rule}]" for rule in (*POINTS, "host_not_read")))
    )


def test_a_directory_that_says_what_exchange_says(farm: Farm, domain: Domain) -> None:
    """With a password, and with a ticket that seals what is read."""
    assert audit(farm, make_option(domain))[1] == []
    assert audit(farm, {"address": CONTROLLER, "protocol": "ldap"})[1] == []


def test_what_differs_is_left_over_or_there_twice(farm: Farm, domain: Domain, writer: Writer) -> None:
    added = [
        writer.publish("ATL-EXCHANGE-009", "https://gone.litwareinc.com/autodiscover/autodiscover.xml"),
        writer.publish(SERVER, URL.replace(EXCHANGE, "other.litwareinc.com"), dn=name_conflict(SERVER)),
    ]
    writer.change(
        name_point(SERVER), serviceBindingInformation="https://old.litwareinc.com/autodiscover/autodiscover.xml"
    )
    try:
        run, found = audit(farm, make_option(domain))
    finally:
        writer.change(name_point(SERVER), serviceBindingInformation=URL)
        for dn in added:
            writer.remove(dn)
    differs, twice, leftover = found
    assert differs.startswith("[scp_differs] the Autodiscover URI is https://o")
    assert f"in Active Directory, and {URL} for Exchange (read from {CONTROLLER}, by LDAP" in differs
    assert twice.startswith("[scp_duplicate] it has 2 service connection points: CN=")
    assert "CNF:" in twice
    assert leftover.startswith(
        "[scp_leftover] it is no server of the organisation, and sends clients to https://gone.litwareinc.com/"
    )
    assert (differs.endswith(f": {EXCHANGE}"), leftover.endswith(": ATL-EXCHANGE-009")) == (True, True)
    assert "remove what is left of it from the configuration partition" in run.output
    assert audit(farm, make_option(domain))[1] == []


def test_a_directory_that_cannot_be_read_is_a_problem_of_its_own(farm: Farm, domain: Domain) -> None:
    """All else is judged, and the host that asked is not called unreachable."""
    run, (problem,) = audit(farm, make_option(domain, password="of another account"))
    assert problem.startswith("[host_not_read] exchange.service_connection_points could not be read: LDAP BIND: ")
    assert "the domain controller does not accept the logon: the user name or the password is wrong" in problem
    assert problem.endswith(f": {CONTROLLER}")
    assert "[autodiscover_uri_differs]" in run.output


def test_a_description_that_says_no_domain_controller(farm: Farm) -> None:
    tasks = "- import_role: {name: onprem.exchange_lync.audit}"
    run = farm.play(tasks, hosts="exchange_servers", extra_vars={"farm_directory": {"address": "", "user": "x"}})
    assert run.rc == 2
    assert "farm_directory.address must not be empty." in run.output
