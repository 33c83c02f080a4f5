# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated PowerShell against the engine: what reads give over the wire has the same types, names and shape from both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.session import Session
from harness import Farm
from sessions import DC, LYNC, ask, endpoint, machine

READS = {
    "exchange": [
        Cmdlet("Get-AcceptedDomain"),
        Cmdlet("Get-AuthConfig"),
        Cmdlet("Get-AutodiscoverVirtualDirectory"),
        Cmdlet("Get-ClientAccessServer"),
        Cmdlet("Get-ExchangeCertificate"),
        Cmdlet("Get-ExchangeServer"),
        Cmdlet("Get-OrganizationConfig"),
        Cmdlet("Get-PartnerApplication"),
        Cmdlet("Get-WebServicesVirtualDirectory"),
    ],
    "lync": [
        Cmdlet("Get-CsCertificate"),
        Cmdlet("Get-CsComputer"),
        Cmdlet("Get-CsManagementConnection"),
        Cmdlet("Get-CsManagementStoreReplicationStatus"),
        Cmdlet("Get-CsOAuthConfiguration"),
        Cmdlet("Get-CsPool"),
        Cmdlet("Get-CsServerVersion"),
        Cmdlet("Get-CsService"),
        Cmdlet("Get-CsSipDomain"),
        Cmdlet("Get-CsSite"),
        Cmdlet("Get-CsTopology"),
        Cmdlet("Get-CsWindowsService"),
        Cmdlet("Get-ChildItem", LiteralPath="Cert:\\LocalMachine\\My"),
    ],
    "dns": [
        Cmdlet("Get-DnsServerZone"),
        Cmdlet("Get-DnsServerResourceRecord", ZoneName="litwareinc.com"),
        Cmdlet("Get-Service", Name=["WinRM", "No Such"]),
    ],
}
NOT_PROJECTED = ("Get-ChildItem", "Get-ExchangeCertificate", "Get-CsServerVersion")
"""PowerShell's types add properties to certificates that need Windows, and a text has a Length."""


@pytest.fixture(scope="module", params=READS)
def pair(request: Any, pwsh: str, tmp_path_factory: Any) -> Iterator[tuple[str, Session, Session]]:
    """A shell's name, and sessions in it: with the emulated PowerShell, and with the engine."""
    farms = [
        Farm("litware", tmp_path_factory.mktemp("lab"), "psrp", engine=engine, culture="tr-TR")
        for engine in (None, pwsh)
    ]
    for farm in farms:
        farm.up()
    open_one = {"exchange": endpoint, "lync": lambda farm: machine(farm, LYNC), "dns": lambda farm: machine(farm, DC)}
    emulated, real = map(open_one[request.param], farms)
    yield request.param, emulated, real
    emulated.close()
    real.close()
    for farm in farms:
        farm.down()


def shape(value: Any) -> Any:
    """A value without what differs from one farm to the next: dates, thumbprints, keys."""
    if isinstance(value, RemoteObject):
        properties = {name: shape(item) for name, item in value.properties.items()}
        return value.type_names, value.value, properties, None if value.items is None else [*map(shape, value.items)]
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def answer(session: Session, *cmdlets: Cmdlet) -> tuple[list[Any], list[Any]]:
    reply = ask(session, *cmdlets)
    return [shape(item) for item in reply.objects], [vars(error) for error in reply.errors]


def test_objects_and_errors(pair: tuple[str, Session, Session]) -> None:
    name, emulated, real = pair
    for cmdlet in READS[name]:
        assert answer(emulated, cmdlet) == answer(real, cmdlet), cmdlet.name


def test_projections(pair: tuple[str, Session, Session]) -> None:
    name, emulated, real = pair
    for cmdlet in READS[name]:
        if cmdlet.name not in NOT_PROJECTED:
            every = Cmdlet("Select-Object", Property=["*"])
            assert answer(emulated, cmdlet, every) == answer(real, cmdlet, every), cmdlet.name


KEYS = (
    Cmdlet("Get-ChildItem", LiteralPath="Cert:\\LocalMachine\\My"),
    Cmdlet("Select-Object", ExpandProperty="PrivateKey", Property=["Thumbprint"]),
    Cmdlet("Select-Object", ExpandProperty="CspKeyContainerInfo", Property=["Thumbprint"]),
)


@pytest.mark.parametrize("pair", ["lync"], indirect=True)
def test_private_keys(pair: tuple[str, Session, Session]) -> None:
    """What Windows says of a key is two objects deep, null for some certificates, and read by Select-Object alone."""
    _name, emulated, real = pair
    read = (*KEYS, Cmdlet("Select-Object", Property=["Thumbprint", "Exportable", "ProviderName"]))
    answers = [ask(session, *read) for session in (emulated, real)]
    seen, proved = ([(item["Exportable"], item["ProviderName"]) for item in reply.objects] for reply in answers)
    assert seen == proved
    assert len(seen) == 7  # of nine certificates: one has no key, one's is of an elliptic curve
    assert not any(reply.errors for reply in answers)
    nested = Cmdlet("Select-Object", Property=["HasPrivateKey", "PrivateKey"])
    wrong = Cmdlet("Select-Object", ExpandProperty="PrivateKey", Property=["Thumbprint", "KeySize"])
    for pipeline in (KEYS[:2], KEYS, (KEYS[0], nested), (KEYS[0], wrong)):
        assert answer(emulated, *pipeline) == answer(real, *pipeline), pipeline
