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
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell, ShellName
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


UNKNOWN_PARAMETER = "NamedParameterNotFound"
"""How the id of an error begins by which a cmdlet refuses a parameter that it does not have, before it does anything."""


def run_cmdlet(call: Call, shell_name: ShellName, **defaults: Value) -> Result:
    """Run the cmdlet that the task names, or, where it is a write and this is check mode, say that it would run.

    :param defaults: parameters that the cmdlet gets unless the task gives them, and as far as it has them.
    """
    call.hidden.update(_find_misplaced_secrets(call.params["parameters"]))
    with located(shell=shell_name, cmdlet=_find_cmdlet_name(call.params)):
        given = _make_cmdlet(call.params)
        writes = _is_write(given, call.params["changes"])
        then = _make_projection(call.params["select"], given)
    shell, cmdlet = call.shell(shell_name), _add_defaults(given, defaults)
    if writes and call.check_mode:
        shell.first_offered(cmdlet.name)  # what is not offered would fail, so it must not look like a change
        return {"changed": True, "objects": [], "commands": [str(cmdlet)]}
    try:
        objects = _send(shell, cmdlet, then, write=writes)
    except ShellError as error:
        if cmdlet is given or not error.error_id.startswith(UNKNOWN_PARAMETER):
            raise
        call.warn(f"{given.name} may not have the parameter {', '.join(defaults)}, so it is run without.")
        cmdlet = given
        objects = _send(shell, cmdlet, then, write=writes)
    found = [simplify(item, call.params["depth"]) for item in objects]
    return {"changed": writes, "objects": found, "commands": [str(cmdlet)]}


def _add_defaults(given: Cmdlet, defaults: t.Mapping[str, Value]) -> Cmdlet:
    names = {name.casefold() for name in given.parameters}
    added = {name: value for name, value in defaults.items() if name.casefold() not in names}
    return given.with_parameters(**added) if added else given


def _send(shell: Shell, cmdlet: Cmdlet, then: tuple[Cmdlet, ...], *, write: bool) -> tuple[Value, ...]:
    return Steps(shell).write(cmdlet, *then).objects if write else shell.read_all(cmdlet, *then)


def _find_misplaced_secrets(value: t.Any, tagged: bool = False) -> t.Iterator[str]:
    """The texts that ``parameters`` marks as secret: refused there, and hidden from what is shown of the task."""
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("hashtable"), dict):
            value = value["hashtable"]  # whose own keys are no tags; see read_typed()
        else:
            tagged = tagged or (len(value) == 1 and not SECRET_TAGS.isdisjoint(value))
        for item in value.values():
            yield from _find_misplaced_secrets(item, tagged)
    elif isinstance(value, list):
        for item in value:
            yield from _find_misplaced_secrets(item, tagged)
    elif tagged and value not in (None, ""):
        yield str(value)


def _find_cmdlet_name(params: dict[str, t.Any]) -> str:
    """The cmdlet's name, or nothing where what is given cannot be one."""
    name = params["cmdlet"].strip()
    return name if re.fullmatch(r"[A-Za-z]+-[A-Za-z0-9]+", name) else ""


def _make_cmdlet(params: dict[str, t.Any]) -> Cmdlet:
    name = _find_cmdlet_name(params)
    if not name:
        raise _make_refusal(f"cmdlet: '{params['cmdlet'].strip()}' is not a cmdlet's name, such as Get-AuthConfig.")
    given = {_check_name(key): read_typed(value, key) for key, value in params["parameters"].items()}
    hidden = {_check_name(key): read_secret(value, key) for key, value in params["secret_parameters"].items()}
    if twice := {key.casefold() for key in given} & {key.casefold() for key in hidden}:
        raise _make_refusal(f"parameters: {', '.join(sorted(twice))} is in secret_parameters too.")
    if any("identity".startswith(key.casefold()) and _is_empty(value) for key, value in given.items()):
        # Exchange takes an empty identity for "all" (Get-ClientAccessService.md), and a parameter by the beginning of its name
        raise _make_refusal(
            "parameters: Identity is empty, which the products take for all objects; leave it out to mean that."
        )
    return Cmdlet(name, **given, **hidden)


def _is_empty(value: Value) -> bool:
    return all(map(_is_empty, value)) if isinstance(value, list) else value is None or not str(value).strip()


def _check_name(parameter: str) -> str:
    if not re.fullmatch(r"[A-Za-z]\w*", parameter):
        raise _make_refusal(
            f"parameters: '{parameter}' is not a parameter's name: give it without a hyphen, such as Identity."
        )
    if parameter.casefold() in ("erroraction", "ea"):
        raise _make_refusal(
            "parameters: ErrorAction is always Stop, so that an error is never taken for an empty answer."
        )
    return parameter


def _is_write(cmdlet: Cmdlet, changes: str) -> bool:
    known = nature(cmdlet.name, cmdlet.parameters)
    if changes == "never" and known == "write":
        raise _make_refusal(f"changes: {cmdlet.name} changes something, so it must not run in check mode.")
    return changes == "always" or (changes == "auto" and known != "read")


def _make_projection(properties: list[str] | None, cmdlet: Cmdlet) -> tuple[Cmdlet, ...]:
    if properties:
        return (select(*properties),)
    if cmdlet.name.casefold().startswith("get-"):
        raise _make_refusal("select: name the properties to read of each object, or '*' for all of them.")
    return ()


def _make_refusal(message: str) -> ShellError:
    return ShellError("bad_input", message)


def read_typed(value: t.Any, where: str) -> Value:
    """An option's value as a cmdlet parameter: plain YAML as it is, ``{tag: value}`` by its tag, any other dictionary as a hashtable.

    :raises ShellError: of kind ``bad_input``, naming ``where``.
    """
    if isinstance(value, list):
        return [read_typed(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, dict):
        tag, content = next(iter(value.items())) if len(value) == 1 else ("", None)
        if tag in SECRET_TAGS:
            raise _make_refusal(
                f"parameters: {where} is secret; give it in secret_parameters, whose values are never shown."
            )
        if tag in _TAGS:
            return _read_tagged(tag, content, where)
        return {str(key): read_typed(item, f"{where}.{key}") for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    kind = "date" if isinstance(value, dt.date) else type(value).__name__
    raise _make_refusal(f"parameters: {where} is a {kind}; write it in quotes or with its type ({{datetime: …}}).")


def read_secret(value: t.Any, where: str) -> Value:
    """A value of ``secret_parameters``: text as a SecureString, ``{text: …}`` as a String, ``{credential: …}``, or a list of them."""
    if isinstance(value, list):
        return [read_secret(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, (str, int)):
        return Secret(str(value))
    if isinstance(value, dict) and len(value) == 1:
        if isinstance(text := value.get("text"), (str, int)):
            return SecretText(str(text))
        login = value.get("credential")
        if isinstance(login, dict) and set(login) == {"user", "password"}:
            return Credential(str(login["user"]), Secret(str(login["password"])))
    raise _make_refusal(
        f"secret_parameters: {where} must be text, {{text: …}} or {{credential: {{user: …, password: …}}}}."
    )


def _read_tagged(tag: str, content: t.Any, where: str) -> Value:
    try:
        return _TAGS[tag](content)
    except (ValueError, TypeError, AttributeError) as error:
        raise _make_refusal(f"parameters: {where} is not a {tag}: {error}.") from error


def _read_hashtable(content: t.Any) -> Value:
    return {str(key): read_typed(item, str(key)) for key, item in content.items()}


_TAGS: dict[str, t.Callable[[t.Any], Value]] = {
    "bytes": lambda content: base64.b64decode(str(content), validate=True),
    "datetime": lambda content: Instant().parameter(Instant().accept(content)),
    "guid": lambda content: uuid.UUID(str(content)),
    "hashtable": _read_hashtable,
    "timespan": lambda content: dt.timedelta(seconds=float(content)),
    "uri": Uri,
}


def simplify(value: Value, depth: int) -> t.Any:
    """A value that came from a server as JSON can show it; objects deeper than ``depth`` as their text."""
    if isinstance(value, RemoteObject):
        return _simplify_object(value, depth)
    if isinstance(value, (list, tuple)):
        return [simplify(item, depth) for item in value]
    if isinstance(value, dict):
        return {str(key): simplify(item, depth - 1) for key, item in value.items()} if depth > 0 else str(value)
    if isinstance(value, dt.datetime):
        return Instant().read(value)
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _simplify_object(value: RemoteObject, depth: int) -> t.Any:
    if value.items is not None:
        return [simplify(item, depth) for item in value.items]
    properties = {name: item for name, item in value.properties.items() if name not in REMOTING_PROPERTIES}
    if value.value is not None:
        # a member of an enumeration goes by its name, whatever number it has in this version
        return (
            value.text if "System.Enum" in value.type_names and value.text is not None else simplify(value.value, depth)
        )
    if not properties or depth < 1:
        return value.text
    return {name: simplify(item, depth - 1) for name, item in properties.items()}
