# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults by name: what goes wrong on a host until it is switched off or used up.

The farm acts on those of :data:`MODEL`; those of :data:`WIRE` are pushed to the host processes (wire/injected_faults.py).
"""

from __future__ import annotations

import fnmatch
import itertools
import re
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from farm.errors import LabError

MODEL = {
    "replication_stuck": "the replica of this host applies nothing more from the Central Management Store",
    "directory_down": "Active Directory cannot be reached from this host",
    "store_down": "the Central Management Store cannot be reached from this host",
    "cmdlet_fails": "the cmdlet named by the value (or each that a pattern such as Add-* means) ends with an error of its product",
    "slow_cmdlet": "each cmdlet takes as many more seconds as the value says",
    "slow_write": "each cmdlet that writes takes as many more seconds as the value says",
    "hold_answer": "the first cmdlet that writes, or the one whose number the value is, has taken effect and is not answered until --off",
    "service_stopped": "the Windows service named by the value is stopped",
    "micro_delay": "Exchange delays each of its cmdlets by as many milliseconds as the value says, and warns of it",
    "web_slow": "each page of the web site takes as many more seconds as the value says",
    "web_redirects": "the web site answers with 302 and sends clients to the value",
    "web_endless": "the web site answers with a body of eight MiB",
    "rpc_unreachable": "this Exchange server does not answer other servers: Get-ExchangeCertificate -Server, Test-ServiceHealth -Server",
}

WIRE = {
    "drop_connection_after_send": "input for a pipeline is taken, then the connection is closed without an answer",
    "lost_answer": "a pipeline runs, and the connection is closed instead of bringing its output",
    "slow_receive": "each Receive is answered as many seconds later as the value says",
    "expire_shells": "all shells vanish at once, as when an application pool is recycled",
    "http_503": "HTTP 503, as when the application pool is stopped",
    "compressed_answers": "answers are compressed although nobody asks for it, as by a proxy in between",
    "quota_shells": "WinRM, or Lync's endpoint, opens no further shell for the account (MaxShellsPerUser)",
    "quota_runspaces": "Exchange's endpoint opens no further runspace for the account (PowerShellMaxConcurrency)",
    "quota_operations": "no further command is taken from the account (MaxConcurrentOperationsPerUser)",
    "quota_requests": "no further command is taken from the account for a while (Exchange's PowerShellMaxCmdlets)",
    "quota_commands": "a shell takes no further pipeline (MaxConcurrentCommandsPerShell)",
    "quota_processes": "a command shell starts no further program (MaxProcessesPerShell)",
    "quota_memory": "the process of a shell ends when its output is asked for (MaxMemoryPerShellMB)",
}

EVERYWHERE = "*"
NAMED = {"cmdlet_fails": "a cmdlet", "service_stopped": "a Windows service"}
SECONDS = ("slow_cmdlet", "slow_write", "slow_receive", "web_slow")
MILLISECONDS = ("micro_delay",)
NUMBERS = ("hold_answer",)


@dataclass
class Fault:
    """A fault that is on, on one host or everywhere; ``count`` is how often it still strikes (none: always).

    ``number`` tells one injection from another of the same: host processes count anew.
    """

    name: str
    host: str = EVERYWHERE
    value: str = ""
    count: int | None = None
    number: int = field(default_factory=itertools.count(1).__next__)

    def is_replaced_by(self, other: Fault) -> bool:
        """Whether another fault takes this one's place."""
        same = self.name == other.name and other.host in (self.host, EVERYWHERE)
        return same and (self.name not in NAMED or self.value.lower() == other.value.lower())

    def check(self) -> None:
        """Refuse one that would never strike, or that the lab itself would stumble over."""
        if self.name in NAMED and not self.value:
            raise LabError(f"the fault {self.name} wants the name of {NAMED[self.name]} as its value")
        if self.name in SECONDS and self.value and not re.fullmatch(r"\d+(\.\d+)?", self.value, re.ASCII):
            raise LabError(f"the fault {self.name} wants seconds as its value, and {self.value!r} are none")
        if self.name in MILLISECONDS and self.value and not re.fullmatch(r"\d+", self.value, re.ASCII):
            raise LabError(f"the fault {self.name} wants milliseconds as its value, and {self.value!r} are none")
        if self.name in NUMBERS and self.value and not re.fullmatch(r"[1-9]\d*", self.value, re.ASCII):
            raise LabError(f"the fault {self.name} wants a number as its value, and {self.value!r} is none")
        if self.count is not None and self.count < 1:
            raise LabError(f"a fault cannot strike {self.count} times")


@dataclass
class Faults:
    """The faults that are on."""

    active: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def switch_on(self, fault: Fault) -> None:
        """Add a fault; the same one on the same host is replaced, of those that name something the same one for the same thing."""
        with self.lock:
            self.active = [f for f in self.active if not f.is_replaced_by(fault)]
            self.active.append(fault)

    def switch_off(self, name: str, host: str, value: str = "") -> None:
        """Remove a fault from a host, or from everywhere; with a value, only the one of that value."""
        with self.lock:
            self.active = [
                f
                for f in self.active
                if f.name != name or host not in (f.host, EVERYWHERE) or (value and f.value.lower() != value.lower())
            ]

    def of(self, host: str) -> list[dict[str, Any]]:
        """The faults of a host, as data."""
        with self.lock:
            return [asdict(fault) for fault in self.active if fault.host in (host, EVERYWHERE)]

    def get(self, name: str, host: str) -> Fault | None:
        """A fault that is on for a host, without using it up."""
        with self.lock:
            return next((f for f in self.active if f.name == name and f.host in (host, EVERYWHERE)), None)

    def named(self, name: str, host: str, value: str) -> Fault | None:
        """A fault that is on for a host with that value, in any case, without using it up."""
        with self.lock:
            return next(
                (
                    f
                    for f in self.active
                    if f.name == name and f.host in (host, EVERYWHERE) and f.value.lower() == value.lower()
                ),
                None,
            )

    def take(self, name: str, host: str, value: str | None = None) -> Fault | None:
        """A fault that strikes now, once; with ``value``, only one whose value is that or a pattern of it, in any case."""
        with self.lock:
            for fault in self.active:
                fits = value is None or fnmatch.fnmatchcase(value.lower(), fault.value.lower())
                if fault.name == name and fault.host in (host, EVERYWHERE) and fits:
                    self._use(fault)
                    return fault
        return None

    def count_down(self, name: str, host: str) -> bool:
        """Whether a fault whose value is a number strikes now: at the call of that number, and while it is on at each one after."""
        with self.lock:
            for fault in self.active:
                if fault.name == name and fault.host in (host, EVERYWHERE):
                    fault.value = str(int(fault.value or 1) - 1)
                    return int(fault.value) <= 0
        return False

    def _use(self, fault: Fault) -> None:
        if fault.count is not None:
            fault.count -= 1
            if fault.count <= 0:
                self.active.remove(fault)
