# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a machine that knows some authorities can trust a certificate that a web site shows."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Sequence

with contextlib.suppress(ImportError):  # whoever reads certificates says that the library is missing
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

DEEPEST_CHAIN = 8


def finds_issuer(shown: str, authorities: Sequence[str], intermediates: Sequence[str] = ()) -> bool | None:
    """Whether the chain of a certificate ends among the trusted authorities.

    None where a certificate cannot be read, or a signature not checked.

    :param shown: the certificate, in base64.
    :param authorities: those that the machine trusts, in base64.
    :param intermediates: those that it only knows. A chain may lead over one of them, and does not end there: an authority's own
        certificate that somebody has put among them is not trusted.
    """
    leaf = _load(shown)
    if leaf is None:
        return None
    trusted, between = _load_all(authorities), _load_all(intermediates)
    known = [*trusted, *(item for item in between if item.subject != item.issuer)]
    for _step in range(DEEPEST_CHAIN):
        if leaf in trusted and leaf.subject == leaf.issuer:
            return True
        named = [(item, _has_signed(item, leaf)) for item in known if item.subject == leaf.issuer]
        issuer = next((item for item, signed in named if signed), None)
        if issuer is None:
            return None if any(signed is None for _item, signed in named) else False
        if issuer.subject == issuer.issuer:
            return True
        leaf = issuer
    return False


def _load_all(texts: Sequence[str]) -> list[x509.Certificate]:
    return [loaded for loaded in map(_load, texts) if loaded is not None]


def _load(text: str) -> x509.Certificate | None:
    """A certificate; None for what the library refuses, although Windows may read it."""
    try:
        return x509.load_der_x509_certificate(base64.b64decode(text))
    except (ValueError, binascii.Error):
        return None


def _has_signed(issuer: x509.Certificate, leaf: x509.Certificate) -> bool | None:
    """Whether it has; None for a key or an algorithm that the library cannot check: that proves nothing."""
    try:
        leaf.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return True
