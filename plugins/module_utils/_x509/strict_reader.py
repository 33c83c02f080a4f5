# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The strict reader: what the library cryptography says of a certificate.

It reads ordinary certificates, and fast. It refuses parts, or the whole certificate, where Windows and OpenSSL are more tolerant.
"""

from __future__ import annotations

import traceback
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.described import (
    KEY_ALGORITHMS,
    Described,
    Reader,
    format_serial_number,
)

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519

    CRYPTOGRAPHY_IMPORT_ERROR: str | None = None
except ImportError:
    CRYPTOGRAPHY_IMPORT_ERROR = traceback.format_exc()

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


class StrictReader(Reader):
    """Reads a certificate that cryptography loads. Making one raises what cryptography raises if it does not."""

    def __init__(self, facts: Described, der: bytes) -> None:
        super().__init__(facts)
        self.certificate = x509.load_der_x509_certificate(der)

    def _read_subject(self) -> None:
        subject = self.certificate.subject
        self.facts["subject"] = subject.rfc4514_string()
        names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        self.facts["common_names"] = [str(name.value) for name in names]

    def _read_issuer(self) -> None:
        self.facts["issuer"] = self.certificate.issuer.rfc4514_string()

    def _read_serial_number(self) -> None:
        self.facts["serial_number"] = format_serial_number(self.certificate.serial_number)

    def _read_not_before(self) -> None:
        self.facts["not_before"] = instant(self.certificate.not_valid_before_utc)

    def _read_not_after(self) -> None:
        self.facts["not_after"] = instant(self.certificate.not_valid_after_utc)

    def _read_key(self) -> None:
        # first what the certificate says, for a key that cannot be loaded
        algorithm = self.certificate.public_key_algorithm_oid.dotted_string
        self.facts["key_type"] = KEY_ALGORITHMS.get(algorithm, "other")
        describe_key(self.facts, self.certificate.public_key())

    def _read_signature_hash(self) -> None:
        # None for signatures that name no hash of their own, such as Ed25519
        algorithm = self.certificate.signature_hash_algorithm
        self.facts["signature_hash"] = algorithm.name if algorithm else None

    def _read_self_signed(self) -> None:
        self.facts["self_signed"] = self.certificate.issuer == self.certificate.subject and self._fits_own_signature()

    def _fits_own_signature(self) -> bool:
        try:
            self.certificate.verify_directly_issued_by(self.certificate)
        except InvalidSignature:
            return False
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # a signature that this library cannot check: the names have to do
            return True
        return True

    def _read_extensions(self) -> None:
        extensions = self.certificate.extensions
        if (usage := _find_extension(extensions, x509.KeyUsage)) is not None:
            self.facts["key_usages"] = [name for key, name in _KEY_USAGES.items() if getattr(usage, key)]
        # one without any purpose allows nothing, which is not the same as no limit
        if (purposes := _find_extension(extensions, x509.ExtendedKeyUsage)) is not None:
            self.facts["extended_key_usages"] = [purpose.dotted_string for purpose in purposes]
        if (names := _find_extension(extensions, x509.SubjectAlternativeName)) is not None:
            self.facts["dns_names"] = names.get_values_for_type(x509.DNSName)
        basic = _find_extension(extensions, x509.BasicConstraints)
        self.facts["is_ca"] = basic.ca if basic is not None else False


_E = t.TypeVar("_E", bound="x509.ExtensionType")


def _find_extension(extensions: x509.Extensions, kind: type[_E]) -> _E | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def describe_key(facts: Described, key: object) -> None:
    """Write the type and the size of a key that cryptography has loaded into the facts."""
    kinds: dict[str, type] = {
        "RSA": rsa.RSAPublicKey,
        "EC": ec.EllipticCurvePublicKey,
        "DSA": dsa.DSAPublicKey,
        "Ed25519": ed25519.Ed25519PublicKey,
        "Ed448": ed448.Ed448PublicKey,
        "X25519": x25519.X25519PublicKey,
        "X448": x448.X448PublicKey,
    }
    facts["key_type"] = next((name for name, kind in kinds.items() if isinstance(key, kind)), "other")
    facts["key_size"] = getattr(key, "key_size", None)
