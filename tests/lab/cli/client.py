# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line's end of the farm's control socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from farm.errors import LabError

PATIENCE = 10.0
"""Seconds for an answer."""


def read_lab(state: Path) -> dict[str, Any]:
    """The content of lab.json."""
    try:
        content = json.loads((state / "lab.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LabError(
            f"no lab is running in {state}; start one with: python tests/lab up --scenario litware --state {state}"
        ) from None
    except (OSError, ValueError) as error:
        raise LabError(f"{state / 'lab.json'} cannot be read: {error}") from error
    if not isinstance(content, dict) or "farm" not in content:
        raise LabError(f"{state / 'lab.json'} is not a lab's file")
    return content


def ask(state: Path, operation: str, **fields: object) -> dict[str, Any]:
    """One question to the farm of a state folder."""
    return ask_farm(read_lab(state), operation, **fields)


def ask_farm(lab: dict[str, Any], operation: str, **fields: object) -> dict[str, Any]:
    """One question to a farm."""
    farm = lab["farm"]
    try:
        with (
            socket.create_connection((farm["host"], farm["port"]), PATIENCE) as connection,
            connection.makefile("rwb") as lines,
        ):
            for message in ({"token": farm["token"]}, {"op": operation, **fields}):
                lines.write(json.dumps(message).encode() + b"\n")
            lines.flush()
            line = lines.readline()
    except OSError as error:
        raise LabError(f"the lab does not answer ({error}); clear it away with: python tests/lab down") from error
    answer = json.loads(line) if line else {"refused": "the lab closed the connection"}
    if "refused" in answer:
        raise LabError(str(answer["refused"]))
    return dict(answer)
