# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong between here and the shell, as one typed error: by a fault's code, an HTTP status, the type of an exception.

Two questions are answered here, and by different facts. *What kind is it* is for the user. *Was the request refused* decides whether
a write may have run: only what a server says before anything runs is a refusal, and everything else after the request has left is
unknown. ``session_lost`` means that the transport failed after the session had opened: what was being asked may be asked again on a
fresh session, if it only reads.
"""

from __future__ import annotations

import socket
import ssl
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import REMEDIES, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import wsman_faults as wsman
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Unanswered
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.error_records import exchange_failure
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.kerberos_errors import explain_kerberos

_NO_SHELL = ("shell_denied", "the server does not allow this account to open a remote shell")
_NO_ENDPOINT = ("unsupported", "the server does not know this endpoint")
_NO_SESSION = ("session_lost", "the server no longer knows the session")
_NO_PROCESS = ("session_lost", "the process behind the session ended")
_NO_QUOTA = ("throttled", "the server's quota of shells, users, requests or operations is used up")
_NO_SHELLS = (
    "throttled",
    "this account has as many shells on the server as its quota of shells (MaxShellsPerUser) allows",
)
_NO_OPERATIONS = ("throttled", "the server's quota of operations of one account or one shell is used up")
_NO_REQUESTS = ("throttled", "this account has sent more requests than the server takes in a while")
_NO_PROCESSES = ("throttled", "the server starts no further process in this shell")
_NO_TIME = ("timeout", "the server did not answer within the operation time-out")

_BY_FAULT: dict[int, tuple[str, str]] = {
    wsman.ERROR_ACCESS_DENIED: _NO_SHELL,
    wsman.E_ACCESS_DENIED: _NO_SHELL,
    wsman.ERROR_INVALID_PARAMETER: ("unsupported", "the server says that the request is not right for this endpoint"),
    wsman.ERROR_BUSY: ("busy", "the server is busy with an earlier request of this session"),
    wsman.ERROR_OPERATION_ABORTED: ("session_lost", "the server ended the session"),
    wsman.RPC_S_CALL_FAILED: _NO_PROCESS,
    wsman.E_BROKEN_PIPE: _NO_PROCESS,
    wsman.E_FILE_NOT_FOUND: ("unsupported", "the server cannot find the program"),
    wsman.E_KEY_DELETED: ("session_lost", "the server has unloaded the account's registry hive"),
    wsman.ERROR_WSMAN_OPERATION_TIMEDOUT: _NO_TIME,
    wsman.ERROR_WSMAN_RESOURCE_NOT_FOUND: _NO_ENDPOINT,
    wsman.ERROR_WSMAN_INVALID_URI: _NO_ENDPOINT,  # what Windows Server 2008 R2 says for ERROR_WSMAN_INVALID_RESOURCE_URI
    wsman.ERROR_WSMAN_INVALID_RESOURCE_URI: _NO_ENDPOINT,
    wsman.ERROR_WSMAN_INVALID_MESSAGE_INFORMATION_HEADER: (
        "session_lost",
        "the server says that the request is not valid in this session",
    ),
    wsman.ERROR_WSMAN_UNEXPECTED_SELECTORS: _NO_SESSION,
    wsman.ERROR_WSMAN_REMOTESHELLS_NOT_ALLOWED: ("shell_denied", "remote shells are not allowed on the server"),
    **dict.fromkeys(wsman.QUOTAS, _NO_QUOTA),
    **dict.fromkeys(wsman.OPERATIONS, _NO_OPERATIONS),
    wsman.ERROR_WSMAN_QUOTA_MAX_SHELLS: _NO_SHELLS,
    wsman.ERROR_WSMAN_QUOTA_USER: _NO_REQUESTS,
    wsman.E_NOT_ENOUGH_QUOTA: _NO_PROCESSES,
}
_REMEDY_BY_FAULT = {
    **dict.fromkeys(
        wsman.OPERATIONS,
        "Close what other tools have left open for this account, or raise MaxConcurrentOperationsPerUser "
        "(`winrm get winrm/config/service`).",
    ),
    wsman.ERROR_WSMAN_QUOTA_USER: (
        "Wait, then run the task again. At Exchange it is PowerShellMaxCmdlets and PowerShellMaxCmdletsTimePeriod of the account's "
        "throttling policy (Get-ThrottlingPolicy): raise them for this account."
    ),
    wsman.E_NOT_ENOUGH_QUOTA: (
        "Compare MaxProcessesPerShell and MaxMemoryPerShellMB in `winrm get winrm/config/winrs` with their defaults, 25 and 1024, and "
        "raise them."
    ),
}
_REMEDY_BY_REFUSAL = {
    "AuthorizationException": (
        "Close the sessions that this account has at Exchange; those that were left open end by their idle time-out, or with the "
        "application pool MSExchangePowerShellAppPool. Or raise PowerShellMaxConcurrency of the account's throttling policy "
        "(Get-ThrottlingPolicy)."
    ),
}
_BY_SUBCODE = {
    "AccessDenied": _NO_SHELL,
    "QuotaLimit": _NO_QUOTA,
    "InvalidSelectors": _NO_SESSION,
    "DestinationUnreachable": _NO_ENDPOINT,
    "TimedOut": _NO_TIME,
}
# Exchange says in a fault's text why it opens no runspace; the name in brackets is not localised.
_BY_REFUSAL = {
    "CmdletAccessDeniedException": ("shell_denied", "Exchange has given this account no management role"),
    "AuthorizationException": ("throttled", "Exchange allows this account no further runspace for now"),
}
_BY_STATUS: dict[int, tuple[str, str]] = {
    400: ("unsupported", "the server did not understand the request (HTTP 400)"),
    401: ("authentication", "the server did not accept the credentials (HTTP 401)"),
    403: ("shell_denied", "the server forbids this account the endpoint (HTTP 403)"),
    404: ("unsupported", "there is nothing at this path of the server (HTTP 404): the path or the port is wrong"),
    405: ("unsupported", "what is at this path is no WS-Management endpoint (HTTP 405): the path or the port is wrong"),
    407: ("unreachable", "the proxy wants credentials (HTTP 407)"),
    413: ("too_large", "the request is larger than the server takes (HTTP 413)"),
    502: ("unreachable", "a gateway before the server got no valid answer from it (HTTP 502)"),
    503: ("unreachable", "the server, or a gateway before it, does not serve requests for now (HTTP 503)"),
    504: ("unreachable", "a gateway before the server got no answer from it in time (HTTP 504)"),
}
_REFUSING_STATUS = {401, 403, 404, 405, 413}
"""What a server answers instead of handling a request: RFC 9110, sections 15.5.2 to 15.5.6 and 15.5.14."""
_KEPT_AFTER_OPENING = {"busy", "missing_library", "shell_denied", "throttled", "timeout", "too_large"}

_Explain = t.Callable[[BaseException], tuple[str, str]]


def to_error(error: BaseException, *, opened: bool, silent: bool = False) -> ShellError:
    """Any exception that a carrier lets out, as one error.

    :param opened: whether the session had opened: what failed later is a lost session rather than a wrong setting.
    :param silent: whether the server has not sent a single byte yet.
    """
    if isinstance(error, Unanswered) and error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, ShellError):
        return error
    if silent and is_silence(error):
        return ShellError("unreachable", "the host does not answer: it said nothing within the connect time-out.")
    if (kerberos := explain_kerberos(_causes(error))) is not None:
        return ShellError("session_lost", f"the session was lost: {kerberos.message}") if opened else kerberos
    kind, message = explain(error)
    remedy = _find_remedy(error)
    if opened and (kind not in _KEPT_AFTER_OPENING or fault_code(error) in wsman.OPERATIONS):
        return ShellError("session_lost", f"the session was lost: {message}.", remedy=remedy)
    return ShellError(kind, f"{message}.", remedy=remedy)


def was_refused(error: BaseException, *, sealed: bool) -> bool:
    """Whether the server answered, before anything ran, that it does not take the request.

    :param sealed: whether the request was sealed. A plain HTTP status is then no proof: anybody on the way can have written it.
    """
    names = _type_names(error)
    if "pypsrp.exceptions.WSManFaultError" in names or "winrm.exceptions.WSManFaultError" in names:
        return _is_refusal(error)
    if sealed:
        return False
    if "http_adapter.RefusedByHttpSys" in _own_names(error):
        return True
    if "pypsrp.exceptions.AuthenticationError" in names or "winrm.exceptions.AuthenticationError" in names:
        return True
    return any(name in _TRANSPORT_ERRORS for name in names) and _status_of(error) in _REFUSING_STATUS


def lost_its_logon(error: BaseException) -> bool:
    """Whether the server does not know the connection's logon any more, as after a cut: it may accept a fresh one.

    A message that was encrypted for the old logon is answered with HTTP 400, in plain text.
    """
    if "http_adapter.UnsealedAnswer" in _own_names(error):
        return getattr(error, "status", 0) == 400
    return explain(error) in (_REJECTED_LOGON, _BY_STATUS[400])


def is_silence(error: BaseException) -> bool:
    """Whether the error is that nothing came in its time: no connection, or no byte of an answer."""
    return _SILENT in _type_names(error) or any(isinstance(cause, TimeoutError) for cause in _causes(error))


def fault_code(error: BaseException) -> int | str | None:
    """A WS-Management fault's code, or its SOAP subcode where there is no code. Same for both libraries."""
    for name in ("wsman_fault_code", "wmierror_code", "fault_subcode"):
        if getattr(error, name, None) is not None:
            return t.cast("int | str", getattr(error, name))
    return getattr(error, "code", None) if "pypsrp.exceptions.WSManFaultError" in _type_names(error) else None


def explain(error: BaseException) -> tuple[str, str]:
    """The kind of an exception, and what it says in words."""
    for name in (*_own_names(error), *_type_names(error)):
        if name in EXPLAINED:
            return EXPLAINED[name](error)
    return _explain_unforeseen(error)


def _explain_unforeseen(error: BaseException) -> tuple[str, str]:
    return "session_lost", f"an unforeseen {type(error).__name__} in the transport"


def _is_refusal(error: BaseException) -> bool:
    code = fault_code(error)
    if isinstance(code, int):
        return code in wsman.REFUSALS
    return str(code).rpartition(":")[2] in wsman.REFUSING_SUBCODES


def _find_refusal(error: BaseException) -> str:
    """Why Exchange opens no runspace, by the name of its exception."""
    said = " ".join(str(getattr(error, name, None) or "") for name in ("reason", "provider_fault"))
    return exchange_failure(said)


def _find_remedy(error: BaseException) -> str:
    """What to do, where it is more than what the kind of the error says."""
    if "http_adapter.UnsealedAnswer" in _own_names(error) and getattr(error, "status", 0) == 413:
        return REMEDIES["too_large"]
    code, refusal = fault_code(error), _find_refusal(error)
    if refusal in _BY_REFUSAL:
        return _REMEDY_BY_REFUSAL.get(refusal, "")
    return _REMEDY_BY_FAULT.get(code, "") if isinstance(code, int) else ""


def _explain_fault(error: BaseException) -> tuple[str, str]:
    code = fault_code(error)
    if (refusal := _find_refusal(error)) in _BY_REFUSAL:
        kind, message = _BY_REFUSAL[refusal]
        return kind, f"{message} ({refusal})"
    if isinstance(code, int) and code in _BY_FAULT:
        kind, message = _BY_FAULT[code]
        return kind, f"{message} (WS-Management fault {code})"
    subcode = str(getattr(error, "fault_subcode", None) or code).rpartition(":")[2]
    if subcode in _BY_SUBCODE:
        kind, message = _BY_SUBCODE[subcode]
        return kind, f"{message} (WS-Management fault {subcode})"
    reason = escape_line(str(getattr(error, "reason", None) or ""))
    return "session_lost", f"the server answered with WS-Management fault {escape_line(str(code))}: {reason}"


def _status_of(error: BaseException) -> int:
    return int(getattr(error, "code", 0) or 0)


def _explain_status(error: BaseException) -> tuple[str, str]:
    status = _status_of(error)
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return "unreachable", f"the server answered with HTTP {status} and no WS-Management message"


def _explain_unsealed(error: BaseException) -> tuple[str, str]:
    status = getattr(error, "status", 0)
    return (
        "session_lost",
        f"an encrypted message was answered in plain text (HTTP {status}), which is not taken for the server's word",
    )


def _explain_connection(error: BaseException) -> tuple[str, str]:
    """A connection that did not come about: why is a few exceptions further in."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror) or type(cause).__name__ == "NameResolutionError":
            return "unreachable", "the host's name cannot be resolved"
        if isinstance(cause, ConnectionRefusedError):
            return "unreachable", "nothing listens on this port of the host (connection refused)"
        if isinstance(cause, (TimeoutError, socket.timeout)) or type(cause).__name__ == "ConnectTimeoutError":
            return "unreachable", "the host did not answer in time"
    return "unreachable", "the connection to the host failed or was cut"


def _explain_tls(error: BaseException) -> tuple[str, str]:
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return "untrusted", "the server's certificate is not trusted, or does not carry the host's name"
    return "unreachable", "no TLS connection could be agreed on: the port speaks no TLS, or no common version of it"


def _explain_incomplete(error: BaseException) -> tuple[str, str]:
    """Both libraries take what they look for in an answer without asking whether it is there."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    module = "" if frame is None else str(frame.tb_frame.f_globals.get("__name__", ""))
    if module.partition(".")[0] in ("pypsrp", "winrm"):
        return "session_lost", "the server's answer lacks a part that an answer of WS-Management has"
    return _explain_unforeseen(error)


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


def _own_names(error: BaseException) -> list[str]:
    """The names of our own exceptions in it, as module and class: their modules are not imported here, since they need requests."""
    return [".".join(name.split(".")[-2:]) for name in _type_names(error) if "._remoting." in name]


def _always(kind: str, message: str) -> _Explain:
    return lambda _error: (kind, message)


_REJECTED_LOGON = ("authentication", "the server did not accept the credentials or the authentication method")
_REJECTED = _always(*_REJECTED_LOGON)
_NO_KERBEROS_TICKET = _always("authentication", "Kerberos gave no ticket for the server (kinit, SPN, clock or realm)")
_NO_WSMAN = _always("unsupported", "what answers at this path is no WS-Management endpoint")
_TRANSPORT_ERRORS = {"pypsrp.exceptions.WinRMTransportError", "winrm.exceptions.WinRMTransportError"}
_SILENT = "requests.exceptions.ReadTimeout"

# By the names of the types, so that none of the libraries has to be imported to tell that it is missing
EXPLAINED: dict[str, _Explain] = {
    "http_adapter.UnsealedAnswer": _explain_unsealed,
    "http_adapter.RefusedByHttpSys": _always(
        "unreachable", "the server's web service does not run (HTTP 503 of HTTP.sys)"
    ),
    "soap.NotSoap": lambda error: ("session_lost", str(error)),
    "framing.NotServerMode": lambda error: ("session_lost", str(error)),
    "pypsrp.exceptions.AuthenticationError": _REJECTED,
    "pypsrp.exceptions.WSManFaultError": _explain_fault,
    "pypsrp.exceptions.WinRMTransportError": _explain_status,
    "winrm.exceptions.AuthenticationError": _REJECTED,
    "winrm.exceptions.WSManFaultError": _explain_fault,
    "winrm.exceptions.WinRMTransportError": _explain_status,
    "winrm.exceptions.WinRMOperationTimeoutError": _always(*_NO_TIME),
    "winrm.exceptions.WinRMError": lambda error: ("unsupported", escape_line(str(error))),
    "pypsrp.exceptions.WinRMError": _always("session_lost", "the server's answer does not belong to the request"),
    "requests.exceptions.SSLError": _explain_tls,
    "requests.exceptions.ProxyError": _always("unreachable", "the proxy does not pass the connection on"),
    _SILENT: _always("unreachable", "the server did not answer within the read time-out"),
    "requests.exceptions.ConnectionError": _explain_connection,
    "requests.exceptions.InvalidURL": _always("unsupported", "the host name or the port makes no valid URL"),
    "requests.exceptions.RequestException": _always("session_lost", "the HTTP exchange broke off"),
    "urllib3.exceptions.HTTPError": _always("session_lost", "the HTTP exchange broke off"),
    "http.client.HTTPException": _always("session_lost", "what answers does not speak HTTP"),
    "spnego.exceptions.SpnegoError": _REJECTED,
    "requests_credssp.exceptions.AuthenticationException": _REJECTED,
    "requests_credssp.exceptions.NTStatusException": _REJECTED,
    "gssapi.raw.misc.GSSError": _NO_KERBEROS_TICKET,
    "krb5._exceptions.Krb5Error": _always(
        "authentication", "Kerberos gave no ticket for the account (user, password, clock or realm)"
    ),
    "kerberos.KrbError": _NO_KERBEROS_TICKET,
    "winrm.vendor.requests_kerberos.exceptions.MutualAuthenticationError": _REJECTED,
    "winrm.vendor.requests_kerberos.exceptions.KerberosExchangeError": _REJECTED,
    "xml.etree.ElementTree.ParseError": _NO_WSMAN,
    "psrpcore._exceptions.PSRPCoreError": _always(
        "session_lost", "the server's messages are not those of PowerShell Remoting"
    ),
    "builtins.StopIteration": _NO_WSMAN,
    "builtins.AttributeError": _explain_incomplete,
    "builtins.LookupError": _explain_incomplete,
    "builtins.TypeError": _explain_incomplete,
    "builtins.ValueError": lambda error: ("unsupported", escape_line(str(error)).rstrip(".")),
    "ssl.SSLError": _explain_tls,
    "builtins.OSError": _explain_connection,
}
"""What each exception means. A unit test holds every name against its library."""
