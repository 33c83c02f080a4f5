# SPDX-License-Identifier: GPL-3.0-or-later
"""Who keeps a certificate's private key, whether it can be exported, and cmdlets that ask although they are told not to."""

from __future__ import annotations

from typing import Any

import pytest

from farm_bench import Answer, Bench, bench
from powershell.convert import property_of
from scenario_changes import bench_with

STORE = "Cert:\\LocalMachine\\My"
ISSUER = {"Identity": "global", "Type": "OAuthTokenIssuer"}
CSP = "System.Security.Cryptography.RSACryptoServiceProvider"


def stored(lab: Bench, name: str, host: str) -> Any:
    thumbprint = lab.farm.certificates[name].thumbprint
    return lab("Get-Item", host=host, Path=f"{STORE}\\{thumbprint}").one


@pytest.fixture
def cng() -> Bench:
    """contoso, with the good certificate's key in a key storage provider."""
    return bench_with("contoso", certificates={5: {"provider": "cng"}})


@pytest.mark.parametrize(("name", "exportable"), [("oauth-good", True), ("oauth-not-exportable", False)])
def test_what_windows_says_of_the_key_of_a_service_provider(name: str, exportable: bool) -> None:
    key = stored(bench("contoso"), name, "sfb-lon-01").PrivateKey
    assert (key.PSObject.to_string, key.PSObject.type_names[0]) == (CSP, f"Deserialized.{CSP}")
    container = key.CspKeyContainerInfo
    assert (container.Exportable, container.MachineKeyStore, container.ProviderType) == (exportable, True, 12)
    assert container.ProviderName == "Microsoft RSA SChannel Cryptographic Provider"
    assert key.KeySize == 2048


@pytest.mark.parametrize("name", ["oauth-no-key", "oauth-ecc"])
def test_a_key_that_is_not_there_or_not_of_a_service_provider_is_null(name: str) -> None:
    assert stored(bench("contoso"), name, "sfb-lon-01").PrivateKey is None


def test_the_key_of_a_key_storage_provider_is_null_though_there_is_one(cng: Bench) -> None:
    found = stored(cng, "oauth-good", "sfb-lon-01")
    assert (found.HasPrivateKey, found.PrivateKey) == (True, None)


def test_2019_takes_it(cng: Bench) -> None:
    good = cng.farm.certificates["oauth-good"].thumbprint
    assert cng("Set-CsCertificate", **ISSUER, Thumbprint=good).failed is None


def test_2013_takes_no_such_key() -> None:
    lab = bench_with("litware", certificates={3: {"provider": "cng"}})
    refused = lab("Set-CsCertificate", **ISSUER, Thumbprint=lab.farm.certificates["oauth-good"].thumbprint)
    assert refused.failed is not None and refused.failed["reason"] == "CryptographicException"
    assert refused.error_id == "ProcessingFailed,Microsoft.Rtc.Management.Deployment.SetCertificateCmdlet"
    assert lab("Get-CsCertificate", Type="OAuthTokenIssuer").outputs == []


@pytest.mark.parametrize("more", [ISSUER, {}])
def test_2013_takes_no_such_key_from_a_file(more: dict[str, str]) -> None:
    lab = bench_with("litware", certificates={11: {"provider": "cng"}})
    call = {"Path": r"C:\Certificates\oauth.pfx", "Password": 'pfx: "ä" 50% é', **more}
    refused = lab("Import-CsCertificate", **call)
    assert refused.failed is not None and refused.failed["reason"] == "CryptographicException"
    assert lab.farm.machine("atl-lync-001").store.get(lab.farm.certificates["oauth-pfx"].thumbprint) is None


def removal(lab: Bench, **more: Any) -> Answer:
    return lab("Remove-CsCertificate", **ISSUER, Confirm=False, **more)


def test_a_certificate_in_use_is_asked_about_though_nothing_is_to_be_confirmed() -> None:
    lab = bench_with("contoso", lync={"confirm_removal": True})
    asked = removal(lab)
    assert asked.error_id == "InvalidOperation,Microsoft.Rtc.Management.Deployment.RemoveCertificateCmdlet"
    assert "OAuthTokenIssuer" in lab.farm.store.content.certificates
    assert removal(lab, WhatIf=True).failed is None
    assert removal(lab, Force=True).failed is None
    assert "OAuthTokenIssuer" not in lab.farm.store.content.certificates


def test_the_previous_certificate_is_not_in_use() -> None:
    lab = bench_with("contoso", lync={"confirm_removal": True})
    old, good = (lab.farm.certificates[name].thumbprint for name in ("oauth-expiring", "oauth-good"))
    lab("Set-CsCertificate", **ISSUER, Thumbprint=good)
    now = lab.farm.store.content.certificates["OAuthTokenIssuer"]
    assert (now.issued.thumbprint, now.previous and now.previous.thumbprint) == (good, old)
    assert removal(lab, Previous=True).failed is None
    left = lab.farm.store.content.certificates["OAuthTokenIssuer"]
    assert (left.issued.thumbprint, left.previous) == (good, None)


def test_a_scenario_may_have_it_not_asked_about() -> None:
    assert removal(bench_with("contoso", lync={"confirm_removal": False})).failed is None


@pytest.mark.parametrize(("says", "scope"), [(True, "Global"), (False, "")])
def test_the_scope_may_be_left_out(says: bool, scope: str) -> None:
    lab = bench_with("contoso", lync={"source_scope": says})
    assert lab("Get-CsCertificate", **ISSUER).one.SourceScope == scope
    # what is asked for is found all the same
    assert lab("Get-CsCertificate", Type="OAuthTokenIssuer", Identity="sfb-lon-01.corp.contoso.com").outputs == []


def test_a_certificate_signed_in_the_old_way() -> None:
    lab = bench_with("contoso", certificates={0: {"digest": "sha1"}})
    issued = lab.farm.certificates["exchange-auth"].certificate
    assert issued.signature_hash_algorithm is not None and issued.signature_hash_algorithm.name == "sha1"
    assert (
        property_of(stored(lab, "exchange-auth", "ex-lon-01"), "Thumbprint")
        == lab.farm.certificates["exchange-auth"].thumbprint
    )


def test_a_global_certificate_is_told_although_the_computer_has_its_own() -> None:
    lab = bench("contoso")
    own, everywhere = (lab.farm.certificates[name].thumbprint for name in ("oauth-good", "oauth-expiring"))
    lab("Set-CsCertificate", Identity="sfb-lon-01.corp.contoso.com", Type="OAuthTokenIssuer", Thumbprint=own)
    assert lab("Get-CsCertificate", Type="OAuthTokenIssuer").one.Thumbprint == own
    assert lab("Get-CsCertificate", **ISSUER).one.Thumbprint == everywhere
