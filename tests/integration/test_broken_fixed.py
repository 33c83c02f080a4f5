# SPDX-License-Identifier: GPL-3.0-or-later
"""The pains of the scenario broken that the collection can end are ended, by integrate or by one of the rotations.

What somebody may have chosen needs the user's word, which is given here as farm_replace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import LAB, ROOT, Farm
from test_broken import AUDIT, EVERYTHING, findings, running

PLAYBOOKS = ROOT / "playbooks"
NEW_ISSUER = "farm_oauth_token_issuer_thumbprint"


@dataclass(frozen=True)
class Cure:
    """What ends some pains.

    :ivar playbooks: run one after the other.
    :ivar days: how far the farm's clock goes on between them.
    """

    pains: tuple[str, ...]
    playbooks: tuple[str, ...]
    words: tuple[str, ...] = ()
    certificate: str = ""
    days: int = 0
    variables: dict[str, Any] = field(default_factory=dict)


CURES = [
    Cure(
        ("uri_of_setup", "xml_url_in_lync", "no_partner_in_exchange", "autodiscover_name_missing_in_dns"),
        ("integrate",),
    ),
    Cure(
        ("exchange_knows_an_old_key", "no_partner_in_lync", "iisreset_forgotten", "service_host_not_restarted"),
        ("integrate",),
        variables={"farm_restart": True},
    ),
    Cure(
        (
            "uri_of_a_dead_server",
            "autodiscover_leads_outside",
            "oauth_off",
            "ws_security_off",
            "partner_disabled",
            "partner_url_of_a_dead_server",
        ),
        ("integrate",),
        (
            "autodiscover_uri_replaced",
            "dns_points_elsewhere",
            "oauth_off",
            "ws_security_off",
            "partner_application_disabled",
            "partner_application_replaced",
        ),
    ),
    Cure(("partner_of_another_realm", "partner_url_without_a_name"), ("integrate",), ("partner_application_replaced",)),
    Cure(
        ("auth_certificate_gone", "token_issuer_per_server"),
        ("rotate_auth_certificate", "rotate_oauth_token_issuer"),
        ("token_issuer_scope",),
        certificate="oauth",
    ),
    Cure(
        ("auth_certificate_expired", "token_issuer_expired"),
        ("rotate_auth_certificate", "rotate_oauth_token_issuer"),
        certificate="oauth",
    ),
    Cure(("token_issuer_expiring",), ("rotate_oauth_token_issuer",) * 2, certificate="oauth", days=2),
    Cure(("token_issuer_without_key",), ("rotate_oauth_token_issuer",) * 2, certificate="oauth", days=2),
]
NOT_CURED = {
    "authority_not_trusted": "the store of trusted authorities is the machine's",
    "wildcard_accepted_domain": "accepted domains decide about mail",
    "sip_domain_not_accepted": "accepted domains decide about mail",
    "replication_stuck": "the service on that server has to be looked at",
    "autodiscover_not_in_certificate": "a new certificate is asked of the authority, and enabled for IIS",
    "winhttp_proxy": "a setting of the machine",
    "tls_switched_off_on_one_side": "a setting of the machine, which needs a restart of Windows",
    "strong_crypto_missing": "a setting of the machine, which needs a restart of Windows",
    "clocks_differ": "a setting of the machine",
    "extended_protection": "a setting that other clients depend on; Microsoft's script for it sets it for the whole server",
    **dict.fromkeys(
        ("duplicate_partner_in_exchange", "duplicate_partner_in_lync", "partner_of_another_identifier"),
        "an application that somebody may need is not removed",
    ),
    **dict.fromkeys(
        (
            "owa_im_certificate_expired",
            "owa_im_certificate_gone",
            "owa_im_with_lync_2013",
            "owa_im_servers_not_trusted",
        ),
        "instant messages in Outlook on the web are not this trust",
    ),
    **dict.fromkeys(
        ("intermediate_among_the_roots", "root_twice", "too_many_roots"),
        "the store of trusted authorities is the machine's",
    ),
    "not_in_the_group": "who may do what is decided in Active Directory",
}
"""Why the collection leaves a pain to the administrator: the finding's remedy says what to do."""


@pytest.mark.parametrize("cure", CURES, ids=lambda cure: cure.pains[0])
def test_what_the_collection_can_end_is_ended(tmp_path: Path, cure: Cure) -> None:
    """Nothing is found afterwards, and each playbook has written nothing in check mode before."""
    with running(tmp_path, ",".join(cure.pains)) as farm:
        variables = {"farm_replace": list(cure.words), **cure.variables}
        if cure.certificate:
            variables[NEW_ISSUER] = farm.state()["certificates"][cure.certificate]["thumbprint"]
        for number, name in enumerate(cure.playbooks):
            if number and cure.days:
                farm.lab("clock", f"+{cure.days}")
            # the farm's clock is moved, and the audit judges by the controller's
            variables["farm_now"] = farm.status()["now"]
            playbook = PLAYBOOKS / f"{name}.yml"
            if name not in cure.playbooks[:number]:
                checked = farm.playbook(playbook, "--check", extra_vars=variables)
                assert (checked.rc, checked.writes) == (0, []), checked.output
            run = farm.playbook(playbook, extra_vars=variables)
            assert run.rc == 0, run.output
        # without the user's words, which end findings: what is still to be replaced is one again
        audit = farm.playbook(AUDIT, extra_vars={**EVERYTHING, "farm_now": farm.status()["now"]})
        assert findings(audit) == []
        assert works(farm)


def works(farm: Farm) -> bool:
    """Whether every server can sign, and every front end's signature is taken."""
    usable = farm.state()["timeline"][-1]["usable"]
    signing = [server["signs"] for product in ("exchange", "lync") for server in usable[product].values()]
    return all(signing) and all(server["taken"] for server in usable["lync"].values())


def test_every_pain_is_cured_or_has_a_reason_why_not() -> None:
    described = yaml.safe_load((LAB / "scenarios" / "broken.yml").read_text(encoding="utf-8"))
    cured = {pain for cure in CURES for pain in cure.pains}
    assert cured & set(NOT_CURED) == set()
    assert cured | set(NOT_CURED) == {*described["switches"]}
