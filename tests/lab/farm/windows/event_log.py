# SPDX-License-Identifier: GPL-3.0-or-later

"""Event logs, as far as somebody looks for events by their number and age (Get-WinEvent.md; XPath: "Consuming events")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from psrpcore.types import PSObject

from farm.objects import date, psobject, text
from farm.registry import Call, cmdlet
from farm.rights import WINDOWS_READ
from farm.windows.errors import failure

LOGS = {
    "lync": ("Application", "System", "Lync Server"),
    "exchange": ("Application", "System"),
    "dns": ("Application", "System"),
}
RECORD = "System.Diagnostics.Eventing.Reader.EventLogRecord"
LEVELS = {"Error": 2, "Warning": 3, "Information": 4}
NOTHING = "System.Exception"


@cmdlet("Get-WinEvent", WINDOWS_READ, type_name="Microsoft.PowerShell.Commands.GetWinEventCommand", without=("Oldest",))
def get_win_event(call: Call) -> Iterator[PSObject]:
    """The events of a log that the expression asks for, the newest first."""
    query = call.text("FilterXPath") or "*"
    numbers = {int(number) for number in re.findall(r"EventID\s*=\s*(\d+)", query)}
    age = re.search(r"timediff\(@SystemTime\)\s*<=\s*(\d+)", query)
    begin = call.now - timedelta(milliseconds=int(age[1])) if age else None
    found = []
    for log in call.texts("LogName"):
        if log.lower() not in [known.lower() for known in LOGS[call.host.role]]:
            said = f'There is not an event log on the localhost computer that matches "{log}".'
            raise failure(call, said, "NoMatchingLogsFound", "ObjectNotFound", NOTHING, target=log, terminating=True)
        found += [event for event in call.machine.events if event.log.lower() == log.lower()]
    found = [event for event in found if not numbers or event.number in numbers]
    found = sorted((event for event in found if begin is None or event.time >= begin), key=lambda event: event.time)
    most = call.parameters.get("MaxEvents")
    for event in list(reversed(found))[: int(most) if most else None]:
        yield psobject(
            [RECORD, "System.Diagnostics.Eventing.Reader.EventRecord", "System.Object"],
            RECORD,
            Id=event.number,
            Level=LEVELS[event.level],
            LevelDisplayName=text(event.level),
            LogName=text(event.log),
            MachineName=text(call.host.fqdn),
            Message=text(event.message),
            ProviderName=text(event.source),
            TimeCreated=date(event.time),
        )
    if not found:
        said = "No events were found that match the specified selection criteria."
        call.error(failure(call, said, "NoMatchingEventsFound", "ObjectNotFound", NOTHING))
