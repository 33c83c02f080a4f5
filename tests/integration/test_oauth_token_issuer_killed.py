# SPDX-License-Identifier: GPL-3.0-or-later
"""A roll of the OAuthTokenIssuer certificate is killed after each of its writes; the next run of the playbook completes it.

At no moment, as the lab has seen it after each cmdlet, is there a Lync server that cannot sign, or whose signature Exchange would refuse.
"""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm
from killing import kill_after
from test_rotations import ISSUER, known_to_exchange, names, rotate, token_issuer, usable_since

pytestmark = [pytest.mark.scenario("contoso"), pytest.mark.connections("documented")]

EXCHANGE, LYNC = "exchange_servers[0]", "lync_servers[0]"


def test_killed_after_each_write(farm: Farm) -> None:
    begun, old = len(farm.journal()), token_issuer(farm)["thumbprint"]
    farm.state()
    stage: dict[str, Any] = {
        "use": "OAuthTokenIssuer",
        "path": r"C:\Certificates\oauth.pfx",
        "password": 'pfx: "ä" 50% é',
    }
    assert kill_after(farm, [{"onprem.exchange_lync.lync_certificate": stage}], LYNC, 1) == 1
    new = token_issuer(farm)["thumbprint"]
    assert (token_issuer(farm)["previous"], known_to_exchange(farm)) == (old, [old])

    refresh = {"onprem.exchange_lync.exchange_partner_application": {"signing_certificates": [old, new]}}
    wait = {"onprem.exchange_lync.lync_token_issuer_info": {"thumbprint": new, "timeout": 60}}
    assert farm.play(f"- {wait}", hosts="lync_servers").rc == 0
    assert kill_after(farm, [refresh], EXCHANGE, 1) == 1
    assert names(rotate(farm, ISSUER)) == []  # all that is due before the date is done
    assert sorted(known_to_exchange(farm)) == sorted([old, new])

    farm.lab("clock", "+3")
    forget = {"onprem.exchange_lync.lync_certificate": {"use": "OAuthTokenIssuer", "state": "absent", "previous": True}}
    assert kill_after(farm, [forget], LYNC, 1) == 1
    assert names(rotate(farm, ISSUER)) == []
    assert (token_issuer(farm)["thumbprint"], token_issuer(farm)["previous"]) == (new, "")
    assert usable_since(farm, begun)


def test_what_is_left_after_a_kill_is_done_by_the_playbook(farm: Farm) -> None:
    """The same roll from the other end: each time all but what was done before the kill is left to the playbook."""
    begun, old = len(farm.journal()), token_issuer(farm)["thumbprint"]
    new = farm.state()["certificates"]["oauth-good"]["thumbprint"]
    stage = {"use": "OAuthTokenIssuer", "thumbprint": new}
    assert kill_after(farm, [{"onprem.exchange_lync.lync_certificate": stage}], LYNC, 1) == 1
    named = {"farm_oauth_token_issuer_path": None, "farm_oauth_token_issuer_password": None}
    completed = rotate(farm, ISSUER, farm_oauth_token_issuer_thumbprint=new, **named)
    assert names(completed) == ["Set-PartnerApplication"]
    assert {old, new} <= set(known_to_exchange(farm))
    farm.lab("clock", "+3")
    finished = rotate(farm, ISSUER, farm_oauth_token_issuer_thumbprint=new, **named)
    assert names(finished) == ["Remove-CsCertificate"]
    assert usable_since(farm, begun)
