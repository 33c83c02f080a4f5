# SPDX-License-Identifier: GPL-3.0-or-later
"""What the trust is read by: challenges, documents, WinHTTP's settings, chains."""

from __future__ import annotations

import base64
import datetime as dt
import json
import struct
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.bearer_challenge import read_challenge, trusts
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.certificate_chain import finds_issuer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.key_comparison import InUse, compare_keys
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.metadata_document import (
    DocumentError,
    read_document,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.tls_settings import (
    is_strong,
    list_switched_off,
    normalize_path,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._winhttp_proxy import Proxy, read_proxy

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
LYNC = "00000004-0000-0ff1-ce00-000000000000@contoso.com"
BEARER = (
    f'Bearer client_id="{EXCHANGE}", trusted_issuers="00000001-0000-0000-c000-000000000000@*,{LYNC}", token_types="a b"'
)


@pytest.mark.parametrize(
    "values",
    [
        [BEARER, "Negotiate", "NTLM", 'Basic realm="x, y"'],
        [f'{BEARER}, Basic realm="x, y"', "Negotiate,NTLM"],
        ["Negotiate", f"NTLM, {BEARER}", "Basic realm=x"],
    ],
)
def test_a_challenge_in_several_forms(values: list[str]) -> None:
    found = read_challenge(values)
    assert set(found["schemes"]) == {"Bearer", "Negotiate", "NTLM", "Basic"}
    assert (found["client_id"], found["realm"]) == (EXCHANGE, None)
    assert found["trusted_issuers"] == ["00000001-0000-0000-c000-000000000000@*", LYNC]


@pytest.mark.parametrize("values", [[], ["Negotiate"], ["Basic realm="], [", ,"], ['"']])
def test_a_challenge_without_bearer(values: list[str]) -> None:
    assert read_challenge(values)["trusted_issuers"] is None


def test_an_empty_list_of_issuers_trusts_nobody() -> None:
    assert read_challenge(['Bearer client_id="x", trusted_issuers=""'])["trusted_issuers"] == []


def test_whom_a_list_of_issuers_trusts() -> None:
    assert trusts([LYNC.upper()], LYNC)
    assert trusts([LYNC.replace("contoso.com", "*")], LYNC)
    assert not trusts([LYNC.replace("contoso", "fabrikam")], LYNC)
    assert not trusts([f"{EXCHANGE}@contoso.com", "nonsense"], LYNC)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no metadata document"),
        (b'{"keys": {}}', "no metadata document"),
    ],
)
def test_what_is_no_document(body: bytes, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        read_document(body)


def test_a_document_with_keys_that_are_none(certificate: Any) -> None:
    """One that cannot be read is shown as such, and hides no other."""
    good = {"usage": "signing", "keyvalue": {"type": "x509Certificate", "value": certificate("x.example")}}
    document = {
        "realm": 7,
        "issuer": "a@b",
        "keys": [good, {}, 5, {"keyvalue": {"value": 3}}, {"keyvalue": {"value": "AAAA"}}],
    }
    found = read_document(b"\xef\xbb\xbf" + json.dumps(document).encode())
    assert (found["realm"], found["issuer"], found["name"]) == (None, "a@b", None)
    assert [bool(key["subject"]) for key in found["signing_keys"]] == [True, False, False, False, False]


def write_proxy(flags: int, *texts: str) -> bytes:
    return struct.pack("<III", 0x28, 0, flags) + b"".join(
        struct.pack("<I", len(text)) + text.encode() for text in texts
    )


def test_a_proxy() -> None:
    assert read_proxy(write_proxy(1, "", "")) is None
    assert read_proxy(write_proxy(1, "proxy:80", "")) is None
    found = read_proxy(write_proxy(3, "proxy:80", "<local>;*.contoso.com"))
    assert found == Proxy("proxy:80", ("<local>", "*.contoso.com"))
    assert [found.takes(name) for name in ("Autodiscover.Contoso.com", "server", "a.example")] == [False, False, True]


@pytest.mark.parametrize("value", [b"", b"\0" * 11, write_proxy(3, "proxy:80"), write_proxy(3, "p", "x")[:-1]])
def test_a_setting_of_another_layout(value: bytes) -> None:
    with pytest.raises(ValueError, match="unknown layout"):
        read_proxy(value)


def test_settings_for_tls() -> None:
    protocols = "system\\currentcontrolset\\control\\securityproviders\\schannel\\protocols"
    settings = {
        f"{protocols}\\tls 1.0\\client": {"Enabled": 0},
        f"{protocols}\\tls 1.1\\client": {"DisabledByDefault": 1},
        f"{protocols}\\tls 1.2\\client": {"Enabled": 1, "DisabledByDefault": 0},
    }
    assert list_switched_off(settings, "Client") == ["TLS 1.0", "TLS 1.1"]
    assert list_switched_off(settings, "Server") == []
    framework = normalize_path(
        "Microsoft.PowerShell.Core\\Registry::HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\.NETFramework\\v4.0.30319"
    )
    assert [
        is_strong({framework: values}) for values in ({}, {"SchUseStrongCrypto": 0}, {"SystemDefaultTlsVersions": 1})
    ] == [
        None,
        False,
        True,
    ]


def test_a_chain(certificate: Any) -> None:
    own, other = certificate("own.example"), certificate("other.example")
    assert finds_issuer(own, [other, own, "AAAA"]) is True
    assert finds_issuer(own, [other]) is False
    assert finds_issuer("AAAA", [own]) is None


def test_an_authority_among_the_intermediate_ones_is_not_trusted(now: dt.datetime) -> None:
    """A chain may lead over them, and ends among the trusted ones only."""
    key = ec.generate_private_key(ec.SECP256R1())

    def issue(subject: str, issuer: str) -> str:
        by, of = (x509.Name.from_rfc4514_string(f"CN={name}") for name in (issuer, subject))
        made = x509.CertificateBuilder(by, of, key.public_key(), 1, now, now + dt.timedelta(days=1))
        return base64.b64encode(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)).decode()

    root, between, leaf = issue("root", "root"), issue("between", "root"), issue("leaf", "between")
    assert finds_issuer(leaf, [root], [between]) is True
    assert finds_issuer(leaf, [], [between, root]) is False
    assert finds_issuer(root, [], [root]) is False
    assert finds_issuer(leaf, [root], []) is False


def test_a_key_without_a_certificate_is_no_key() -> None:
    """One without a value, one that is not base64, one that is empty: none has a thumbprint, and none is the next one."""
    keys = [{"keyvalue": {}}, {"kty": "RSA"}, {"keyvalue": {"value": "!!"}}, {"keyvalue": {"value": ""}}]
    document = {**read_document(json.dumps({"keys": keys}).encode()), "error": None}
    assert {key["thumbprint"] for key in document["signing_keys"]} == {""}
    shown = compare_keys(document, InUse("A" * 40))
    assert ([key["state"] for key in shown["signing_keys"]], shown["current_shown"]) == ([None] * 4, False)


def test_a_signature_that_cannot_be_checked_proves_nothing(now: dt.datetime) -> None:
    """An authority of the leaf's issuer name whose key is of a kind that signs nothing."""
    signer, authority = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=authority")

    def issue(subject: x509.Name, key: Any) -> str:
        made = x509.CertificateBuilder(authority, subject, key, 1, now, now + dt.timedelta(days=1))
        return base64.b64encode(made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)).decode()

    leaf = issue(x509.Name.from_rfc4514_string("CN=leaf"), signer.public_key())
    odd = issue(authority, x25519.X25519PrivateKey.generate().public_key())
    assert finds_issuer(leaf, [odd]) is None
    assert finds_issuer(leaf, [odd, issue(authority, signer.public_key())]) is True
    stranger = issue(authority, ec.generate_private_key(ec.SECP256R1()).public_key())
    assert finds_issuer(leaf, [stranger]) is False
