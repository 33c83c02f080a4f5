# SPDX-License-Identifier: GPL-3.0-or-later
"""No documented parameter is taken and then forgotten: the model knows it, or refuses it, or it changes nothing that is modelled."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any

import pytest

from farm import registry, report
from farm_bench import Bench, bench
from powershell.catalogue import load

WITHOUT_EFFECT = {
    "ADPropertiesOnly": "the lab's IIS says what its directory says",
    "ActiveDirectoryTimeout": "the directory answers at once",
    "Force": "only keeps questions away",
    "LocalStore": "the topology never changes",
    "Node": "records of a name come without those below it",
    "Recurse": "the store has no folders",
    "ReloadConfig": "each test reads the configuration anew",
    "Report": "a file that nobody reads",
    "ThrottleLimit": "one server is asked",
}


@pytest.fixture
def litware() -> Bench:
    return bench("litware")


def named_in(code: str, parameter: str) -> bool:
    """Whether the code has the name elsewhere than among those that are not modelled."""
    return f'"{parameter}"' in re.sub(r"without=\(.*?\)", "", code, flags=re.DOTALL)


def test_every_documented_parameter_is_known_refused_or_without_effect() -> None:
    forgotten = {}
    for cmdlet in registry.load().values():
        module = sys.modules[cmdlet.handler.__module__]
        imported = [
            each for each in vars(module).values() if inspect.isfunction(each) and each.__module__.startswith("farm.")
        ]
        sources: list[Any] = [module, registry, *imported]
        code = "".join(map(inspect.getsource, sources))
        own = load().cmdlets[cmdlet.name.lower()].parameters
        assert set(cmdlet.without) <= set(own), cmdlet.name
        rest = set(own) - set(cmdlet.without) - set(WITHOUT_EFFECT)
        if missing := sorted(name for name in rest if not named_in(code, name)):
            forgotten[cmdlet.name] = missing
    assert not forgotten


@pytest.mark.parametrize(
    ("cmdlet", "parameters"),
    [
        ("Get-CsPool", {"Filter": "nothing*"}),
        ("Get-CsService", {"FileStore": True}),
        ("Get-Service", {"ComputerName": "elsewhere"}),
        ("New-CsPartnerApplication", {"Identity": "Exchange", "InMemory": True, "MetadataUrl": "https://a.litwareinc.com/metadata/json/1"}),
        ("Add-DnsServerResourceRecordA", {"ZoneName": "litwareinc.com", "Name": "a", "IPv4Address": "192.0.2.9", "ZoneScope": "dmz"}),
        ("Set-ClientAccessServer", {"Identity": "ATL-EXCHANGE-001", "Array": "cas", "AutoDiscoverServiceInternalUri": "https://a.example"}),
    ],
)  # fmt: skip
def test_what_is_not_modelled_is_refused_before_anything_is_done(
    litware: Bench, cmdlet: str, parameters: dict[str, Any]
) -> None:
    before = _show_state(litware)
    answer = litware(cmdlet, **parameters)
    assert answer.failed and answer.error_id.startswith("NotInLab,")
    assert answer.outputs == []
    assert _show_state(litware) == before


def _show_state(litware: Bench) -> dict[str, Any]:
    """All but the moment, and the timeline, which begins with the first cmdlet."""
    return report.state(litware.farm) | {"now": "", "timeline": []}


def test_a_domain_controller_is_one_that_there_is(litware: Bench) -> None:
    assert litware("Get-ClientAccessServer", DomainController="atl-dc-001").one
    wrong = litware("Set-ClientAccessServer", Identity="ATL-EXCHANGE-001", DomainController="nosuchdc.litwareinc.com")
    assert "Cmdlet-SuitabilityDirectoryException" in wrong.error_id


def test_a_certificate_scope_is_one_that_there_is() -> None:
    contoso = bench("contoso")
    assert contoso("Get-CsCertificate", Identity="nosuch").error_id.startswith("CannotFindItem,")
    assert {
        str(found.SourceScope) for found in contoso("Get-CsCertificate", Identity="sfb-lon-01.corp.contoso.com").outputs
    } == {"Machine"}
    assert {str(found.SourceScope) for found in contoso("Get-CsCertificate", Identity="global").outputs} == {"Global"}
