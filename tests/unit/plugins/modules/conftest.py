# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's helper that answers from a script, at the JSON border that the real one has."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, carry_out
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject

RunModule = Callable[..., dict[str, Any]]


class ScriptedHelper:
    """Answers each cmdlet with the objects (dictionaries become objects), the error or the function of its parameters that it is given.

    What is not in the script is not offered. Select-Object is obeyed.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "-", 1): answer for name, answer in answers.items()}
        self.shells: list[str] = []
        self.pipelines: list[Pipeline] = []

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
            return json.dumps({"error": answer.details()})
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
        members = item[expanded] if isinstance(item[expanded], list) else [item[expanded]]
        return [RemoteObject(properties={**member.properties, **notes}) for member in members]


@pytest.fixture(scope="session")
def scripted() -> type[ScriptedHelper]:
    """The class of scripted helpers."""
    return ScriptedHelper


@pytest.fixture(scope="session")
def run_module() -> RunModule:
    """Run a module as the action plugin does: arguments validated by its own specification."""

    def run(module: ModuleType, helper: ScriptedHelper, *, check: bool = False, **params: Any) -> dict[str, Any]:
        limits = {key: value for key, value in vars(module.SPEC).items() if key != "argument_spec"}
        validated = ArgumentSpecValidator(module.SPEC.argument_spec, **limits).validate(params)
        assert not validated.error_messages, validated.error_messages
        call = Call(validated.validated_parameters, check_mode=check, helper=lambda: helper)
        return carry_out(module.run, call)

    return run
