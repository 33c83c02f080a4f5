# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerberos where the other side is not as it should be: a host whose own clock is wrong, and a lab that is killed."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from harness import Farm
from kerberos_farm import ADMINISTRATOR, PASSWORD, enter, get_ticket, log_on, require_kerberos, run_farm
from sessions import DC, EXCHANGE, LYNC, echo, endpoint

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
AHEAD, BEHIND = 900, -1200


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What refused clients leave to the garbage collector goes while this test's filter of warnings holds, and not in some later test."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with run_farm(tmp_path_factory.mktemp("lab"), {LYNC: AHEAD, DC: BEHIND, EXCHANGE: AHEAD}) as farm:
        yield farm


@pytest.mark.parametrize("carrier", ["psrp", "winrm"])
@pytest.mark.parametrize(("host", "says"), [(LYNC, "15 minutes ahead of"), (DC, "20 minutes behind")])
def test_a_host_whose_clock_is_wrong(
    realm: Farm, monkeypatch: pytest.MonkeyPatch, carrier: str, host: str, says: str
) -> None:
    """By the date of its refusal: pywinrm does not look at what the host says of it, and what it says has no side."""
    enter(monkeypatch, realm, get_ticket(realm))
    with pytest.raises(ShellError) as caught:
        log_on(realm, carrier, host)
    error = caught.value
    assert error.kind == "authentication"
    assert f"The host's clock is {says} the controller's" in error.message
    assert "w32tm /query /status" in error.remedy
    if carrier == "psrp":
        assert "Kerberos finds that the clocks differ by more than five minutes" in error.message


def test_exchanges_own_endpoint_on_such_a_host(realm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(monkeypatch, realm, get_ticket(realm))
    account = {"remote_addr": EXCHANGE, "remote_user": ADMINISTRATOR, "remote_password": None}
    with pytest.raises(ShellError) as caught:
        endpoint(realm, "http", "kerberos", **account)
    assert "The host's clock is 15 minutes ahead of the controller's" in caught.value.message


def test_ntlm_minds_no_clock(realm: Farm) -> None:
    """A logon that Kerberos has no part in."""
    session = log_on(realm, "psrp", LYNC, method="ntlm", remote_addr="127.0.0.1", remote_password=PASSWORD)
    assert echo(session, ["é"]) == ["é"]
    session.close()


def processes_of(folder: Path) -> set[int]:
    """The processes that have the folder in their arguments or their environment."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                said = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
            except OSError:
                continue  # it has ended meanwhile, or is somebody else's
            if str(folder).encode() in said:
                found.add(int(entry.name))
    return found


def test_the_kdc_ends_with_a_lab_that_is_killed(tmp_path: Path) -> None:
    require_kerberos()
    farm = Farm("litware", tmp_path / "killed", "documented")
    farm.state_dir.mkdir()
    farm.up("--kerberos")
    running = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(farm.state_dir)}
    (whole,) = [pid for pid, words in running.items() if b"farm.process" in words]
    try:
        assert len(running) == 5  # the farm, its KDC and three hosts
        os.kill(whole, signal.SIGKILL)
        end = time.monotonic() + 10
        while processes_of(farm.state_dir) and time.monotonic() < end:
            time.sleep(0.1)
        assert not processes_of(farm.state_dir)
    finally:
        for pid in processes_of(farm.state_dir) & set(running):
            os.kill(pid, signal.SIGKILL)
