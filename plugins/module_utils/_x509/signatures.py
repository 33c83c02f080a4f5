# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and signatures of certificates that cryptography does not load: their parts are given to it one by one."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.der_pieces import (
    read_bit_octets,
    read_object_identifier,
    read_size,
    split,
)

with contextlib.suppress(ImportError):  # the strict reader, which comes first, says that the library is missing
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

_PSS = "1.2.840.113549.1.1.10"
_PSS_HASH = 0xA0

# Signature algorithms and the hash that each names: RFC 3279, 4055, 5758, 8410 and, for 1.3.14.3.2, the OIW's, which makecert used
_SIGNATURE_HASHES: dict[str, str | None] = {
    "1.2.840.113549.1.1.2": "md2",
    "1.2.840.113549.1.1.3": "md4",
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.3.14.3.2.3": "md5",
    "1.3.14.3.2.27": "sha1",
    "1.3.14.3.2.29": "sha1",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "1.2.840.10040.4.3": "sha1",
    "2.16.840.1.101.3.4.3.1": "sha224",
    "2.16.840.1.101.3.4.3.2": "sha256",
    "1.3.101.112": None,
    "1.3.101.113": None,
}

# The hashes that a PSS signature names in its parameters (RFC 4055, 2.1)
_HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


def read_signature_hash(algorithm: bytes) -> str | None:
    """Return the hash of a signature algorithm, None for one that names no hash of its own."""
    kind, *parameters = split(algorithm, 1)
    identifier = read_object_identifier(kind)
    if identifier == _PSS:
        return _read_pss_hash(parameters[0]) if parameters else "sha1"
    if identifier not in _SIGNATURE_HASHES:
        raise ValueError(f"the algorithm {identifier} is not known")
    return _SIGNATURE_HASHES[identifier]


def _read_pss_hash(parameters: bytes) -> str:
    """Return the hash that the parameters name; SHA-1 is the default."""
    named = [item for item in split(parameters) if item[0] == _PSS_HASH]
    if not named:
        return "sha1"
    identifier = read_object_identifier(split(split(named[0], 1, _PSS_HASH)[0], 1)[0])
    if identifier not in _HASHES:
        raise ValueError(f"the hash {identifier} is not known")
    return _HASHES[identifier]


def load_key(key: bytes) -> object:
    """Return the public key that cryptography makes of a SubjectPublicKeyInfo; raises what it raises."""
    return serialization.load_der_public_key(key)


def is_own_signature(key: bytes, algorithm: bytes, signed: bytes, signature: bytes) -> bool:
    """Whether this key made the signature. One that cannot be checked counts, since the caller has compared the names."""
    try:
        _verify(load_key(key), algorithm, read_bit_octets(signature), signed)
    except InvalidSignature:
        return False
    except Exception:  # whatever the library refuses, there is nothing that it has checked
        return True
    return True


def _verify(key: object, algorithm: bytes, signature: bytes, signed: bytes) -> None:
    if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        key.verify(signature, signed)
        return
    digest = _make_hash(read_signature_hash(algorithm))
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, _choose_padding(algorithm, digest), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(digest))
    elif isinstance(key, dsa.DSAPublicKey):
        key.verify(signature, signed, digest)


def _make_hash(name: str | None) -> hashes.HashAlgorithm:
    kinds = (hashes.MD5, hashes.SHA1, hashes.SHA224, hashes.SHA256, hashes.SHA384, hashes.SHA512)
    return {kind.name: kind for kind in kinds}[name or ""]()


def _choose_padding(algorithm: bytes, digest: hashes.HashAlgorithm) -> t.Any:
    if read_object_identifier(split(algorithm, 1)[0]) == _PSS:
        return padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
    return padding.PKCS1v15()


def read_key_size(kind: str, parameters: bytes, key: bytes) -> int | None:
    """Return the size in bits of a key that cryptography refuses to load, as OpenSSL shows it.

    That of an RSA key is its modulus' (RFC 8017, A.1.1), that of a DSA key its prime's (RFC 3279, 2.3.2), that of an EC key with its
    curve written out the order's of the base point (RFC 3279, 2.3.5). For the curves of RFC 8410 there is none to tell.
    """
    if kind == "RSA":
        return read_size(split(read_bit_octets(key), 2)[0])
    if kind in ("EC", "DSA"):
        place = {"EC": 4, "DSA": 0}[kind]
        return read_size(split(parameters, place + 1)[place])
    return None
