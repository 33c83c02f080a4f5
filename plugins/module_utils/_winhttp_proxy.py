# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WinHTTP's proxy, as ``netsh winhttp set proxy`` writes it into the registry.

The layout of the value is undocumented. It is read as others have found it: three numbers, of which the third has a bit for a proxy, then
the proxy and the list of exceptions, each behind its length.
"""

from __future__ import annotations

import fnmatch
import struct
from dataclasses import dataclass

CONNECTIONS = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
"""The key that has the value WinHttpSettings."""
_PROXY = 2
"""The bit of the third number that says that there is a proxy."""


@dataclass(frozen=True)
class Proxy:
    """A proxy and the names that are reached without it."""

    address: str
    exceptions: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        """Whether a request for a host goes through it."""
        wanted = name.lower()
        for exception in self.exceptions:
            if exception == "<local>":
                if "." not in wanted:
                    return False
            elif fnmatch.fnmatchcase(wanted, exception.lower()):
                return False
        return True


def read_proxy(value: bytes) -> Proxy | None:
    """The proxy; None where there is none.

    :raises ValueError: for a value of another layout.
    """
    try:
        _size, _counter, flags = struct.unpack_from("<III", value)
        address, position = _read_text(value, 12)
        exceptions, _position = _read_text(value, position)
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError("WinHttpSettings has an unknown layout") from error
    if not flags & _PROXY or not address:
        return None
    return Proxy(address, tuple(part.strip() for part in exceptions.replace(";", " ").split() if part.strip()))


def _read_text(value: bytes, position: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", value, position)
    text = value[position + 4 : position + 4 + length]
    if len(text) != length:
        raise struct.error
    return text.decode("ascii"), position + 4 + length
