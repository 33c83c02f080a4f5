# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands and their arguments. Whatever goes wrong is one line on standard error, and exit code 1 (2 for a wrong command line)."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import yaml

from cli import lifecycle, reports
from cli.client import ask, read_lab
from cli.inventory import CONNECTIONS, KERBEROS, inventory
from cli.ticket import get_ticket
from farm.errors import LabError
from farm.faults import MODEL, WIRE
from farm.scenario import names
from wire.channel_bindings import LEVELS


def _days(text: str) -> float:
    return float(text.removeprefix("+"))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python tests/lab", description="An emulated Exchange and Lync farm.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {
        name: commands.add_parser(name, help=text, description=text)
        for name, text in (
            ("up", "start a lab; returns when every listener answers"),
            ("down", "stop a lab"),
            ("status", "counters of each host"),
            ("inventory", "an Ansible inventory of the running lab, on standard output"),
            ("ticket", "get a Kerberos ticket of the inventory's account, and print the environment that uses it"),
            ("journal", "what was called"),
            ("state", "the whole model"),
            ("clock", "move the farm's clock"),
            ("fault", "switch a fault on or off"),
        )
    }
    for command in made.values():
        command.add_argument(
            "--state", type=Path, default=lifecycle.DEFAULT_STATE, help="folder of the lab (default: %(default)s)"
        )
    made["up"].add_argument("--scenario", default="litware", help=f"one of {', '.join(names())}, or a YAML file")
    made["up"].add_argument("--latency", choices=["none", "real"], default="none", help="charge what real servers cost")
    made["up"].add_argument("--engine", help="path of a PowerShell engine to put behind the endpoints, or auto")
    made["up"].add_argument(
        "--cbt",
        choices=list(LEVELS),
        help="channel bindings, on all hosts",
    )
    tickets = made["up"].add_mutually_exclusive_group()
    tickets.add_argument("--kerberos", action="store_true", help="with a KDC, so that the hosts take tickets")
    help_of_realm = "take another KDC's tickets: the folder has krb5.conf, and HOST.keytab of each host"
    tickets.add_argument("--realm", metavar="FOLDER", type=Path, help=help_of_realm)
    made["inventory"].add_argument("--connection", choices=[*CONNECTIONS, KERBEROS], default="documented")
    made["journal"].add_argument("--writes", action="store_true", help="only cmdlets that write")
    for name in ("status", "journal", "state", "ticket"):
        made[name].add_argument("--json", action="store_true", dest="as_json")
    made["clock"].add_argument("days", type=_days, metavar="+DAYS")
    made["fault"].add_argument("name", help=f"one of {', '.join([*MODEL, *WIRE])}")
    made["fault"].add_argument("--host", default="*", help="a host (default: all)")
    made["fault"].add_argument("--value", default="", help="what the fault needs to know")
    made["fault"].add_argument("--count", type=int, help="how often it strikes (default: always)")
    made["fault"].add_argument("--off", action="store_true", help="switch it off")
    return top


def up(chosen: argparse.Namespace) -> str:
    """Start."""
    lab = lifecycle.up(
        chosen.state,
        chosen.scenario,
        chosen.latency,
        chosen.engine,
        chosen.cbt,
        kerberos=chosen.kerberos,
        realm=chosen.realm,
    )
    hosts = ", ".join(lab["hosts"])
    return f"lab {lab['scenario']} is up in {chosen.state}: {hosts}; DNS at 127.0.0.1:{lab['dns']['port']}"


def down(chosen: argparse.Namespace) -> str:
    """Stop."""
    return f"lab {lifecycle.down(chosen.state)['scenario']} in {chosen.state} is down"


def status(chosen: argparse.Namespace) -> str:
    """Counters."""
    found = ask(chosen.state, "status")
    return _json(found) if chosen.as_json else reports.status(found)


def show_inventory(chosen: argparse.Namespace) -> str:
    """The inventory."""
    ask(chosen.state, "status")
    return inventory(read_lab(chosen.state), str(chosen.state), chosen.connection).rstrip()


def ticket(chosen: argparse.Namespace) -> str:
    """A ticket."""
    ask(chosen.state, "status")
    environment = get_ticket(read_lab(chosen.state), chosen.state)
    if chosen.as_json:
        return _json(environment)
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())


def journal(chosen: argparse.Namespace) -> str:
    """The journal."""
    entries = ask(chosen.state, "journal", writes=chosen.writes)["journal"]
    return _json(entries) if chosen.as_json else reports.journal(entries)


def state(chosen: argparse.Namespace) -> str:
    """The model."""
    found = ask(chosen.state, "state")["state"]
    return _json(found) if chosen.as_json else yaml.safe_dump(found, allow_unicode=True, sort_keys=False).rstrip()


def clock(chosen: argparse.Namespace) -> str:
    """The clock."""
    return f"the farm's time is {ask(chosen.state, 'clock', days=chosen.days)['now']}"


def fault(chosen: argparse.Namespace) -> str:
    """A fault."""
    fields = {"name": chosen.name, "host": chosen.host, "value": chosen.value, "count": chosen.count, "off": chosen.off}
    answer = ask(chosen.state, "fault", **fields)
    return f"fault {chosen.name} is {'off' if chosen.off else 'on'} for {answer['host'].replace('*', 'all hosts')}"


COMMANDS = {
    "up": up,
    "down": down,
    "status": status,
    "inventory": show_inventory,
    "ticket": ticket,
    "journal": journal,
    "state": state,
    "clock": clock,
    "fault": fault,
}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def run(arguments: list[str]) -> str:
    """Run a command: what it says.

    :raises LabError: where it cannot be done.
    """
    chosen = parser().parse_args(arguments)
    chosen.state = chosen.state.resolve()
    said: str = COMMANDS[chosen.command](chosen)
    return said


def main(arguments: list[str]) -> int:
    """Run a command and print what it says; its exit code."""
    try:
        print(run(arguments), flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (the reader has had enough: say no more)
        return 0
    except (LabError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    return 0
