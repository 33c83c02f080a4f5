# SPDX-License-Identifier: GPL-3.0-or-later

"""Real X.509: the lab's authority, every certificate a scenario names, and the machine stores that hold them.

Keys are the only thing that costs time; they are kept between starts (``.cache/lab-keys`` in the clone, ignored by git).
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from farm.errors import LabError
from farm.scenario import Certificate

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

USAGES = {"server_auth": ExtendedKeyUsageOID.SERVER_AUTH, "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH}
DIGESTS = ("sha256", "sha1")
# The object identifiers of the signature algorithms, in DER (RFC 8017 appendix A.2.4).
SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")
USAGE_NAMES = {
    ExtendedKeyUsageOID.SERVER_AUTH.dotted_string: "Server Authentication",
    ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string: "Client Authentication",
}


@dataclass(frozen=True)
class Issued:
    """A certificate and its key.

    :ivar provider: who keeps the key on Windows, ``csp`` or ``cng``.
    """

    name: str
    certificate: x509.Certificate
    key: PrivateKey
    friendly_name: str = ""
    provider: str = "csp"

    @property
    def thumbprint(self) -> str:
        """SHA-1 of the certificate, as Windows shows it."""
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 (that is what a thumbprint is)

    @property
    def raw(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def subject(self) -> str:
        """The subject, in the order that Windows shows."""
        return self.certificate.subject.rfc4514_string()

    @property
    def issuer(self) -> str:
        """The issuer, in the order that Windows shows."""
        return self.certificate.issuer.rfc4514_string()

    @property
    def serial(self) -> str:
        """The serial number in hexadecimal digits."""
        digits = f"{self.certificate.serial_number:X}"
        return digits.zfill(len(digits) + len(digits) % 2)

    @property
    def not_before(self) -> datetime:
        """The first moment of validity."""
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """The last moment of validity."""
        return self.certificate.not_valid_after_utc

    @property
    def dns_names(self) -> list[str]:
        """The DNS names of the subject alternative name."""
        try:
            names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return []
        return names.get_values_for_type(x509.DNSName)

    @property
    def usages(self) -> list[str]:
        """The object identifiers of the extended key usage."""
        try:
            usage = self.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            return []
        return [entry.dotted_string for entry in usage]

    @property
    def bits(self) -> int:
        """The key's length."""
        return self.key.key_size

    @property
    def has_csp(self) -> bool:
        """Whether a cryptographic service provider has the key; none has keys of elliptic curves."""
        return self.provider == "csp" and isinstance(self.key, rsa.RSAPrivateKey)


@dataclass(frozen=True)
class Stored:
    """A certificate in a machine's store, with or without its private key."""

    issued: Issued
    has_key: bool = True
    exportable: bool = True
    friendly_name: str = ""


@dataclass
class Store:
    r"""A machine's ``LocalMachine\My``: certificates by thumbprint."""

    entries: dict[str, Stored] = field(default_factory=dict)

    def add(self, stored: Stored) -> None:
        """Put a certificate in; a private key that is already there stays."""
        old = self.entries.get(stored.issued.thumbprint)
        if old and old.has_key and not stored.has_key:
            stored = replace(stored, has_key=True, exportable=old.exportable)
        self.entries[stored.issued.thumbprint] = stored

    def get(self, thumbprint: str) -> Stored | None:
        """A certificate by its thumbprint, in any case and with or without spaces."""
        return self.entries.get(thumbprint.replace(" ", "").upper())


class Keys:
    """Private keys by name, made once and kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str, kind: str) -> PrivateKey:
        """The key of a name: rsa-BITS or ec-p256."""
        path = self.folder / f"{name}.{kind}.pem"
        try:
            # The check of the primes costs more than making a new key; these files are the lab's own.
            key = serialization.load_pem_private_key(path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
        except (OSError, ValueError):
            return self._make(path, kind)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            return self._make(path, kind)
        return key

    def _make(self, path: Path, kind: str) -> PrivateKey:
        key = _generate(kind)
        self.folder.mkdir(parents=True, exist_ok=True)
        # Two labs may start at the same time: each writes a file of its own, the last one stays.
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(pem(key))
        draft.replace(path)
        return key


def _generate(kind: str) -> PrivateKey:
    family, _separator, size = kind.partition("-")
    if family == "rsa" and size.isdigit():
        return rsa.generate_private_key(65537, int(size))
    if kind == "ec-p256":
        return ec.generate_private_key(ec.SECP256R1())
    raise LabError(f"key {kind!r} is neither rsa-BITS nor ec-p256")


def pem(key: PrivateKey) -> bytes:
    """A private key as unencrypted PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Authority:
    """The lab's certification authority."""

    def __init__(self, keys: Keys, domain: str) -> None:
        self.keys = keys
        self.now = datetime.now(UTC).replace(microsecond=0)
        name = x509.Name.from_rfc4514_string(f"CN=Lab Authority {domain}")
        key = keys.get("authority", "rsa-2048")
        draft = _draft(name, name, key.public_key(), self._period([-365, 3650]))
        draft = draft.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        draft = draft.add_extension(_key_usage(authority=True), critical=True)
        draft = draft.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        self.issued = Issued("authority", draft.sign(key, hashes.SHA256()), key)

    def issue(
        self,
        wanted: Certificate,
        addresses: Sequence[str] = (),
        period: tuple[datetime, datetime] | None = None,
    ) -> Issued:
        """A certificate as the scenario describes it, by the authority or by itself; for a period of its own, if one is given."""
        key = self.keys.get(wanted.name, wanted.key)
        subject = x509.Name.from_rfc4514_string(wanted.subject)
        own = wanted.issuer == "self"
        signer = key if own else self.issued.key
        issuer = subject if own else self.issued.certificate.subject
        draft = _draft(subject, issuer, key.public_key(), period or self._period(wanted.days))
        draft = draft.add_extension(_key_usage(authority=wanted.authority), critical=True)
        if not wanted.authority:
            draft = draft.add_extension(x509.ExtendedKeyUsage([USAGES[name] for name in wanted.usages]), critical=False)
        draft = draft.add_extension(x509.BasicConstraints(ca=wanted.authority, path_length=None), critical=True)
        if names := _alternative_names(wanted.dns, addresses):
            draft = draft.add_extension(names, critical=False)
        if not own:
            draft = draft.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.issued.key.public_key()), critical=False
            )
        signed = draft.sign(signer, hashes.SHA256())
        if wanted.digest == "sha1":
            signed = _sign_by_sha1(signed, signer)
        return Issued(wanted.name, signed, key, wanted.friendly_name, wanted.provider)

    def make_public_roots(self, count: int) -> list[Issued]:
        """Further authorities as public ones are, each of its own name. All have one key: nobody checks these, and keys cost time."""
        key = self.issued.key
        return [self._make_root(f"CN=Public Root Authority {number},O=Public Roots", key) for number in range(count)]

    def _make_root(self, subject: str, key: PrivateKey) -> Issued:
        name = x509.Name.from_rfc4514_string(subject)
        draft = _draft(name, name, key.public_key(), self._period([-3650, 3650]))
        draft = draft.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        draft = draft.add_extension(_key_usage(authority=True), critical=True)
        draft = draft.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return Issued(subject, draft.sign(key, hashes.SHA256()), key)

    def server(self, fqdn: str) -> Issued:
        """The TLS certificate of an emulated host's listeners: its name, and the loopback that they are really bound to."""
        wanted = Certificate(name=f"listener-{fqdn}", subject=f"CN={fqdn}", hosts=[fqdn], dns=[fqdn, "localhost"])
        return self.issue(wanted, ["127.0.0.1"])

    def _period(self, days: Sequence[int]) -> tuple[datetime, datetime]:
        return self.now + timedelta(days=days[0]), self.now + timedelta(days=days[1])


def _sign_by_sha1(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    """The certificate signed anew in the old way, which the library does no more for certificates."""
    assert isinstance(key, rsa.RSAPrivateKey)
    signed = certificate.tbs_certificate_bytes
    again = signed.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    raw = certificate.public_bytes(serialization.Encoding.DER).replace(signed, again)
    raw = raw.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    signature = key.sign(again, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 (that is what the scenario asks for)
    return x509.load_der_x509_certificate(raw.replace(certificate.signature, signature))


def pfx(issued: Issued, password: str) -> bytes:
    """A PKCS #12 file with certificate and key."""
    encryption = serialization.BestAvailableEncryption(password.encode())
    name = (issued.friendly_name or issued.name).encode()
    return pkcs12.serialize_key_and_certificates(name, issued.key, issued.certificate, None, encryption)


def open_pfx(data: bytes, password: str | None) -> Issued | None:
    """The certificate and key of a PKCS #12 file, or nothing when the password is wrong."""
    try:
        content = pkcs12.load_pkcs12(data, password.encode() if password else None)
    except ValueError:
        return None
    if content.cert is None or not isinstance(content.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return None
    name = (content.cert.friendly_name or b"").decode()
    return Issued(name, content.cert.certificate, content.key, name)


def _draft(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    period: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    draft = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return draft.serial_number(x509.random_serial_number()).not_valid_before(period[0]).not_valid_after(period[1])


def _alternative_names(dns: Sequence[str], addresses: Sequence[str]) -> x509.SubjectAlternativeName | None:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    return x509.SubjectAlternativeName(names) if names else None


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
