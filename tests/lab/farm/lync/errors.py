# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors in Lync's form: ``ProcessingFailed,CLASS`` or the exception's name in front of the class, category InvalidOperation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.errors import CmdletError, Record

if TYPE_CHECKING:
    from farm.registry import Call

SQL = "Microsoft.Rtc.Common.Data.SqlConnectionException"


def failure(
    call: Call,
    message: str,
    error_id: str = "ProcessingFailed",
    type_name: str = "System.InvalidOperationException",
    *,
    category: str = "InvalidOperation",
    target: str = "",
    terminating: bool = True,
) -> CmdletError:
    """A Lync error."""
    reason = type_name.rpartition(".")[2]
    fqid = f"{error_id},{call.cmdlet.type_name}"
    return CmdletError(Record(message, fqid, category, reason, target, type_name), terminating=terminating)


def not_found(call: Call, identity: str, what: str) -> CmdletError:
    """No object of that name."""
    text = f'Cannot find {what} "{identity}". Verify that the identity is correct, and then try again.'
    return failure(
        call,
        text,
        "CannotFindItem",
        "Microsoft.Rtc.Management.Common.ItemNotFoundException",
        category="ObjectNotFound",
        target=identity,
        terminating=False,
    )


def bad_argument(call: Call, message: str, target: str = "") -> CmdletError:
    """A value that the cmdlet does not take."""
    return failure(
        call, message, "InvalidArgument", "System.ArgumentException", category="InvalidArgument", target=target
    )


def access_denied(call: Call) -> CmdletError:
    """The store's database refuses: the account is in none of the groups."""
    text = f"Access denied: {call.caller.user} is not authorized to run {call.cmdlet.name} on the Central Management Store."
    return failure(
        call,
        text,
        "AccessDenied",
        "System.UnauthorizedAccessException",
        category="PermissionDenied",
        target=call.caller.user,
    )


def no_store(call: Call) -> CmdletError:
    """The store's database cannot be asked: it is down, or the logon on this host cannot be passed on to it."""
    text = (
        'Cannot open database "xds" requested by the login. The login failed.\r\n'
        "Login failed for user 'NT AUTHORITY\\ANONYMOUS LOGON'."
    )
    return failure(call, text, SQL, SQL, category="ResourceUnavailable")
