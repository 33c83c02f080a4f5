# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on a grown farm: three Exchange servers of two versions, three front ends, two SIP domains, and some of it is wrong.

By winrm alone; the molecule scenario contoso has Exchange by psrp and the rest by winrm, and test_integrate each carrier alone.
"""

from __future__ import annotations

import pytest

from harness import Farm
from integrating import Watched, answers, integrate, said, sessions, three_runs

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("winrm")]

EXCHANGE, LYNC, DNS = "ex-lon-01.corp.contoso.com", "sfb-lon-01.corp.contoso.com", "dc-lon-01.corp.contoso.com"
AUTODISCOVER = "https://autodiscover.contoso.com/autodiscover/autodiscover"
NAMES = ("autodiscover.contoso.com", "autodiscover.fabrikam.com")
CHANGES = [
    ("Assign the OAuthTokenIssuer certificate", LYNC),
    ("Set the Autodiscover URI of the Client Access servers", EXCHANGE),
    ("Set the OAuth configuration", LYNC),
    ("Publish the records", DNS),
]
Runs = tuple[Watched, Watched, Watched]


@pytest.fixture(scope="module")
def untolerated(farm: Farm) -> Watched:
    """First of all: a run for which nobody has said what is known to be wrong."""
    return integrate(farm, extra_vars={"integration_tolerate": [], "integration_replication_exclude": []})


@pytest.fixture(scope="module")
def runs(farm: Farm, untolerated: Watched) -> Runs:
    return three_runs(farm)


def test_all_that_is_wrong_is_told_at_once_and_nothing_written(untolerated: Watched) -> None:
    assert untolerated.run.rc == 2
    assert untolerated.writes == []
    message = said(untolerated.run, "Report all problems at once")
    for problem in (
        "the accepted domain *.contoso.com is a wildcard",
        "EX-NYC-01: OAuth is off for the virtual directory Autodiscover",
        "EX-NYC-01: OAuth is off for the virtual directory EWS",
        "the replica edge-old.contoso.com of the Central Management Store is not up to date",
        "ex-nyc-01.corp.contoso.com: exchange management shell: Get-ExchangeCertificate: certificate_missing",
    ):
        assert problem in message


def test_check_apply_again(runs: Runs) -> None:
    check, apply, again = runs
    for watched in runs:
        assert watched.run.rc == 0, watched.run.output
    assert (check.changed, check.writes) == (CHANGES, [])
    assert apply.changed == CHANGES
    assert (again.changed, again.writes) == ([], [])


def test_one_session_for_each_host_and_place(runs: Runs, farm: Farm) -> None:
    needed = sessions(farm)
    for watched in runs:
        assert watched.each("sessions") == needed


def test_only_the_servers_that_differ_are_written(runs: Runs) -> None:
    written = [entry["parameters"].get("Identity") for entry in runs[1].writes if "ClientAccess" in entry["cmdlet"]]
    assert sorted(written) == ["EX-LON-02", "EX-NYC-01"]


def test_the_farm_is_as_documented(runs: Runs, farm: Farm) -> None:
    state = farm.state()
    assert {server["autodiscover_uri"] for server in state["exchange"]["servers"].values()} == {f"{AUTODISCOVER}.xml"}
    store = state["lync"]["store"]
    assert store["oauth"]["exchange_autodiscover_url"] == f"{AUTODISCOVER}.svc"
    for name in NAMES:
        assert answers(farm, name) == ["mail.contoso.com"]
        assert answers(farm, name, "A") == ["198.51.100.11"]


def test_every_front_end_has_the_same_token_issuer_with_its_key(runs: Runs, farm: Farm) -> None:
    state = farm.state()
    wanted = state["certificates"]["oauth-pfx"]["thumbprint"]
    tasks = "- {name: read, onprem.exchange_lync.lync_certificate_info: {}}"
    run = farm.play(tasks, hosts="lync_servers")
    front_ends = [host for host, of_host in state["hosts"].items() if of_host["role"] == "lync"]
    assert len(front_ends) == 3
    for host in front_ends:
        result = run.step("read", host).result
        assert [item["thumbprint"] for item in result["assigned"] if item["use"] == "OAuthTokenIssuer"] == [wanted]
        assert [item["has_private_key"] for item in result["store"] if item["thumbprint"] == wanted] == [True]


def test_the_password_of_the_file_is_never_shown(runs: Runs, farm: Farm) -> None:
    for watched in runs:
        assert "50% é" not in watched.run.output
    assert "50% é" not in str(farm.journal())
