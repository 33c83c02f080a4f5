# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's clock on the wire: the Date header of each answer, whatever the answer is, as HTTP.sys writes it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest

from wire_stand_ins import Lab

CLOSE = 5.0
"""Seconds: a header has no fractions, and an answer takes its time."""


def ahead(lab: Lab, method: str = "POST", path: str = "/wsman", **headers: str) -> tuple[int, float]:
    """The status of an answer, and by how many seconds its date is ahead of the clock of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", lab.ports["wsman_http"], timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    dates = answer.headers.get_all("Date") or []
    assert len(dates) == 1
    return answer.status, parsedate_to_datetime(dates[0]).timestamp() - time.time()


def test_without_a_word_it_is_the_real_time(lab: Lab) -> None:
    _status, seconds = ahead(lab)
    assert abs(seconds) < CLOSE


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/wsman", 401), ("GET", "/wsman", 405), ("POST", "/nowhere", 404)]
)
def test_every_answer_has_the_hosts_own(start_lab: Callable[..., Lab], method: str, path: str, status: int) -> None:
    answered, seconds = ahead(start_lab({"clock": 7200.0}), method, path)
    assert answered == status
    assert abs(seconds - 7200) < CLOSE


def test_it_moves_when_the_farm_says_so(start_lab: Callable[..., Lab]) -> None:
    lab = start_lab({"clock": -600.0})
    assert abs(ahead(lab)[1] + 600) < CLOSE
    lab.server.update({"faults": [], "clock": 86400.0})
    assert abs(ahead(lab)[1] - 86400) < CLOSE
    lab.server.update({"faults": []})
    assert abs(ahead(lab)[1] - 86400) < CLOSE
