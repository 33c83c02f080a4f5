# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an LDAP server refuses, and what keeps it from being asked: as one clear error, told apart by numbers, never by text."""

from __future__ import annotations

import re
import ssl
import typing as t
from collections.abc import Mapping

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_server_option import DirectoryServer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line

LdapResult = Mapping[str, t.Any]
SUCCESS = 0
NO_SUCH_OBJECT = 32
_STRONGER_AUTH_REQUIRED, _CONFIDENTIALITY_REQUIRED, _INVALID_CREDENTIALS, _NO_RIGHTS = 8, 13, 49, 50
_OPERATIONS_ERROR = 1
"""What Active Directory answers to a question before a logon."""

_ACCOUNT = re.compile(r"\bdata ([0-9a-f]{2,4})\b", re.IGNORECASE)
_BINDINGS = "80090346"
"""SEC_E_BAD_BINDINGS, which begins the message where the bindings of TLS are missing or wrong."""
_ACCOUNT_PROBLEMS = {
    0x525: "there is no such user",
    0x52E: "the user name or the password is wrong",
    0x530: "the account may not log on at this time",
    0x531: "the account may not log on from this computer",
    0x532: "the password has expired",
    0x533: "the account is disabled",
    0x568: "the account is in too many groups",
    0x701: "the account has expired",
    0x773: "the password must be changed before the first logon",
    0x775: "the account is locked out",
}
"""Windows' error codes, which a domain controller gives after "data" (Windows, System Error Codes)."""

_ACCOUNT_REMEDY = (
    "Check user and password in O({0}). The user is written user@DOMAIN, DOMAIN\\user, or as a distinguished name."
)
_UNREACHABLE = "Check address and port in O({0}), and the firewall between the controller and the domain controller."
_UNTRUSTED = (
    "Name the authority that signed the domain controller's certificate in ca_path of O({0}), and give the address as a name that the "
    "certificate carries. Without a certificate on the domain controller, use protocol=ldap, which Kerberos seals."
)
_STRONGER = (
    "Use protocol=ldap in O({0}), which Kerberos seals, or protocol=ldaps with user and password. What the domain controller allows is in "
    "its policy on LDAP server signing and channel binding."
)
_RIGHTS = "Use an account that may read the configuration partition of Active Directory. By default, every account of the domain may."


def explain_result(result: LdapResult, server: DirectoryServer, operation: str) -> ShellError:
    """The error for a result that is not success."""
    code, text = int(result["result"]), str(result.get("message") or "")
    # a description of ldap3's own list; the server's text is for people only
    said = escape_line(text.replace("\0", "")) or str(result.get("description"))
    kind, sentence, remedy = _judge_code(code, text)
    message = f"{sentence or f'the domain controller refuses it ({said})'} (LDAP result {code})."
    filled = remedy.format(server.option)
    return ShellError(kind, message, host=server.address, cmdlet=operation, error_id=str(code), remedy=filled)


def _judge_code(code: int, text: str) -> tuple[str, str, str]:
    """Kind, sentence and remedy, as far as the number says."""
    if code == _INVALID_CREDENTIALS and text.upper().startswith(_BINDINGS):
        return (
            "authentication",
            "the domain controller requires channel binding, and the logon was not bound to TLS",
            _STRONGER,
        )
    if code == _INVALID_CREDENTIALS:
        number = _ACCOUNT.search(text)
        problem = _ACCOUNT_PROBLEMS.get(int(number[1], 16), "") if number else ""
        return (
            "authentication",
            f"the domain controller does not accept the logon{f': {problem}' if problem else ''}",
            _ACCOUNT_REMEDY,
        )
    if code in (_STRONGER_AUTH_REQUIRED, _CONFIDENTIALITY_REQUIRED):
        return "unsupported", "the domain controller does not take a logon that is protected in this way", _STRONGER
    if code in (_NO_RIGHTS, _OPERATIONS_ERROR):
        return "access_denied", "", _RIGHTS
    return "failed", "", ""


def explain_failure(error: BaseException, server: DirectoryServer, operation: str) -> ShellError:
    """The error for a connection that could not be opened, or broke."""
    said = escape_line(str(error)) or type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        message = f"the certificate of {server.place} is not trusted, or does not carry that name: {said}."
        return _locate("untrusted", message, _UNTRUSTED, server, operation)
    if isinstance(error, ssl.SSLError):
        message = f"{server.place} does not speak TLS as it should: {said}."
        return _locate("unreachable", message, _UNTRUSTED, server, operation)
    return _locate("unreachable", f"{server.place} does not answer: {said}.", _UNREACHABLE, server, operation)


def _locate(kind: str, message: str, remedy: str, server: DirectoryServer, operation: str) -> ShellError:
    return ShellError(kind, message, host=server.address, cmdlet=operation, remedy=remedy.format(server.option))
