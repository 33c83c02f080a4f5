# SPDX-License-Identifier: GPL-3.0-or-later

"""The farm's protocol: lines of JSON over loopback TCP; the first line of a connection holds the token.

Every operation answers with one line, a cmdlet with one for each output, warning and error and a last one with ``done`` or
``failed``. What each operation takes and gives is listed in tests/lab/README.md.
"""

from __future__ import annotations

import hmac
import json
import socketserver
import threading
from collections.abc import Callable
from typing import Any

from farm import report
from farm.describe import clock_of, describe
from farm.dispatch import caller_of, run
from farm.errors import LabError
from farm.faults import EVERYWHERE, MODEL, WIRE, Fault
from farm.lab_file import LabFile, write_site_certificate
from farm.offers import offered
from farm.state import Farm
from farm.web.pages import find_page

Request = dict[str, Any]
Operation = Callable[[Request], dict[str, Any]]
Send = Callable[[dict[str, Any]], None]


class Control:
    """The operations on a farm."""

    def __init__(self, farm: Farm, lab: LabFile, stop: threading.Event) -> None:
        self.farm, self.lab, self.stop = farm, lab, stop
        self.followers: list[tuple[str, Send]] = []
        self.operations: dict[str, Operation] = {
            "describe": self.describe,
            "listening": self.listening,
            "offers": self.offers,
            "charge": self.charge,
            "event": self.event,
            "status": self.status,
            "journal": self.journal,
            "state": self.state,
            "clock": self.clock,
            "fault": self.fault,
            "faults": self.faults,
            "take_fault": self.take_fault,
            "page": self.page,
            "site_certificate": self.site_certificate,
            "shutdown": self.shutdown,
        }

    def describe(self, request: Request) -> dict[str, Any]:
        """What a host process needs to know."""
        return describe(self.farm, self.farm.scenario.host(request["host"]))

    def listening(self, request: Request) -> dict[str, Any]:
        """A host process answers on its ports."""
        host = self.farm.scenario.host(request["host"])
        self.lab.listening(host.fqdn, dict(request["listeners"]), request.get("pid"))
        return {"done": True}

    def offers(self, request: Request) -> dict[str, Any]:
        """The cmdlets that a session can call."""
        host = self.farm.scenario.host(request["host"])
        return {"cmdlets": offered(self.farm, host, caller_of(request), str(request.get("shell") or "windows"))}

    def charge(self, request: Request) -> dict[str, Any]:
        """Let the cost of an operation pass."""
        return {
            "done": True,
            "seconds": self.farm.latency.charge(str(request["what"]), str(request.get("shell") or "")),
        }

    def event(self, request: Request) -> dict[str, Any]:
        """Something happened on the wire."""
        fqdn = self.farm.scenario.host(request["host"]).fqdn
        name, journal = str(request["event"]), self.farm.journal
        if name in ("session_opened", "session_closed"):
            opened = name == "session_opened"
            journal.count(fqdn, open_sessions=1 if opened else -1, sessions=int(opened))
            journal.add(self._session(name, fqdn, request))
        elif name == "pipeline":
            journal.count(fqdn, pipelines=1)
        elif name == "request":
            journal.count(fqdn, requests=int(request.get("count") or 1))
        elif name in ("fault", "refused"):
            journal.count(fqdn, **{"faults" if name == "fault" else "refused": 1})
        else:
            journal.other_events[name] += 1
        return {"done": True}

    def _session(self, name: str, fqdn: str, request: Request) -> dict[str, Any]:
        return {
            "time": self.farm.clock.now().isoformat(timespec="milliseconds"),
            "event": name,
            "host": fqdn,
            "user": request.get("user") or "",
            "shell": request.get("shell") or "",
            "endpoint": request.get("endpoint") or "",
            "session": request.get("session") or "",
            "authentication": request.get("authentication") or "",
            "cmdlet": None,
            "parameters": {},
            "kind": "read",
            "outcome": request.get("reason") or "ok",
            "error_id": None,
            "duration": float(request.get("duration") or 0),
        }

    def status(self, _request: Request) -> dict[str, Any]:
        """Counters, and whether all hosts answer."""
        found = report.status(self.farm)
        for fqdn, host in found["hosts"].items():
            host["listeners"] = self.lab.content["hosts"][fqdn]["listeners"]
        return {**found, "engine": self.lab.content["engine"], "ready": self.lab.content["ready"]}

    def journal(self, request: Request) -> dict[str, Any]:
        """What happened, or what happened after the entry with the id ``after``."""
        entries = self.farm.journal.select(writes=bool(request.get("writes")))
        return {"journal": [entry for entry in entries if entry["id"] > int(request.get("after") or 0)]}

    def state(self, _request: Request) -> dict[str, Any]:
        """The model."""
        return {"state": report.state(self.farm)}

    def clock(self, request: Request) -> dict[str, Any]:
        """Move the clock; the time of the host that asks, or the farm's."""
        if days := float(request.get("days") or 0):
            self.farm.clock.move(days)
            self._tell_followers()
        host = request.get("host")
        now = self.farm.now_on(host) if host else self.farm.clock.now()
        return {"now": now.isoformat(timespec="microseconds" if host else "seconds")}

    def fault(self, request: Request) -> dict[str, Any]:
        """Switch a fault on or off."""
        wanted = request.get("host")
        host = self._place(str(wanted)) if wanted and wanted != EVERYWHERE else EVERYWHERE
        name, value, count = str(request["name"]), str(request.get("value") or ""), request.get("count")
        if name not in MODEL | WIRE:
            raise LabError(f"there is no fault {name!r}; there are {', '.join([*MODEL, *WIRE])}")
        if request.get("off"):
            self.farm.faults.switch_off(name, host, value)
        else:
            made = Fault(name, host, value, None if count is None else int(count))
            made.check()
            self.farm.faults.switch_on(made)
        self._tell_followers()
        return {"done": True, "host": host}

    def _place(self, name: str) -> str:
        """Where a fault strikes: on a machine, or on a computer of which only the replica is known."""
        with self.farm.lock:
            replica = self.farm.store.replica(name)
        return replica.fqdn if replica else self.farm.machine(name).host.fqdn

    def follow(self, fqdn: str, send: Send) -> None:
        """Give a host its faults and its clock at every change, before whoever changes them has an answer."""
        self.followers.append((self.farm.scenario.host(fqdn).fqdn, send))

    def _tell_followers(self) -> None:
        for follower in list(self.followers):
            fqdn, send = follower
            try:
                send(self._what_holds(fqdn))
            except OSError:
                self.followers.remove(follower)  # that host has ended

    def faults(self, request: Request) -> dict[str, Any]:
        """The faults of a host, and its clock."""
        return self._what_holds(self.farm.scenario.host(request["host"]).fqdn)

    def _what_holds(self, fqdn: str) -> dict[str, Any]:
        return {"faults": self.farm.faults.of(fqdn), "clock": clock_of(self.farm, self.farm.machines[fqdn].host)}

    def take_fault(self, request: Request) -> dict[str, Any]:
        """Whether a fault strikes now, with its value; it is used up by this."""
        found = self.farm.faults.take(str(request["name"]), self.farm.scenario.host(request["host"]).fqdn)
        return {"active": found is not None, "value": found.value if found else ""}

    def page(self, request: Request) -> dict[str, Any]:
        """What a host's web site answers to whoever asks without an account; ``status`` 0 where the path is no page of it."""
        host = self.farm.scenario.host(request["host"])
        found = find_page(self.farm, host, str(request["method"]), str(request["path"]))
        return {"status": found.status, "headers": found.headers, "body": found.body} if found else {"status": 0}

    def site_certificate(self, request: Request) -> dict[str, Any]:
        """The files of the certificate that a host's web site shows now."""
        fqdn = self.farm.scenario.host(request["host"]).fqdn
        return {"files": write_site_certificate(self.lab.path.parent, self.farm, fqdn)}

    def shutdown(self, _request: Request) -> dict[str, Any]:
        """End the lab."""
        self.stop.set()
        return {"done": True}


class _Connection(socketserver.StreamRequestHandler):
    server: Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            if not self._admitted():
                self._send({"refused": "the first line must hold the lab's token"})
                return
            for line in self.rfile:
                self._answer(json.loads(line))
        except (ConnectionError, ValueError):
            return  # the caller left, or speaks something else: its connection ends, the farm goes on

    def _admitted(self) -> bool:
        hello = json.loads(self.rfile.readline() or b"null")
        given = hello.get("token") if isinstance(hello, dict) else None
        return isinstance(given, str) and hmac.compare_digest(given.encode(), self.server.token.encode())

    def _answer(self, request: Request) -> None:
        control = self.server.control
        name = str(request.get("op"))
        try:
            if name == "cmdlet":
                run(control.farm, request, self._send)
            elif name in control.operations:
                if name == "faults" and request.get("follow"):
                    control.follow(request["host"], self._send)
                self._send(control.operations[name](request))
            else:
                self._send({"refused": f"there is no operation {name!r}"})
        except (LabError, KeyError) as error:
            message = f"the request lacks {error}" if isinstance(error, KeyError) else str(error)
            self._send({"refused": message, **({"failed": _lab_failure(message)} if name == "cmdlet" else {})})

    def _send(self, message: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(message).encode() + b"\n")


def _lab_failure(message: str) -> dict[str, str]:
    return {
        "message": message,
        "fqid": "LabError",
        "category": "InvalidOperation",
        "reason": "LabError",
        "target": "",
        "type_name": "System.InvalidOperationException",
    }


class Server(socketserver.ThreadingTCPServer):
    """Listens on a free loopback port."""

    daemon_threads = True
    request_queue_size = 64
    control: Control

    def __init__(self, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.token = token

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])
