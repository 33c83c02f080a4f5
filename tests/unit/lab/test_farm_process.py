# SPDX-License-Identifier: GPL-3.0-or-later
"""The farm's protocol over its socket, and what it leaves in the state folder."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psrpcore.types import PSDict

from farm.clixml import decode, encode, enumeration, revive
from farm.errors import LabError
from farm.process import FarmProcess
from farm.realm import open_realm
from farm.scenario import Scenario, load, names
from farm.state import Farm
from farm.structure import build

EXCHANGE = "atl-exchange-001.litwareinc.com"
LYNC = "atl-lync-001.litwareinc.com"


class Line:
    """A connection to the farm."""

    def __init__(self, process: FarmProcess, token: str | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", process.server.port), 5)
        self.lines = self.socket.makefile("rwb")
        self.send({"token": process.server.token if token is None else token})

    def send(self, message: dict[str, Any]) -> None:
        self.lines.write(json.dumps(message).encode() + b"\n")
        self.lines.flush()

    def receive(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.lines.readline())
        return answer

    def ask(self, operation: str, **fields: object) -> dict[str, Any]:
        self.send({"op": operation, **fields})
        return self.receive()

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[FarmProcess]:
    running = FarmProcess(tmp_path, "litware")
    running.start(with_hosts=False)
    yield running
    running.close()


@pytest.fixture
def line(process: FarmProcess) -> Iterator[Line]:
    connection = Line(process)
    yield connection
    connection.close()


def test_a_wrong_token_is_refused(process: FarmProcess) -> None:
    connection = Line(process, "wrong")
    assert "token" in connection.receive()["refused"]
    assert connection.lines.readline() == b""
    connection.close()


def test_the_lab_file(process: FarmProcess, line: Line) -> None:
    path = process.state / "lab.json"
    lab = json.loads(path.read_text(encoding="utf-8"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert lab["ready"] is False and list(lab["hosts"]) == [EXCHANGE, LYNC, "atl-dc-001.litwareinc.com"]
    for fqdn in lab["hosts"]:
        line.ask("listening", host=fqdn, listeners={"wsman_https": 1}, pid=99)
    lab = json.loads(path.read_text(encoding="utf-8"))
    assert lab["ready"] is True and lab["hosts"][LYNC]["listeners"] == {"wsman_https": 1} and lab["pids"][LYNC] == 99


def test_a_description(line: Line) -> None:
    found = line.ask("describe", host="ATL-EXCHANGE-001")
    assert [endpoint["profile"] for endpoint in found["endpoints"]] == ["windows", "exchange-endpoint"]
    assert found["users"][0]["name"] == "LITWARE\\administrator"
    assert all(any(mark in user["password"] for mark in ':"% é') for user in found["users"])


def test_what_is_refused(line: Line) -> None:
    assert "no operation" in line.ask("nonsense")["refused"]
    assert "has no host" in line.ask("describe", host="x")["refused"]
    assert "lacks 'host'" in line.ask("describe")["refused"]
    assert "no fault" in line.ask("fault", name="nonsense")["refused"]
    assert (
        "wants seconds as its value, and 'abc' are none"
        in line.ask("fault", name="slow_cmdlet", value="abc")["refused"]
    )
    assert line.ask("fault", name="slow_receive", value="0.5", count=1)["done"]
    assert line.ask("cmdlet", host="x", cmdlet="Get-Date")["failed"]["fqid"] == "LabError"


def test_offers_follow_version_and_role(line: Line) -> None:
    session = {"host": EXCHANGE, "shell": "exchange", "endpoint": "/powershell"}
    admin = line.ask("offers", **session, groups=["Organization Management"])["cmdlets"]
    auditor = line.ask("offers", **session, groups=["View-Only Organization Management"])["cmdlets"]
    assert "Set-ClientAccessServer" in admin and "Set-ClientAccessService" not in admin
    assert "Get-ClientAccessServer" in auditor and not [name for name in auditor if name.startswith("Set-")]
    assert line.ask("offers", **session, groups=[])["cmdlets"] == []
    lync = line.ask("offers", host=LYNC, shell="lync", endpoint="/ocspowershell", groups=["CsAdministrator"])["cmdlets"]
    assert "Set-CsOAuthConfiguration" in lync and "Set-CsCertificate" not in lync


def test_a_cmdlet_and_its_journal(line: Line) -> None:
    request = {
        "host": EXCHANGE, "user": "LITWARE\\administrator", "groups": ["Organization Management"], "delegated": False,
        "session": "7", "shell": "exchange", "endpoint": "/powershell", "set": "Identity",
    }  # fmt: skip
    parameters = encode(
        PSDict({"Identity": "ATL-EXCHANGE-001", "AutoDiscoverServiceInternalUri": "https://a.litwareinc.com/"})
    )
    assert line.ask("cmdlet", **request, cmdlet="set-clientaccessserver", parameters=parameters) == {"done": True}
    line.send({"op": "cmdlet", **request, "cmdlet": "Get-ClientAccessServer"})
    assert decode(line.receive()["output"]).AutoDiscoverServiceInternalUri == "https://a.litwareinc.com/"
    assert line.receive() == {"done": True}
    entry = line.ask("journal", writes=True)["journal"][0]
    assert entry["cmdlet"] == "Set-ClientAccessServer" and entry["kind"] == "write" and entry["outcome"] == "ok"
    assert entry["session"] == "7" and entry["endpoint"] == "/powershell" and entry["error_id"] is None


def test_events_count(line: Line) -> None:
    line.ask("event", host=LYNC, event="session_opened", session="1", user="u", shell="lync", endpoint="/wsman")
    line.ask("event", host=LYNC, event="pipeline")
    line.ask("event", host=LYNC, event="request", count=5)
    counters = line.ask("status")["hosts"][LYNC]
    assert (counters["sessions"], counters["open_sessions"], counters["pipelines"], counters["requests"]) == (
        1,
        1,
        1,
        5,
    )
    line.ask("event", host=LYNC, event="session_closed", session="1")
    assert line.ask("status")["hosts"][LYNC]["open_sessions"] == 0
    assert [entry["event"] for entry in line.ask("journal")["journal"]] == ["session_opened", "session_closed"]


def test_followers_know_a_fault_before_it_is_confirmed(process: FarmProcess, line: Line) -> None:
    follower = Line(process)
    assert follower.ask("faults", host=LYNC, follow=True) == {"faults": [], "clock": 0.0}
    line.ask("fault", name="lost_answer", host="atl-lync-001", count=1)
    assert [fault["name"] for fault in follower.receive()["faults"]] == ["lost_answer"]
    line.ask("fault", name="lost_answer", off=True, host="*")
    assert follower.receive() == {"faults": [], "clock": 0.0}
    line.ask("clock", days=2)
    assert follower.receive() == {"faults": [], "clock": 172800.0}
    follower.close()


def test_faults_that_name_something_add_up_and_go_one_by_one(line: Line) -> None:
    def named() -> list[str]:
        return [fault["value"] for fault in line.ask("faults", host=LYNC)["faults"]]

    for service in ("RTCRGS", "RTCCPS", "rtcrgs"):
        line.ask("fault", name="service_stopped", host=LYNC, value=service)
    assert named() == ["RTCCPS", "rtcrgs"]
    line.ask("fault", name="service_stopped", host=LYNC, value="rtccps", off=True)
    assert named() == ["rtcrgs"]
    line.ask("fault", name="service_stopped", off=True)
    assert named() == []


def test_a_fault_is_used_up(line: Line) -> None:
    line.ask("fault", name="slow_receive", host="*", value="3", count=1)
    assert line.ask("take_fault", name="slow_receive", host=LYNC) == {"active": True, "value": "3"}
    assert line.ask("take_fault", name="slow_receive", host=LYNC)["active"] is False


def test_the_clock_and_the_state(line: Line) -> None:
    before = line.ask("state")["state"]
    line.ask("clock", days=30)
    after = line.ask("state")["state"]
    assert after["now"] > before["now"]
    certificate = after["certificates"]["oauth-good"]
    assert len(certificate["thumbprint"]) == 40 and certificate["hosts"] == {LYNC: True}
    assert after["certificates"]["oauth-no-key"]["hosts"] == {LYNC: False}
    assert after["certificates"]["oauth-1024"]["bits"] == 1024
    assert after["lync"]["replicas"][LYNC]["up_to_date"] is True
    assert "password" not in json.dumps(after["users"])


def test_latency_is_charged(tmp_path: Path) -> None:
    from farm.latency import Latency

    real = Latency("real")
    assert real.seconds("snapin_load") > 1
    assert real.seconds("cmdlet:Get-ExchangeCertificate", "exchange") > real.seconds(
        "cmdlet:Get-AuthConfig", "exchange"
    )
    assert real.seconds("cmdlet:Get-Service", "windows") < real.seconds("cmdlet:Get-AuthConfig", "exchange")
    assert real.seconds("nonsense") == 0 and Latency("none").charge("snapin_load") == 0
    kinds = [entry for key, entry in real.table.items() if key != "cmdlet"] + list(real.table["cmdlet"].values())
    assert all(entry["source"] for entry in kinds)


@pytest.mark.parametrize("name", names())
def test_a_scenario_starts(name: str) -> None:
    farm = Farm(load(name))
    assert set(farm.machines) == {host.fqdn for host in farm.scenario.machines()}
    thumbprints = {issued.thumbprint for issued in farm.certificates.values()}
    assert len(thumbprints) == len(farm.certificates)


def test_a_scenario_is_strict() -> None:
    with pytest.raises(LabError, match="no scenario 'nonsense'; there are broken, contoso, litware, messy"):
        load("nonsense")
    with pytest.raises(LabError, match="x: unknown key 'hots'"):
        build(Scenario, {"hots": []}, "x")
    with pytest.raises(LabError, match="x: name is missing"):
        build(Scenario, {}, "x")


def test_an_enumeration_survives_the_socket() -> None:
    text = encode(enumeration("Microsoft.Exchange.Data.ServerEditionType", "IMAP, POP", 3))
    assert encode(revive(decode(text))) == text


def test_a_realm_that_lacks_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tickets could not be taken: said before any host starts."""
    monkeypatch.setattr("farm.realm.check_library", lambda: None)
    for name in ("krb5.conf", f"{EXCHANGE}.keytab", f"{LYNC}.keytab"):
        (tmp_path / name).touch()
    with pytest.raises(LabError, match=r"lacks atl-dc-001\.litwareinc\.com\.keytab$"):
        open_realm(tmp_path, tmp_path, load("litware"))
    (tmp_path / "atl-dc-001.litwareinc.com.keytab").touch()
    realm = open_realm(tmp_path, tmp_path, load("litware"))
    assert (realm.describe()["realm"], realm.list_pids()) == ("LITWAREINC.COM", {})
    assert (tmp_path / "hosts").read_text(encoding="utf-8").count("127.0.0.1 ") == 3
