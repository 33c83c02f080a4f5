# SPDX-License-Identifier: GPL-3.0-or-later
"""A small DER writer: certificates in which any part can be exchanged for one that no library would write.

The structure is that of RFC 5280, 4.1. Whatever is not exchanged is well-formed, and the signature is always a true one.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

# Tags of X.680
BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, UTF8, NUMERIC = 1, 2, 3, 4, 5, 6, 12, 18
PRINTABLE, TELETEX, IA5, UTC_TIME, GENERALIZED_TIME, VISIBLE, UNIVERSAL, BMP = 19, 20, 22, 23, 24, 26, 28, 30
SEQUENCE, SET = 0x30, 0x31

COMMON_NAME, COUNTRY, ORGANIZATION, ORGANIZATIONAL_UNIT = "2.5.4.3", "2.5.4.6", "2.5.4.10", "2.5.4.11"
ALTERNATIVE_NAMES, KEY_USAGE, EXTENDED_KEY_USAGE, BASIC_CONSTRAINTS = "2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.19"
POLICIES, AUTHORITY_ACCESS, SUBJECT_KEY_ID = "2.5.29.32", "1.3.6.1.5.5.7.1.1", "2.5.29.14"
SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1"
RSA_KEY, RSA_SHA256, RSA_PSS = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.10"
EC_KEY, EC_SHA256, ED25519 = "1.2.840.10045.2.1", "1.2.840.10045.4.3.2", "1.3.101.112"
SHA256, MGF1 = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.8"

# The curve P-256 (SEC 2, 2.4.2): prime, coefficient b, base point and its order
P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
P256_BASE = (
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def tlv(tag: int, *content: bytes) -> bytes:
    value = b"".join(content)
    if len(value) < 0x80:
        return bytes([tag, len(value)]) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


def sequence(*content: bytes) -> bytes:
    return tlv(SEQUENCE, *content)


def explicit(number: int, *content: bytes) -> bytes:
    return tlv(0xA0 | number, *content)


def integer(number: int) -> bytes:
    return tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    return tlv(OID, *map(_arc, [first * 40 + second, *rest]))


def _arc(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.insert(0, 0x80 | number & 0x7F)
    return bytes(octets)


def algorithm(dotted: str, parameters: bytes = tlv(NULL)) -> bytes:
    return sequence(oid(dotted), parameters)


def bits(value: bytes, unused: int = 0) -> bytes:
    return tlv(BIT_STRING, bytes([unused]), value)


def attribute(kind: str, value: bytes, tag: int = UTF8) -> bytes:
    return sequence(oid(kind), tlv(tag, value))


def name(*attributes: bytes) -> bytes:
    return sequence(*(tlv(SET, item) for item in attributes))


def named(value: bytes, tag: int = UTF8) -> bytes:
    """A name of one common name."""
    return name(attribute(COMMON_NAME, value, tag))


def extension(kind: str, value: bytes, *, critical: bytes = b"") -> bytes:
    return sequence(oid(kind), critical, tlv(OCTET_STRING, value))


def dns(*names: bytes) -> bytes:
    """The general names of these DNS names (RFC 5280, 4.2.1.6: an IA5String tagged with 2)."""
    return b"".join(tlv(0x82, item) for item in names)


def alternative_names(*general_names: bytes) -> bytes:
    return extension(ALTERNATIVE_NAMES, sequence(*general_names))


USAGE = extension(KEY_USAGE, bits(b"\xa0", 5))
"""digitalSignature and keyEncipherment."""

PURPOSE = extension(EXTENDED_KEY_USAGE, sequence(oid(SERVER_AUTHENTICATION)))
NO_AUTHORITY = extension(BASIC_CONSTRAINTS, sequence())
NAMES = alternative_names(dns(b"sip.litwareinc.com", b"*.litwareinc.com"))
EXTENSIONS = (NAMES, USAGE, PURPOSE, NO_AUTHORITY)


@functools.cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@functools.cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def public_key(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def rsa_key_without_null() -> bytes:
    form = serialization.PublicFormat.PKCS1
    numbers = rsa_key().public_key().public_bytes(serialization.Encoding.DER, form)
    return sequence(algorithm(RSA_KEY, b""), bits(numbers))


def explicit_curve(prime: int = P256_PRIME) -> bytes:
    """An EC key with its curve written out instead of named (RFC 3279, 2.3.5)."""
    field = sequence(oid("1.2.840.10045.1.1"), integer(prime))
    curve = sequence(*(tlv(OCTET_STRING, number.to_bytes(32, "big")) for number in (P256_PRIME - 3, P256_B)))
    base = tlv(OCTET_STRING, bytes.fromhex(P256_BASE))
    parameters = sequence(integer(1), field, curve, base, integer(P256_ORDER), integer(1))
    point = (
        ec_key().public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    return sequence(algorithm(EC_KEY, parameters), bits(point))


def ed25519_key_with(parameters: bytes) -> bytes:
    raw = ed25519_key().public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return sequence(algorithm(ED25519, parameters), bits(raw))


def sign_rsa(data: bytes) -> bytes:
    return rsa_key().sign(data, padding.PKCS1v15(), hashes.SHA256())


def sign_ec(data: bytes) -> bytes:
    return ec_key().sign(data, ec.ECDSA(hashes.SHA256()))


def sign_pss(data: bytes) -> bytes:
    return rsa_key().sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


def pss_with_sha256() -> bytes:
    digest = algorithm(SHA256)
    parameters = sequence(explicit(0, digest), explicit(1, algorithm(MGF1, digest)), explicit(2, integer(32)))
    return algorithm(RSA_PSS, parameters)


def certificate(**changes: t.Any) -> bytes:
    """A self-signed certificate. ``extensions=None`` leaves them out; every other part is DER, empty to leave it out."""
    parts: dict[str, t.Any] = {
        "version": explicit(0, integer(2)),
        "serial": integer(0x1122334455),
        "signature": algorithm(RSA_SHA256),
        "issuer": named(b"litwareinc.com"),
        "not_before": tlv(UTC_TIME, b"260702120000Z"),
        "not_after": tlv(UTC_TIME, b"280701120000Z"),
        "subject": named(b"litwareinc.com"),
        "key": public_key(rsa_key()),
        "unique_ids": b"",
        "extensions": EXTENSIONS,
        "after": b"",
        "signed_with": None,
        "sign": sign_rsa,
        **changes,
    }
    return _assemble(parts)


def _assemble(parts: dict[str, t.Any]) -> bytes:
    extensions: Sequence[bytes] | None = parts["extensions"]
    sign: Callable[[bytes], bytes] = parts["sign"]
    tbs = sequence(
        *(parts[key] for key in ("version", "serial", "signature", "issuer")),
        sequence(parts["not_before"], parts["not_after"]),
        *(parts[key] for key in ("subject", "key", "unique_ids")),
        b"" if extensions is None else explicit(3, sequence(*extensions)),
    )
    signed_with: bytes = parts["signed_with"] or parts["signature"]
    return sequence(tbs, signed_with, bits(sign(tbs)), parts["after"])
