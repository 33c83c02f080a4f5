# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate that Exchange's web site shows to whoever asks for a name: what clients and Lync will see, whatever the store holds."""

from __future__ import annotations

import base64
import socket
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._tls_context import make_looking_context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

SECONDS = 5.0
"""For the connection and for the handshake, each."""


def read_served_certificate(address: str, port: int, name: str) -> dict[str, t.Any]:
    """Shake hands as a client that looks for ``name``, and describe the certificate that is shown; nothing is sent.

    :returns: ``name``, ``certificate`` (None where none was seen) and ``error``.
    """
    try:
        with (
            socket.create_connection((address, port), SECONDS) as plain,
            make_looking_context().wrap_socket(plain, server_hostname=name) as shaken,
        ):
            shown = shaken.getpeercert(binary_form=True)
    except (OSError, ValueError) as error:
        return {"name": name, "certificate": None, "error": f"{address}:{port}: {error}"}
    facts = describe(base64.b64encode(shown or b"").decode("ascii"))
    return {"name": name, "certificate": {**facts}, "error": None}
