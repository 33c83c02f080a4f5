# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock and the services of a Windows host."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from psrpcore.types import PSDateTime, PSList, PSObject, PSString

from farm.errors import CmdletError
from farm.objects import date, enumeration, psobject, with_notes
from farm.registry import Call, cmdlet
from farm.rights import WINDOWS_READ, WINDOWS_WRITE
from farm.windows.errors import failure
from farm.windows.services import POOLS, READING, running_name, services_of

SERVICE = "System.ServiceProcess.ServiceController"
NO_SERVICE = "Microsoft.PowerShell.Commands.ServiceCommandException"


@cmdlet("Get-Date", WINDOWS_READ, type_name="Microsoft.PowerShell.Commands.GetDateCommand", without=("Date",))
def get_date(call: Call) -> Iterator[PSDateTime | None]:
    """The moment by the host's own clock."""
    yield date(call.now)


@cmdlet(
    "Get-Service",
    WINDOWS_READ,
    type_name="Microsoft.PowerShell.Commands.GetServiceCommand",
    without=("DisplayName", "ComputerName"),
)
def get_service(call: Call) -> Iterator[PSObject]:
    """The services, those of names or patterns, or one."""
    for name in _names(call) or ["*"]:
        known = [service for service in call.machine.services if fnmatch.fnmatchcase(service.lower(), name.lower())]
        if not known and not set(name) & set("*?["):
            call.error(_unknown(call, name))
        for service in known:
            yield _service(call, service)


def _names(call: Call) -> list[str]:
    names = call.texts("Name")
    value = call.parameters.get("InputObject")
    inputs = value if isinstance(value, list) else [value] if value is not None else []
    return names + [str(getattr(entry, "Name", entry)) for entry in inputs]


def _unknown(call: Call, name: str) -> CmdletError:
    text = f"Cannot find any service with service name '{name}'."
    return failure(call, text, "NoServiceFoundForGivenName", "ObjectNotFound", NO_SERVICE, target=name)


def _service(call: Call, name: str) -> PSObject:
    running = call.farm.is_running(call.machine, name)
    shown = services_of(call.host, call.farm.scenario).get(name, name)
    made = psobject(
        [SERVICE, "System.ComponentModel.Component", "System.MarshalByRefObject", "System.Object"],
        SERVICE,
        CanPauseAndContinue=False,
        CanShutdown=False,
        CanStop=running,
        DisplayName=PSString(shown),
        MachineName=PSString("."),
        ServiceName=PSString(name),
        ServicesDependedOn=PSList(),
        Status=enumeration(f"{SERVICE}Status", *(("Running", 4) if running else ("Stopped", 1))),
        StartType=enumeration("System.ServiceProcess.ServiceStartMode", "Automatic", 2),
    )
    # both are aliases in PowerShell's types.ps1xml
    return with_notes(made, Name=PSString(name), RequiredServices=PSList())


@cmdlet(
    "Restart-Service",
    WINDOWS_WRITE,
    type_name="Microsoft.PowerShell.Commands.RestartServiceCommand",
    writes=True,
    without=("DisplayName",),
)
def restart_service(call: Call) -> Iterator[PSObject]:
    """Restart services; one that an injected fault has stopped runs again."""
    for name in _names(call):
        known = running_name(call.machine.services, name)
        if known is None:
            call.error(_unknown(call, name))
            continue
        if not call.what_if:
            call.machine.services[known] = True
            call.farm.faults.switch_off("service_stopped", call.host.fqdn, known)
            _read_again(call, known)
        if call.switch("PassThru"):
            yield _service(call, known)


@cmdlet(
    "Restart-WebAppPool",
    WINDOWS_WRITE,
    type_name="Microsoft.IIs.PowerShell.Provider.RestartAppPoolCommand",
    writes=True,
)
def restart_web_app_pool(call: Call) -> Iterator[PSObject]:
    """Restart an application pool of IIS."""
    name = call.text("Name") or ""
    known = POOLS if call.host.role == "exchange" else ()
    if name.lower() not in [pool.lower() for pool in known]:
        text = f"Cannot find path 'IIS:\\AppPools\\{name}' because it does not exist."
        kind = "System.Management.Automation.ItemNotFoundException"
        raise failure(call, text, "PathNotFound", "ObjectNotFound", kind, target=name, terminating=True)
    if not call.what_if:
        _read_again(call, name)
    yield from ()


def _read_again(call: Call, restarted: str) -> None:
    """The web site acts on the configuration as it is now."""
    if restarted.lower() in READING:
        call.machine.restart_pending = False
