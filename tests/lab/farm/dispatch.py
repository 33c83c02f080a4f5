# SPDX-License-Identifier: GPL-3.0-or-later

"""One call of a cmdlet, from the request to its journal entry: offered here? allowed? reachable? then the model's function."""

from __future__ import annotations

import time
from typing import Any

from farm import clixml
from farm.errors import CmdletError, Record
from farm.exchange import errors as exchange_errors
from farm.exchange.split_permissions import is_refused
from farm.journal import masked
from farm.lync import errors as lync_errors
from farm.offers import offers
from farm.registry import REGISTRY, Call, Caller, Emit, Remote
from farm.state import Farm
from farm.usable import record
from farm.windows import errors as windows_errors

HELD_AT_MOST = 60.0
NOT_RECOGNIZED = (
    "The term '{0}' is not recognized as the name of a cmdlet, function, script file, or operable program. "
    "Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
)

MICRO_DELAY = "Micro delay applied. Actual delayed: {0} msecs, Enforced: True, Capped delay: {0} msecs, Required: False"
"""What Exchange says when it slows an account down: its beginning is in Microsoft's KB 2881759, the rest as administrators show it."""


def caller_of(request: dict[str, Any]) -> Caller:
    """Who calls, by the request."""
    groups = frozenset(str(group).lower() for group in request.get("groups") or ())
    return Caller(
        user=str(request.get("user") or ""),
        groups=groups,
        delegated=bool(request.get("delegated")),
        endpoint=str(request.get("endpoint") or ""),
        session=str(request.get("session") or ""),
    )


def run(farm: Farm, request: dict[str, Any], emit: Emit) -> None:
    """Answer a cmdlet request: outputs, warnings and errors as they come, then done or failed."""
    started = time.monotonic()
    host, caller = farm.scenario.host(request["host"]), caller_of(request)
    found = REGISTRY.get(str(request["cmdlet"]).lower())
    parameters = {
        str(k): v for k, v in (clixml.decode(request["parameters"]) if request.get("parameters") else {}).items()
    }
    if found is None or not offers(farm, host, caller, found):
        emit({"failed": _not_recognized(str(request["cmdlet"])).wire()})
        return
    call = Call(farm, host, caller, found, parameters, emit, str(request.get("set") or ""))
    failed = _attempt(call)
    _record(call, str(request.get("session") or ""), failed, time.monotonic() - started)
    with farm.lock:
        record(farm, len(farm.journal.entries))
    if found.writes and farm.faults.count_down("hold_answer", host.fqdn):
        _hold(farm, host.fqdn)
    emit({"failed": failed.record.wire()} if failed else {"done": True})


def _hold(farm: Farm, host: str) -> None:
    """Keep the answer back as long as the fault is on; a minute at most, so that no lab hangs."""
    end = time.monotonic() + HELD_AT_MOST
    while farm.faults.get("hold_answer", host) and time.monotonic() < end:
        time.sleep(0.02)


def _attempt(call: Call) -> CmdletError | None:
    """Run; the error that ended the cmdlet, if one did."""
    try:
        _charge(call)
        with call.farm.lock:
            call.farm.store.settle()  # what replication has brought is there, whoever looks
            _check(call)
            for output in call.cmdlet.handler(call):
                call.emit(_output(output))
    except CmdletError as error:
        if error.terminating:
            return error
        call.error(error)
    return None


def _output(value: object) -> dict[str, Any]:
    if isinstance(value, Remote):
        return {"output": clixml.encode(value.live), "remote": clixml.encode(value.remote)}
    return {"output": clixml.encode(value)}


def _charge(call: Call) -> None:
    priced = "default" if call.switch("ADPropertiesOnly") else call.cmdlet.name
    call.farm.latency.charge(f"cmdlet:{priced}", call.cmdlet.shell)
    for name in ("slow_cmdlet", "slow_write") if call.cmdlet.writes else ("slow_cmdlet",):
        if slow := call.farm.faults.take(name, call.host.fqdn):
            time.sleep(float(slow.value or 1))
    if call.cmdlet.shell == "exchange" and (delay := call.farm.faults.take("micro_delay", call.host.fqdn)):
        time.sleep(int(delay.value or 1000) / 1000)
        call.warning(MICRO_DELAY.format(delay.value or 1000))


def _check(call: Call) -> None:
    """Refuse what rights, reach or an injected fault refuse."""
    needs, caller = call.cmdlet.needs, call.caller
    if call.farm.faults.take("cmdlet_fails", call.host.fqdn, call.cmdlet.name):
        raise _injected(call)
    if _second_hop(call) and not caller.at_product_endpoint and not caller.delegated:
        raise _unreachable(call)
    if unknown := [name for name in call.cmdlet.without if call.bound(name)]:
        raise _not_modelled(call, unknown[0])
    if needs.hop == "directory" and call.farm.faults.take("directory_down", call.host.fqdn):
        raise exchange_errors.no_directory(call)
    _check_domain_controller(call)
    if needs.hop == "store" and call.farm.faults.take("store_down", call.host.fqdn):
        raise lync_errors.no_store(call)
    if not caller.member_of(*needs.groups) or is_refused(call):
        raise _denied(call)
    if call.cmdlet.writes and not call.what_if:
        _refuse_questions(call)


def _refuse_questions(call: Call) -> None:
    """Nobody can answer: not where the caller asks to be asked, which Force does not change, nor where the cmdlet asks by itself."""
    if call.switch("Confirm"):
        raise windows_errors.confirmation_refused(call)
    if call.cmdlet.prompts and not call.switch("Force") and not call.bound("Confirm"):
        raise windows_errors.prompt_refused(call)


def _check_domain_controller(call: Call) -> None:
    """Exchange asks the domain controller that it is told to ask."""
    name = call.text("DomainController") if call.cmdlet.shell == "exchange" else None
    if name and call.farm.directory.find(name) is None:
        raise exchange_errors.no_such_controller(call, name)


def _not_modelled(call: Call, parameter: str) -> CmdletError:
    text = f"The lab does not model the parameter {parameter} of {call.cmdlet.name}."
    kind = "System.NotImplementedException"
    fqid = f"NotInLab,{call.cmdlet.type_name}"
    return CmdletError(Record(text, fqid, "NotImplemented", "NotImplementedException", parameter, kind))


def _second_hop(call: Call) -> bool:
    return bool(call.cmdlet.needs.hop) and not call.switch("LocalStore")


def _unreachable(call: Call) -> CmdletError:
    return (exchange_errors.no_directory if call.cmdlet.needs.hop == "directory" else lync_errors.no_store)(call)


def _denied(call: Call) -> CmdletError:
    if call.cmdlet.shell == "exchange":
        return exchange_errors.access_denied(call)
    if call.cmdlet.shell == "lync":
        return lync_errors.access_denied(call)
    if "DnsServer" in call.cmdlet.name:
        text = f"Failed to get information for server {call.host.short}."
        error = windows_errors.dns_failure(call, windows_errors.ACCESS_DENIED, text, call.host.short)
        return CmdletError(error.record)
    return windows_errors.access_denied(call)


def _injected(call: Call) -> CmdletError:
    text = "The lab was told to let this cmdlet fail."
    if call.cmdlet.shell == "exchange":
        return exchange_errors.failure(
            call, text, "Microsoft.Exchange.Data.Directory.ADTransientException", terminating=True
        )
    if call.cmdlet.shell == "lync":
        return lync_errors.failure(call, text)
    if "DnsServer" in call.cmdlet.name:
        return windows_errors.dns_failure(call, windows_errors.SERVER_FAILURE, text, call.host.short)
    return windows_errors.failure(
        call, text, "InvalidOperation", "InvalidOperation", "System.InvalidOperationException", terminating=True
    )


def _not_recognized(name: str) -> Record:
    kind = "System.Management.Automation.CommandNotFoundException"
    return Record(
        NOT_RECOGNIZED.format(name),
        "CommandNotFoundException",
        "ObjectNotFound",
        "CommandNotFoundException",
        name,
        kind,
    )


def _record(call: Call, session: str, failed: CmdletError | None, duration: float) -> None:
    error = failed or (call.errors[0] if call.errors else None)
    call.farm.journal.count(call.host.fqdn, cmdlets=1)
    call.farm.journal.add(
        {
            "time": call.now.isoformat(timespec="milliseconds"),
            "event": "cmdlet",
            "host": call.host.fqdn,
            "user": call.caller.user,
            "shell": call.cmdlet.shell,
            "endpoint": call.caller.endpoint,
            "session": session,
            "cmdlet": call.cmdlet.name,
            "parameters": masked(call.parameters),
            "kind": "write" if call.cmdlet.writes and not call.what_if else "read",
            "outcome": "error" if error else "ok",
            "error_id": error.record.fqid if error else None,
            "duration": round(duration, 4),
        }
    )
