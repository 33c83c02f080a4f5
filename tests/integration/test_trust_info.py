# SPDX-License-Identifier: GPL-3.0-or-later
"""trust_info on a farm in which the trust works, and on what is wrong with web sites; no account is used, and no session is opened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import Farm, Run

pytestmark = [pytest.mark.scenario("broken"), pytest.mark.connections("documented")]

EX1, FE1 = "ex1.tailspintoys.com", "fe1.tailspintoys.com"
LYNC = "00000004-0000-0ff1-ce00-000000000000@tailspintoys.com"
TASK = """
- name: read
  onprem.exchange_lync.trust_info:
    port: "{{ farm_exchange_https_port | default(farm_lync_https_port) }}"
    %s
  vars: {ansible_user: nobody, ansible_password: wrong}
"""


def read(farm: Farm, options: str = "", *, hosts: str = "exchange_servers:lync_servers", execution: str = "") -> Run:
    return farm.play(TASK % options, hosts=hosts, execution=execution, check=True)


def thumbprint(farm: Farm, name: str) -> str:
    return str(farm.state()["certificates"][name]["thumbprint"])


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_each_server_says_who_it_is_and_whom_it_trusts(farm: Farm, execution: str) -> None:
    dns = json.loads((farm.state_dir / "lab.json").read_text(encoding="utf-8"))["dns"]
    names = f"names: [autodiscover.tailspintoys.com]\n    dns_server: {{address: {dns['host']}, port: {dns['port']}}}"
    before = farm.status()["hosts"]
    run = read(farm, names, execution=execution)
    assert run.rc == 0, run.output
    assert {step.host for step in run.steps} == {EX1, "ex2.tailspintoys.com", FE1, "fe2.tailspintoys.com"}
    for step in run.steps:
        product = "exchange" if step.host.startswith("ex") else "lync"
        metadata, challenge = step.result["metadata"], step.result["challenge"]
        key = thumbprint(farm, "exchange-auth" if product == "exchange" else "oauth")
        assert [item["thumbprint"] for item in metadata["signing_keys"]] == [key]
        assert (metadata["status"], metadata["error"], metadata["realm"]) == (200, None, "tailspintoys.com")
        assert [item["state"] for item in metadata["signing_keys"]] == [None]
        assert f"https://{step.host}:" in metadata["url"]
        shown = "tls-exchange" if product == "exchange" else "lync-default"
        assert metadata["certificate"]["thumbprint"] == thumbprint(farm, shown)
        assert (challenge is None) == (product == "lync")
        assert challenge is None or (challenge["status"], challenge["trusted_issuers"]) == (401, [LYNC])
        assert step.result["names"][0]["resolution"]["addresses"] == ["192.0.2.11"]
    after = farm.status()["hosts"]
    assert all(after[host]["sessions"] == before[host]["sessions"] for host in after)
    assert [step.journal for step in run.steps] == [[]] * 4


def test_keys_are_compared_with_what_is_in_use(farm: Farm) -> None:
    key, other = thumbprint(farm, "exchange-auth"), thumbprint(farm, "exchange-auth-old")
    spaced = " ".join(key[at : at + 2] for at in range(0, 40, 2)).lower()
    found = {}
    for used in (
        f"current_thumbprint: {spaced}",
        f"next_thumbprint: {key}",
        f"previous_thumbprint: {key}",
        f"current_thumbprint: {other}",
    ):
        step = read(farm, used, hosts=EX1).step("read")
        found[used.partition(":")[0] + used[-1]] = [
            *(item["state"] for item in step.result["metadata"]["signing_keys"]),
            step.result["metadata"]["current_shown"],
        ]
    assert list(found.values()) == [["current", True], ["next", None], ["stale", None], ["foreign", False]]


@pytest.mark.parametrize(
    ("fault", "value", "said"),
    [
        (
            "web_redirects",
            "https://login.example.net/x",
            "HTTP 302, which points to https://login.example.net/x and was not followed",
        ),
        ("web_endless", "", "the answer is larger than 256 KiB, and was not read to its end"),
        ("web_slow", "3", "no answer within 1 s"),
        ("http_503", "", "HTTP 503: the application pool is stopped"),
    ],
)
def test_what_a_web_site_does_is_a_result(farm: Farm, fault: str, value: str, said: str) -> None:
    farm.lab("fault", fault, "--host", FE1, *(["--value", value] if value else []))
    try:
        step = read(farm, "timeout: 1" if fault == "web_slow" else "", hosts=FE1).step("read")
    finally:
        farm.lab("fault", fault, "--host", FE1, "--off")
    metadata = step.result["metadata"]
    assert (step.failed, metadata["error"], metadata["signing_keys"], metadata["current_shown"]) == (
        False,
        said,
        [],
        None,
    )
    assert metadata["location"] == (value if fault == "web_redirects" else None)


def test_a_server_that_nobody_reaches_is_a_result_too(farm: Farm) -> None:
    step = farm.play("- {name: read, onprem.exchange_lync.trust_info: {port: 1, timeout: 2}}", hosts=FE1).step("read")
    assert (step.failed, step.result["metadata"]["status"]) == (False, None)
    assert "Connection refused" in step.result["metadata"]["error"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"server": "a b"}, "server: 'a b' is not a host name"),
        ({"port": 70000}, "port: 70000 is not a port"),
        ({"timeout": 0}, "timeout: 0.0 must be more than 0"),
        ({"names": ["x"], "dns_server": {"address": "127.0.0.1"}}, "names: 'x' is not a full name"),
        ({"names": ["a.example"]}, "dns_server: is required"),
    ],
)
def test_what_cannot_be_used_is_refused(farm: Farm, options: dict[str, Any], said: str) -> None:
    task = f"- {{name: read, onprem.exchange_lync.trust_info: {json.dumps(options)}}}"
    step = farm.play(task, hosts=FE1).step("read")
    assert step.failed
    assert said in step.msg
