# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that are not well-formed, or only unusual, and what there is to say of each."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils import der_writer as der
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils.der_writer import (
    EXTENSIONS,
    alternative_names,
    attribute,
    certificate,
    dns,
    explicit,
    extension,
    integer,
    named,
    sequence,
    tlv,
)

ORDINARY: dict[str, t.Any] = {
    "subject": "CN=litwareinc.com",
    "issuer": "CN=litwareinc.com",
    "common_names": ["litwareinc.com"],
    "serial_number": "1122334455",
    "not_before": "2026-07-02T12:00:00Z",
    "not_after": "2028-07-01T12:00:00Z",
    "dns_names": ["sip.litwareinc.com", "*.litwareinc.com"],
    "key_type": "RSA",
    "key_size": 2048,
    "signature_hash": "sha256",
    "key_usages": ["digitalSignature", "keyEncipherment"],
    "extended_key_usages": ["1.3.6.1.5.5.7.3.1"],
    "is_ca": False,
    "self_signed": True,
}
"""The facts of the certificate of which nothing is exchanged."""

NO_EXTENSIONS: dict[str, t.Any] = {"dns_names": [], "key_usages": None, "extended_key_usages": None}
EC: dict[str, t.Any] = {"key_type": "EC", "key_size": 256}
ONE_NAME: dict[str, t.Any] = {"dns_names": ["a.example"]}


@dataclass(frozen=True)
class Odd:
    """One certificate, the facts by which it differs from an ordinary one, and the parts that nobody can read."""

    make: Callable[[], bytes]
    facts: dict[str, t.Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def _odd(facts: dict[str, t.Any] | None = None, *problems: str, **changes: t.Any) -> Odd:
    return Odd(lambda: certificate(**changes), facts or {}, problems)


def _named(name: bytes, subject: str, *common_names: str, problems: tuple[str, ...] = ()) -> Odd:
    facts = {"subject": subject, "issuer": subject, "common_names": list(common_names)}
    return _odd(facts, *problems, subject=name, issuer=name)


def _extended(*more: bytes) -> Odd:
    return _odd(extensions=[*EXTENSIONS, *more])


def _alternatively_named(facts: dict[str, t.Any], *names: bytes) -> Odd:
    return _odd(facts, extensions=[alternative_names(*names), *EXTENSIONS[1:]])


def _user_notice(text: bytes) -> bytes:
    """RFC 5280, 4.2.1.4: a policy with an explicit text in its user notice."""
    qualifier = sequence(der.oid("1.3.6.1.5.5.7.2.2"), sequence(text))
    return extension(der.POLICIES, sequence(sequence(der.oid("1.2.3.4"), sequence(qualifier))))


def _authority_access(address: bytes) -> bytes:
    return extension(der.AUTHORITY_ACCESS, sequence(sequence(der.oid("1.3.6.1.5.5.7.48.2"), tlv(0x86, address))))


NAMES = {
    "an asterisk in a PrintableString": _named(
        named(b"*.litwareinc.com", der.PRINTABLE), "CN=*.litwareinc.com", "*.litwareinc.com"
    ),
    "an at sign in a PrintableString": _named(named(b"a@b", der.PRINTABLE), "CN=a@b", "a@b"),
    "Latin-1 in a T61String": _named(
        der.name(attribute(der.ORGANIZATION, b"M\xfcnchen", der.TELETEX), attribute(der.COMMON_NAME, b"a.example")),
        "CN=a.example,O=München",
        "a.example",
    ),
    "Latin-1 in a PrintableString": _named(named(b"M\xfcnchen", der.PRINTABLE), "CN=München", "München"),
    "Latin-1 in an IA5String": _named(named(b"M\xfcnchen", der.IA5), "CN=München", "München"),
    "a BMPString": _named(named("bücher.example".encode("utf-16-be"), der.BMP), "CN=bücher.example", "bücher.example"),
    "a UniversalString": _named(
        named("bücher.example".encode("utf-32-be"), der.UNIVERSAL), "CN=bücher.example", "bücher.example"
    ),
    "letters in a NumericString": _named(named(b"abc", der.NUMERIC), "CN=abc", "abc"),
    "an empty value": _named(named(b""), "CN=", ""),
    "a long common name": _named(named(b"a" * 200), f"CN={'a' * 200}", "a" * 200),
    "a country of three letters": _named(der.name(attribute(der.COUNTRY, b"USA", der.PRINTABLE)), "C=USA"),
    "an empty relative name": _named(sequence(tlv(der.SET)), ""),
    "an attribute twice in a set": _named(
        sequence(tlv(der.SET, attribute(der.COMMON_NAME, b"a"), attribute(der.COMMON_NAME, b"a"))),
        "CN=a+CN=a",
        "a",
        "a",
    ),
    "a set that is not sorted": _named(
        sequence(tlv(der.SET, attribute(der.ORGANIZATION, b"b"), attribute(der.COMMON_NAME, b"a"))), "O=b+CN=a", "a"
    ),
    "a common name that is no text": _named(
        der.name(sequence(der.oid(der.COMMON_NAME), sequence(integer(1)))), "CN=#3003020101", problems=("subject",)
    ),
    "an organization that is no text": _named(
        der.name(sequence(der.oid(der.ORGANIZATION), sequence(integer(1))), attribute(der.COMMON_NAME, b"a")),
        "CN=a,O=#3003020101",
        "a",
    ),
    "an empty subject": _odd({"subject": "", "common_names": [], "self_signed": False}, subject=der.name()),
    "a subject that is damaged": _odd(
        {"subject": None, "common_names": [], "self_signed": None},
        "subject",
        "self signed",
        subject=sequence(b"\x31\x05\x30"),
    ),
}

EXTENDED = {
    "a policy with Latin-1 in a VisibleString": _extended(_user_notice(tlv(der.VISIBLE, b"\xfc"))),
    "a policy that is garbage": _extended(extension(der.POLICIES, b"\x01\x02")),
    "an access description with Latin-1": _extended(_authority_access(b"http://b\xfccher.example")),
    "a key identifier twice": _extended(*[extension(der.SUBJECT_KEY_ID, tlv(der.OCTET_STRING, b"a"))] * 2),
    "other alternative names a second time": _extended(alternative_names(dns(b"second.example"))),
    "an extension that is garbage": _odd({}, "extensions", extensions=[*EXTENSIONS, tlv(der.OCTET_STRING, b"a")]),
    "basic constraints without an identifier": _odd(
        {"is_ca": None}, "extensions", extensions=[*EXTENSIONS[:3], sequence(tlv(der.OCTET_STRING, sequence()))]
    ),
    "critical false written out": _odd(
        extensions=[
            extension(
                der.ALTERNATIVE_NAMES,
                sequence(dns(b"sip.litwareinc.com", b"*.litwareinc.com")),
                critical=tlv(der.BOOLEAN, b"\0"),
            ),
            *EXTENSIONS[1:],
        ]
    ),
    "critical as 1": _odd(
        extensions=[*EXTENSIONS[:3], extension(der.BASIC_CONSTRAINTS, sequence(), critical=tlv(der.BOOLEAN, b"\1"))]
    ),
    "cA false written out": _odd(
        extensions=[*EXTENSIONS[:3], extension(der.BASIC_CONSTRAINTS, sequence(tlv(der.BOOLEAN, b"\0")))]
    ),
    "cA as 1": _odd(
        {"is_ca": True},
        extensions=[*EXTENSIONS[:3], extension(der.BASIC_CONSTRAINTS, sequence(tlv(der.BOOLEAN, b"\1")))],
    ),
    "basic constraints that are garbage": _odd(
        {"is_ca": None}, "basic constraints", extensions=[*EXTENSIONS[:3], extension(der.BASIC_CONSTRAINTS, b"\x01")]
    ),
    "a key usage with bits set that are not used": _odd(
        extensions=[EXTENSIONS[0], extension(der.KEY_USAGE, der.bits(b"\xa7", 5)), *EXTENSIONS[2:]]
    ),
    "a key usage that is garbage": _odd(
        {"key_usages": None},
        "key usages",
        extensions=[EXTENSIONS[0], extension(der.KEY_USAGE, b"\x03\x05\x00"), *EXTENSIONS[2:]],
    ),
    "an extended key usage without a purpose": _odd(
        {"extended_key_usages": []},
        extensions=[*EXTENSIONS[:2], extension(der.EXTENDED_KEY_USAGE, sequence()), EXTENSIONS[3]],
    ),
    "an extended key usage that is garbage": _odd(
        {"extended_key_usages": None},
        "extended key usages",
        extensions=[*EXTENSIONS[:2], extension(der.EXTENDED_KEY_USAGE, b"\x30\x03\x06\x01"), EXTENSIONS[3]],
    ),
    "no extensions": _odd(NO_EXTENSIONS, extensions=None),
    "an empty list of extensions": _odd(NO_EXTENSIONS, extensions=[]),
}

ALTERNATIVELY_NAMED = {
    "an address": _alternatively_named(ONE_NAME, dns(b"a.example"), tlv(0x87, b"\x0a\0\0\x01")),
    "an address of three octets": _alternatively_named(ONE_NAME, dns(b"a.example"), tlv(0x87, b"\x0a\0\0")),
    "a user principal name": _alternatively_named(
        ONE_NAME,
        tlv(0xA0, der.oid("1.3.6.1.4.1.311.20.2.3"), explicit(0, tlv(der.UTF8, b"a@example"))),
        dns(b"a.example"),
    ),
    "an X.400 address": _alternatively_named(ONE_NAME, tlv(0xA3), dns(b"a.example")),
    "an EDI party name": _alternatively_named(
        ONE_NAME, tlv(0xA5, explicit(1, tlv(der.PRINTABLE, b"a"))), dns(b"a.example")
    ),
    "a directory name with an asterisk": _alternatively_named(
        ONE_NAME, tlv(0xA4, named(b"*.example", der.PRINTABLE)), dns(b"a.example")
    ),
    "a URI with Latin-1": _alternatively_named(ONE_NAME, tlv(0x86, b"http://b\xfccher.example"), dns(b"a.example")),
    "a DNS name in UTF-8": _alternatively_named(
        {"dns_names": ["bücher.example", "a.example"]}, dns("bücher.example".encode(), b"a.example")
    ),
    "a DNS name in Latin-1": _alternatively_named(
        {"dns_names": ["bücher.example", "a.example"]}, dns(b"b\xfccher.example", b"a.example")
    ),
    "a DNS name with a null": _alternatively_named(
        {"dns_names": ["a.example\0.evil", "a.example"]}, dns(b"a.example\0.evil", b"a.example")
    ),
    "no alternative name in the list": _alternatively_named({"dns_names": []}),
    "octets after the alternative names": _odd(
        ONE_NAME,
        extensions=[extension(der.ALTERNATIVE_NAMES, sequence(dns(b"a.example")) + b"\0\0"), *EXTENSIONS[1:]],
    ),
    "alternative names that are garbage": _odd(
        {"dns_names": []},
        "subject alternative names",
        extensions=[extension(der.ALTERNATIVE_NAMES, b"\x04\x01\x00"), *EXTENSIONS[1:]],
    ),
}

SERIAL_NUMBERS = {
    "a negative serial number": _odd({"serial_number": "FB"}, serial=integer(-5)),
    "serial number zero": _odd({"serial_number": "00"}, serial=integer(0)),
    "a serial number of 26 octets": _odd({"serial_number": f"01{'00' * 25}"}, serial=integer(1 << 200)),
    "a serial number with needless zeros": _odd({"serial_number": "05"}, serial=tlv(der.INTEGER, b"\0\0\x05")),
    "an empty serial number": _odd({"serial_number": None}, "serial number", serial=tlv(der.INTEGER)),
    "a serial number with a long length": _odd({"serial_number": "05"}, serial=b"\x02\x81\x01\x05"),
}

VERSIONS = {
    "version 1": _odd(NO_EXTENSIONS, version=b"", extensions=None),
    "version 1 written out": _odd(NO_EXTENSIONS, version=explicit(0, integer(0)), extensions=None),
    "version 1 with extensions": _odd(version=b""),
    "version 2": _odd(NO_EXTENSIONS, version=explicit(0, integer(1)), extensions=None),
    "version 2 with unique identifiers": _odd(
        NO_EXTENSIONS,
        version=explicit(0, integer(1)),
        extensions=None,
        unique_ids=tlv(0x81, b"\0ab") + tlv(0x82, b"\0cd"),
    ),
    "version 2 with extensions": _odd(version=explicit(0, integer(1))),
    "version 3 with unique identifiers": _odd(unique_ids=tlv(0x81, b"\0ab") + tlv(0x82, b"\0cd")),
    "version 4": _odd(version=explicit(0, integer(3))),
}

TIMES = {
    "a time without seconds": _odd(not_before=tlv(der.UTC_TIME, b"2607021200Z")),
    "times with offsets": _odd(
        {"not_after": "2028-07-01T15:30:00Z"},
        not_before=tlv(der.UTC_TIME, b"260702140000+0200"),
        not_after=tlv(der.UTC_TIME, b"280701120000-0330"),
    ),
    "a time without seconds, with an offset": _odd(not_before=tlv(der.UTC_TIME, b"2607021400+0200")),
    "a GeneralizedTime before 2050": _odd(not_before=tlv(der.GENERALIZED_TIME, b"20260702120000Z")),
    "a GeneralizedTime with a fraction": _odd(not_before=tlv(der.GENERALIZED_TIME, b"20260702120000.5Z")),
    "a GeneralizedTime without seconds": _odd(not_before=tlv(der.GENERALIZED_TIME, b"202607021200Z")),
    "the year 1950": _odd({"not_before": "1950-07-02T12:00:00Z"}, not_before=tlv(der.UTC_TIME, b"500702120000Z")),
    "the year 2049": _odd({"not_after": "2049-07-02T12:00:00Z"}, not_after=tlv(der.UTC_TIME, b"4907021200Z")),
    "a time without a time zone": _odd(
        {"not_before": None}, "not before", not_before=tlv(der.UTC_TIME, b"260702120000")
    ),
    "a thirteenth month": _odd({"not_after": None}, "not after", not_after=tlv(der.UTC_TIME, b"281301120000Z")),
    "a time that is a number": _odd({"not_before": None}, "not before", not_before=integer(260702120000)),
}

KEYS = {
    "an RSA key without NULL": _odd(key=der.rsa_key_without_null()),
    "a signature algorithm without NULL": _odd(signature=der.algorithm(der.RSA_SHA256, b"")),
    "two signature algorithms that differ": _odd(signed_with=der.algorithm(der.RSA_SHA256, b"")),
    "an EC signature": _odd(
        EC, key=der.public_key(der.ec_key()), signature=der.algorithm(der.EC_SHA256, b""), sign=der.sign_ec
    ),
    "an EC signature with NULL": _odd(
        EC, key=der.public_key(der.ec_key()), signature=der.algorithm(der.EC_SHA256), sign=der.sign_ec
    ),
    "a curve with its parameters": _odd(
        EC, key=der.explicit_curve(), signature=der.algorithm(der.EC_SHA256, b""), sign=der.sign_ec
    ),
    "a curve that nobody knows": _odd(
        EC,
        key=der.explicit_curve(der.P256_PRIME - 2),
        signature=der.algorithm(der.EC_SHA256, b""),
        sign=der.sign_ec,
    ),
    "an Ed25519 key with NULL": _odd(
        {"key_type": "Ed25519", "key_size": None, "signature_hash": None},
        key=der.ed25519_key_with(tlv(der.NULL)),
        signature=der.algorithm(der.ED25519),
        sign=der.ed25519_key().sign,
    ),
    "a PSS signature and an asterisk": _odd(
        {"subject": "CN=*", "issuer": "CN=*", "common_names": ["*"]},
        subject=named(b"*", der.PRINTABLE),
        issuer=named(b"*", der.PRINTABLE),
        signature=der.pss_with_sha256(),
        sign=der.sign_pss,
    ),
    "a key of an unknown algorithm": _odd(
        {"key_type": "other", "key_size": None}, "key", key=sequence(der.algorithm("1.2.3.4"), der.bits(b"a"))
    ),
    "a signature of an unknown algorithm": _odd(
        {"signature_hash": None}, "signature hash", signature=der.algorithm("1.2.3.4")
    ),
    "a signature that does not fit": _odd({"self_signed": False}, sign=lambda data: der.sign_rsa(data + b"a")),
    "a signature that does not fit, and version 2": _odd(
        {"self_signed": False}, version=explicit(0, integer(1)), sign=lambda data: der.sign_rsa(data + b"a")
    ),
    "an EC signature that does not fit, with NULL": _odd(
        {**EC, "self_signed": False},
        key=der.public_key(der.ec_key()),
        signature=der.algorithm(der.EC_SHA256),
        sign=lambda data: der.sign_ec(data + b"a"),
    ),
    "a PSS signature that does not fit, and version 2": _odd(
        {"self_signed": False},
        version=explicit(0, integer(1)),
        signature=der.pss_with_sha256(),
        sign=lambda data: der.sign_pss(data + b"a"),
    ),
    "a signature with MD2": _odd({"signature_hash": "md2"}, signature=der.algorithm("1.2.840.113549.1.1.2")),
}

SURROUNDINGS = {
    "an ordinary certificate": _odd(),
    "octets after its end": Odd(lambda: certificate() + b"garbage"),
    "octets after its end, and an asterisk": Odd(
        lambda: certificate(subject=named(b"*", der.PRINTABLE)) + bytes(5),
        {"subject": "CN=*", "common_names": ["*"], "self_signed": False},
    ),
    "a fourth element": _odd(after=integer(5)),
}

ODD_CERTIFICATES: dict[str, Odd] = {
    **NAMES,
    **EXTENDED,
    **ALTERNATIVELY_NAMED,
    **SERIAL_NUMBERS,
    **VERSIONS,
    **TIMES,
    **KEYS,
    **SURROUNDINGS,
}
