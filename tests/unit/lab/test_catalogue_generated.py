# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's catalogue is what its generator makes, and says what the documentation says."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from powershell.catalogue import load


def generator(repository: Path) -> ModuleType:
    path = repository / "tests" / "lab" / "catalogue" / "generate.py"
    spec = importlib.util.spec_from_file_location("catalogue_generator", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def committed(repository: Path) -> str:
    return (repository / "tests" / "lab" / "catalogue.json").read_text(encoding="utf-8")


def test_is_what_the_generator_makes(repository: Path, recorded: Callable[[str], str], tmp_path: Path) -> None:
    source = tmp_path / "catalog.json"
    source.write_text(recorded("cmdlets/catalog.json"), encoding="utf-8")
    module = generator(repository)
    assert module.to_text(module.make(source)) == committed(repository)


def test_is_made_again_of_what_is_in_the_repository(repository: Path) -> None:
    module = generator(repository)
    assert module.to_text(module.make()) == committed(repository)


def test_a_cmdlet_written_down_by_hand_is_added_without_the_source(repository: Path) -> None:
    module = generator(repository)
    corrections, there = module.read_yaml("corrections.yml"), json.loads(committed(repository))
    written = module.read_yaml("hand_written.yml")
    documented, sources = module.read_committed(there, corrections)
    new = {"shell": "lync", "source": "a page", "parameters": {"Name": {"type": "String", "mandatory": True}}}
    more = {**written, "cmdlets": {**written["cmdlets"], "Get-CsSomething": new}}
    made = module.generate(documented, sources, corrections, more)
    assert made["cmdlets"].pop("Get-CsSomething") == {"by_hand": True, **new}
    assert made == there
    # and it goes with its entry
    documented, _sources = module.read_committed(
        {**there, "cmdlets": {"Get-CsSomething": {"by_hand": True}}}, corrections
    )
    assert documented == {}


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        ("Get-CsPool", {"shell": "lync", "source": "a page", "parameters": {}}, "Get-CsPool, which is documented"),
        ("Get-CsSomething", {"shell": "lync", "parameters": {}}, "Get-CsSomething has no source"),
    ],
)
def test_an_entry_without_a_source_or_of_a_documented_cmdlet_is_refused(
    repository: Path, name: str, entry: dict[str, object], message: str
) -> None:
    module = generator(repository)
    corrections = module.read_yaml("corrections.yml")
    documented, sources = module.read_committed(json.loads(committed(repository)), corrections)
    with pytest.raises(ValueError, match=message):
        module.generate(documented, sources, corrections, {"sources": {}, "cmdlets": {name: entry}})


def test_a_set_that_its_product_does_not_have_is_gone() -> None:
    cmdlet = load().cmdlets["set-mailbox"]
    assert "RemoveDelayHoldApplied" not in cmdlet.parameters
    assert "RemoveDelayHoldApplied" not in cmdlet.sets
    assert cmdlet.default_set == "Identity"


def test_exclusive_sets_of_set_authconfig() -> None:
    cmdlet = load().cmdlets["set-authconfig"]
    assert len(cmdlet.sets) == 4
    assert cmdlet.parameters["CertificateThumbprint"].sets == {"CurrentCertificateParameter": True}
    assert cmdlet.parameters["PublishCertificate"].sets == {"PublishAuthCertificateParameter": False}


@pytest.mark.parametrize(
    ("product", "there"),
    [
        ("Exchange Server 2013", False),
        ("Exchange Server 2016", True),
        ("Exchange Server SE", True),
        ("Lync Server 2013", False),
    ],
)
def test_client_access_service_is_of_2016_and_later(product: str, there: bool) -> None:
    assert ("set-clientaccessservice" in load().of_product(product)) is there
    assert ("set-clientaccessserver" in load().of_product(product)) is product.startswith("Exchange")


def test_a_parameter_of_a_later_version_is_gone() -> None:
    catalogue = load()
    name = "ClientAuthorizationOAuthServerIdentity"
    assert name not in catalogue.of_product("Lync Server 2013")["set-csoauthconfiguration"].everything
    assert name in catalogue.of_product("Skype for Business Server 2015")["set-csoauthconfiguration"].everything


def test_every_set_has_a_parameter_and_every_default_is_a_set() -> None:
    for cmdlet in load().cmdlets.values():
        assert cmdlet.default_set is None or cmdlet.default_set in cmdlet.sets
        for parameter in cmdlet.parameters.values():
            assert set(parameter.sets or ()) <= set(cmdlet.sets), (cmdlet.name, parameter.name)
