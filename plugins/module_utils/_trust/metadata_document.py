# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authentication metadata document of Exchange or Lync: who it is, and the certificates that it signs tokens with.

The form is that of Microsoft's "Validate an Exchange identity token".
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

Facts = dict[str, t.Any]
PATHS = {"exchange": "/autodiscover/metadata/json/1", "lync": "/metadata/json/1"}
MOST_KEYS = 32
"""A document has a handful; more of them are not looked at."""


class DocumentError(ValueError):
    """It is no metadata document; the text says why."""


def read_document(body: bytes) -> Facts:
    """What the document says.

    :returns: ``name``, ``realm``, ``service_name``, ``issuer``, and ``keys`` as the info modules show certificates.
    :raises DocumentError: for anything else than a document.
    """
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # the first for wrong UTF-8 as well
        raise DocumentError("the answer is not JSON") from error
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise DocumentError("the answer is JSON, but no metadata document: it has no list of keys")
    found = {option: _read_text(document.get(name)) for option, name in _TEXTS.items()}
    return {**found, "signing_keys": [_read_key(key) for key in keys[:MOST_KEYS]]}


_TEXTS = {"name": "name", "realm": "realm", "service_name": "serviceName", "issuer": "issuer"}


def _read_text(value: t.Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _read_key(key: t.Any) -> Facts:
    """The certificate of a key; what it is called is not asked, since it is its fingerprint."""
    value = key.get("keyvalue") if isinstance(key, dict) else None
    text = value.get("value") if isinstance(value, dict) else None
    return {**describe(text if isinstance(text, str) else "")}
