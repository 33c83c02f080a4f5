# SPDX-License-Identifier: GPL-3.0-or-later
"""What exchange_oauth_connectivity makes of logs that administrators have posted: tokens masked, the reason found in any language."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.modules import exchange_oauth_connectivity as module

OPTIONS = {"target_uri": "https://outlook.office365.com/ews/exchange.asmx", "mailbox": "someone"}


def make_token(*parts: dict[str, Any], signature: str = "") -> str:
    """A JSON web token."""
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, signature])


def answer(result: str, *lines: str) -> dict[str, Any]:
    return {"Test_OAuthConnectivity": [{"Task": "a task", "Detail": "\r\n".join(lines), "ResultType": result}]}


def test_no_token_is_shown(scripted: Any, run_module: Any) -> None:
    signed = make_token({"typ": "JWT", "alg": "RS256"}, {"iss": "00000002@x"}, signature="c2ln-bmF0_dXJl")
    unsigned = make_token({"typ": "JWT", "alg": "none"}, {"iss": "00000002@x", "actortoken": signed})
    shown = (
        'Information:[OAuthCredentials:Authenticate] send request with the bearer token: \'{"typ":"JWT","alg":"none"}\''
    )
    lines = (
        f"Sending token request with the assertion {signed}&resource=00000002%2Fhost",
        f'Bearer "{unsigned}"',
        shown,
    )
    found = run_module(module, scripted(**answer("Success", *lines)), **OPTIONS)
    assert found["detail"] == [
        "Sending token request with the assertion ********&resource=00000002%2Fhost",
        'Bearer "********"',
        shown,
    ]
    failed = run_module(module, scripted(**answer("Error", f"System.Exception: no {signed}")), **OPTIONS)
    assert signed not in json.dumps(failed)


@pytest.mark.parametrize(
    ("lines", "reason", "remedy"),
    [
        (
            (
                "Exception:",
                "System.Net.WebException: The remote server returned an error: (403) Forbidden.",
                "   at System.Net",
            ),
            "The remote server returned an error: (403) Forbidden.",
            "Look at detail in the result",
        ),
        (
            (
                "Excepción:",
                "System.Net.WebException: Anulada la solicitud: La solicitud fue cancelada. --->",
                "Microsoft.Exchange.Security.OAuth.OAuthTokenRequestFailedException: The trusted issuers contained the",
            ),
            "Anulada la solicitud: La solicitud fue cancelada.",
            "Compare the issuers that it trusts",
        ),
        (
            ("System.Net.WebException: (401) Unauthorized.", 'diagnostics: 2000005;error_category="invalid_user"'),
            "(401) Unauthorized.",
            "name a mailbox whose user is known to both sides",
        ),
        ((), "ResultType is Error.", "Look at detail in the result"),
    ],
)
def test_the_reason_is_found_in_the_log(
    scripted: Any, run_module: Any, lines: tuple[str, ...], reason: str, remedy: str
) -> None:
    found = run_module(module, scripted(**answer("Error", *lines)), **OPTIONS)
    assert found["error"]["message"] == f"the test did not pass: {reason}"
    assert remedy in found["error"]["remedy"]


def test_only_success_passes_and_an_error_in_the_log_does_not_matter(scripted: Any, run_module: Any) -> None:
    """Microsoft's page on OAuth with Exchange Online: the error about a mailbox that is not there can be ignored."""
    ignored = "The SMTP address has no mailbox associated with it."
    assert run_module(module, scripted(**answer("Success", ignored)), **OPTIONS)["passed"] is True
    assert run_module(module, scripted(**answer("Warning")), **OPTIONS, fail=False)["passed"] is False
    nothing = run_module(module, scripted(Test_OAuthConnectivity=[]), **OPTIONS, fail=False)
    assert (nothing["passed"], nothing["error"]["kind"]) == (None, "failed")
