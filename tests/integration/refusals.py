# SPDX-License-Identifier: GPL-3.0-or-later
"""What every refusal has to be: an error that says where, with which cmdlet, what and what to do; exit code 2; nothing written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from harness import Farm, Run


def clear(message: str, *, host: str, shell: str, cmdlet: str, remedy: str, said: str = "") -> None:
    """See that an error names all of these, in the order in which every error of the collection does.

    :param cmdlet: the one that was asked for, or that was to be asked for first where nothing could be asked.
    :param said: a part of the sentence that says what is wrong.
    :param remedy: a part of what to do, which comes after that sentence.
    """
    where = f"{host}: {shell} management shell: {cmdlet}: "
    assert message.startswith(where), message
    what, found, _rest = message.removeprefix(where).partition(remedy)
    assert found, f"{remedy!r} is missing in: {message}"
    assert what.strip(), message
    assert said in what, f"{said!r} is missing before {remedy!r} in: {message}"


def failed(run: Run) -> None:
    """See that the run failed, and that none of its tasks wrote."""
    assert (run.rc, run.writes) == (2, []), run.output


def refused(farm: Farm, module: str, hosts: str, *cases: Mapping[str, Any], asked: bool = True) -> list[str]:
    """Give a module each of these arguments, no failure ignored, and return what each was refused with.

    :param asked: whether the farm may have been asked anything before.
    """
    options = {key: f"{{{{ item.{key} | default(omit) }}}}" for case in cases for key in case}
    task = {"name": "refused", f"onprem.exchange_lync.{module}": options, "loop": [dict(case) for case in cases]}
    run = farm.play(yaml.safe_dump([task]), hosts=hosts)
    failed(run)
    step = run.step("refused")
    assert asked or step.asked == []
    results = step.result["results"]
    assert len(results) == len(cases)
    assert all("error" in result for result in results), run.output
    return [result["msg"] for result in results]
