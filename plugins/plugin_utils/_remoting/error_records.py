# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kind of an error that a cmdlet reports, by what is the same in every language.

That is its FullyQualifiedErrorId, Exchange's ``[FailureCategory=…]``, its category and its exception's type name; never its message.
``double_hop`` rests on more than one fact, since no error says it: a refusal by, or a failure to log on to, a *second* server (the
directory, the Central Management Store's SQL Server, the computer that a parameter names), in a session whose logon cannot be passed
on. With a logon that delegates, the same error is ``access_denied`` or the cmdlet's own.
"""

from __future__ import annotations

import re

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ErrorRecord, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Pipeline

_FAILURE_CATEGORY = re.compile(r"\[FailureCategory=(?P<origin>\w+)-(?P<failure>[\w.]+)\]")

# FullyQualifiedErrorId up to its first comma. WIN32 numbers are those of the DnsServer module: winerror.h, 9000 to 9999 are DNS_ERROR_….
_BY_ID = {
    "CommandNotFoundException": "not_offered",
    "CmdletNotFoundException": "not_offered",
    "CouldNotAutoLoadModule": "not_offered",
    "CouldNotAutoloadMatchingModule": "not_offered",
    "NamedParameterNotFound": "not_offered",
    "Modules_ModuleNotFound": "not_offered",
    "AddPSSnapInRead": "not_offered",
    "ScriptsNotAllowed": "language",
    "PathNotFound": "not_found",
    "ItemNotFound": "not_found",
    "NoServiceFoundForGivenName": "not_found",
    "AccessDenied": "access_denied",
    "WIN32 2": "not_found",
    "WIN32 5": "access_denied",
    "WIN32 1722": "unreachable",  # RPC_S_SERVER_UNAVAILABLE
    "WIN32 9560": "bad_parameter",  # INVALID_NAME
    "WIN32 9601": "not_found",  # ZONE_DOES_NOT_EXIST
    "WIN32 9609": "conflict",  # ZONE_ALREADY_EXISTS
    "WIN32 9701": "not_found",  # RECORD_DOES_NOT_EXIST
    "WIN32 9708": "conflict",  # NODE_IS_CNAME
    "WIN32 9709": "conflict",  # CNAME_COLLISION
    "WIN32 9711": "conflict",  # RECORD_ALREADY_EXISTS
    "WIN32 9714": "not_found",  # NAME_DOES_NOT_EXIST
}
_BINDING = re.compile(
    r"(Ambiguous|Missing(Mandatory)?)(Parameter(Set)?|Argument)$|Parameter(Argument|AlreadyBound|Binding)"
    r"|PositionalParameterNotFound$|CannotConvertArgument|InputObjectNotBound$|NullArgument"
)
_LANGUAGE = re.compile(r"(NotSupported|NotAllowed)In(ConstrainedLanguage|DataSection|RestrictedLanguage|NoLanguage)")

# An exception's type name without its name space: the category's reason, or what Exchange's FailureCategory names.
_BY_EXCEPTION = {
    "CommandNotFoundException": "not_offered",
    "ManagementObjectNotFoundException": "not_found",
    "ObjectNotFoundException": "not_found",
    "ItemNotFoundException": "not_found",
    "DriveNotFoundException": "not_found",
    "ManagementObjectAmbiguousException": "bad_parameter",
    "ADObjectAlreadyExistsException": "conflict",
    "ObjectAlreadyExistsException": "conflict",
    "CmdletAccessDeniedException": "access_denied",
    "UnauthorizedAccessException": "access_denied",
    "SecurityException": "access_denied",
    "AuthorizationException": "access_denied",
    "OverBudgetException": "throttled",
    "ThrottlingRejectedOperationException": "throttled",
    "PSNotSupportedException": "language",
}
# Thrown where a second server (a domain controller, the Central Management Store) does not take the logon.
_SECOND_SERVER = {
    "ADOperationException",
    "ADTransientException",
    "ADInvalidCredentialException",
    "ADServerDownException",
    "ActiveDirectoryOperationException",
    "ActiveDirectoryServerDownException",
    "DirectoryServicesCOMException",
    "NoSuitableServerFoundException",
    "SuitabilityDirectoryException",
    "SqlConnectionException",
    "SqlException",
}
_BY_CATEGORY = {
    "ObjectNotFound": "not_found",
    "PermissionDenied": "access_denied",
    "SecurityError": "access_denied",
    "AuthenticationError": "access_denied",
    "ResourceExists": "conflict",
    "ResourceBusy": "busy",
    "LimitsExceeded": "throttled",
    "QuotaExceeded": "throttled",
    "NotInstalled": "not_offered",
}
_OTHER_COMPUTER = {"computername", "cimsession", "server", "domaincontroller"}
"""Parameters, in lower case, that send a cmdlet to another computer."""


def to_error(record: ErrorRecord, pipeline: Pipeline | None, *, delegates: bool) -> ShellError:
    """The error of a pipeline that ended with ``record``.

    :param delegates: whether the session's logon can be passed on to a second server.
    """
    return ShellError(
        classify(record, pipeline, delegates=delegates),
        record.message,
        cmdlet=record.cmdlet,
        error_id=stable_id(record.error_id),
        category=record.category,
    )


def classify(record: ErrorRecord, pipeline: Pipeline | None = None, *, delegates: bool = True) -> str:
    """The kind of an error record: a key of REMEDIES, or ``failed`` where nothing general is known."""
    head = stable_id(record.error_id).partition(",")[0]
    names = [_shorten(exchange_failure(record.error_id)), _shorten(record.reason)]
    elsewhere = any(name in _SECOND_SERVER for name in names) or _is_refused_elsewhere(record, head, pipeline)
    if elsewhere and not delegates:
        return "double_hop"
    if head in _BY_ID:
        return _BY_ID[head]
    if _BINDING.match(head) or record.reason.startswith("ParameterBinding"):
        return "bad_parameter"
    if _LANGUAGE.search(head):
        return "language"
    for name in filter(None, names):
        if name in _BY_EXCEPTION:
            return _BY_EXCEPTION[name]
    return _BY_CATEGORY.get(record.category, "failed")


def stable_id(error_id: str) -> str:
    """A FullyQualifiedErrorId without what differs from call to call in those of Exchange: server, request, time, hash.

    ``[Server=EX01,RequestId=…,TimeStamp=…] [FailureCategory=Cmdlet-X] 1A2B3C4D,Class`` becomes ``X,Class``.
    """
    match = _FAILURE_CATEGORY.search(error_id)
    if match is None:
        return error_id
    return f"{match['failure']},{error_id.rpartition(',')[2]}"


def exchange_failure(error_id: str) -> str:
    """The failure that Exchange names in ``[FailureCategory=…]``, or nothing."""
    match = _FAILURE_CATEGORY.search(error_id)
    return match["failure"] if match else ""


def _is_refused_elsewhere(record: ErrorRecord, head: str, pipeline: Pipeline | None) -> bool:
    """Whether another computer, which the cmdlet was sent to by a parameter, refused the logon."""
    if pipeline is None or not (head == "WIN32 5" or _BY_CATEGORY.get(record.category) == "access_denied"):
        return False
    return any(name.lower() in _OTHER_COMPUTER for cmdlet in pipeline.cmdlets for name in cmdlet.parameters)


def _shorten(name: str) -> str:
    return name.rpartition(".")[2]
