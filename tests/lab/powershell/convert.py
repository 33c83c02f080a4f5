# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments into the types of parameters, as .NET and PowerShell's LanguagePrimitives convert them (seen with the real engine).

Values are psrpcore's types, which is what arrives on the wire and what goes on to the farm.
"""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import ipaddress
import math
import operator
import re
import socket
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from psrpcore import types as ps

from powershell.catalogue import Parameter

_UNIQUE = {"byte": (0, 2**8), "uint16": (0, 2**16), "int": (-(2**31), 2**31), "uint": (0, 2**32), "long": (-(2**63), 2**63),
           "ulong": (0, 2**64)}  # fmt: skip
_INTEGERS: dict[str, Callable[[int], Any]] = {
    "byte": ps.PSByte, "uint16": ps.PSUInt16, "int": ps.PSInt, "uint": ps.PSUInt, "long": ps.PSInt64, "ulong": ps.PSUInt64,
}  # fmt: skip
_MULTIPLIERS = {"": 1, "kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40, "pb": 2**50}
_DATES_BY_LANGUAGE = {
    "en": ("%m/%d/%Y", "%m/%d/%y"),
    "de": ("%d.%m.%Y", "%d.%m.%y"),
}
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_NULLABLE = {
    "string",
    "text",
    "identity",
    "uri",
    "ipaddress",
    "version",
    "securestring",
    "pscredential",
    "multivalue",
    "object",
    "bytes",
}


class ConversionError(Exception):
    """The value cannot become what the parameter takes. ``boolean``: it is a thing that only a Boolean can be given to."""

    def __init__(self, value: Any, *, boolean: bool = False, null: bool = False) -> None:
        super().__init__(to_text(value))
        self.value, self.boolean, self.null = value, boolean, null


class NotInSetError(Exception):
    """The value is not one of a ValidateSet."""


def to_text(value: Any) -> str:
    """A value as PowerShell's conversion to String gives it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, ps.PSChar):
        return chr(int(value))
    if isinstance(value, dt.timedelta):
        return _timespan_text(value)
    if isinstance(value, bytes | bytearray):
        return " ".join(map(str, value))
    if isinstance(value, float):
        return _double_text(value)
    if isinstance(value, dt.datetime):
        return value.strftime("%m/%d/%Y %H:%M:%S")
    if isinstance(value, dict):
        return "System.Collections.Hashtable"
    if isinstance(value, list | tuple):
        return " ".join(to_text(item) for item in value)
    if isinstance(value, ps.PSVersion):
        return ".".join(
            str(part) for part in (value.major, value.minor, value.build, value.revision) if part is not None
        )
    if isinstance(value, ps.PSObject) and not isinstance(value, str | int | decimal.Decimal | uuid.UUID):
        text = value.PSObject.to_string
        if text is None and isinstance(value, ps.PSCustomObject):
            return (
                "@{"
                + "; ".join(f"{entry.name}={to_text(entry.get_value(value))}" for entry in properties_of(value))
                + "}"
            )
        return text if text is not None else value.PSObject.type_names[0]
    return str(value)


def _timespan_text(value: dt.timedelta) -> str:
    """TimeSpan's constant format: ``[-][d.]hh:mm:ss[.fffffff]``."""
    ticks = _to_ticks(value)
    seconds, fraction = divmod(abs(ticks), 10**7)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = (f"{days}." if days else "", f"{hours:02}:{minutes:02}:{seconds:02}", f".{fraction:07}" if fraction else "")
    return ("-" if ticks < 0 else "") + "".join(parts)


def _to_ticks(value: dt.timedelta) -> int:
    return (value // dt.timedelta(microseconds=1)) * 10 + getattr(value, "nanoseconds", 0) % 1000 // 100


def _double_text(value: float) -> str:
    """Double's shortest form that reads back, in the invariant culture."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(float(value)).replace("e", "E")


def _is_list(value: Any) -> bool:
    """Whether .NET sees a collection: bytes are an array of numbers."""
    return isinstance(value, list | tuple | bytes | bytearray)


def _string(value: Any, _parameter: Parameter, _culture: str) -> Any:
    if _is_list(value):
        raise ConversionError(value)
    return ps.PSString(to_text(value))


def _text(value: Any, parameter: Parameter, culture: str) -> Any:
    return _string(value, parameter, culture)


def _identity(value: Any, parameter: Parameter, culture: str) -> Any:
    if _is_list(value) or value == "":
        raise ConversionError(value)
    own = property_of(value, "Identity")
    return _string(own if own is not None else value, parameter, culture)


def _switch(value: Any, _parameter: Parameter, _culture: str) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, ps.PSChar):
        raise ConversionError(value, boolean=True)
    if isinstance(value, int | float | decimal.Decimal):
        return value != 0
    raise ConversionError(value, boolean=True)


def _integer(value: Any, parameter: Parameter, _culture: str) -> Any:
    number = _number(value)
    low, high = _UNIQUE[parameter.kind]
    if number is None or not low <= number < high:
        raise ConversionError(value)
    return _INTEGERS[parameter.kind](number)


def _number(value: Any) -> int | None:
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float | decimal.Decimal):
        if not decimal.Decimal(str(float(value))).is_finite():
            return None
        return int(decimal.Decimal(str(value)).to_integral_value(decimal.ROUND_HALF_EVEN))
    if not isinstance(value, str):
        return None
    if not value.strip():
        return 0
    if re.fullmatch(r"\s*[+-]?0x[0-9a-fA-F]+\s*", value):
        return int(value.strip(), 16)
    if re.fullmatch(r"\s*[+-]?\d[\d,]*(?:\.\d*)?(?:e[+-]?\d+)?\s*", value, re.IGNORECASE):
        value = value.replace(",", "")  # NumberStyles.AllowThousands looks at no group's length
    pattern = r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)(kb|mb|gb|tb|pb|)\s*"
    found = re.fullmatch(pattern, value, re.IGNORECASE)
    return _number(decimal.Decimal(found[1]) * _MULTIPLIERS[found[2].lower()]) if found else None


def _guid(value: Any, _parameter: Parameter, _culture: str) -> Any:
    if isinstance(value, uuid.UUID):
        return ps.PSGuid(str(value))
    if isinstance(value, bytes) and len(value) == 16:
        return ps.PSGuid(str(uuid.UUID(bytes_le=bytes(value))))
    pattern = r"\s*[{(]?([0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12})[)}]?\s*"
    if isinstance(value, str) and (found := re.fullmatch(pattern, value)):
        return ps.PSGuid(str(uuid.UUID(found[1])))
    raise ConversionError(value)


def _datetime(value: Any, _parameter: Parameter, culture: str) -> Any:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return ps_datetime(
            dt.datetime(1, 1, 1) + dt.timedelta(microseconds=int(value) / 10)
        )  # DateTime(Int64) has no zone
    moment = _parsed_date(value.strip(), culture) if isinstance(value, str) and value.strip() else None
    if moment is None:
        raise ConversionError(value)
    return ps_datetime(moment)


def ps_datetime(moment: dt.datetime) -> ps.PSDateTime:
    """A DateTime of psrpcore's from one of Python's."""
    return ps.PSDateTime(
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond,
        tzinfo=moment.tzinfo,
    )


def _parsed_date(text: str, culture: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        pass  # then it is written in the way of a language
    for date in _DATES_BY_LANGUAGE.get(culture.partition("-")[0].lower(), _DATES_BY_LANGUAGE["en"]):
        for time in _TIMES:
            try:
                return dt.datetime.strptime(text, date + time)
            except ValueError:
                continue
    return None


def _timespan(value: Any, _parameter: Parameter, _culture: str) -> Any:
    if isinstance(value, dt.timedelta):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return ps.PSDuration(nanoseconds=int(value) * 100)
    pattern = r"\s*(-?)(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,7})?))?\s*"
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d+\s*", value):
        return ps.PSDuration(days=int(value))
    if not isinstance(value, str) or not (found := re.fullmatch(pattern, value)):
        raise ConversionError(value)
    sign, days, hours, minutes, seconds = found.groups()
    if int(hours) > 23 and days is None and (seconds or "").isdigit():
        days, hours, minutes, seconds = hours, minutes, seconds, "0"  # .NET reads 25:00:00 as 25 days
    if int(hours) > 23 or int(minutes) > 59 or float(seconds or 0) >= 60:
        raise ConversionError(value)
    total = dt.timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=float(seconds or 0))
    return ps.PSDuration(microseconds=(total / dt.timedelta(microseconds=1)) * (-1 if sign else 1))


def _uri(value: Any, _parameter: Parameter, _culture: str) -> Any:
    if _is_list(value) or isinstance(value, dict):
        raise ConversionError(value)
    return ps.PSUri(to_text(value)) if to_text(value) else None


def _ipaddress(value: Any, _parameter: Parameter, _culture: str) -> Any:
    if isinstance(value, int) and not isinstance(value, bool | ps.PSChar):
        if not 0 <= value < 2**32:
            raise ConversionError(value)
        return ps.PSString(
            str(ipaddress.ip_address(int(value).to_bytes(4, "little")))
        )  # IPAddress(Int64): the first byte comes first
    text = to_text(value).strip()
    try:
        return ps.PSString(str(ipaddress.ip_address(text)))
    except ValueError:
        pass  # .NET also takes the short forms of inet_aton: 1.1 is 1.0.0.1
    try:
        if re.fullmatch(r"[0-9a-fA-Fx.]+", text):
            return ps.PSString(str(ipaddress.ip_address(socket.inet_aton(text))))
    except OSError:
        pass  # nor is it one of those
    raise ConversionError(value)


def _version(value: Any, _parameter: Parameter, _culture: str) -> Any:
    text = to_text(value)
    if not re.fullmatch(r"\d+(\.\d+){1,3}", text):
        raise ConversionError(value)
    return ps.PSVersion(text)


def _bytes(value: Any, parameter: Parameter, _culture: str) -> Any:
    if isinstance(value, bytes | bytearray):
        return ps.PSByteArray(bytes(value))
    numbers = [_number(item) for item in (value if _is_list(value) else [value])]
    if any(number is None or not 0 <= number < 256 for number in numbers):
        raise ConversionError(value)
    return ps.PSByteArray(bytes(number for number in numbers if number is not None))


def _securestring(value: Any, _parameter: Parameter, _culture: str) -> Any:
    if isinstance(value, ps.PSSecureString):
        return value
    raise ConversionError(value)


def _pscredential(value: Any, _parameter: Parameter, _culture: str) -> Any:
    if isinstance(value, ps.PSCredential):
        return value
    raise ConversionError(value)


def _multivalue(value: Any, _parameter: Parameter, _culture: str) -> Any:
    """Exchange's and Lync's lists: a value, values, or a hashtable of changes with the keys that the documentation names."""
    if isinstance(value, dict):
        if {str(key).lower() for key in value} <= {"add", "remove", "replace"}:
            return value
        raise ConversionError(value)
    return ps.PSList(value if _is_list(value) else [value])


def _object(value: Any, _parameter: Parameter, _culture: str) -> Any:
    return value


_CONVERTERS: dict[str, Callable[[Any, Parameter, str], Any]] = {
    "string": _string, "text": _text, "identity": _identity, "switch": _switch, "bool": _switch, "guid": _guid, "datetime": _datetime,
    "timespan": _timespan, "uri": _uri, "ipaddress": _ipaddress, "version": _version, "bytes": _bytes, "securestring": _securestring,
    "pscredential": _pscredential, "multivalue": _multivalue, "object": _object, **dict.fromkeys(_INTEGERS, _integer),
}  # fmt: skip


def convert(value: Any, parameter: Parameter, culture: str, *, function: bool = False) -> Any:
    """``value`` as the parameter takes it.

    :raises ConversionError: where .NET refuses.
    :raises NotInSetError: where a ValidateSet does.
    """
    if value is None:
        return _null(parameter, function)
    if parameter.array:
        return ps.PSList(
            [_element(item, parameter, culture, function) for item in (value if _is_list(value) else [value])]
        )
    return _single(value, parameter, culture, function)


def _element(value: Any, parameter: Parameter, culture: str, function: bool) -> Any:
    if value is None:
        return ps.PSString("") if parameter.kind == "string" and not parameter.values else None
    return _single(value, parameter, culture, function)


def _null(parameter: Parameter, function: bool) -> Any:
    if parameter.closed:
        raise NotInSetError
    if parameter.array:
        return None
    if parameter.kind == "switch":
        return not function or parameter.common
    if function and parameter.kind in _INTEGERS:
        return _INTEGERS[parameter.kind](0)
    if function and parameter.kind in {"string", "text"} and not parameter.values:
        return ps.PSString("")
    if parameter.kind not in _NULLABLE or parameter.values:
        raise ConversionError(None, boolean=parameter.kind == "bool", null=True)
    return None


def _single(value: Any, parameter: Parameter, culture: str, function: bool) -> Any:
    if parameter.values:
        return _enumerated(value, parameter)
    if function:
        # A function's arguments are transformed by an attribute, which converts without a culture and takes no number for a switch.
        culture = "en-US"
        if parameter.kind == "switch" and not parameter.common and not isinstance(value, bool):
            raise ConversionError(value, boolean=True)
    if function and parameter.kind == "identity":
        return value  # an [object] to the engine; what a product's identity refuses, its own cmdlet refuses
    if _is_list(value) and parameter.kind in _INTEGERS:
        raise ConversionError(value)
    return _CONVERTERS[parameter.kind](value, parameter, culture)


def _enumerated(value: Any, parameter: Parameter) -> Any:
    """One name or several, whose numbers .NET combines: of flags the names in the order of their numbers, of others what has the result."""
    texts = [to_text(item) for item in value] if _is_list(value) else to_text(value).split(",")
    if _is_list(value) and (not texts or (len(texts) > 1 and not parameter.flags)):
        raise ConversionError(value)
    if parameter.flags and len(texts) == 1 and texts[0].isdigit() and int(texts[0]) < 2 ** (len(parameter.values) - 1):
        texts = [name for bit, name in enumerate(parameter.values[1:]) if int(texts[0]) >> bit & 1] or [
            parameter.values[0]
        ]
    chosen = [parameter.values.index(_enumerator(text.strip(), parameter)) for text in texts]
    if parameter.flags:
        return ps.PSString(", ".join(parameter.values[index] for index in sorted(set(chosen) - {0}) or [0]))
    combined = functools.reduce(operator.or_, chosen)
    if combined >= len(parameter.values):
        raise ConversionError(value)
    return ps.PSString(parameter.values[combined])


def _enumerator(text: str, parameter: Parameter) -> str:
    values: Sequence[str] = parameter.values
    for name in values:
        if name.lower() == text.lower():
            return name
    if parameter.closed:
        raise NotInSetError
    if text.isdigit() and int(text) < len(values) and not parameter.flags:
        return values[int(text)]
    found = [name for name in values if text and name.lower().startswith(text.lower())]
    if len(found) != 1:
        raise ConversionError(text)
    return found[0]


def properties_of(value: Any) -> list[ps.PSPropertyInfo]:
    """An object's properties, the adapted ones first; an extended one hides an adapted one of its name."""
    if not isinstance(value, ps.PSObject):
        return []
    extended = list(value.PSObject.extended_properties)
    hidden = {entry.name.lower() for entry in extended}
    return [entry for entry in value.PSObject.adapted_properties if entry.name.lower() not in hidden] + extended


def has_property(value: Any, name: str) -> bool:
    """Whether an object has a property of a name, in any case, be it null."""
    return any(entry.name.lower() == name.lower() for entry in properties_of(value))


def property_of(value: Any, name: str) -> Any:
    """An object's property (or a hashtable's entry) by its name in any case; None where there is none."""
    if isinstance(value, dict):
        return next((entry for key, entry in value.items() if str(key).lower() == name.lower()), None)
    found = next((entry for entry in properties_of(value) if entry.name.lower() == name.lower()), None)
    return found.get_value(value) if found is not None else None
