# SPDX-License-Identifier: GPL-3.0-or-later

"""The Windows services of Lync as its own cmdlet shows them."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSObject, PSString

from farm.errors import CmdletError
from farm.lync.errors import failure, not_found
from farm.objects import enumeration, psobject
from farm.registry import Call, cmdlet
from farm.rights import LYNC_LOCAL_READ
from farm.state import Machine
from farm.windows.services import COMMON, running_name

TYPE = "Microsoft.Rtc.Management.Deployment.NTService"


@cmdlet(
    "Get-CsWindowsService",
    LYNC_LOCAL_READ,
    type_name="Microsoft.Rtc.Management.Deployment.GetNTServiceCmdlet",
    without=("ExcludeActivityLevel",),
)
def get_cs_windows_service(call: Call) -> Iterator[PSObject]:
    """The services of this computer's Lync, or one; of another computer with ComputerName, which is a second hop."""
    machine = _find_machine(call, call.text("ComputerName") or call.host.fqdn)
    name = call.text("Name")
    if name and running_name(machine.services, name) is None:
        raise not_found(call, name, "service")
    for known in machine.services:
        if known not in COMMON and (not name or known.lower() == name.lower()):
            yield _service(known, running=call.farm.is_running(machine, known))


def _find_machine(call: Call, computer: str) -> Machine:
    if computer.lower() in (call.host.fqdn.lower(), call.host.short.lower()):
        return call.machine
    if not call.caller.delegated:
        raise _make_refusal(call, computer, "Access is denied.", "PermissionDenied")
    lync = [call.farm.machine(host.fqdn) for host in call.farm.scenario.hosts_of("lync")]
    found = [each for each in lync if computer.lower() in (each.host.fqdn.lower(), each.host.short.lower())]
    if not found:  # not there, or an Edge Server, which is in no domain
        raise _make_refusal(call, computer, "The RPC server is unavailable.", "ResourceUnavailable")
    return found[0]


def _make_refusal(call: Call, computer: str, reason: str, category: str) -> CmdletError:
    text = f"Cannot open Service Control Manager on computer '{computer}'. {reason}"
    kind = "System.ComponentModel.Win32Exception"
    return failure(call, text, "ProcessingFailed", kind, category=category, target=computer)


def _service(name: str, *, running: bool) -> PSObject:
    status = ("Running", 4) if running else ("Stopped", 1)
    return psobject(
        [TYPE, "System.Object"],
        name,
        Status=enumeration("System.ServiceProcess.ServiceControllerStatus", *status),
        Name=PSString(name),
        ActivityLevel=PSString("Connected Users=0" if name == "RTCSRV" else ""),
    )
