# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The challenge of a 401: which issuers of tokens a server trusts (MS-XOAUTH, 3.2.5.4)."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain

# A comma that is in no quoted string
_PART = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_FIRST = re.compile(r"([A-Za-z][\w-]*)\s+([\w-]+)\s*=\s*(.*)", re.DOTALL)
_NEXT = re.compile(r"([\w-]+)\s*=\s*(.*)", re.DOTALL)


@dataclass
class Scheme:
    """A method of authentication that a server offers, with its parameters."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)


def read_schemes(values: Sequence[str]) -> Iterator[Scheme]:
    """The methods in the values of WWW-Authenticate, of which each may hold several (RFC 9110, section 11.6.1)."""
    for value in values:
        scheme: Scheme | None = None
        for part in (found.strip() for found in _PART.findall(value)):
            if first := _FIRST.fullmatch(part):
                yield from [scheme] if scheme else []
                scheme = Scheme(first[1], {first[2].lower(): _unquote(first[3])})
            elif (following := _NEXT.fullmatch(part)) and scheme:
                scheme.parameters[following[1].lower()] = _unquote(following[2])
            elif part:
                yield from [scheme] if scheme else []
                scheme = Scheme(part)
        yield from [scheme] if scheme else []


def _unquote(text: str) -> str:
    text = text.strip()
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text


def read_challenge(values: Sequence[str]) -> dict[str, t.Any]:
    """What the challenge says: the methods, and of Bearer who the server is and whom it trusts.

    :returns: ``schemes``, ``client_id``, ``realm`` and ``trusted_issuers``, which is None where Bearer is not offered.
    """
    schemes = list(read_schemes(values))
    bearer = next((scheme for scheme in schemes if scheme.name.lower() == "bearer"), None)
    issuers = bearer.parameters.get("trusted_issuers", "").split(",") if bearer else []
    return {
        "schemes": list(dict.fromkeys(scheme.name for scheme in schemes)),
        "client_id": bearer.parameters.get("client_id") if bearer else None,
        "realm": bearer.parameters.get("realm") if bearer else None,
        "trusted_issuers": [issuer.strip() for issuer in issuers if issuer.strip()] if bearer else None,
    }


def trusts(trusted: Sequence[str], issuer: str) -> bool:
    """Whether one of the trusted issuers is this one. ``*`` stands for any realm; a realm that is a domain is the same in any spelling."""
    application, _at, realm = issuer.partition("@")
    for entry in trusted:
        known, _at, of = entry.partition("@")
        if known.casefold() == application.casefold() and (of == "*" or spell_domain(of) == spell_domain(realm)):
            return True
    return False
