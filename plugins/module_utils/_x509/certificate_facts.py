# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of an X.509 certificate, decoded on the controller.

Exchange's remote PowerShell gives a certificate as ``RawData`` only (Get-ExchangeCertificate "does not fully support
remote PowerShell"), and Get-CsCertificate tells neither key nor key usage, so the certificate itself is the one source.

Two readers share the work. The strict one is cryptography's; it refuses some certificates that Windows and OpenSSL read, and that
servers therefore use. What it refuses, and only that, is read by the lenient one, which is loaded when it is first needed.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import re
import types
import warnings

from ansible_collections.onprem.exchange_lync.plugins.module_utils._libraries import CRYPTOGRAPHY, missing
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509 import strict_reader
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.described import (
    PARTS,
    Described,
    Reader,
    describe_refusal,
    know_nothing,
)

SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1"
ANY_PURPOSE = "2.5.29.37.0"

MAXIMUM_SIZE = 64 * 1024
"""In octets. Ordinary certificates have one to two thousand; this bounds the time that one can take."""

_NO_LENIENT_READER = (
    "This certificate is not well-formed. Install the Python library pyasn1 on the controller to read it nevertheless."
)

# A sequence of 128 octets or more: no text begins so, and inside it a PEM armour is part of something else
_DER_BEGINS = re.compile(rb"0[\x81-\x84]")

_PEM_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")


def describe(raw_data: str | bytes) -> Described:
    """Return the facts of the certificate in ``raw_data``: base64 of DER, PEM, or the bytes of either.

    A certificate that cannot be decoded, wholly or in part, is described as far as it goes: a fact that is not known is
    ``None`` (or an empty list), and ``problems`` says why. What was decoded though it is not well-formed is in ``remarks``.

    :raises ShellError: where the cryptography library is missing.
    """
    if strict_reader.CRYPTOGRAPHY_IMPORT_ERROR is not None:
        raise missing(CRYPTOGRAPHY, strict_reader.CRYPTOGRAPHY_IMPORT_ERROR)
    facts = know_nothing()
    try:
        der = _decode_armour(raw_data)
    except ValueError as error:
        facts["problems"].append(f"certificate: {error}")
        return facts
    if not der:
        facts["problems"].append("certificate: it is empty")
        return facts
    _identify(facts, der)
    if len(der) > MAXIMUM_SIZE:
        facts["problems"].append(f"certificate: it has {len(der)} octets; more than {MAXIMUM_SIZE} are not read")
        return facts
    with warnings.catch_warnings():
        # serial numbers and names that are wrong but common: the verdict's business, not the controller's stderr
        warnings.simplefilter("ignore")
        _Reading(facts, der).read()
    return facts


def _decode_armour(raw_data: str | bytes) -> bytes:
    data = raw_data.encode("utf-8") if isinstance(raw_data, str) else bytes(raw_data)
    if isinstance(raw_data, bytes) and _DER_BEGINS.match(data):
        return data
    if found := _find_pem(data):
        data = found
    elif isinstance(raw_data, bytes):
        return data
    try:
        return base64.b64decode(data.translate(None, b" \t\r\n\v\f"), validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64 ({error})") from None


def _find_pem(data: bytes) -> bytes:
    """Return what is inside the first PEM armour (RFC 7468), if there is one."""
    for label in _PEM_LABELS:
        _before, begin, rest = data.partition(b"-----BEGIN " + label + b"-----")
        content, end, _after = rest.partition(b"-----END")
        if begin and end:
            return content
    return b""


def _identify(facts: Described, der: bytes) -> None:
    facts["thumbprint"] = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    facts["raw_data"] = base64.b64encode(der).decode("ascii")


class _Reading:
    """One certificate's way through both readers."""

    def __init__(self, facts: Described, der: bytes) -> None:
        self.facts = facts
        self.der = der
        self.lenient: Reader | None = None

    def read(self) -> None:
        """Read all that can be read, and raise nothing."""
        try:
            strict = strict_reader.StrictReader(self.facts, self.der)
        except BaseException as error:
            self._read_refused(_explain(error))
            return
        for part in PARTS:
            try:
                strict.read(part)
            except BaseException as error:
                self._read_again(part, _explain(error))

    def _read_refused(self, refusal: str) -> None:
        """Read a certificate that the strict reader refuses as a whole."""
        if self._cut_off_garbage():
            self.read()
        elif self._open_leniently("certificate", refusal):
            self.facts["remarks"].append(f"certificate: not well-formed ({refusal})")
            for part in PARTS:
                self._read_again(part, "")

    def _cut_off_garbage(self) -> bool:
        """Cut off what follows the certificate, as Windows and OpenSSL do (dotnet/runtime pull request 82688)."""
        reader = _import_lenient_reader()
        try:
            size = reader.measure(self.der) if reader else len(self.der)
        except ValueError:
            return False
        if size == len(self.der):
            return False
        self.facts["remarks"].append(f"certificate: {len(self.der) - size} octets after its end are ignored")
        self.der = self.der[:size]
        _identify(self.facts, self.der)
        return True

    def _read_again(self, part: str, refusal: str) -> None:
        """Read a part that the strict reader refuses, or that it never came to."""
        label = part.replace("_", " ")
        lenient = self._open_leniently(label, refusal)
        if lenient is None:
            return
        try:
            lenient.read(part)
        except BaseException as error:
            self.facts["problems"].append(f"{label}: {_explain(error)}")
        else:
            self.facts["remarks"] += [f"{label}: not well-formed ({refusal})"] if refusal else []

    def _open_leniently(self, label: str, refusal: str) -> Reader | None:
        """Return the lenient reader. Without it, what the strict one has refused is a problem."""
        reader = _import_lenient_reader()
        if self.lenient is None and reader:
            with contextlib.suppress(ValueError):  # the strict reader has said what is wrong with it
                self.lenient = reader.LenientReader(self.facts, self.der)
        problems = self.facts["problems"]
        if self.lenient is None:
            problems.append(f"{label}: {refusal}")
        if reader is None and _NO_LENIENT_READER not in problems:
            problems.append(_NO_LENIENT_READER)
        return self.lenient


def _import_lenient_reader() -> types.ModuleType | None:
    """Return the module of the lenient reader, None where its library is missing."""
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509 import lenient_reader

    return lenient_reader if lenient_reader.PYASN1_IMPORT_ERROR is None else None


def _explain(error: BaseException) -> str:
    """Return why something was not read, and raise only what asks the program to end.

    Whatever a library raises is about this certificate and must not end the reading of the others. A panic of the part of cryptography
    that is written in Rust is no Exception, though; it is known by its module (PyO3, ``PanicException``).
    """
    if not isinstance(error, Exception) and type(error).__module__ != "pyo3_runtime":
        raise error
    return describe_refusal(error)
