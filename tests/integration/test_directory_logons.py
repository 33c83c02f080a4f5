# SPDX-License-Identifier: GPL-3.0-or-later
"""Logons to the lab's hosts with tickets of a real Active Directory domain controller, Samba's: what an MIT KDC cannot stand for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from harness import Farm
from kerberos_farm import (
    ADMINISTRATOR,
    DELEGATED,
    SENSITIVE,
    enter,
    get_ticket,
    log_on,
    run_farm,
)
from samba_domain import Domain, run_domain
from sessions import DC, EXCHANGE, LYNC, MEGABYTE, ask, echo
from test_kerberos_logons import CARRIERS, PSRP, documented, logons, make_keytab, read_all


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    with run_domain(tmp_path_factory.mktemp("domain")) as running:
        yield running


@pytest.fixture(scope="module")
def realm(domain: Domain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with run_farm(tmp_path_factory.mktemp("lab"), realm=domain.folder) as farm:
        yield farm


@pytest.mark.parametrize("logon", ["ticket", "keytab"])
def test_the_inventory_of_the_guide(realm: Farm, logon: str) -> None:
    """Lync by psrp with a ticket, and by winrm with the keytab that the guide's commands make."""
    inventory = documented(realm, password=False, **(PSRP if logon == "ticket" else {}))
    environment = {"KRB5CCNAME": get_ticket(realm)} if logon == "ticket" else make_keytab(realm)
    run, opened = read_all(realm, inventory, environment)
    assert run.rc == 0, run.output
    assert opened == [
        (DC, "/wsman", "Kerberos"),
        (EXCHANGE, "/powershell", "Kerberos"),
        (LYNC, "/wsman" if logon == "ticket" else "winrs", "Kerberos"),
    ]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_an_account_that_is_spelled_in_another_way(realm: Farm, monkeypatch: pytest.MonkeyPatch, carrier: str) -> None:
    """Active Directory knows accounts and services in any spelling; the ticket has the names as they were asked for."""
    enter(monkeypatch, realm, get_ticket(realm, user="Farm.Admin@LITWAREINC.COM"))
    session = log_on(realm, carrier, LYNC, remote_user="Farm.Admin@LITWAREINC.COM")
    assert echo(session, MEGABYTE) == MEGABYTE
    session.close()
    assert logons(realm, 0)[-1][2] == "Kerberos"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_over_https_to_a_host_that_requires_channel_bindings(
    realm: Farm, monkeypatch: pytest.MonkeyPatch, carrier: str
) -> None:
    enter(monkeypatch, realm, get_ticket(realm))
    session = log_on(realm, carrier, DC, "https")
    assert echo(session, ["é"]) == ["é"]
    session.close()


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(("user", "reaches"), [(ADMINISTRATOR, True), (SENSITIVE, False)])
def test_delegation(realm: Farm, monkeypatch: pytest.MonkeyPatch, carrier: str, user: str, *, reaches: bool) -> None:
    """An account that is marked as sensitive gets no ticket that could be handed over."""
    enter(monkeypatch, realm, get_ticket(realm, "-f", user=user))
    session = log_on(realm, carrier, LYNC, remote_user=user, **DELEGATED)
    assert session.carrier.delegates == reaches
    ask(session, Cmdlet("Import-Module", Name=["Lync"]))
    if reaches:
        assert len(ask(session, Cmdlet("Get-CsSipDomain")).objects) == 1
    else:
        with pytest.raises(ShellError) as caught:
            ask(session, Cmdlet("Get-CsSipDomain"))
        assert caught.value.kind == "double_hop"
    session.close()
