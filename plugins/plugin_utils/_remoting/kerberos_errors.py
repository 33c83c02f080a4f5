# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Kerberos refuses, by its number (RFC 4120, section 7.5.9, and MIT's krb5_err), and what to do about it.

Four libraries say it, each in its own way: gssapi and pyspnego with a major and a minor code, krb5 with a code, pykerberos with both in
pairs of text and number. kinit says it in words only.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line

_BASE = -1765328384
"""ERROR_TABLE_BASE_krb5: MIT's codes are those of the protocol, counted from here."""
_MAJOR_NO_CREDENTIALS, _MAJOR_EXPIRED, _MAJOR_CONTEXT_EXPIRED = 7 << 16, 11 << 16, 12 << 16
"""Of GSSAPI (RFC 2744, section 3.9.1): GSS_S_NO_CRED, GSS_S_CREDENTIALS_EXPIRED, GSS_S_CONTEXT_EXPIRED."""
_SERVICE = re.compile(r"[\w-]+/[\w.:-]+@[\w.-]+")
"""A service principal in a text for people."""


@dataclass(frozen=True)
class _Meaning:
    """What a code means.

    :ivar words: MIT's English words for it, as far as they are the same for every name: kinit has one exit code for all.
    """

    kind: str
    message: str
    remedy: str
    words: str = ""


_GET_A_TICKET = (
    "Get a ticket with kinit in the environment that runs ansible-playbook (klist shows it), or name a keytab in KRB5_CLIENT_KTNAME, or "
    "set ansible_password. It must be a ticket of ansible_user, whose realm is written in capitals."
)
_NO_TICKET = _Meaning("authentication", "Kerberos has no ticket of this account", _GET_A_TICKET)
_EXPIRED = _Meaning(
    "authentication",
    "the Kerberos ticket has expired",
    "Get a new one with kinit. For long or scheduled runs name a keytab in KRB5_CLIENT_KTNAME: Kerberos then gets new tickets by itself.",
    "Ticket expired",
)
_WRONG_PASSWORD = _Meaning(
    "authentication",
    "the domain does not accept the account's password or keytab",
    "Check ansible_password. If a keytab is used, make it again: each change of the password makes it useless.",
)
_CLOCK = _Meaning(
    "authentication",
    "Kerberos finds that the clocks differ by more than five minutes",
    "Set the clocks of the controller, the host and the domain controllers (chronyc tracking, w32tm /query /status).",
    "Clock skew too great",
)
_NO_SERVICE = _Meaning(
    "authentication",
    "the domain has no service principal for the name by which this host is addressed",
    "Use the server's full name as inventory name or ansible_host, not an address or an alias. `setspn -Q HTTP/NAME` shows who has a name.",
)
_NO_REALM = _Meaning(
    "authentication",
    "Kerberos knows no key distribution centre (KDC) of the realm",
    "Write the realm of ansible_user in capitals, and name its KDC in krb5.conf ([realms]), unless DNS has its SRV records. With "
    "KRB5_CONFIG and a password over winrm, set ansible_winrm_kinit_env_vars: [KRB5_CONFIG].",
    "Cannot find KDC for realm",
)
_NO_KDC = _Meaning(
    "unreachable",
    "no key distribution centre (KDC) of the realm answers",
    "Check that the domain controllers answer on port 88 (UDP and TCP), and which ones krb5.conf or DNS names.",
    "Cannot contact any KDC",
)
_WRONG_KEY = _Meaning(
    "authentication",
    "the host cannot read the ticket: it was made for another account than the host runs its service with",
    "Look for a service principal that is registered for the wrong account, or twice: setspn -Q HTTP/NAME, setspn -X. The name by which "
    "the host is addressed must lead to that host.",
)
_SKEW = 300.0
"""Seconds by which the clocks may differ: what Windows and MIT take by default (RFC 4120, section 1.6)."""
REFUSED_TICKET = (
    "The host did not take the Kerberos ticket. Check the clocks (at most five minutes apart), that the name leads to this host and its "
    "service principal is registered for this host's account (setspn -Q HTTP/NAME), and the channel binding if the server requires it."
)
"""What to do where a host says no more than HTTP 401."""
_BY_CODE = {
    6: _Meaning(
        "authentication",
        "the domain does not know the account",
        "Check ansible_user: it is written as user@REALM, with the realm in capitals.",
        "not found in Kerberos database",
    ),
    7: _NO_SERVICE,
    18: _Meaning(
        "authentication",
        "the account is disabled, locked or expired, or may not log on now",
        "Ask the domain's administrators to unlock it, or use another account.",
        "credentials have been revoked",
    ),
    23: _Meaning(
        "authentication",
        "the account's password has expired",
        "Change the password, or use another account.",
        "Password has expired",
    ),
    24: _WRONG_PASSWORD,
    31: _WRONG_PASSWORD,
    32: _EXPIRED,
    37: _CLOCK,
    33: _CLOCK,
    35: _WRONG_KEY,
    41: _WRONG_KEY,
    141: _NO_TICKET,
    154: _NO_REALM,
    156: _NO_KDC,
    189: _NO_TICKET,
}
_BY_WORDS = {"Password incorrect": _WRONG_PASSWORD, "Preauthentication failed": _WRONG_PASSWORD}
_BY_MAJOR = {_MAJOR_NO_CREDENTIALS: _NO_TICKET, _MAJOR_EXPIRED: _EXPIRED, _MAJOR_CONTEXT_EXPIRED: _EXPIRED}


def explain_kerberos(causes: t.Iterable[BaseException]) -> ShellError | None:
    """The error of the first exception that Kerberos has given a number; None where there is none.

    :param causes: an exception and whatever lies inside it.
    """
    for cause in causes:
        meaning = next((found for found in map(_find_meaning, _list_codes(cause)) if found), None)
        if meaning is not None:
            return _to_error(meaning, str(cause) if meaning is _NO_SERVICE else "")
    return None


def explain_kinit(said: str) -> ShellError | None:
    """The same for what kinit has said. It runs in the C locale, so its words are those of MIT's table of errors.

    The code of an unknown account is that of an unknown service as well, but kinit asks for the one service that every realm has.
    """
    by_words = {meaning.words: meaning for meaning in _BY_CODE.values() if meaning.words} | _BY_WORDS
    meaning = next((meaning for words, meaning in by_words.items() if words in said), None)
    return None if meaning is None else _to_error(meaning, said)


def tell_clock(error: ShellError, host_is_ahead: float | None) -> ShellError:
    """Have the error of a logon that the host refused say that the host's clock and the controller's differ, where they do.

    The host says it itself at best as a number without a side, over pywinrm not at all. But each of its answers has a date.

    :param host_is_ahead: by how many seconds the host's clock is ahead of the controller's, if that was seen.
    """
    if error.kind != "authentication" or host_is_ahead is None or abs(host_is_ahead) <= _SKEW:
        return error
    side = "ahead of" if host_is_ahead > 0 else "behind"
    minutes = round(abs(host_is_ahead) / 60)
    difference = f"The host's clock is {minutes} minutes {side} the controller's, and Kerberos takes five at most."
    error.message = f"{error.message.rstrip('.')}. {difference}"
    error.remedy = f"{_CLOCK.remedy} Compare both with the domain controller's: the one that differs from it is wrong."
    return error


def _to_error(meaning: _Meaning, said: str) -> ShellError:
    name = _SERVICE.search(said)
    detail = f" ({escape_line(name[0] if name else said).rstrip('.')})" if said else ""
    return ShellError(meaning.kind, f"{meaning.message}{detail}.", remedy=meaning.remedy)


def _find_meaning(code: int) -> _Meaning | None:
    """Minor codes are unsigned in C, and in gssapi."""
    signed = code - (1 << 32) if code >= 1 << 31 else code
    return _BY_MAJOR.get(signed) or _BY_CODE.get(signed - _BASE)


def _list_codes(error: BaseException) -> list[int]:
    """The codes of an exception, the more telling ones first: minor, then major."""
    found = [getattr(error, name, None) for name in ("err_code", "min_code", "maj_code")]
    if type(error).__module__ == "kerberos":
        found += [pair[1] for pair in reversed(error.args) if isinstance(pair, tuple) and len(pair) == 2]
    return [code for code in found if isinstance(code, int)]
