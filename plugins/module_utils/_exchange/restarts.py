# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is restarted on an Exchange server after a change, so that the server acts on it.

Sources: "Configure partner applications in Skype for Business Server and Exchange Server" (iisreset after the partner application);
CSS-Exchange, MonitorExchangeAuthCertificate (MSExchangeServiceHost and the pools of OWA and ECP after Set-AuthConfig). That the pools of
Autodiscover and EWS read how their directories let clients in when they start is how IIS works; no page asks for it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell, ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Steps, listed

SHELL: ShellName = "windows"
IIS = ("WAS", "W3SVC")
"""The services that iisreset restarts, as far as web sites are concerned."""


@dataclass(frozen=True)
class Restart:
    """What is restarted: Windows services, application pools, or all of IIS, which holds every pool."""

    services: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    iis: bool = False


REASONS: dict[str, Restart] = {
    "partner_application": Restart(iis=True),
    "auth_certificate": Restart(("MSExchangeServiceHost",), ("MSExchangeOWAAppPool", "MSExchangeECPAppPool")),
    "virtual_directory": Restart(pools=("MSExchangeAutodiscoverAppPool", "MSExchangeServicesAppPool")),
}
"""By what was changed."""


def plan_restart(reasons: Iterable[str]) -> list[Cmdlet]:
    """The cmdlets, each once, in the order of the reasons. Where all of IIS is restarted, no pool is restarted by itself."""
    chosen = [REASONS[reason] for reason in dict.fromkeys(reasons)]
    services = list(dict.fromkeys(name for restart in chosen for name in restart.services))
    pools = list(dict.fromkeys(name for restart in chosen for name in restart.pools))
    steps = [_restart_services(services)] if services else []
    if any(restart.iis for restart in chosen):
        return [*steps, _restart_services(list(IIS))]
    return [*steps, *(Cmdlet("Restart-WebAppPool", Name=pool) for pool in pools)]


def _restart_services(names: list[str]) -> Cmdlet:
    """With the services that depend on them."""
    return Cmdlet("Restart-Service", Name=names, Force=True, Confirm=False)


def restart_exchange(call: Call) -> Result:
    """Restart, and see that the services run again; in check mode, say what would be restarted.

    :raises ShellError: where something could not be restarted, if the task shall fail then.
    """
    plan = plan_restart(call.params["after"])
    result: Result = {"changed": bool(plan), "restarted": [], "commands": [str(step) for step in plan]}
    if call.check_mode or not plan:
        return result
    steps = Steps(call.shell(SHELL))
    try:
        steps.run(plan)
        _require_running(call.shell(SHELL), plan)
    except ShellError as error:
        return _report_failure(call, error, steps)
    return {**result, "restarted": _list_names(plan)}


def _require_running(shell: Shell, plan: list[Cmdlet]) -> None:
    names = [name for step in plan if step.name == "Restart-Service" for name in step.parameters["Name"]]
    if not names:
        return
    found = shell.read_all(Cmdlet("Get-Service", Name=names), select("Name", "Status"))
    stopped = [str(item["Name"]) for item in found if str(item["Status"]) != "Running"]
    if stopped:
        message = f"after the restart, these services do not run: {', '.join(stopped)}."
        remedy = "Look at the server's event log for why they did not start."
        raise ShellError("not_effective", message, shell=SHELL, cmdlet="Restart-Service", remedy=remedy)


def _list_names(steps: Iterable[t.Any]) -> list[str]:
    found: list[str] = []
    for step in steps:
        names = step.parameters["Name"]
        found += names if isinstance(names, list) else [names]
    return found


def _report_failure(call: Call, error: ShellError, steps: Steps) -> Result:
    done = {**steps.progress(), **error.result}
    error.result = {**done, "restarted": _list_names(steps.ran)}
    if call.params["fail"]:
        raise error
    left = [step for step in plan_restart(call.params["after"]) if step not in steps.ran]
    call.warn(f"This server was not restarted as it has to be. Run there: {listed(left)}. The reason: {error.message}")
    return {**error.result, "error": error.details()}
