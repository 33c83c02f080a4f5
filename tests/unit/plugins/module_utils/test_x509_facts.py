# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of ordinary certificates, made and real, and of what is none."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
import typing as t
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant, normal_thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509 import certificate_facts, strict_reader
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

Maker = t.Any
"""The maker of the fixture ``certificate``; its class lives in a conftest, which nobody imports."""


def captured_certificates(text: str) -> list[str]:
    found = re.findall(r'<BA N="RawData">([^<]+)</BA>', text)
    assert found
    return found


def attribute(name: str, value: str, kind: _ASN1Type | None = None) -> x509.NameAttribute[str]:
    return x509.NameAttribute(getattr(NameOID, name), value, kind)


def test_facts_of_a_web_server_certificate(certificate: Maker, now: dt.datetime) -> None:
    facts = describe(certificate(dns_names=["sip.litwareinc.com", "atl-cs-001.litwareinc.com"]))
    assert facts["subject"] == facts["issuer"] == "CN=litwareinc.com"
    assert facts["common_names"] == ["litwareinc.com"]
    assert facts["dns_names"] == ["sip.litwareinc.com", "atl-cs-001.litwareinc.com"]
    assert (facts["key_type"], facts["key_size"], facts["signature_hash"]) == ("RSA", 2048, "sha256")
    assert facts["not_before"] == "2026-07-02T12:00:00Z"
    assert facts["not_after"] == instant(now + dt.timedelta(days=700))
    assert facts["extended_key_usages"] == ["1.3.6.1.5.5.7.3.1"]
    assert facts["key_usages"] is None
    assert facts["serial_number"] == "1122334455"
    assert facts["self_signed"] is True
    assert facts["is_ca"] is False
    assert facts["problems"] == []
    assert re.fullmatch("[0-9A-F]{40}", facts["thumbprint"])


def test_a_version_that_x509_does_not_have_is_remarked_on(certificate: Maker) -> None:
    """cryptography tells of it by an exception that is no ValueError."""
    der = base64.b64decode(describe(certificate())["raw_data"])
    version_3 = bytes.fromhex("a003020102")
    assert der.count(version_3) == 1
    facts = describe(der.replace(version_3, bytes.fromhex("a003020109")))
    assert facts["problems"] == []
    assert [remark.split(":")[0] for remark in facts["remarks"]] == ["certificate"]
    assert facts["subject"] == "CN=litwareinc.com"


def test_every_form_of_the_same_certificate_is_described_alike(certificate: Maker) -> None:
    text = certificate()
    der = base64.b64decode(text)
    lines = "\r\n".join(re.findall(".{1,64}", text))
    pem = f"Bag Attributes\n-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
    assert all(describe(form) == describe(text) for form in (der, lines, pem, pem.encode()))
    assert describe(lines)["raw_data"] == text


@pytest.mark.parametrize(
    ("raw_data", "problem"),
    [
        ("", "certificate: it is empty"),
        ("not base64!", "certificate: not base64"),
        ("AAAA", "certificate: error parsing"),
        (b"\x30\x03\x02\x01\x01", "certificate: error parsing"),
        ("Äöü", "certificate: not base64"),
    ],
)
def test_what_is_no_certificate_is_described_as_a_problem(raw_data: str | bytes, problem: str) -> None:
    facts = describe(raw_data)
    assert facts["subject"] is None
    assert [item[: len(problem)] for item in facts["problems"]] == [problem]


def test_a_certificate_that_carries_pem_text_is_itself(certificate: Maker) -> None:
    armour = f"-----BEGIN CERTIFICATE-----\n{certificate('inner.example')}\n-----END CERTIFICATE-----\n"
    comment = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.13"), armour.encode())
    outer = base64.b64decode(certificate(extra=[comment]))
    assert describe(outer)["common_names"] == ["litwareinc.com"]


@pytest.mark.parametrize("label", ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])
def test_a_pem_armour_by_each_of_its_names(certificate: Maker, label: str) -> None:
    pem = f"-----BEGIN {label}-----\n{certificate()}\n-----END {label}-----\n"
    assert describe(pem) == describe(certificate())
    assert describe(pem.partition("-----END")[0])["problems"]


def test_text_that_never_ends_its_armours_takes_no_time() -> None:
    assert describe("-----BEGIN CERTIFICATE-----\n" * 100_000)["problems"]


def test_a_certificate_of_the_greatest_size_is_read_and_a_greater_one_refused(certificate: Maker) -> None:
    def padded(size: int) -> bytes:
        comment = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.13"), bytes(size))
        return base64.b64decode(certificate(extra=[comment]))

    room = certificate_facts.MAXIMUM_SIZE - (len(padded(60_000)) - 60_000)
    greatest, greater = describe(padded(room)), describe(padded(room + 1))
    assert (greatest["subject"], greatest["problems"]) == ("CN=litwareinc.com", [])
    assert (greater["subject"], len(greater["thumbprint"]), bool(greater["raw_data"])) == (None, 40, True)
    assert greater["problems"] == ["certificate: it has 65537 octets; more than 65536 are not read"]


def test_a_truncated_certificate_keeps_its_thumbprint(certificate: Maker) -> None:
    facts = describe(base64.b64decode(certificate())[:-7])
    assert len(facts["thumbprint"]) == 40
    assert facts["not_after"] is None
    assert facts["problems"]


@pytest.mark.parametrize(
    ("key", "expected"), [("ec", ("EC", 256)), ("ed25519", ("Ed25519", None)), ("rsa1024", ("RSA", 1024))]
)
def test_kinds_of_key(certificate: Maker, key: str, expected: tuple[str, int | None]) -> None:
    facts = describe(certificate(key=key))
    assert (facts["key_type"], facts["key_size"]) == expected
    assert facts["self_signed"] is True
    assert facts["problems"] == []


def test_a_serial_number_of_zero_leading_octets_is_shown_as_windows_shows_it(certificate: Maker) -> None:
    assert describe(certificate(serial=0x80_00_00_01))["serial_number"] == "80000001"
    assert describe(certificate(serial=0x0A_BC))["serial_number"] == "0ABC"


def test_names_in_bmpstring_and_several_common_names(certificate: Maker) -> None:
    subject = x509.Name(
        [
            x509.RelativeDistinguishedName([attribute("COUNTRY_NAME", "US")]),
            x509.RelativeDistinguishedName(
                [attribute("ORGANIZATION_NAME", "Litware, Inc."), attribute("ORGANIZATIONAL_UNIT_NAME", "UC")]
            ),
            x509.RelativeDistinguishedName([attribute("COMMON_NAME", "bücher.example", _ASN1Type.BMPString)]),
            x509.RelativeDistinguishedName([attribute("COMMON_NAME", "litwareinc.com", _ASN1Type.PrintableString)]),
        ]
    )
    facts = describe(certificate(subject))
    assert facts["common_names"] == ["bücher.example", "litwareinc.com"]
    most_specific, *_rest, country = t.cast(str, facts["subject"]).split(",")
    assert (most_specific, country) == ("CN=litwareinc.com", "C=US")
    assert r"O=Litware\, Inc." in t.cast(str, facts["subject"])


def test_an_empty_subject_is_text_not_null(certificate: Maker) -> None:
    facts = describe(certificate(None, dns_names=["litwareinc.com"]))
    assert (facts["subject"], facts["common_names"]) == ("", [])


def test_a_certificate_of_another_authority_is_not_self_signed(certificate: Maker) -> None:
    other = x509.Name([attribute("COMMON_NAME", "Litware Root")])
    assert describe(certificate(issuer=other))["self_signed"] is False


def test_the_same_names_without_the_own_signature_are_not_self_signed(certificate: Maker) -> None:
    der = bytearray(base64.b64decode(certificate()))
    der[-1] ^= 1
    assert describe(bytes(der))["self_signed"] is False


def test_an_old_signature(certificate: Maker) -> None:
    assert describe(certificate.signed_with_sha1(certificate()))["signature_hash"] == "sha1"


def test_the_last_moment_of_time(certificate: Maker) -> None:
    facts = describe(certificate(not_after=dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)))
    assert facts["not_after"] == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize(
    "text",
    [
        "c3edcf181ef4f9b53d01768eca99564014bca6e7",
        "\u200ec3 ed cf 18 1e f4 f9 b5 3d 01 76 8e ca 99 56 40 14 bc a6 e7",
        "C3:ED:CF:18:1E:F4:F9:B5:3D:01:76:8E:CA:99:56:40:14:BC:A6:E7\n",
    ],
)
def test_a_thumbprint_however_it_was_copied(text: str) -> None:
    assert normal_thumbprint(text) == "C3EDCF181EF4F9B53D01768ECA99564014BCA6E7"


def test_no_thumbprint_is_empty() -> None:
    assert normal_thumbprint(None) == normal_thumbprint("") == ""


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_reader, "CRYPTOGRAPHY_IMPORT_ERROR", "Traceback ...")
    with pytest.raises(ShellError, match="cryptography") as caught:
        describe("AAAA")
    assert caught.value.kind == "missing_library"


# What the reader of version 0.1.0 said of the certificates in a capture, all of them well-formed: SHA-256 of its facts as JSON
CAPTURES = {
    "E16-GetExchangeCertificate.xml": "ffeab447a70652990da88729dfa6cdf07303c7195b6fe21eb07de803ca30e51e",
    "E19-GetExchangeCertificate.xml": "6028a5d591d8d7da677dc1ce821597355c61fbdf4773740bf631c09c21cf9fa6",
    "Deserialized-GetExchangeCertificate.xml": "a06d4e0e26073ef355bfd6ca2d01db873d18f15596d7bb4c906c1c01f144c0eb",
}


@pytest.mark.parametrize("capture", CAPTURES)
def test_captured_certificates_are_described_as_ever(recorded: Callable[[str], str], capture: str) -> None:
    described = [{**describe(raw)} for raw in captured_certificates(recorded(f"fixtures/clixml/{capture}"))]
    assert [facts.pop("remarks") for facts in described] == [[]] * len(described)
    assert hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest() == CAPTURES[capture]


@pytest.mark.parametrize("capture", CAPTURES)
def test_captured_certificates_agree_with_what_exchange_said_of_them(
    recorded: Callable[[str], str], capture: str
) -> None:
    text = recorded(f"fixtures/clixml/{capture}")
    described = [describe(raw) for raw in captured_certificates(text)]
    assert [facts["problems"] for facts in described] == [[]] * len(described)
    # ToString() of the captured objects; a capture without it has none to compare
    said = re.findall(r"\[Thumbprint\](?:_x000D__x000A_|\s)+([0-9A-F]{40})", text)
    assert said in ([], [facts["thumbprint"] for facts in described])
    numbers = re.findall(r"\[Serial Number\](?:_x000D__x000A_|\s)+([0-9A-F]+)", text)
    assert numbers in ([], [facts["serial_number"] for facts in described])
    auth = [facts for facts in described if facts["subject"] == "CN=Microsoft Exchange Server Auth Certificate"]
    assert all((facts["key_type"], facts["key_size"], facts["dns_names"]) == ("RSA", 2048, []) for facts in auth)
    assert all(
        facts["self_signed"] and facts["key_usages"] == ["digitalSignature", "keyEncipherment"] for facts in auth
    )
