# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on a grown farm: three Exchange servers of two versions, three front ends, two SIP domains, and some of it is wrong.

By winrm alone; the molecule scenario contoso has Exchange by psrp and the rest by winrm, and test_integrate each carrier alone.
"""

from __future__ import annotations

import pytest

from harness import Farm
from integrating import Watched, answers, integrate, problems, reports, sessions, three_runs

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("winrm")]

AUTODISCOVER = "https://autodiscover.contoso.com/autodiscover/autodiscover"
NAMES = ("autodiscover.contoso.com", "autodiscover.fabrikam.com")
CHANGES = [
    "Publish the Autodiscover names",
    "Assign the OAuthTokenIssuer certificate",
    "Set the Autodiscover URI of the Client Access servers",
    "Set Lync's OAuth configuration",
    "Make Lync a partner application of Exchange",
]
Runs = tuple[Watched, Watched, Watched]


@pytest.fixture(scope="module")
def unasked(farm: Farm) -> Watched:
    """First of all: a run for which nobody has said what is known to be wrong, and what may be replaced."""
    return integrate(farm, extra_vars={"farm_tolerate": [], "farm_leave_out": [], "farm_replace": []})


@pytest.fixture(scope="module")
def runs(farm: Farm, unasked: Watched) -> Runs:
    return three_runs(farm)


def test_all_that_is_wrong_is_told_at_once_and_nothing_written(unasked: Watched) -> None:
    assert unasked.run.rc == 2
    assert unasked.writes == []
    (report,) = reports(unasked.run)
    assert report[0] == "6 problems on 3 servers (5 errors, 1 warning). Nothing was written."
    assert [problem.partition("]")[0] for problem in problems(report)] == [
        "[certificate_missing",
        "[dns_points_elsewhere",
        "[dns_points_elsewhere",
        "[oauth_off",
        "[oauth_off",
        "[replica_behind",
        "[token_issuer_in_use",
    ]


def test_check_apply_again(runs: Runs) -> None:
    check, apply, again = runs
    for watched in runs:
        assert watched.run.rc == 0, watched.run.output
    assert ([task for task, _host in check.changed], check.writes) == (CHANGES, [])
    assert [task for task, _host in apply.changed] == CHANGES
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


def test_exchange_reads_the_key_of_the_staged_certificate(runs: Runs, farm: Farm) -> None:
    """The applications are there under names of their own; nothing else of them is written."""
    (write,) = [entry for entry in runs[1].writes if "PartnerApplication" in entry["cmdlet"]]
    given = {name: write["parameters"].get(name) for name in ("Identity", "RefreshAuthMetadata", "AuthMetadataUrl")}
    assert given == {"Identity": "LyncEnterprise-7b6a", "RefreshAuthMetadata": True, "AuthMetadataUrl": None}
    state = farm.state()
    wanted = [state["certificates"][name]["thumbprint"] for name in ("oauth-expiring", "oauth-pfx")]
    (partner,) = [item for item in state["exchange"]["partner_applications"] if item["metadata_url"]]
    assert partner["certificates"] == wanted


def test_every_front_end_has_the_same_staged_token_issuer_with_its_key(runs: Runs, farm: Farm) -> None:
    """The one in use ends in twenty days and stays in use for another day, until Exchange knows the key of the new one."""
    state = farm.state()
    old, wanted = (state["certificates"][name]["thumbprint"] for name in ("oauth-expiring", "oauth-pfx"))
    tasks = "- {name: read, onprem.exchange_lync.lync_certificate_info: {}}"
    run = farm.play(tasks, hosts="lync_servers")
    front_ends = [host for host, of_host in state["hosts"].items() if of_host["role"] == "lync"]
    assert len(front_ends) == 3
    for host in front_ends:
        result = run.step("read", host).result
        (assigned,) = [item for item in result["assigned"] if item["use"] == "OAuthTokenIssuer"]
        assert (assigned["thumbprint"], assigned["previous_thumbprint"]) == (wanted, old)
        assert assigned["effective_date"] is not None
        assert [item["has_private_key"] for item in result["store"] if item["thumbprint"] == wanted] == [True]


def test_the_password_of_the_file_is_never_shown(runs: Runs, farm: Farm) -> None:
    for watched in runs:
        assert "50% é" not in watched.run.output
    assert "50% é" not in str(farm.journal())
