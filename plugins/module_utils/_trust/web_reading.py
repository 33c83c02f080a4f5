# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server's web site says of the trust, without an account: its metadata document, and the challenge of Autodiscover."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.bearer_challenge import read_challenge
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.metadata_document import (
    PATHS,
    DocumentError,
    read_document,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._trust.web_client import (
    NoAnswerError,
    Question,
    WebAnswer,
    ask,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

Facts = dict[str, t.Any]
AUTODISCOVER = "/autodiscover/autodiscover.svc"
SECONDS = 10.0
"""For one question."""
_NOTHING_READ: dict[str, Facts] = {
    "metadata": {"name": None, "realm": None, "service_name": None, "issuer": None, "signing_keys": []},
    "challenge": {"schemes": [], "client_id": None, "realm": None, "trusted_issuers": None},
}
_NO_ACCOUNT = "it asks for an account, which it must not: anonymous authentication of the directory is switched off"
_STATUS: dict[int, str] = {
    401: _NO_ACCOUNT,
    403: "it refuses access: SSL settings, an address restriction or a reverse proxy",
    404: "there is no such page: another web site, an older version, or a product that is not installed",
    503: "the application pool is stopped",
}
_FAILED = {
    "exchange": (
        "the server cannot write the document. The usual cause is that Get-AuthConfig names a certificate that is not in this server's "
        "store (Get-ExchangeCertificate -Server)"
    ),
    "lync": (
        "the server cannot write the document. The usual cause is that no OAuthTokenIssuer certificate is assigned, or that it is not in "
        "this server's store with its private key (Get-CsCertificate -Type OAuthTokenIssuer)"
    ),
}


@dataclass(frozen=True)
class Site:
    """The web site of one server.

    :ivar server: the server's own name.
    :ivar address: where the controller connects to.
    """

    product: t.Literal["exchange", "lync"]
    server: str
    address: str
    port: int = 443
    seconds: float = SECONDS

    def make_question(self, path: str) -> Question:
        """A question to it."""
        return Question(self.address, self.port, self.server, path, self.seconds)


def read_metadata(site: Site) -> Facts:
    """The metadata document, or why it is not there. Never raises for what a server does."""
    question, nothing = site.make_question(PATHS[site.product]), _NOTHING_READ["metadata"]
    try:
        answer = ask(question)
    except NoAnswerError as error:
        return {**_describe_question(question), **nothing, "error": str(error)}
    found = _describe_answer(question, answer)
    if answer.status != 200:
        return {**found, **nothing, "error": _explain_status(answer, site.product)}
    try:
        return {**found, **read_document(answer.body), "error": None}
    except DocumentError as error:
        return {**found, **nothing, "error": str(error)}


def read_trusted_issuers(site: Site) -> Facts:
    """The challenge of Autodiscover, or why there is none."""
    question, nothing = replace(site.make_question(AUTODISCOVER), bearer=True), _NOTHING_READ["challenge"]
    try:
        answer = ask(question)
    except NoAnswerError as error:
        return {**_describe_question(question), **nothing, "error": str(error)}
    found = _describe_answer(question, answer)
    if answer.status != 401:
        return {**found, **nothing, "error": f"the answer is not the challenge that was asked for: {_name(answer)}"}
    return {**found, **read_challenge(answer.list_values("WWW-Authenticate")), "error": None}


def _describe_question(question: Question) -> Facts:
    return {
        "url": question.url,
        "address": f"{question.address}:{question.port}",
        "status": None,
        "location": None,
        "protocol": None,
        "certificate": None,
    }


def _describe_answer(question: Question, answer: WebAnswer) -> Facts:
    moved = answer.list_values("Location") if 300 <= answer.status < 400 else []
    certificate = {**describe(base64.b64encode(answer.certificate).decode("ascii"))} if answer.certificate else None
    found = {"status": answer.status, "location": next(iter(moved), None), "protocol": answer.protocol or None}
    return {**_describe_question(question), **found, "certificate": certificate}


def _name(answer: WebAnswer) -> str:
    moved = answer.list_values("Location")
    return f"HTTP {answer.status}" + (f", which points to {moved[0]} and was not followed" if moved else "")


def _explain_status(answer: WebAnswer, product: str) -> str:
    told = _FAILED[product] if answer.status == 500 else _STATUS.get(answer.status, "")
    return f"{_name(answer)}: {told}" if told else _name(answer)
