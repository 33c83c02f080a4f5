# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm in the test's own process, and a caller at its cmdlets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from psrpcore.types import PSDict, PSObject

from farm import registry
from farm.clixml import decode, encode
from farm.dispatch import run
from farm.scenario import load
from farm.state import Farm

ENDPOINTS = {"exchange": "/powershell", "lync": "/wsman", "windows": "/wsman"}


@dataclass
class Answer:
    """What a cmdlet answered, by kind."""

    outputs: list[Any] = field(default_factory=list)
    remotes: list[Any] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[dict[str, str]] = field(default_factory=list)
    failed: dict[str, str] | None = None

    @property
    def error_id(self) -> str:
        """The id of the error that ended it, or of the first one that did not."""
        record = self.failed or (self.errors[0] if self.errors else {})
        return record.get("fqid", "")

    @property
    def one(self) -> Any:
        """The only output."""
        assert self.failed is None and len(self.outputs) == 1, self
        return self.outputs[0]


@dataclass
class Bench:
    """Calls cmdlets of a farm as one of its users."""

    farm: Farm
    user: str = "administrator"
    delegated: bool = True

    def __call__(self, cmdlet: str, host: str = "", endpoint: str = "", **parameters: object) -> Answer:
        """Call a cmdlet where it belongs, or on a host and endpoint of the test's choice."""
        entry = registry.REGISTRY[cmdlet.lower()]
        account = self.farm.user(self.user)
        assert account is not None
        messages: list[dict[str, Any]] = []
        request = {
            "host": host or self.home(entry),
            "user": self.user,
            "groups": account.groups,
            "delegated": self.delegated,
            "session": "bench",
            "endpoint": endpoint or ENDPOINTS[entry.shell],
            "cmdlet": cmdlet,
            "parameters": encode(PSDict(parameters)),
        }
        run(self.farm, request, messages.append)
        return self._collect(messages)

    def home(self, entry: registry.Cmdlet) -> str:
        """The first host that a cmdlet is for."""
        role = "dns" if entry.shell == "windows" else entry.shell
        return self.farm.scenario.hosts_of(role)[0].fqdn

    @staticmethod
    def _collect(messages: list[dict[str, Any]]) -> Answer:
        answer = Answer(failed=messages[-1].get("failed"))
        assert answer.failed or messages[-1] == {"done": True}
        for message in messages:
            if "output" in message:
                answer.outputs.append(decode(message["output"]))
                answer.remotes.append(decode(message["remote"]) if "remote" in message else None)
            if "warning" in message:
                answer.warnings.append(message["warning"])
            if "error" in message:
                answer.errors.append(message["error"])
        return answer


def bench(scenario: str, **options: Any) -> Bench:
    """A bench on a fresh farm."""
    registry.load()
    return Bench(Farm(load(scenario)), **options)


def names(value: PSObject) -> list[str]:
    """The names of an object's properties."""
    return [entry.name for entry in [*value.PSObject.adapted_properties, *value.PSObject.extended_properties]]
