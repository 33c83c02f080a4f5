# SPDX-License-Identifier: GPL-3.0-or-later

"""Values between the farm and its callers: CLIXML text on the socket, psrpcore's types on both ends.

``encode`` writes an object as the product's server would: live type names, enumerations with their text and number.
``decode`` reads what a caller sent; ``revive`` gives an object that was decoded its live type names and enumerations back, so
that a host process can put it on its own wire unchanged (psrpcore prefixes what it decodes with ``Deserialized.``, rightly for
a client, and drops the text of an enumeration when it writes it again).
"""

from __future__ import annotations

import re
from typing import Any

from psrpcore.types import (
    PSCryptoProvider,
    PSEnumBase,
    PSInt,
    PSObject,
    PSType,
    deserialize_clixml,
    serialize_clixml,
)

PREFIX = "Deserialized."


class NoCipher(PSCryptoProvider):
    """The loopback socket carries no SecureString: the host process has decrypted it into ``{'$secure': text}``."""

    def decrypt(self, value: str) -> str:
        """Refuse."""
        raise ValueError("a SecureString reached the farm undecrypted")

    def encrypt(self, value: str) -> str:
        """Refuse."""
        raise ValueError("the farm gives no SecureString")


def encode(value: object) -> str:
    """One value as CLIXML."""
    return serialize_clixml([value], NoCipher())


def decode(text: str) -> Any:
    """The one value of a CLIXML document."""
    # A real engine escapes what XML 1.0 cannot hold, psrpcore too; nothing else may reach the parser.
    return deserialize_clixml(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text), NoCipher())[0]


def revive(value: object) -> object:
    """A decoded object (changed in place where it can be) with live type names and enumerations, at every depth."""
    if isinstance(value, PSInt) and "System.Enum" in _live_names(value) and value.PSObject.to_string:
        return enumeration(_live_names(value)[0], value.PSObject.to_string, int(value))
    if isinstance(value, dict):
        for key in value:
            value[key] = revive(value[key])
    if isinstance(value, list):
        value[:] = [revive(entry) for entry in value]
    if isinstance(value, PSObject):
        value.PSObject.type_names = _live_names(value)
        for properties in (value.PSObject.adapted_properties, value.PSObject.extended_properties):
            for entry in properties:
                entry.set_value(revive(entry.get_value(value)), value)
    return value


def enumeration(type_name: str, text: str, number: int) -> PSEnumBase:
    """A .NET enumeration's value: serialises as an object with ToString and I32."""
    make: Any = PSEnumBase  # its functional form makes a class, which its type does not say
    kind = make(type_name.rpartition(".")[2], {text: number})
    declare: Any = PSType([type_name], rehydrate=False)
    declare(kind)
    value: PSEnumBase = kind[text]
    return value


def _live_names(value: PSObject) -> list[str]:
    return [name.removeprefix(PREFIX) for name in value.PSObject.type_names]
