# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors in Exchange's form.

A FullyQualifiedErrorId as Exchange writes it names the server, the request and the time, the failure's category and eight
hexadecimal digits: all but the category differ from call to call, or from build to build.
"""

from __future__ import annotations

import uuid
import zlib
from datetime import datetime
from typing import TYPE_CHECKING

from farm.errors import CmdletError, Record

if TYPE_CHECKING:
    from farm.registry import Call

NOT_FOUND = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
AD_OPERATION = "Microsoft.Exchange.Data.Directory.ADOperationException"
AD_TRANSIENT = "Microsoft.Exchange.Data.Directory.ADTransientException"
LOCALIZED = "Microsoft.Exchange.Data.Common.LocalizedException"
INVALID_OPERATION = "System.InvalidOperationException"
INVALID_ARGUMENT = "System.ArgumentException"


def failure(
    call: Call,
    message: str,
    type_name: str,
    *,
    terminating: bool = False,
    target: str = "",
    category: str = "NotSpecified",
) -> CmdletError:
    """An Exchange error of an exception type."""
    reason = type_name.rpartition(".")[2]
    digits = f"{zlib.crc32(f'{call.cmdlet.name}/{reason}'.encode()):08X}"
    stamp = _stamp(call.now)
    fqid = (
        f"[Server={call.host.short},RequestId={uuid.uuid4()},TimeStamp={stamp}] "
        f"[FailureCategory=Cmdlet-{reason}] {digits},{call.cmdlet.type_name}"
    )
    return CmdletError(Record(message, fqid, category, reason, target, type_name), terminating=terminating)


def not_found(call: Call, identity: str) -> CmdletError:
    """No object of that name."""
    text = f"The operation couldn't be performed because object '{identity}' couldn't be found on '{call.controller}'."
    return failure(call, text, NOT_FOUND)


def access_denied(call: Call) -> CmdletError:
    """Active Directory refuses a write under the snap-in, which acts with the caller's own rights."""
    text = (
        f"Active Directory operation failed on {call.controller}. This error is not retriable. Additional information: "
        "Access is denied.\r\nActive directory response: 00000005: SecErr: DSID-03152610, problem 4003 (INSUFF_ACCESS_RIGHTS), "
        "data 0\r\n"
    )
    return failure(call, text, AD_OPERATION, terminating=True)


def no_directory(call: Call) -> CmdletError:
    """Active Directory cannot be asked: it is down, or the logon on this host cannot be passed on to it."""
    text = (
        f"An Active Directory error 0x51 occurred when trying to check the suitability of server '{call.controller}'. Error: "
        "'Active directory response: The LDAP server is unavailable.'"
    )
    return failure(call, text, AD_TRANSIENT, terminating=True)


def unreachable(call: Call, name: str) -> CmdletError:
    """A server that does not answer remote procedure calls (RPC error 1722)."""
    text = (
        f"Cannot connect to the remote procedure call service on the server named {name}. Verify that a valid computer name was used "
        "and the Microsoft Exchange Service Host service is started."
    )
    return failure(call, text, LOCALIZED, category="InvalidOperation")


def no_such_controller(call: Call, name: str) -> CmdletError:
    """DomainController names a server that is none."""
    text = (
        f"An Active Directory error 0x51 occurred when trying to check the suitability of server '{name}'. Error: "
        "'Active directory response: The LDAP server is unavailable.'"
    )
    return failure(call, text, "Microsoft.Exchange.Data.Directory.SuitabilityDirectoryException", terminating=True)


def _stamp(moment: datetime) -> str:
    return f"{moment.month}/{moment.day}/{moment.year} {moment.hour % 12 or 12}:{moment:%M:%S} {moment:%p}"
