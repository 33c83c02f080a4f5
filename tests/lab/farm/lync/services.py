# SPDX-License-Identifier: GPL-3.0-or-later

"""The Windows services of Lync as its own cmdlet shows them."""

from __future__ import annotations

from collections.abc import Iterator

from psrpcore.types import PSObject, PSString

from farm.lync.errors import failure, not_found
from farm.objects import enumeration, psobject
from farm.registry import Call, cmdlet
from farm.rights import LYNC_LOCAL_READ
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
    computer = call.text("ComputerName") or call.host.fqdn
    if computer.lower() not in (call.host.fqdn.lower(), call.host.short.lower()) and not call.caller.delegated:
        raise failure(
            call,
            f"Cannot open Service Control Manager on computer '{computer}'. Access is denied.",
            "ProcessingFailed",
            "System.ComponentModel.Win32Exception",
            category="PermissionDenied",
            target=computer,
        )
    services = call.farm.machine(computer).services
    name = call.text("Name")
    if name and running_name(services, name) is None:
        raise not_found(call, name, "service")
    for known, running in services.items():
        if known not in COMMON and (not name or known.lower() == name.lower()):
            yield _service(known, running=running)


def _service(name: str, *, running: bool) -> PSObject:
    status = ("Running", 4) if running else ("Stopped", 1)
    return psobject(
        [TYPE, "System.Object"],
        name,
        Status=enumeration("System.ServiceProcess.ServiceControllerStatus", *status),
        Name=PSString(name),
        ActivityLevel=PSString("Connected Users=0" if name == "RTCSRV" else ""),
    )
