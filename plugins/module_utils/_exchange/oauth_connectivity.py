# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchange's own test of OAuth: a request to another Exchange organisation or Exchange Online, as a mailbox user.

Test-OAuthConnectivity reads, in the mailbox and elsewhere, and its result is an object whose ResultType says whether it passed. An error of
the cmdlet itself means that nothing was tested. Its log may hold a signed token that is still valid, so tokens are masked.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Property, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import MASK

SHELL: ShellName = "exchange"
NAME = "Test-OAuthConnectivity"
SERVICES = ("EWS", "AutoD", "Generic")
NOTE = (
    "This is about Exchange and another Exchange organisation or Exchange Online. It is no proof that Lync and Exchange trust each other: "
    "see lync_storage_connectivity and trust_info."
)
_PASSED = "Success"
_TABLE = Table(Property("task", "Task"), Property("detail", "Detail"), Property("result_type", "ResultType"))
_TARGET = Url(as_uri=True)
_SWITCHES = {"app_only": "AppOnly", "use_cached_token": "UseCachedToken", "reload_config": "ReloadConfig"}
# a JSON web token: the header and the claims are JSON objects in base64url, which begin so; a signature may follow (RFC 7515)
_TOKEN = re.compile(r"eyJ[\w-]+={0,2}\.[\w-]+={0,2}(\.[\w-]*={0,2})?")
_EXCEPTION = re.compile(r"^[\s]*[\w.]+Exception *: *(\S.*)$", re.MULTILINE)
_READ_ON = "Look at detail in the result, which is what Exchange has logged of the request."
_MARKS = {
    # class names, x-ms-diagnostics and statuses are the same in every language
    "OAuthTokenRequestFailedException": (
        "No token was made that the other side could take. Compare the issuers that it trusts with those that are configured here "
        "(Get-AuthServer, Get-PartnerApplication), and check the Auth certificate (exchange_auth_certificate)."
    ),
    'error_category="invalid_user"': "The other side does not know the mailbox's user: name a mailbox whose user is known to both sides.",
    "(401)": (
        "The other side does not take the token. Check there that a partner application stands for this organisation and knows its Auth "
        "certificate, that the directory accepts OAuth, and that the clocks agree. For Exchange Online, see Microsoft's article 3090197."
    ),
    "(404)": "Nothing at this host answers as Exchange: check O(target_uri).",
}


def make_oauth_test(params: dict[str, t.Any]) -> Cmdlet:
    """The cmdlet with what the task gives.

    :raises ShellError: of kind ``bad_input`` for a URL that cannot be used, and for a mailbox that is given and empty.
    """
    with located(shell=SHELL, cmdlet=NAME):
        try:
            target = _TARGET.accept(params["target_uri"])
        except ValueError as error:
            raise ShellError("bad_input", f"target_uri: {error}.") from error
        if not target:
            raise ShellError("bad_input", "target_uri is empty: give the URL of the other side.")
        mailbox = params["mailbox"]
        if mailbox is not None and not mailbox.strip():
            raise ShellError("bad_input", "mailbox is empty: give a mailbox, or leave the option out.")
    given = {name: True for option, name in _SWITCHES.items() if params[option]}
    named = {} if mailbox is None else {"Mailbox": mailbox.strip()}
    return Cmdlet(NAME, Service=params["service"], TargetUri=_TARGET.parameter(target), **named, **given)


def run_oauth_test(call: Call) -> Result:
    """Run the test once, in check mode as well: it changes nothing.

    :raises ShellError: where it did not pass or could not be run, if the task shall fail then.
    """
    test = make_oauth_test(call.params)
    result: Result = {"passed": None, "result_type": None, "task": None, "detail": [], "note": NOTE}
    try:
        result |= _read_result(call, test)
        if not result["passed"]:
            raise _explain(result)
    except ShellError as error:
        error.result = {**error.result, **result}
        if call.params["fail"]:
            raise
        return {**error.result, "error": error.details()}
    return result


def _read_result(call: Call, test: Cmdlet) -> Result:
    objects = call.shell(SHELL).read_all(test, _TABLE.projection())
    if not objects:
        raise ShellError("failed", "Exchange returned no result.", shell=SHELL, cmdlet=NAME)
    state = _TABLE.state(t.cast(t.Any, objects[-1]))
    detail = _TOKEN.sub(MASK, state["detail"] or "").splitlines()
    return {
        **state,
        "detail": [line.rstrip() for line in detail if line.strip()],
        "passed": state["result_type"] == _PASSED,
    }


def _explain(result: Result) -> ShellError:
    """Why the test did not pass, as far as its log says it."""
    log = "\n".join(result["detail"])
    found = _EXCEPTION.search(log)
    # an inner exception is on the next line
    reason = found[1].removesuffix("--->").strip() if found else f"ResultType is {result['result_type']}"
    remedy = next((remedy for mark, remedy in _MARKS.items() if mark in log), "")
    message = f"the test did not pass: {reason.removesuffix('.')}."
    return ShellError("failed", message, shell=SHELL, cmdlet=NAME, remedy=f"{remedy} {_READ_ON}".strip())
