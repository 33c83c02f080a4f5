# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel bindings at the levels of WinRM's CbtHardeningLevel: which logons over TLS are let in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pypsrp.exceptions import AuthenticationError
from pypsrp.negotiate import HTTPNegotiateAuth

from wire_clients import pool
from wire_stand_ins import Lab

# Clients leave sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.parametrize(
    ("level", "refused"),
    [(None, {"wrong"}), ("relaxed", {"wrong"}), ("strict", {"wrong", "absent"}), ("none", set())],
)
@pytest.mark.parametrize("sent", ["right", "wrong", "absent"])
def test_who_is_let_in(
    start_lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch, level: str | None, refused: set[str], sent: str
) -> None:
    """Nothing said is Relaxed, which is what Windows has."""
    if sent == "wrong":
        wrong = b"tls-server-end-point:" + bytes(32)
        monkeypatch.setattr(HTTPNegotiateAuth, "_get_cbt_data", staticmethod(lambda _response: wrong))
    lab = start_lab({"cbt": level} if level else {})

    def open_pool() -> None:
        with pool(lab.ports["wsman_https"], auth="ntlm", negotiate_send_cbt=sent != "absent"):
            pass

    if sent in refused:
        with pytest.raises(AuthenticationError):
            open_pool()
        assert not lab.farm.events("session_opened")
    else:
        open_pool()
        assert len(lab.farm.wait_for("session_opened")) == 1
