# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerberos' numbers, as each library gives them. tests/integration/test_kerberos_errors.py has their causes."""

from __future__ import annotations

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import kerberos_errors

BASE = -1765328384


class Krb5Error(Exception):
    """As the library krb5 raises it."""

    def __init__(self, code: int) -> None:
        self.err_code = code


class GssError(Exception):
    """As the library gssapi raises it: its codes are unsigned."""

    def __init__(self, major: int, minor: int) -> None:
        self.maj_code, self.min_code = major, minor


def make_pykerberos_error(major: int, minor: int) -> Exception:
    """As pykerberos raises it: texts and signed codes in pairs."""
    kind = type("GSSError", (Exception,), {"__module__": "kerberos"})
    error: Exception = kind(("Unspecified GSS failure.", major), ("localised text", minor))
    return error


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (6, "authentication", "does not know the account"),
        (7, "authentication", "no service principal"),
        (18, "authentication", "disabled, locked or expired"),
        (23, "authentication", "password has expired"),
        (24, "authentication", "does not accept the account's password"),
        (31, "authentication", "does not accept the account's password"),
        (32, "authentication", "ticket has expired"),
        (33, "authentication", "clocks differ"),
        (35, "authentication", "cannot read the ticket"),
        (37, "authentication", "clocks differ"),
        (41, "authentication", "cannot read the ticket"),
        (141, "authentication", "no ticket of this account"),
        (154, "authentication", "no key distribution centre"),
        (156, "unreachable", "no key distribution centre"),
        (189, "authentication", "no ticket of this account"),
    ],
)
def test_a_number_is_the_same_whoever_says_it(code: int, kind: str, message: str) -> None:
    signed = BASE + code
    errors = [Krb5Error(signed), GssError(13 << 16, signed + (1 << 32)), make_pykerberos_error(13 << 16, signed)]
    found = [kerberos_errors.explain_kerberos([error]) for error in errors]
    assert {error.kind for error in found if error} == {kind}
    assert all(error and message in error.message and error.remedy for error in found), found


@pytest.mark.parametrize(
    ("major", "message"), [(7 << 16, "no ticket"), (11 << 16, "has expired"), (12 << 16, "has expired")]
)
def test_a_major_code_alone(major: int, message: str) -> None:
    for error in (GssError(major, 100002), make_pykerberos_error(major, 0)):
        found = kerberos_errors.explain_kerberos([ValueError("around it"), error])
        assert found is not None
        assert message in found.message


def test_other_exceptions_are_not_kerberos() -> None:
    assert kerberos_errors.explain_kerberos([ValueError(1), OSError(111, "refused"), Krb5Error(0)]) is None


def test_the_service_that_is_missing_is_named() -> None:
    error = make_pykerberos_error(13 << 16, BASE + 7)
    error.args = (error.args[0], ("Server HTTP/mail.litwareinc.com@LITWAREINC.COM not found", BASE + 7))
    found = kerberos_errors.explain_kerberos([error])
    assert found is not None
    assert found.message.endswith("addressed (HTTP/mail.litwareinc.com@LITWAREINC.COM).")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("kinit: Password incorrect while getting initial credentials", "does not accept"),
        ("kinit: Client 'x@R' not found in Kerberos database while getting initial credentials", "does not know"),
        ('kinit: Cannot find KDC for realm "R" while getting initial credentials', "no key distribution centre"),
        ("kinit: Clock skew too great while getting initial credentials", "clocks differ"),
    ],
)
def test_what_kinit_says(said: str, message: str) -> None:
    found = kerberos_errors.explain_kinit(said)
    assert found is not None
    assert message in found.message
    assert said in found.message


def test_what_kinit_says_that_is_not_known() -> None:
    assert kerberos_errors.explain_kinit("kinit: Nobody has foreseen this") is None


def test_a_difference_between_the_clocks_is_told_where_it_can_be_the_cause() -> None:
    refused = ShellError("authentication", "the host refused.")
    for ahead in (None, 299.0, -300.0):
        assert kerberos_errors.tell_clock(refused, ahead).message == "the host refused."
    assert kerberos_errors.tell_clock(ShellError("throttled", "full."), 900.0).message == "full."
    told = kerberos_errors.tell_clock(refused, -301.0)
    assert told.message.startswith("the host refused. The host's clock is 5 minutes behind the controller's")
    assert "Compare both with the domain controller's" in told.remedy
