# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values between Python and PowerShell: the collection's plain types on one side, psrpcore's on the other.

Where .NET knows more than Python the loss is here and nowhere else: times are cut to microseconds (.NET counts 100 ns), a character,
an XML document, a script block and a version come back as text. A DateTime without an offset has no instant, so it comes back as
an object with its text instead of as a guess.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import queue
import typing as t
import uuid

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import (
    Credential,
    RemoteObject,
    Secret,
    SecretText,
    Uri,
    Value,
)
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.guarded import ps

_DEPTH = 48
"""Deeper than any cmdlet's output: the server serialises a few levels only."""
_CLOCK_EVERY = 64
"""Values between two looks at the clock."""
_PREFIX = "Deserialized."
_NO_TEXT = frozenset("\ufffe\uffff")
"""XML has no room for these, and psrpcore, unlike .NET, does not escape them."""
_COLLECTIONS: tuple[t.Any, ...] = (list, dict, queue.Queue)
_ENUMERATIONS: tuple[t.Any, ...] = (ps.PSEnumBase, ps.PSFlagBase)
_UTC = dt.UTC


# To PowerShell


def encode(value: Value) -> t.Any:
    """``value`` as psrpcore sends it.

    :raises TypeError: for a value that no cmdlet parameter can carry.
    :raises ValueError: for a number or a text that .NET has no room for.
    """
    if value is None or isinstance(value, bool):
        return value
    for kind, convert in _TO_POWERSHELL:
        if isinstance(value, kind):
            return convert(value)
    raise TypeError(f"a {type(value).__name__} cannot be sent as a cmdlet parameter")


def has_secrets(value: Value) -> bool:
    """Whether ``value`` holds what is sent as a SecureString, for which the session needs a key."""
    if isinstance(value, (list, tuple)):
        return any(has_secrets(item) for item in value)
    if isinstance(value, dict):
        return any(has_secrets(item) for item in value.values())
    return isinstance(value, Credential) or (isinstance(value, Secret) and not isinstance(value, SecretText))


def list_secrets(value: Value) -> set[str]:
    """Every secret text in ``value``: what must not be in a message."""
    if isinstance(value, Pipeline):
        return list_secrets([cmdlet.parameters for cmdlet in value.cmdlets])
    if isinstance(value, (list, tuple)):
        return set().union(*(list_secrets(item) for item in value))
    if isinstance(value, dict):
        return list_secrets(list(value.values()))
    if isinstance(value, Credential):
        return list_secrets(value.password)
    return {value.reveal()} - {""} if isinstance(value, Secret) else set()


def _encode_text(value: str) -> str:
    text = str(value)
    text.encode("utf-8")  # half a surrogate pair is no text: UnicodeEncodeError, a ValueError
    if not _NO_TEXT.isdisjoint(text):
        raise ValueError("a noncharacter cannot be sent")
    return text


def _encode_integer(value: int) -> t.Any:
    for kind in (ps.PSInt, ps.PSInt64, ps.PSUInt64):
        if kind.MinValue <= value <= kind.MaxValue:
            return kind(value)
    return ps.PSDecimal(int(value))


def _encode_real(value: float) -> t.Any:
    if math.isnan(value):  # which psrpcore writes as NAN and .NET does not read
        raise ValueError("not a number cannot be sent as a cmdlet parameter")
    return ps.PSDouble(value)


def _encode_instant(value: dt.datetime) -> t.Any:
    if value.tzinfo is None:
        raise TypeError("a date without a time zone cannot be sent: its instant is not known")
    return ps.PSDateTime(value.astimezone(_UTC))


def _encode_credential(value: Credential) -> t.Any:
    return ps.PSCredential(UserName=_encode_text(value.user), Password=ps.PSSecureString(value.password.reveal()))


def _encode_object(value: RemoteObject) -> t.Any:
    """An enumeration goes back by its name, a collection as a list; anything else as the properties that are known of it."""
    if value.items is not None:
        return encode(list(value.items))
    if value.value is not None:
        return value.text if value.text is not None else encode(value.value)
    made = ps.PSObject()
    made.PSObject.type_names = list(value.type_names)
    for name, item in value.properties.items():
        ps.add_note_property(made, name, encode(item))
    return made


_TO_POWERSHELL: tuple[tuple[type, t.Callable[[t.Any], t.Any]], ...] = (
    (Uri, lambda value: ps.PSUri(_encode_text(value))),
    (str, _encode_text),
    (int, _encode_integer),
    (float, _encode_real),
    (decimal.Decimal, ps.PSDecimal),
    (bytes, ps.PSByteArray),
    (dt.datetime, _encode_instant),
    (dt.timedelta, lambda value: value),
    (uuid.UUID, lambda value: ps.PSGuid(int=value.int)),
    (SecretText, lambda value: _encode_text(value.reveal())),
    (Secret, lambda value: ps.PSSecureString(value.reveal())),
    (Credential, _encode_credential),
    (RemoteObject, _encode_object),
    (list, lambda value: ps.PSList([encode(item) for item in value])),
    (tuple, lambda value: ps.PSList([encode(item) for item in value])),
    (dict, lambda value: ps.PSDict({encode(key): encode(item) for key, item in value.items()})),
)


# From PowerShell


class Budget:
    """What the decoded values of one pipeline may cost: references let a short message name one object many times.

    :param values: the most values.
    :param characters: the most characters of all of them as they travel on to the task: as JSON within JSON, several copies at a time.
    :param deadline: when decoding has to end.
    """

    def __init__(self, values: int, characters: int, deadline: Deadline) -> None:
        self._values, self._characters, self._deadline = values, characters, deadline
        self._spent = 0

    def spend(self, *texts: str | bytes, values: int = 1) -> None:
        """Count values and their texts.

        :raises ShellError: when there are too many.
        :raises OutOfTime: when there is no time left.
        """
        self._spent += 1
        if self._spent % _CLOCK_EVERY == 0:
            self._deadline.check()
        self._values -= values
        for text in texts:
            self._characters -= _count_characters(text)
        if self._values < 0:
            raise self._refuse("values")
        if self._characters < 0:
            raise self._refuse("characters")

    @staticmethod
    def _refuse(what: str) -> ShellError:
        message = f"the server sent more {what} than one call may hold."
        return ShellError("failed", message, remedy="Ask for fewer objects.")


class Decoder:
    """Turns what psrpcore decoded into plain values."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._above: list[int] = []

    def decode(self, value: t.Any) -> Value:
        """The plain value.

        :raises ShellError: when the budget is used up.
        """
        self._budget.spend()
        if value is None or isinstance(value, bool):
            return value
        if id(value) in self._above or len(self._above) >= _DEPTH:
            return self._make_object(value, _to_string(value))
        self._above.append(id(value))
        try:
            return self._decode_typed(value)
        finally:
            self._above.pop()

    def _decode_typed(self, value: t.Any) -> Value:
        plain = next((convert(value) for kind, convert in _FROM_POWERSHELL if isinstance(value, kind)), None)
        if isinstance(plain, (str, bytes, Secret)):
            self._budget.spend(plain.reveal() if isinstance(plain, Secret) else plain, values=0)
        if isinstance(value, (list, queue.Queue)):
            plain = [self.decode(item) for item in (list.__iter__(value) if isinstance(value, list) else value.queue)]
        elif isinstance(value, dict):
            plain = {_to_key(self.decode(key)): self.decode(item) for key, item in dict.items(value)}
        elif isinstance(value, ps.PSCredential):
            return _to_credential(value)
        if not isinstance(value, ps.PSObject) or (plain is not None and _is_bare(value)):
            return plain
        return self._decode_object(value, plain)

    def _decode_object(self, value: t.Any, plain: Value) -> RemoteObject:
        described = value.PSObject
        properties = {}
        for item in (*described.adapted_properties, *described.extended_properties):
            self._budget.spend(str(item.name))
            properties[str(item.name)] = self.decode(item.get_value(value))
        items = tuple(plain) if isinstance(plain, list) else None
        return self._make_object(
            value, _to_string(value), properties=properties, items=items, value=None if items is not None else plain
        )

    def _make_object(self, source: t.Any, text: str | None, **parts: t.Any) -> RemoteObject:
        self._budget.spend(text or "", *source.PSObject.type_names)
        return RemoteObject(type_names=_list_type_names(source), text=text, **parts)


def _count_characters(text: str | bytes) -> int:
    if isinstance(text, bytes):
        return len(text) * 4 // 3
    once = json.encoder.encode_basestring_ascii(text)
    return len(once) + once.count("\\") + once.count('"')


def _is_bare(value: t.Any) -> bool:
    """Whether nothing is known of ``value`` beyond what the plain type says: not an enumeration, no properties."""
    described = value.PSObject
    if described.adapted_properties or described.extended_properties:
        return False
    if isinstance(value, _ENUMERATIONS):
        return False
    return isinstance(value, _COLLECTIONS) or described.type_names == type(value).PSObject.type_names


def _list_type_names(value: t.Any) -> tuple[str, ...]:
    """As they were on the wire: psrpcore puts ``Deserialized.`` before every type that it does not know."""
    names = tuple(str(name) for name in value.PSObject.type_names)
    added = names and all(name.startswith(_PREFIX) for name in names)
    return tuple(name[len(_PREFIX) :] for name in names) if added else names


def _to_string(value: t.Any) -> str | None:
    if isinstance(value, _ENUMERATIONS):
        return "None" if value.name == "none" else value.name
    # of a collection the public property would write out every element
    text = value.PSObject._to_string if isinstance(value, _COLLECTIONS) else value.PSObject.to_string
    return None if text is None else str(text)


def _to_key(value: Value) -> Value:
    """A hashtable's key; one that Python cannot hash becomes its text."""
    return str(value) if isinstance(value, (RemoteObject, list, dict)) else value


def _to_secret(value: t.Any) -> Secret:
    return Secret(str(value.decrypt()))


def _to_credential(value: t.Any) -> Credential:
    """A credential as a property of some object: it may well be without a password."""
    password = getattr(value, "Password", None)
    return Credential(
        str(getattr(value, "UserName", None) or ""), Secret("") if password is None else _to_secret(password)
    )


def _to_moment(value: ps.PSDateTime) -> Value:
    plain = dt.datetime(
        value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, value.tzinfo
    )
    if plain.tzinfo is None:
        return RemoteObject(("System.DateTime", "System.ValueType", "System.Object"), plain.isoformat())
    try:
        return plain.astimezone(_UTC)
    except OverflowError:  # DateTime.MinValue and MaxValue with an offset lie outside in UTC: they mean "never"
        return plain.replace(tzinfo=_UTC)


_FROM_POWERSHELL: tuple[tuple[type, t.Callable[[t.Any], Value]], ...] = (
    (ps.PSSecureString, _to_secret),
    (ps.PSUri, lambda value: Uri(str(value))),
    (ps.PSChar, lambda value: chr(int(value))),
    (ps.PSVersion, str),
    (str, str.__str__),
    (int, int),
    (decimal.Decimal, lambda value: decimal.Decimal(decimal.Decimal.__str__(value))),
    (float, float),
    (bytes, bytes),
    (dt.datetime, _to_moment),
    (dt.timedelta, lambda value: dt.timedelta(value.days, value.seconds, value.microseconds)),
    (uuid.UUID, lambda value: uuid.UUID(int=value.int)),
)
