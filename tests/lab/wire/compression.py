# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic compression of HTTP answers, as IIS does it for the virtual directories of a product: only for clients that ask for it.

WinRM's own listeners are HTTP.sys alone and never compress. That IIS does in front of Exchange's endpoint, so that a client that cannot
read it has to say ``identity``, is in pypsrp (wsman.py, ``_build_session``). Which of its content types IIS compresses was not captured:
here it is every answer that has a body.
"""

from __future__ import annotations

import gzip

from wire.auth import Headers

CODING = "gzip"


def accepts(accept_encoding: str) -> bool:
    """Whether a client takes gzip (RFC 9110, section 12.5.3): it is named, or everything is, and not with the weight 0."""
    weights: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in accept_encoding.lower().split(","))):
        coding, _separator, weight = part.partition(";")
        try:
            weights[coding.strip()] = float(weight.partition("=")[2]) if weight else 1.0
        except ValueError:
            weights[coding.strip()] = 0.0
    return weights.get(CODING, weights.get("*", 0.0)) > 0


def compress(body: bytes) -> tuple[Headers, bytes]:
    """The headers and the body of a compressed answer."""
    return [("Content-Encoding", CODING), ("Vary", "Accept-Encoding")], gzip.compress(body, 6)
