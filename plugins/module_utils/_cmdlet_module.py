# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that run any cmdlet of a management shell: typed parameters in, plain values out."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import re
import typing as t
import uuid

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError, located
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import Steps
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import (
    Credential,
    RemoteObject,
    Secret,
    SecretText,
    Uri,
    Value,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verbs import nature

SPEC = ModuleSpec(
    argument_spec={
        "cmdlet": {"type": "str", "required": True},
        "parameters": {"type": "dict", "default": {}},
        "secret_parameters": {"type": "dict", "default": {}, "no_log": True},
        "select": {"type": "list", "elements": "str"},
        "depth": {"type": "int", "choices": [1, 2, 3, 4, 5], "default": 2},
        "changes": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    }
)

# Properties that remoting adds to every object, and Exchange's binary copy of it
REMOTING_PROPERTIES = frozenset({"PSComputerName", "PSShowComputerName", "RunspaceId", "SerializationData"})

# How secret_parameters marks a value; parameters has no place for them
SECRET_TAGS = frozenset({"secret", "text", "credential"})


def run_cmdlet(call: Call, shell_name: ShellName, defaults: t.Mapping[str, Value] = {}) -> Result:
    """Run the cmdlet that the task names, or, where it is a write and this is check mode, say that it would run.

    :param defaults: parameters that the cmdlet gets unless the task gives them.
    """
    call.hidden.update(_misplaced_secrets(call.params["parameters"]))
    with located(shell=shell_name, cmdlet=_cmdlet_name(call.params)):
        cmdlet = _cmdlet(call.params)
        given = {name.casefold() for name in cmdlet.parameters}
        cmdlet = cmdlet.with_parameters(
            **{name: value for name, value in defaults.items() if name.casefold() not in given}
        )
        writes = _writes(cmdlet, call.params["changes"])
        steps = (cmdlet, *_projection(call.params["select"], cmdlet))
    shell = call.shell(shell_name)
    result: Result = {"changed": writes, "objects": [], "commands": [str(cmdlet)]}
    if not writes:
        objects = shell.read_all(*steps)
    elif call.check_mode:
        shell.first_offered(cmdlet.name)  # what is not offered would fail, so it must not look like a change
        objects = ()
    else:
        objects = Steps(shell).write(*steps).objects
    return {**result, "objects": [plain(item, call.params["depth"]) for item in objects]}


def _misplaced_secrets(value: t.Any, tagged: bool = False) -> t.Iterator[str]:
    """The texts that ``parameters`` marks as secret: refused there, and hidden from what is shown of the task."""
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("hashtable"), dict):
            value = value["hashtable"]  # whose own keys are no tags; see typed()
        else:
            tagged = tagged or (len(value) == 1 and not SECRET_TAGS.isdisjoint(value))
        for item in value.values():
            yield from _misplaced_secrets(item, tagged)
    elif isinstance(value, list):
        for item in value:
            yield from _misplaced_secrets(item, tagged)
    elif tagged and value not in (None, ""):
        yield str(value)


def _cmdlet_name(params: dict[str, t.Any]) -> str:
    """The cmdlet's name, or nothing where what is given cannot be one."""
    name = params["cmdlet"].strip()
    return name if re.fullmatch(r"[A-Za-z]+-[A-Za-z0-9]+", name) else ""


def _cmdlet(params: dict[str, t.Any]) -> Cmdlet:
    name = _cmdlet_name(params)
    if not name:
        raise _refused(f"cmdlet: '{params['cmdlet'].strip()}' is not a cmdlet's name, such as Get-AuthConfig.")
    given = {_name(key): typed(value, key) for key, value in params["parameters"].items()}
    hidden = {_name(key): secret(value, key) for key, value in params["secret_parameters"].items()}
    if twice := {key.casefold() for key in given} & {key.casefold() for key in hidden}:
        raise _refused(f"parameters: {', '.join(sorted(twice))} is in secret_parameters too.")
    if any("identity".startswith(key.casefold()) and _is_empty(value) for key, value in given.items()):
        # Exchange takes an empty identity for "all" (Get-ClientAccessService.md), and a parameter by the beginning of its name
        raise _refused(
            "parameters: Identity is empty, which the products take for all objects; leave it out to mean that."
        )
    return Cmdlet(name, **given, **hidden)


def _is_empty(value: Value) -> bool:
    return all(map(_is_empty, value)) if isinstance(value, list) else value is None or not str(value).strip()


def _name(parameter: str) -> str:
    if not re.fullmatch(r"[A-Za-z]\w*", parameter):
        raise _refused(
            f"parameters: '{parameter}' is not a parameter's name: give it without a hyphen, such as Identity."
        )
    if parameter.casefold() in ("erroraction", "ea"):
        raise _refused("parameters: ErrorAction is always Stop, so that an error is never taken for an empty answer.")
    return parameter


def _writes(cmdlet: Cmdlet, changes: str) -> bool:
    known = nature(cmdlet.name, cmdlet.parameters)
    if changes == "never" and known == "write":
        raise _refused(f"changes: {cmdlet.name} changes something, so it must not run in check mode.")
    return changes == "always" or (changes == "auto" and known != "read")


def _projection(properties: list[str] | None, cmdlet: Cmdlet) -> tuple[Cmdlet, ...]:
    if properties:
        return (select(*properties),)
    if cmdlet.name.casefold().startswith("get-"):
        raise _refused("select: name the properties to read of each object, or '*' for all of them.")
    return ()


def _refused(message: str) -> ShellError:
    return ShellError("bad_input", message)


def typed(value: t.Any, where: str) -> Value:
    """An option's value as a cmdlet parameter: plain YAML as it is, ``{tag: value}`` by its tag, any other dictionary as a hashtable.

    :raises ShellError: of kind ``bad_input``, naming ``where``.
    """
    if isinstance(value, list):
        return [typed(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, dict):
        tag, content = next(iter(value.items())) if len(value) == 1 else ("", None)
        if tag in SECRET_TAGS:
            raise _refused(
                f"parameters: {where} is secret; give it in secret_parameters, whose values are never shown."
            )
        if tag in _TAGS:
            return _tagged(tag, content, where)
        return {str(key): typed(item, f"{where}.{key}") for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    kind = "date" if isinstance(value, dt.date) else type(value).__name__
    raise _refused(f"parameters: {where} is a {kind}; write it in quotes or with its type ({{datetime: …}}).")


def secret(value: t.Any, where: str) -> Value:
    """A value of ``secret_parameters``: text as a SecureString, ``{text: …}`` as a String, ``{credential: …}``, or a list of them."""
    if isinstance(value, list):
        return [secret(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, (str, int)):
        return Secret(str(value))
    if isinstance(value, dict) and len(value) == 1:
        if isinstance(text := value.get("text"), (str, int)):
            return SecretText(str(text))
        login = value.get("credential")
        if isinstance(login, dict) and set(login) == {"user", "password"}:
            return Credential(str(login["user"]), Secret(str(login["password"])))
    raise _refused(f"secret_parameters: {where} must be text, {{text: …}} or {{credential: {{user: …, password: …}}}}.")


def _tagged(tag: str, content: t.Any, where: str) -> Value:
    try:
        return _TAGS[tag](content)
    except (ValueError, TypeError, AttributeError) as error:
        raise _refused(f"parameters: {where} is not a {tag}: {error}.") from error


def _hashtable(content: t.Any) -> Value:
    return {str(key): typed(item, str(key)) for key, item in content.items()}


_TAGS: dict[str, t.Callable[[t.Any], Value]] = {
    "bytes": lambda content: base64.b64decode(str(content), validate=True),
    "datetime": lambda content: Instant().parameter(Instant().desired(content)),
    "guid": lambda content: uuid.UUID(str(content)),
    "hashtable": _hashtable,
    "timespan": lambda content: dt.timedelta(seconds=float(content)),
    "uri": Uri,
}


def plain(value: Value, depth: int) -> t.Any:
    """A value that came from a server as JSON can show it; objects deeper than ``depth`` as their text."""
    if isinstance(value, RemoteObject):
        return _plain_object(value, depth)
    if isinstance(value, (list, tuple)):
        return [plain(item, depth) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item, depth - 1) for key, item in value.items()} if depth > 0 else str(value)
    if isinstance(value, dt.datetime):
        return Instant().observed(value)
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _plain_object(value: RemoteObject, depth: int) -> t.Any:
    if value.items is not None:
        return [plain(item, depth) for item in value.items]
    properties = {name: item for name, item in value.properties.items() if name not in REMOTING_PROPERTIES}
    if value.value is not None:
        # a member of an enumeration goes by its name, whatever number it has in this version
        return value.text if "System.Enum" in value.type_names and value.text is not None else plain(value.value, depth)
    if not properties or depth < 1:
        return value.text
    return {name: plain(item, depth - 1) for name, item in properties.items()}
