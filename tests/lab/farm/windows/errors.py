# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors in the form of Windows' own cmdlets and of the CIM modules (DnsServer: ``WIN32 <code>,CMDLET``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.errors import CmdletError, Record

if TYPE_CHECKING:
    from farm.registry import Call

CIM = "Microsoft.Management.Infrastructure.CimException"

# Error codes of [MS-DNSP] 2.2.1.1.5 / winerror.h with the categories that the DnsServer module gives them.
ZONE_DOES_NOT_EXIST = (9601, "ObjectNotFound")
RECORD_DOES_NOT_EXIST = (9701, "ObjectNotFound")
NODE_IS_CNAME = (9708, "NotSpecified")
CNAME_COLLISION = (9709, "NotSpecified")
RECORD_ALREADY_EXISTS = (9711, "ResourceExists")
NAME_DOES_NOT_EXIST = (9714, "ObjectNotFound")
NAME_NOT_IN_ZONE = (9563, "NotSpecified")
SERVER_FAILURE = (9002, "NotSpecified")
INVALID_DATA = (13, "InvalidData")
ACCESS_DENIED = (5, "PermissionDenied")
SERVER_UNAVAILABLE = (1722, "ConnectionError")


def dns_failure(call: Call, code: tuple[int, str], message: str, target: str) -> CmdletError:
    """An error of the DnsServer module; not terminating, as those of all CIM cmdlets."""
    number, category = code
    fqid = f"WIN32 {number},{call.cmdlet.type_name}"
    return CmdletError(Record(message, fqid, category, "CimException", target, CIM), terminating=False)


def failure(
    call: Call,
    message: str,
    error_id: str,
    category: str,
    type_name: str,
    *,
    target: str = "",
    terminating: bool = False,
) -> CmdletError:
    """An error of a cmdlet of Windows PowerShell."""
    reason = type_name.rpartition(".")[2]
    fqid = f"{error_id},{call.cmdlet.type_name}"
    return CmdletError(Record(message, fqid, category, reason, target, type_name), terminating=terminating)


def access_denied(call: Call) -> CmdletError:
    """The machine refuses."""
    return failure(
        call,
        "Access is denied",
        "System.UnauthorizedAccessException",
        "PermissionDenied",
        "System.UnauthorizedAccessException",
        terminating=True,
    )


def confirmation_refused(call: Call) -> CmdletError:
    """-Confirm over a session whose client brought no host that could show the question."""
    text = (
        "A command that prompts the user failed because the host program or the command type does not support user interaction. "
        "The host was attempting to request confirmation with the following message: Are you sure you want to perform this action?"
    )
    name = "System.Management.Automation.Host.HostException"
    return failure(call, text, "HostFunctionNotImplemented", "NotImplemented", name, terminating=True)


def prompt_refused(call: Call) -> CmdletError:
    """A cmdlet that asks for confirmation where nobody can answer."""
    text = "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available."
    return failure(
        call,
        text,
        "InvalidOperation",
        "InvalidOperation",
        "System.Management.Automation.PSInvalidOperationException",
        terminating=True,
    )
