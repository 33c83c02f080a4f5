# SPDX-License-Identifier: GPL-3.0-or-later
"""The pains of the scenario broken that the collection can end are ended, by integrate or by one of the rotations.

What somebody may have chosen needs the user's word, which is given here as farm_replace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness import ROOT, Farm, Run
from test_broken import AUDIT, EVERYTHING, PAINS, SIP, findings, running

PLAYBOOKS = ROOT / "playbooks"
NEW_ISSUER = "farm_oauth_token_issuer_thumbprint"


@dataclass(frozen=True)
class Cure:
    """What ends some pains.

    :ivar playbooks: run one after the other.
    :ivar hours: how far the farm's clock goes on between them.
    """

    pains: tuple[str, ...]
    playbooks: tuple[str, ...]
    words: tuple[str, ...] = ()
    certificate: str = ""
    hours: int = 0
    variables: dict[str, Any] = field(default_factory=dict)


CURES = [
    Cure(
        ("uri_of_setup", "xml_url_in_lync", "no_partner_in_exchange", "autodiscover_name_missing_in_dns"),
        ("integrate",),
    ),
    Cure(("exchange_knows_an_old_key", "no_partner_in_lync"), ("integrate",)),
    Cure(
        ("uri_of_a_dead_server", "autodiscover_leads_outside", "oauth_off", "ws_security_off", "partner_disabled"),
        ("integrate",),
        (
            "autodiscover_uri_replaced",
            "dns_points_elsewhere",
            "oauth_off",
            "ws_security_off",
            "partner_application_disabled",
        ),
    ),
    Cure(("partner_of_another_realm",), ("integrate",), ("partner_application_replaced",)),
    Cure(("iisreset_forgotten", "service_host_not_restarted"), ("integrate",), variables={"farm_restart": True}),
    Cure(("auth_certificate_gone",), ("rotate_auth_certificate",)),
    Cure(("auth_certificate_expired",), ("rotate_auth_certificate",)),
    Cure(("token_issuer_expired",), ("rotate_oauth_token_issuer",), certificate="oauth"),
    Cure(("token_issuer_expiring",), ("rotate_oauth_token_issuer",) * 2, certificate="oauth", hours=26),
    Cure(("token_issuer_without_key",), ("rotate_oauth_token_issuer",), certificate="oauth"),
    Cure(("token_issuer_per_server",), ("rotate_oauth_token_issuer",), ("token_issuer_scope",), certificate="oauth"),
]


@pytest.mark.parametrize("cure", CURES, ids=lambda cure: cure.pains[0])
def test_what_the_collection_can_end_is_ended(tmp_path: Path, cure: Cure) -> None:
    with running(tmp_path, ",".join(cure.pains)) as farm:
        variables = {"farm_replace": list(cure.words), **cure.variables}
        if cure.certificate:
            variables[NEW_ISSUER] = farm.state()["certificates"][cure.certificate]["thumbprint"]
        moment = {}
        for number, name in enumerate(cure.playbooks):
            if number and cure.hours:
                farm.lab("clock", f"+{cure.hours}")
            moment = {"farm_now": farm.status()["now"]} if cure.hours else {}
            run = farm.playbook(PLAYBOOKS / f"{name}.yml", extra_vars={**variables, **moment})
            print(run.output)
            assert run.rc == 0, run.output
        audit = farm.playbook(AUDIT, extra_vars={**EVERYTHING, **moment})
        for x in findings(audit): print("LEFT", x)
        print("USABLE", farm.state()["timeline"][-1])
    assert 0
