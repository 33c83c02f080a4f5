# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's helper that answers from a script, at the JSON border that the real one has."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, carry_out
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject
from ansible_collections.onprem.exchange_lync.plugins.module_utils._wording import word_error

RunModule = Callable[..., dict[str, Any]]


class ScriptedHelper:
    """Answers each cmdlet with the objects (dictionaries become objects), the error or the function of its parameters that it is given.

    What is not in the script is not offered. Select-Object is obeyed.

    :ivar said: what the module told the user while it ran.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "-", 1): answer for name, answer in answers.items()}
        self.shells: list[str] = []
        self.pipelines: list[Pipeline] = []
        self.said: list[str] = []

    @property
    def writes(self) -> list[Cmdlet]:
        """The writing cmdlets that were run."""
        return [pipeline.cmdlets[0] for pipeline in self.pipelines if pipeline.write]

    @property
    def reads(self) -> list[str]:
        """The names of the reading cmdlets that were run."""
        return [pipeline.subject for pipeline in self.pipelines if not pipeline.write]

    def invoke(self, request: str, *, write: bool) -> str:
        """Run one pipeline."""
        data = json.loads(request)
        pipeline = Pipeline.decoded(data["pipeline"])
        self.shells.append(data["shell"])
        self.pipelines.append(pipeline)
        first, *rest = pipeline.cmdlets
        answer = self.answers.get(
            first.name, ShellError("not_offered", "unknown.", error_id="CommandNotFoundException")
        )
        parameters = {key: value for key, value in first.parameters.items() if key != "ErrorAction"}
        answer = answer(**parameters) if callable(answer) else answer
        if isinstance(answer, ShellError):
            return json.dumps({"error": answer.socket_details()})
        objects = [RemoteObject(properties=item) if isinstance(item, dict) else item for item in answer or ()]
        for stage in rest:
            objects = [made for item in objects for made in self._selected(item, stage)]
        return json.dumps(Reply(tuple(objects)).encoded())

    def offered(self, request: str) -> str:
        """Tell which cmdlets are in the script."""
        return json.dumps({"names": [name for name in json.loads(request)["names"] if name in self.answers]})

    @staticmethod
    def _selected(item: Any, stage: Cmdlet) -> list[Any]:
        assert stage.name == "Select-Object"
        names, expanded = stage.parameters.get("Property", ()), stage.parameters.get("ExpandProperty")
        if names == ["*"]:
            return [item]
        notes = {name: item.get(name) for name in names}
        if expanded is None:
            return [RemoteObject(properties=notes)]
        value = item.get(expanded)
        members = value if isinstance(value, list) else [] if value is None else [value]
        return [RemoteObject(properties={**member.properties, **notes}) for member in members]


@pytest.fixture(scope="session")
def scripted() -> type[ScriptedHelper]:
    """The class of scripted helpers."""
    return ScriptedHelper


COMMON = {"changed", "failed", "msg", "warnings"}
"""What every module of Ansible may return."""


def undocumented(result: dict[str, Any], entries: dict[str, Any], where: str = "") -> list[str]:
    """The keys of a result, at any depth, of which the RETURN block says nothing."""
    found = [f"{where}{key}" for key in result if key not in entries]
    for key, entry in entries.items():
        value, contains = result.get(key), entry.get("contains")
        items = value if isinstance(value, list) else [value]
        if isinstance(value, dict) and contains and not set(value) & set(contains):
            items = list(value.values())  # by a name that the task or the server gives
        for item in items if contains else ():
            found += undocumented(item or {}, contains, f"{where}{key}.")
    return found


@pytest.fixture(scope="session")
def run_module() -> RunModule:
    """Run a module as the action plugin does: arguments validated by its own specification. What it returns has to be documented."""

    def run(module: ModuleType, helper: ScriptedHelper, *, check: bool = False, **params: Any) -> dict[str, Any]:
        validated = ArgumentSpecValidator(module.SPEC.options, **module.SPEC.limits()).validate(params)
        assert not validated.error_messages, validated.error_messages
        call = Call(validated.validated_parameters, check_mode=check, helper=lambda: helper, say=helper.said.append)
        result = carry_out(module.run, call)
        if result.get("error"):
            worded = word_error(
                ShellError.from_details(result["error"]), module.__name__.rsplit(".")[-1], in_role=False
            )
            result |= {"msg": str(worded), "error": worded.details()}
        documented: dict[str, Any] = yaml.safe_load(module.RETURN)
        assert undocumented({key: value for key, value in result.items() if key not in COMMON}, documented) == []
        return result

    return run


@pytest.fixture(scope="session")
def leaves_alone(run_module: RunModule) -> Callable[..., bool]:
    """Run a module, and say whether it found all as it should be. One that refuses has changed nothing either, and does not count."""

    def run(module: ModuleType, helper: ScriptedHelper, **params: Any) -> bool:
        result = run_module(module, helper, **params)
        return "failed" not in result and not result["changed"] and not result["commands"]

    return run
