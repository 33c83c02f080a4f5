# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults of a Windows WS-Management service, with their real codes, subcodes and texts.

Texts and nesting are those of the recorded conversations (tests/unit/lab/test_wire_replay.py) where one holds the fault;
the others cite where they were seen.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from wire import namespaces as ns

_DETAIL = f"{ns.WSMAN.removesuffix('.xsd')}/faultDetail/"
_CMD_PLUGIN = ("Shell cmd plugin", r"%systemroot%\system32\winrscmd.dll")
_SHELL_PROVIDER = ("Shell provider", r"%systemroot%\system32\WsmSvc.dll")
_POWERSHELL_PLUGIN = ("PowerShellplugin", r"%windir%\system32\pwrshplugin.dll")
_CANNOT = "The WS-Management service cannot process the request"


@dataclass
class Fault(Exception):
    """What the service answers instead of a result.

    ``provider`` is the plug-in that raised it, and ``provider_text`` what that says where it is not the reason. Without a code
    there is no detail.
    """

    code: int | None
    subcode: str
    reason: str
    who: str = "s:Sender"
    detail: str = ""
    provider: tuple[str, str] | None = None
    provider_text: str = ""

    def body(self, machine: str) -> str:
        """The SOAP body of the fault."""
        detail = f"<w:FaultDetail>{_DETAIL}{self.detail}</w:FaultDetail>" if self.detail else ""
        return (
            f"<s:Fault><s:Code><s:Value>{self.who}</s:Value><s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode></s:Code>"
            f'<s:Reason><s:Text xml:lang="en-US">{escape(self.reason)}</s:Text></s:Reason>'
            f"<s:Detail>{detail}{self._wsman_fault(machine)}</s:Detail></s:Fault>"
        )

    def _wsman_fault(self, machine: str) -> str:
        if self.code is None:
            return ""
        message = escape(self.provider_text or self.reason)
        if self.provider:
            name, path = self.provider
            message = f"<f:ProviderFault provider={quoteattr(name)} path={quoteattr(path)}>{message}</f:ProviderFault>"
        return (
            f'<f:WSManFault xmlns:f="{ns.FAULT}" Code="{self.code}" Machine={quoteattr(machine)}>'
            f"<f:Message>{message}</f:Message></f:WSManFault>"
        )


def operation_timeout() -> Fault:
    """Nothing to receive within OperationTimeout: clients ask again."""
    text = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
    return Fault(2150858793, "w:TimedOut", text, "s:Receiver")


def unknown_shell() -> Fault:
    """The shell is not there (any more), or belongs to somebody else."""
    text = f"{_CANNOT} because the request contained invalid selectors for the resource. "
    return Fault(2150858843, "w:InvalidSelectors", text, detail="UnexpectedSelectors", provider=_SHELL_PROVIDER)


def unknown_command() -> Fault:
    """The command is not there (any more)."""
    text = (
        "The Windows Remote Shell received a request to perform an operation on a command identifier that does not exist. "
        "Either the command has completed execution or the client specified an invalid command identifier. "
    )
    return Fault(2150858843, "w:InvalidSelectors", text, detail="UnexpectedSelectors")


def unknown_resource(uri: str) -> Fault:
    """No such session configuration on this endpoint (jborean93/pypsrp issues 41 and 47)."""
    text = (
        f"{_CANNOT}. The resource URI ({uri}) was not found in the WS-Management catalog. "
        "The catalog contains the metadata that describes resources, or logical endpoints. "
    )
    return Fault(2150858811, "a:DestinationUnreachable", text, detail="InvalidResourceURI")


def invalid_timeout(text: str) -> Fault:
    """OperationTimeout is no duration."""
    reason = f"{_CANNOT}. The XML contains an invalid timeout field in the SOAP header: {text}. "
    return Fault(2150858767, "a:InvalidMessageInformationHeader", reason)


def malformed() -> Fault:
    """The request is no SOAP envelope of WS-Management, or has a value that its schema does not allow.

    For a MaxEnvelopeSize that is no number this is what DMTF DSP0226 has (wsman:SchemaValidationError); no capture of one was found.
    """
    text = (
        "The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and retry. "
    )
    return Fault(2150858817, "w:SchemaValidationError", text)


def unsupported_action(action: str) -> Fault:
    """A verb that the resource does not have."""
    return Fault(
        2150858751, "a:ActionNotSupported", f"{_CANNOT}. The action {action} is not supported by the service. "
    )


def access_denied() -> Fault:
    """Authenticated, but not allowed to use this endpoint."""
    return Fault(5, "w:AccessDenied", "Access is denied. ")


def too_many_shells(allowed: int) -> Fault:
    """MaxShellsPerUser of WinRM.

    ERROR_WSMAN_QUOTA_MAX_SHELLS_USERS; code and text as in test-kitchen/test-kitchen issue 656 and hashicorp/vagrant
    issue 7489 (2150859174, one higher, is the quota of operations).
    """
    text = (
        f"{_CANNOT}. This user is allowed a maximum number of {allowed} concurrent shells, which has been exceeded. "
        "Close existing shells or raise the quota for this user. "
    )
    return Fault(2150859173, "w:QuotaLimit", text)


def too_many_operations(allowed: int = 1500) -> Fault:
    """MaxConcurrentOperationsPerUser of WinRM.

    ERROR_WSMAN_QUOTA_MAX_OPERATIONS; code and text as in test-kitchen/test-kitchen issue 656, with 1500 in diyan/pywinrm issue 124.
    """
    text = (
        f"{_CANNOT}. This user is allowed a maximum number of {allowed} concurrent operations, which has been exceeded. "
        "Close existing operations for this user, or raise the quota for this user. "
    )
    return Fault(2150859174, "w:QuotaLimit", text)


def too_many_requests() -> Fault:
    """PowerShellMaxCmdlets in PowerShellMaxCmdletsTimePeriod of Exchange's throttling policy, where it is not unlimited.

    The text is that of c7solutions.com, "Restrictive throttling policies" (2010), the code Windows' ERROR_WSMAN_QUOTA_USER.
    """
    text = (
        f"{_CANNOT}. The user load quota of 1 requests per 1000 seconds has been exceeded. Send future requests at a slower rate or "
        "raise the quota for this user. The next request from this user will not be approved for at least 1000000 milliseconds. "
    )
    return Fault(2150859175, "w:QuotaLimit", text)


def too_many_commands() -> Fault:
    """MaxConcurrentCommandsPerShell of a session configuration; the fault without a code, as pypsrp's issue 148 shows it."""
    text = (
        f"{_CANNOT}. The maximum number of concurrent commands per shell has been exceeded. "
        "Retry the request later or raise the Maximum Commands per Shell quota. "
    )
    return Fault(None, "w:InternalError", text, "s:Receiver")


def too_many_processes() -> Fault:
    """MaxProcessesPerShell of WinRM; not seen.

    WinRM keeps the processes of a shell in a job object (its documentation of quotas); one more than a job may have is not started, with
    ERROR_NOT_ENOUGH_QUOTA. That the fault is this error as an HRESULT, as it is for others of the command shell, is a guess.
    """
    text = "Not enough quota is available to process this command. "
    return Fault(2147944216, "w:InternalError", text, "s:Receiver", provider=_CMD_PLUGIN)


def too_many_runspaces(allowed: int) -> Fault:
    """PowerShellMaxConcurrency of Exchange's throttling policy, since 2013.

    The words are those of Microsoft365DSC issue 359; windowspro.de ("Exchange: Throttling-Policy") has them of Exchange 2019. The
    envelope is that of another refusal by Exchange's authorisation (ktecv2000/ProxyShell issue 1): no reason, and 0x80540FA0, by which
    PowerShell's plug-in reports an exception (WSManPluginErrorCodes.ManagedException). Here it answers the Create; in the first issue,
    as far as its words tell, it answered a Receive.
    """
    text = (
        f"[AuthZRequestId={uuid.uuid4()}][FailureCategory=AuthZ-AuthorizationException] Fail to create a runspace because you have "
        f"exceeded the maximum number of connections allowed : {allowed} for the policy party : MaxConcurrency. "
        "Please close existing runspace and try again. "
    )
    return Fault(2152992672, "w:InternalError", "", "s:Receiver", provider=_POWERSHELL_PLUGIN, provider_text=text)


def process_gone() -> Fault:
    """The process that hosts the shell's PowerShell has ended, as one does that gets no memory (MaxMemoryPerShellMB).

    RPC_S_CALL_FAILED, with the words of Windows for a host process of a plug-in that went away.
    """
    text = (
        "The WSMan provider host process did not return a proper response.  "
        "A provider in the host process may have behaved improperly. "
    )
    return Fault(1726, "w:InternalError", text, "s:Receiver")


def already_exists() -> Fault:
    """Create with a ShellId that is in use; not seen on a real server.

    No conversation with WinRM that holds it was found. [MS-WSMV] does not say what a second Create gives; the fault is the one
    that DMTF DSP0226 has for it (wsman:AlreadyExists, "the sender attempted to create a resource that already exists"), with
    the code and text of ERROR_WSMAN_ALREADY_EXISTS in Windows' wsmerror.h.
    """
    text = "The WS-Management service cannot create the resource because it already exists. "
    return Fault(2150858803, "w:AlreadyExists", text)


def invalid_parameter() -> Fault:
    """Receive on a command shell needs a CommandId."""
    return Fault(87, "w:InvalidParameter", "The parameter is incorrect. ", detail="InvalidValue", provider=_CMD_PLUGIN)


def file_not_found() -> Fault:
    """WINRS_SKIP_CMD_SHELL with a name that is no program."""
    text = "The system cannot find the file specified. "
    return Fault(2147942402, "w:InternalError", text, "s:Receiver", provider=_CMD_PLUGIN)


def pipe_ended() -> Fault:
    """Input for a program that has ended."""
    return Fault(2147942509, "w:InternalError", "The pipe has been ended. ", "s:Receiver", provider=_CMD_PLUGIN)


def internal_error(text: str) -> Fault:
    """The service itself failed: an emulator must say so, and keep the connection."""
    return Fault(1726, "w:InternalError", text, "s:Receiver")
