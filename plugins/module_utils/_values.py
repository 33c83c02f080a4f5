# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values that travel between a module and a cmdlet, and their JSON form on the helper's local socket.

Plain Python stands for .NET wherever both mean the same: ``str`` String, ``bool`` Boolean, ``int`` Int32 or Int64,
``float`` Double, ``Decimal`` Decimal, ``bytes`` Byte[], ``datetime`` (aware) DateTime in UTC, ``timedelta`` TimeSpan,
``UUID`` Guid, ``list`` a list, ``dict`` a hashtable. The classes here stand for the rest.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import typing as t
import uuid
from dataclasses import dataclass, field

Value = t.Any
"""Any of the types named in the module's docstring; mypy cannot express the recursion with dataclasses in it usefully."""

MASK = "********"


class Uri(str):
    """A System.Uri. Compared and shown as text; typed on the wire."""


class Secret:
    """Text that must reach the server as a SecureString and nobody else: its repr and str are a mask."""

    def __init__(self, text: str) -> None:
        self._text = str(text)

    def reveal(self) -> str:
        """The secret itself, for the encoder that sends it."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class SecretText(Secret):
    """A secret that the cmdlet takes as an ordinary String (Import-CsCertificate -Password): masked here, plain on the encrypted wire."""


@dataclass(frozen=True)
class Credential:
    """A PSCredential."""

    user: str
    password: Secret


@dataclass(frozen=True)
class RemoteObject:
    """A .NET object as it came over the wire: its type names, its ToString() and its properties.

    ``items`` holds the elements of a collection with properties of its own, ``value`` the number of an enumeration or
    the primitive that the object extends.
    """

    type_names: tuple[str, ...] = ()
    text: str | None = None
    properties: dict[str, Value] = field(default_factory=dict)
    items: tuple[Value, ...] | None = None
    value: Value = None

    def __getitem__(self, name: str) -> Value:
        return self.properties[name]

    def get(self, name: str, default: Value = None) -> Value:
        """The property ``name``, or ``default`` where the object has none of that name."""
        return self.properties.get(name, default)

    def __str__(self) -> str:
        return self.text if self.text is not None else ""


_TAG = "$type"


def encode(value: Value) -> t.Any:
    """``value`` as what :mod:`json` can write; :func:`decode` is its inverse.

    :raises TypeError: for a value that no cmdlet parameter can carry.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {_TAG: "dict", "value": [[encode(key), encode(item)] for key, item in value.items()]}
    for name, (kind, pack, _unpack) in _TYPED.items():
        if isinstance(value, kind):
            return {_TAG: name, "value": pack(value)}
    # str and int subclasses, such as ansible-core's tagged strings, are their base type here
    for base in (bool, int, float, str):
        if isinstance(value, base):
            return base(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent as a cmdlet parameter")


def decode(value: t.Any) -> Value:
    """The value that :func:`encode` made this JSON of."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value[_TAG] == "dict":
        return {decode(key): decode(item) for key, item in value["value"]}
    return _TYPED[value[_TAG]][2](value["value"])


def _pack_object(value: RemoteObject) -> dict[str, t.Any]:
    return {
        "type_names": list(value.type_names),
        "text": value.text,
        "properties": {name: encode(item) for name, item in value.properties.items()},
        "items": None if value.items is None else [encode(item) for item in value.items],
        "value": encode(value.value),
    }


def _unpack_object(data: dict[str, t.Any]) -> RemoteObject:
    return RemoteObject(
        type_names=tuple(data["type_names"]),
        text=data["text"],
        properties={name: decode(item) for name, item in data["properties"].items()},
        items=None if data["items"] is None else tuple(decode(item) for item in data["items"]),
        value=decode(data["value"]),
    )


def _pack_instant(value: dt.datetime) -> str:
    if value.tzinfo is None:
        raise TypeError("a date without a time zone cannot be sent: its instant is not known")
    return value.astimezone(dt.UTC).isoformat()


_TYPED: dict[str, tuple[type, t.Callable[[t.Any], t.Any], t.Callable[[t.Any], t.Any]]] = {
    "uri": (Uri, str, Uri),
    "secret_text": (SecretText, lambda value: value.reveal(), SecretText),
    "secret": (Secret, lambda value: value.reveal(), Secret),
    "credential": (
        Credential,
        lambda value: [value.user, value.password.reveal()],
        lambda data: Credential(data[0], Secret(data[1])),
    ),
    "object": (RemoteObject, _pack_object, _unpack_object),
    "bytes": (bytes, lambda value: base64.b64encode(value).decode("ascii"), base64.b64decode),
    "datetime": (dt.datetime, _pack_instant, dt.datetime.fromisoformat),
    "timedelta": (
        dt.timedelta,
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda data: dt.timedelta(*data),
    ),
    "guid": (uuid.UUID, str, uuid.UUID),
    "decimal": (decimal.Decimal, str, decimal.Decimal),
}
