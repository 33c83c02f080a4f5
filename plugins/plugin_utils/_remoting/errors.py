# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong between here and the cmdlet, as one typed error.

Classified by what is the same in every language: an error's FullyQualifiedErrorId, Exchange's ``[FailureCategory=…]``, the category
and the exception's type name; a WS-Management fault's code; an HTTP status; the type of a Python exception. Never by message text.

Kinds that rest on more than one fact:

* ``double_hop``: no error says it. It is a refusal by, or a failure to log on to, a *second* server (the directory, the Central
  Management Store's SQL Server, the computer that a parameter names), in a session whose logon cannot be passed on. With a logon
  that delegates the same error is ``access_denied`` or the cmdlet's own.
* ``session_lost``: the transport failed after the session had opened. What was being asked may be asked again on a fresh session,
  if it only reads.
"""

from __future__ import annotations

import re
import socket
import ssl
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ErrorRecord, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Pipeline
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Unanswered

OPERATION_TIMEOUT = 2150858793
"""The fault of a Receive that had nothing to give: ask again."""

_LONGEST = 600


# Errors of cmdlets


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


def failed(record: ErrorRecord, pipeline: Pipeline | None, *, delegates: bool) -> ShellError:
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
    names = [_short(_exchange_failure(record.error_id)), _short(record.reason)]
    if not delegates and (any(name in _SECOND_SERVER for name in names) or _refused_elsewhere(record, head, pipeline)):
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


def _exchange_failure(error_id: str) -> str:
    match = _FAILURE_CATEGORY.search(error_id)
    return match["failure"] if match else ""


def _refused_elsewhere(record: ErrorRecord, head: str, pipeline: Pipeline | None) -> bool:
    """Whether another computer, which the cmdlet was sent to by a parameter, refused the logon."""
    if pipeline is None or not (head == "WIN32 5" or _BY_CATEGORY.get(record.category) == "access_denied"):
        return False
    return any(name.lower() in _OTHER_COMPUTER for cmdlet in pipeline.cmdlets for name in cmdlet.parameters)


def _short(name: str) -> str:
    return name.rpartition(".")[2]


# Errors of the transport


# WS-Management fault codes: wsmerror.h and winerror.h of the Windows SDK
_BY_FAULT: dict[int, tuple[str, str]] = {
    5: ("shell_denied", "the server does not allow this account to open a remote shell"),
    87: ("unsupported", "the server says that the request is not right for this endpoint"),
    170: ("busy", "the server is busy with an earlier request of this session"),
    995: ("session_lost", "the server ended the session"),
    1726: ("session_lost", "the process behind the session ended"),
    2147942402: ("unsupported", "the server cannot find the program"),  # HRESULT of ERROR_FILE_NOT_FOUND
    2147943418: ("session_lost", "the server has unloaded the account's registry hive"),
    OPERATION_TIMEOUT: ("timeout", "the server did not answer within the operation time-out"),
    2147942405: ("shell_denied", "the server does not allow this account to open a remote shell"),  # of ACCESS_DENIED
    2147942509: ("session_lost", "the process behind the session ended"),  # of BROKEN_PIPE
    2150858752: ("unsupported", "the server does not know this endpoint"),  # RESOURCE_NOT_FOUND
    2150858754: (
        "unsupported",
        "the server does not know this endpoint",
    ),  # INVALID_RESOURCE_URI in Windows Server 2008 R2
    2150858767: ("session_lost", "the server says that the request is not valid in this session"),
    2150858815: ("throttled", "the server's quota of requests is used up"),  # QUOTA_LIMIT
    2150858843: (
        "session_lost",
        "the server no longer knows the session",
    ),  # UNEXPECTED_SELECTORS
    2150858811: ("unsupported", "the server does not know this endpoint"),  # INVALID_RESOURCE_URI
    2150859180: ("shell_denied", "remote shells are not allowed on the server"),  # REMOTESHELLS_NOT_ALLOWED
    **dict.fromkeys(
        (
            *range(2150859173, 2150859177),
            2150859179,
            *range(2150859236, 2150859243),
        ),  # QUOTA_…, 0x803381A5 to 0x803381EA
        ("throttled", "the server's quota of shells, users or operations is used up"),
    ),
}
_BY_SUBCODE = {
    "AccessDenied": ("shell_denied", "the server does not allow this account to open a remote shell"),
    "QuotaLimit": ("throttled", "the server's quota of shells, users or operations is used up"),
    "InvalidSelectors": ("session_lost", "the server no longer knows the session"),
    "DestinationUnreachable": ("unsupported", "the server does not know this endpoint"),
    "TimedOut": ("timeout", "the server did not answer within the operation time-out"),
}
_BY_STATUS: dict[int, tuple[str, str]] = {
    400: ("unsupported", "the server did not understand the request (HTTP 400)"),
    401: ("authentication", "the server did not accept the credentials (HTTP 401)"),
    403: ("shell_denied", "the server forbids this account the endpoint (HTTP 403)"),
    404: ("unsupported", "there is nothing at this path of the server (HTTP 404): the path or the port is wrong"),
    405: ("unsupported", "what is at this path is no WS-Management endpoint (HTTP 405): the path or the port is wrong"),
    407: ("unreachable", "the proxy wants credentials (HTTP 407)"),
    413: ("unsupported", "the request is larger than the server takes (HTTP 413)"),
    503: ("unreachable", "the server's web service does not run (HTTP 503)"),
}
_KEPT_AFTER_OPENING = {"busy", "missing_library", "shell_denied", "throttled", "timeout"}

_Explain = t.Callable[[BaseException], tuple[str, str]]


def from_exception(error: BaseException, *, opened: bool) -> ShellError:
    """Any exception that a carrier lets out, as one error.

    :param opened: whether the session had opened: what failed later is a lost session rather than a wrong setting.
    """
    if isinstance(error, Unanswered) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, ShellError):
        return error
    kind, message = _explained(error)
    if opened and kind not in _KEPT_AFTER_OPENING:
        return ShellError("session_lost", f"the session was lost: {message}.")
    return ShellError(kind, f"{message}.")


def was_refused(error: BaseException) -> bool:
    """Whether the server itself answered that it does not take the request: then the request has changed nothing."""
    return any(name in _REFUSALS for name in _type_names(error)) and _explained(error)[0] != "timeout"


def lost_its_logon(error: BaseException) -> bool:
    """Whether the server does not know the connection's logon any more, as after a cut: it may accept a fresh one.

    A message that was encrypted for the old logon is answered with HTTP 400.
    """
    return _explained(error)[0] == "authentication" or _status(error) == _BY_STATUS[400]


def fault_code(error: BaseException) -> int | str | None:
    """A WS-Management fault's code, or its SOAP subcode where there is no code. Same for both libraries."""
    for name in ("wsman_fault_code", "wmierror_code", "fault_subcode"):
        if getattr(error, name, None) is not None:
            return t.cast("int | str", getattr(error, name))
    return getattr(error, "code", None) if "pypsrp.exceptions.WSManFaultError" in _type_names(error) else None


def one_line(text: str, secrets: t.Iterable[str] = (), mask: str = "") -> str:
    """A server's message on one line, secrets masked and of bounded length."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, mask)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _explained(error: BaseException) -> tuple[str, str]:
    for name in _type_names(error):
        if name in _EXPLAINED:
            return _EXPLAINED[name](error)
    return "session_lost", f"an unforeseen {type(error).__name__} in the transport"


# Exchange says in a fault's text why it opens no runspace; the name in brackets is not localised.
_BY_REFUSAL = {
    "CmdletAccessDeniedException": ("shell_denied", "Exchange has given this account no management role"),
    "AuthorizationException": ("throttled", "Exchange allows this account no further runspace for now"),
}


def _fault(error: BaseException) -> tuple[str, str]:
    code = fault_code(error)
    said = " ".join(str(getattr(error, name, None) or "") for name in ("reason", "provider_fault"))
    if (refusal := _exchange_failure(said)) in _BY_REFUSAL:
        kind, message = _BY_REFUSAL[refusal]
        return kind, f"{message} ({refusal})"
    if isinstance(code, int) and code in _BY_FAULT:
        kind, message = _BY_FAULT[code]
        return kind, f"{message} (WS-Management fault {code})"
    subcode = str(getattr(error, "fault_subcode", None) or code).rpartition(":")[2]
    if subcode in _BY_SUBCODE:
        kind, message = _BY_SUBCODE[subcode]
        return kind, f"{message} (WS-Management fault {subcode})"
    return (
        "session_lost",
        f"the server answered with WS-Management fault {code}: {one_line(str(getattr(error, 'reason', '')))}",
    )


def _status(error: BaseException) -> tuple[str, str]:
    status = int(getattr(error, "code", 0) or 0)
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return "unreachable", f"the server answered with HTTP {status} and no WS-Management message"


def _connection(error: BaseException) -> tuple[str, str]:
    """A connection that did not come about: why is a few exceptions further in."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror) or type(cause).__name__ == "NameResolutionError":
            return "unreachable", "the host's name cannot be resolved"
        if isinstance(cause, ConnectionRefusedError):
            return "unreachable", "nothing listens on this port of the host (connection refused)"
        if isinstance(cause, (TimeoutError, socket.timeout)) or type(cause).__name__ == "ConnectTimeoutError":
            return "unreachable", "the host did not answer in time"
    return "unreachable", "the connection to the host failed or was cut"


def _tls(error: BaseException) -> tuple[str, str]:
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return "untrusted", "the server's certificate is not trusted, or does not carry the host's name"
    return "unreachable", "no TLS connection could be agreed on: the port speaks no TLS, or no common version of it"


def _causes(error: BaseException) -> t.Iterator[BaseException]:
    """The exception and whatever lies inside it: urllib3 and requests wrap by argument, others by cause."""
    waiting: list[object] = [error]
    seen: list[object] = []
    while waiting and len(seen) < 32:
        found = waiting.pop(0)
        if isinstance(found, BaseException) and not any(found is known for known in seen):
            seen.append(found)
            yield found
            waiting += [*found.args, found.__cause__, found.__context__, getattr(found, "reason", None)]


def _type_names(error: BaseException) -> list[str]:
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]


def _said(kind: str, message: str) -> _Explain:
    return lambda _error: (kind, message)


_REJECTED = _said("authentication", "the server did not accept the credentials or the authentication method")

# By the names of the types, so that none of the libraries has to be imported to tell that it is missing
_EXPLAINED: dict[str, _Explain] = {
    "pypsrp.exceptions.AuthenticationError": _REJECTED,
    "pypsrp.exceptions.WSManFaultError": _fault,
    "pypsrp.exceptions.WinRMTransportError": _status,
    "winrm.exceptions.AuthenticationError": _REJECTED,
    "winrm.exceptions.WSManFaultError": _fault,
    "winrm.exceptions.WinRMTransportError": _status,
    "winrm.exceptions.WinRMOperationTimeoutError": _said(
        "timeout", "the server did not answer within the operation time-out"
    ),
    "winrm.exceptions.WinRMError": lambda error: ("unsupported", one_line(str(error))),
    "pypsrp.exceptions.WinRMError": _said("session_lost", "the server's answer does not belong to the request"),
    "requests.exceptions.SSLError": _tls,
    "requests.exceptions.ProxyError": _said("unreachable", "the proxy does not pass the connection on"),
    "requests.exceptions.ReadTimeout": _said("session_lost", "the server did not answer within the read time-out"),
    "requests.exceptions.ConnectionError": _connection,
    "requests.exceptions.InvalidURL": _said("unsupported", "the host name or the port makes no valid URL"),
    "requests.exceptions.RequestException": _said("session_lost", "the HTTP exchange broke off"),
    "spnego.exceptions.SpnegoError": _REJECTED,
    "requests_credssp.exceptions.AuthenticationException": _REJECTED,
    "requests_credssp.exceptions.NTStatusException": _REJECTED,
    "gssapi.raw.misc.GSSError": _said(
        "authentication", "Kerberos gave no ticket for the server (kinit, SPN, clock or realm)"
    ),
    "krb5._exceptions.Krb5Error": _said(
        "authentication", "Kerberos gave no ticket for the account (user, password, clock or realm)"
    ),
    "kerberos.KrbError": _said("authentication", "Kerberos gave no ticket for the server (kinit, SPN, clock or realm)"),
    "winrm.vendor.requests_kerberos.exceptions.MutualAuthenticationError": _REJECTED,
    "winrm.vendor.requests_kerberos.exceptions.KerberosExchangeError": _REJECTED,
    "xml.etree.ElementTree.ParseError": _said("unsupported", "what answers at this path is no WS-Management endpoint"),
    "psrpcore._exceptions.PSRPCoreError": _said(
        "session_lost", "the server's messages are not those of PowerShell Remoting"
    ),
    "builtins.StopIteration": _said("unsupported", "what answers at this path is no WS-Management endpoint"),
    "builtins.ValueError": lambda error: ("unsupported", one_line(str(error)).rstrip(".")),
    "ssl.SSLError": _tls,
    "builtins.OSError": _connection,
}
_REFUSALS = {
    "pypsrp.exceptions.AuthenticationError",
    "pypsrp.exceptions.WSManFaultError",
    "pypsrp.exceptions.WinRMTransportError",
    "winrm.exceptions.AuthenticationError",
    "winrm.exceptions.WSManFaultError",
    "winrm.exceptions.WinRMTransportError",
}
