# SPDX-License-Identifier: GPL-3.0-or-later
"""A maker of certificates: keys are made once for a run, certificates as each test wants them."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import hashlib
import typing as t
from collections.abc import Callable, Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = dt.datetime(2026, 8, 1, 12, 0, 0, tzinfo=dt.UTC)

_MAKERS: dict[str, Callable[[], t.Any]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - to be found too short
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@functools.cache
def private_key(kind: str) -> t.Any:
    return _MAKERS[kind]()


def usage(*bits: str) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: name in bits for name in names.split()})


def common_name(name: str | None) -> x509.Name:
    return x509.Name([] if name is None else [x509.NameAttribute(NameOID.COMMON_NAME, name)])


class CertificateMaker:
    """``maker(...)`` returns base64 DER, as the products show a certificate."""

    server = ExtendedKeyUsageOID.SERVER_AUTH
    client = ExtendedKeyUsageOID.CLIENT_AUTH

    def __call__(
        self,
        subject: str | x509.Name | None = "litwareinc.com",
        *,
        dns_names: Sequence[str] = (),
        not_before: dt.datetime = NOW - dt.timedelta(days=30),
        not_after: dt.datetime = NOW + dt.timedelta(days=700),
        key: str = "rsa",
        purposes: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.SERVER_AUTH,),
        usages: x509.KeyUsage | None = None,
        extra: Sequence[x509.ExtensionType] = (),
        issuer: x509.Name | None = None,
        serial: int = 0x1122334455,
    ) -> str:
        name = subject if isinstance(subject, x509.Name) else common_name(subject)
        secret = private_key(key)
        builder = (
            x509.CertificateBuilder(name if issuer is None else issuer, name, secret.public_key(), serial)
            .not_valid_before(not_before)
            .not_valid_after(not_after)
        )
        extensions: list[x509.ExtensionType] = [*extra]
        if purposes is not None:
            extensions.append(x509.ExtendedKeyUsage(purposes))
        if usages is not None:
            extensions.append(usages)
        if dns_names:
            extensions.append(x509.SubjectAlternativeName([x509.DNSName(item) for item in dns_names]))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        certificate = builder.sign(secret, None if key == "ed25519" else hashes.SHA256())
        return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode("ascii")

    @staticmethod
    def signed_with_sha1(raw_data: str) -> str:
        """Return the certificate as if it were so; cryptography signs with SHA-1 no longer, only the name is changed."""
        sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
        return base64.b64encode(base64.b64decode(raw_data).replace(sha256, sha1)).decode("ascii")


@pytest.fixture(scope="session")
def certificate() -> CertificateMaker:
    return CertificateMaker()


@pytest.fixture(scope="session")
def now() -> dt.datetime:
    return NOW


def observed(raw_data: str, *, has_private_key: bool | None = True) -> dict[str, t.Any]:
    """Return a certificate as an info module shows it: of what it decodes, the verdict needs the thumbprint at most."""
    return {"raw_data": raw_data, "has_private_key": has_private_key}


def thumbprint(raw_data: str) -> str:
    return hashlib.sha1(base64.b64decode(raw_data), usedforsecurity=False).hexdigest().upper()


@pytest.fixture(scope="session")
def front_end() -> Callable[..., dict[str, t.Any]]:
    """Return a maker of what lync_certificate_info returns for a front end with this OAuthTokenIssuer."""

    def make(
        raw_data: str | None, host: str = "atl-lync-001", *, has_private_key: bool | None = True, **assignment: t.Any
    ) -> dict[str, t.Any]:
        in_use = {
            "use": "OAuthTokenIssuer",
            "scope": "Global",
            "thumbprint": raw_data and thumbprint(raw_data),
            **assignment,
        }
        return {
            "host": host,
            "assigned": [{**in_use, "use": "Default", "thumbprint": "D" * 40}] + ([in_use] if raw_data else []),
            "store": [observed(raw_data, has_private_key=has_private_key)] if raw_data else [],
            "error": None,
            "changed": False,
        }

    return make


@pytest.fixture(scope="session")
def exchange_server() -> Callable[..., dict[str, t.Any]]:
    """Return a maker of what exchange_certificate_info returns for a server whose AuthConfig names the first certificate."""

    def make(*raw_data: str, host: str = "atl-exchange-001", **auth_config: t.Any) -> dict[str, t.Any]:
        named = {
            "current_certificate_thumbprint": thumbprint(raw_data[0]) if raw_data else "",
            "next_certificate_thumbprint": "",
        }
        return {
            "servers": [{"host": host, "certificates": [observed(raw) for raw in raw_data], "error": None}],
            "auth_config": {**named, "next_certificate_effective_date": None, **auth_config},
        }

    return make
