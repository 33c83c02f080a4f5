# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of an X.509 certificate, decoded on the controller.

Exchange's remote PowerShell gives a certificate as ``RawData`` only (Get-ExchangeCertificate "does not fully support
remote PowerShell"), and Get-CsCertificate tells neither key nor key usage, so the certificate itself is the one source.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import traceback
import typing as t
import warnings

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519

    CRYPTOGRAPHY_IMPORT_ERROR: str | None = None
except ImportError:
    CRYPTOGRAPHY_IMPORT_ERROR = traceback.format_exc()

SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1"
ANY_PURPOSE = "2.5.29.37.0"

_PEM = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.+?)-----END", re.DOTALL)

# cryptography's attribute names -> the names that RFC 5280, 4.2.1.3 gives the bits
_KEY_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}

# The algorithm of a key that cryptography refuses to load, such as an EC key with explicit curve parameters
_KEY_ALGORITHMS = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA",
    "1.2.840.10045.2.1": "EC",
    "1.2.840.10040.4.1": "DSA",
}


class Described(t.TypedDict):
    """What :func:`describe` says of a certificate; documented for users in the info modules' return values."""

    thumbprint: str
    raw_data: str
    subject: str | None
    issuer: str | None
    common_names: list[str]
    serial_number: str | None
    not_before: str | None
    not_after: str | None
    dns_names: list[str]
    key_type: str | None
    key_size: int | None
    signature_hash: str | None
    key_usages: list[str] | None
    extended_key_usages: list[str] | None
    is_ca: bool | None
    self_signed: bool | None
    problems: list[str]


def describe(raw_data: str | bytes) -> Described:
    """Return the facts of the certificate in ``raw_data``: base64 of DER, PEM, or the bytes of either.

    A certificate that cannot be decoded, wholly or in part, is described as far as it goes: a fact that is not known is
    ``None`` (or an empty list), and ``problems`` says why.

    :raises ShellError: where the cryptography library is missing.
    """
    if CRYPTOGRAPHY_IMPORT_ERROR is not None:
        raise ShellError(
            "missing_library", "The Python library cryptography, which reads certificates, cannot be imported."
        )
    facts = _nothing_known()
    try:
        der = _der(raw_data)
        facts["thumbprint"] = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
        facts["raw_data"] = base64.b64encode(der).decode("ascii")
        with warnings.catch_warnings():
            # serial numbers and names that are wrong but common: the verdict's business, not the controller's stderr
            warnings.simplefilter("ignore")
            _Reader(facts, x509.load_der_x509_certificate(der)).read()
    # a version beyond 3 is no ValueError of cryptography's
    except (ValueError, x509.InvalidVersion) as error:
        facts["problems"].append(f"certificate: {error}")
    return facts


def _nothing_known() -> Described:
    return Described(
        thumbprint="",
        raw_data="",
        subject=None,
        issuer=None,
        common_names=[],
        serial_number=None,
        not_before=None,
        not_after=None,
        dns_names=[],
        key_type=None,
        key_size=None,
        signature_hash=None,
        key_usages=None,
        extended_key_usages=None,
        is_ca=None,
        self_signed=None,
        problems=[],
    )


def _der(raw_data: str | bytes) -> bytes:
    data = raw_data.encode("utf-8") if isinstance(raw_data, str) else bytes(raw_data)
    if found := _PEM.search(data):
        data = found.group(1)
    elif isinstance(raw_data, bytes):
        return data
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64 ({error})") from None


class _Reader:
    """Reads part after part, so that one that cannot be decoded does not hide the others."""

    def __init__(self, facts: Described, certificate: x509.Certificate) -> None:
        self.facts = facts
        self.certificate = certificate

    def read(self) -> None:
        parts = (self._subject, self._issuer, self._serial_number, self._validity, self._key, self._signature)
        refusals = (
            ValueError,
            TypeError,
            UnsupportedAlgorithm,
            x509.DuplicateExtension,
            x509.UnsupportedGeneralNameType,
        )
        for read_part in (*parts, self._extensions):
            try:
                read_part()
            except refusals as error:
                part = read_part.__name__.strip("_").replace("_", " ")
                self.facts["problems"].append(f"{part}: {error}")

    def _subject(self) -> None:
        subject = self.certificate.subject
        self.facts["subject"] = subject.rfc4514_string()
        names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        self.facts["common_names"] = [str(name.value) for name in names]

    def _issuer(self) -> None:
        self.facts["issuer"] = self.certificate.issuer.rfc4514_string()

    def _serial_number(self) -> None:
        self.facts["serial_number"] = _hexadecimal(self.certificate.serial_number)

    def _validity(self) -> None:
        self.facts["not_before"] = instant(self.certificate.not_valid_before_utc)
        self.facts["not_after"] = instant(self.certificate.not_valid_after_utc)

    def _key(self) -> None:
        # first what the certificate says, for a key that cannot be loaded
        algorithm = self.certificate.public_key_algorithm_oid.dotted_string
        self.facts["key_type"] = _KEY_ALGORITHMS.get(algorithm, "other")
        key = self.certificate.public_key()
        self.facts["key_type"] = _key_type(key)
        self.facts["key_size"] = getattr(key, "key_size", None)

    def _signature(self) -> None:
        self.facts["self_signed"] = _is_self_signed(self.certificate)
        # None for signatures that name no hash of their own, such as Ed25519
        algorithm = self.certificate.signature_hash_algorithm
        self.facts["signature_hash"] = algorithm.name if algorithm else None

    def _extensions(self) -> None:
        extensions = self.certificate.extensions
        if usage := _extension(extensions, x509.KeyUsage):
            self.facts["key_usages"] = [name for key, name in _KEY_USAGES.items() if getattr(usage, key)]
        if purposes := _extension(extensions, x509.ExtendedKeyUsage):
            self.facts["extended_key_usages"] = [purpose.dotted_string for purpose in purposes]
        if names := _extension(extensions, x509.SubjectAlternativeName):
            self.facts["dns_names"] = names.get_values_for_type(x509.DNSName)
        basic = _extension(extensions, x509.BasicConstraints)
        self.facts["is_ca"] = basic.ca if basic else False


_E = t.TypeVar("_E", bound="x509.ExtensionType")


def _extension(extensions: x509.Extensions, kind: type[_E]) -> _E | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _hexadecimal(number: int) -> str:
    """As Windows shows it: whole octets. A negative number (old tools made them) is shown in its two's complement."""
    octets = max(1, (number.bit_length() + (7 if number >= 0 else 8)) // 8)
    return number.to_bytes(octets, "big", signed=number < 0).hex().upper()


def _key_type(key: object) -> str:
    kinds: dict[str, type] = {
        "RSA": rsa.RSAPublicKey,
        "EC": ec.EllipticCurvePublicKey,
        "DSA": dsa.DSAPublicKey,
        "Ed25519": ed25519.Ed25519PublicKey,
        "Ed448": ed448.Ed448PublicKey,
        "X25519": x25519.X25519PublicKey,
        "X448": x448.X448PublicKey,
    }
    return next((name for name, kind in kinds.items() if isinstance(key, kind)), "other")


def _is_self_signed(certificate: x509.Certificate) -> bool:
    if certificate.issuer != certificate.subject:
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # a signature that this library cannot check: the names have to do
        return True
    return True
