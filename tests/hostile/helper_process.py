# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's helper, one for each job, as core's ansible-connection runs it: what a request costs it, and what it answers.

Run as a program it reads jobs as lines of JSON and answers each with a line. It loads everything once and forks for each job, as a fresh
helper would have it loaded; the peak of its memory is the kernel's own figure (VmHWM, proc(5)).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = "onprem.exchange_lync.management_shell"
HANG = 60.0
"""Seconds after which a job is ended: far beyond what any may take."""


@dataclass(frozen=True)
class Answer:
    """What became of a job.

    :ivar reply: the helper's answer: ``objects`` and so on, or ``error``; nothing where it gave none.
    :ivar seconds: how long it took, its farewell included.
    :ivar cpu: the processor's seconds of it.
    :ivar peak_mib: the most memory that its process had.
    :ivar said: what it wrote on standard error.
    """

    reply: dict[str, Any]
    seconds: float
    cpu: float
    peak_mib: float
    said: str

    @property
    def kind(self) -> str:
        """The error's kind, or nothing."""
        return str(self.reply.get("error", {}).get("kind", ""))


class Helpers:
    """Runs jobs, one after the other."""

    def __init__(self, home: Path) -> None:
        (home / "pc").mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = {
            **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "PYTHONPATH": str(ROOT / ".collections"),
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def ask(self, options: dict[str, Any], pipeline: dict[str, Any], timeout: float) -> Answer:
        """Have a fresh helper with these options run a pipeline."""
        assert self._process.stdin is not None and self._process.stdout is not None
        job = {"options": options, "pipeline": pipeline, "timeout": timeout}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(HANG)
        self._process.stdout.close()


@contextlib.contextmanager
def helpers(home: Path) -> Iterator[Helpers]:
    """Helpers for as long as the block runs."""
    running = Helpers(home)
    try:
        yield running
    finally:
        running.close()


def main() -> None:
    """Answer jobs until there are no more."""
    _load()
    for line in sys.stdin:
        print(json.dumps(_run(line)), flush=True)


def _load() -> None:
    """Load what a helper has loaded when its first pipeline comes."""
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()
    # what the first request makes it load
    for name in ("_shells", "_remoting.wsman", "_remoting.winrs"):
        __import__(f"ansible_collections.onprem.exchange_lync.plugins.plugin_utils.{name}")
    for name in ("pypsrp.wsman", "winrm.protocol"):
        __import__(name)


def _run(line: str) -> dict[str, Any]:
    read, write = os.pipe()
    errors = os.memfd_create("stderr")
    pid = os.fork()
    if pid == 0:
        os.dup2(errors, 2)
        os.close(read)
        with os.fdopen(write, "w") as out:
            _serve(json.loads(line), out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, HANG)
        told = answer.read()
        signal.setitimer(signal.ITIMER_REAL, 0)
    _pid, _status, usage = os.wait4(pid, 0)
    said = os.pread(errors, 1 << 20, 0).decode("utf-8", "replace")
    os.close(errors)
    reply, seconds, peak = json.loads(told) if told else ({}, HANG, 0.0)
    return {"reply": reply, "seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak_mib": peak, "said": said}


def _serve(job: dict[str, Any], out: Any) -> None:
    """One request by JSON-RPC, as core's server handles it, and as the bytes that core sends of the answer."""
    from ansible.module_utils.common.text.converters import to_bytes
    from ansible.module_utils.connection import request_builder
    from ansible.playbook.play_context import PlayContext
    from ansible.plugins.loader import connection_loader
    from ansible.utils.jsonrpc import JsonRpcServer

    context = PlayContext()
    context.remote_addr, context.connection = "hostile", PLUGIN
    connection = connection_loader.get(
        PLUGIN, context, "/dev/null", task_uuid="", ansible_playbook_pid=str(os.getppid())
    )
    connection.set_options(direct=job["options"])
    server = JsonRpcServer()
    server.register(connection)
    request = json.dumps({"shell": "windows", "pipeline": job["pipeline"]})
    started = time.monotonic()
    response = to_bytes(server.handle_request(to_bytes(json.dumps(request_builder("invoke", request, job["timeout"])))))
    framed = len(response).to_bytes(8, "big") + response
    connection.close()
    seconds = time.monotonic() - started
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    assert peak is not None
    answer = json.loads(framed[8:])
    reply = json.loads(answer["result"]) if "result" in answer else {"traceback": answer}
    shown = {**reply, "objects": [str(item)[:100] for item in reply.get("objects", [])][:10]}
    json.dump([shown, seconds, int(peak[1]) / 1024], out)


if __name__ == "__main__":
    main()
