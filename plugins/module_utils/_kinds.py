# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of property: how a value is read, compared and written. Two values are equal when the product treats them alike."""

from __future__ import annotations

import datetime as dt
import re
import typing as t
from urllib.parse import urlsplit, urlunsplit

from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Uri, Value

DEFAULT_PORTS = {"http": 80, "https": 443}

# urllib passes over line breaks, and takes anything for a host: labels, in any script, or an IPv6 address
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?|[0-9a-f.]*:[0-9a-f:.]+", re.IGNORECASE)


def instant(moment: dt.datetime) -> str:
    """Return ``moment`` in ISO 8601, UTC, to the second: the form of every date in this collection's results."""
    return moment.astimezone(dt.UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def normal_thumbprint(text: str | None) -> str:
    """Return a thumbprint as the products write it: 40 hexadecimal digits in upper case.

    Blanks and colons go, and so does the invisible mark U+200E that the certificate dialog of Windows copies along.
    """
    return re.sub(r"[\s:\u200e\u200f\ufeff]", "", text or "").upper()


class Kind:
    """Text that is compared as it stands; empty and null are the same nothing."""

    def read(self, value: Value) -> t.Any:
        """The plain value of what the server sent, for results and diffs."""
        if isinstance(value, RemoteObject):
            value = str(value)
        return None if value in (None, "") else str(value)

    def accept(self, value: t.Any) -> t.Any:
        """The plain value of an option.

        :raises ValueError: with a sentence for the user where the value cannot be used.
        """
        return None if value in (None, "") else value

    def key(self, value: t.Any) -> t.Any:
        """What two plain values share when the product treats them alike."""
        return value

    def parameter(self, value: t.Any) -> Value:
        """The plain value as a cmdlet parameter; ``None`` clears the property."""
        return value

    def same(self, one: t.Any, other: t.Any) -> bool:
        """Whether the product treats two plain values alike."""
        return bool((None if one is None else self.key(one)) == (None if other is None else self.key(other)))


class Text(Kind):
    """See :class:`Kind`."""


class Name(Kind):
    """Text compared without case: host names, identities, realms."""

    def key(self, value: t.Any) -> t.Any:
        return str(value).casefold()


class Flag(Kind):
    """True or false."""

    def read(self, value: Value) -> t.Any:
        return None if value is None else bool(value)


class Url(Kind):
    """A URL: scheme, host and a default port compare as RFC 3986 section 6.2 says, the path without case, as IIS serves it.

    :param as_uri: whether the parameter is a System.Uri rather than a String.
    """

    def __init__(self, *, as_uri: bool = False) -> None:
        self._as_uri = as_uri

    def accept(self, value: t.Any) -> t.Any:
        if value in (None, ""):
            return None
        url = str(value).strip()
        try:
            parts = urlsplit(url)
            whole = parts.scheme.lower() in DEFAULT_PORTS and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
        except ValueError:  # a port beyond 65535, half an IPv6 address
            whole = None
        if not whole or re.search(r"\s", url):
            raise ValueError(
                f"'{url}' is not an absolute http or https URL: give scheme and host, such as https://autodiscover.litwareinc.com/…"
            )
        if "@" in parts.netloc:
            raise ValueError("a user name or password has no place in a URL that everybody reads: leave it out")
        return url

    def key(self, value: t.Any) -> t.Any:
        try:
            parts = urlsplit(str(value))
            port = parts.port or DEFAULT_PORTS.get(parts.scheme.lower())
        except ValueError:  # what is there need not be a URL
            return str(value)
        scheme = parts.scheme.lower()
        return urlunsplit(
            (
                scheme,
                f"{(parts.hostname or '').rstrip('.')}:{port}",
                (parts.path or "/").casefold(),
                parts.query,
                parts.fragment,
            )
        )

    def parameter(self, value: t.Any) -> Value:
        return Uri(value) if self._as_uri and value is not None else value


class Thumbprint(Kind):
    """A certificate's SHA-1 thumbprint: 40 hexadecimal digits, whatever their case and spacing (MMC copies carry an invisible mark).

    :param none: what stands for none where one is read.
    """

    def __init__(self, *, none: str | None = None) -> None:
        self._none = none

    def read(self, value: Value) -> t.Any:
        return re.sub(r"[^0-9A-F]", "", str(value or "").upper()) or self._none

    def accept(self, value: t.Any) -> t.Any:
        if value in (None, ""):
            return None
        digits = normal_thumbprint(str(value))
        if not re.fullmatch(r"[0-9A-F]{40}", digits):
            raise ValueError(
                f"'{value}' is not a certificate thumbprint: it has {len(digits)} characters where 40 hexadecimal digits are needed"
            )
        return digits


def read_moment(value: Value) -> dt.datetime | None:
    """A date that came from a server, exactly; None for anything else."""
    if isinstance(value, RemoteObject) and "System.DateTime" in value.type_names:
        # of the kind Unspecified, without a zone: the products store dates in UTC
        return dt.datetime.fromisoformat(str(value)).replace(tzinfo=dt.UTC)
    return value if isinstance(value, dt.datetime) else None


class Instant(Kind):
    """A point in time, as ISO 8601 in UTC."""

    def read(self, value: Value) -> t.Any:
        moment = read_moment(value)
        return moment and instant(moment)

    def accept(self, value: t.Any) -> t.Any:
        if value in (None, ""):
            return None
        try:
            moment = dt.datetime.fromisoformat(str(value))
        except ValueError:
            raise ValueError(f"'{value}' is not an ISO 8601 date and time such as 2026-11-23T12:00:00Z") from None
        if moment.tzinfo is None:
            raise ValueError(f"'{value}' has no time zone: add Z for UTC or an offset such as +01:00")
        return self.read(moment)

    def parameter(self, value: t.Any) -> Value:
        return None if value is None else dt.datetime.fromisoformat(value)


class NameSet(Kind):
    """A set of names without order and case: a MultiValuedProperty of strings.

    :param separator: where the product keeps the set in one String, what stands between its members.
    """

    def __init__(self, *, separator: str | None = None) -> None:
        self._separator = separator

    def read(self, value: Value) -> t.Any:
        if isinstance(value, RemoteObject):
            value = list(value.items) if value.items is not None else str(value)
        if isinstance(value, str):
            value = value.split(self._separator) if self._separator else [value]
        return [str(item).strip() for item in value or () if str(item).strip()]

    def accept(self, value: t.Any) -> t.Any:
        if value is None:
            return None
        # a whole list pasted as one member, as the product writes it, is that list
        members = self.read(self._separator.join(value) if self._separator else list(value))
        once: dict[str, str] = {}
        for member in members:
            once.setdefault(member.casefold(), member)
        return list(once.values())

    def key(self, value: t.Any) -> t.Any:
        return frozenset(item.casefold() for item in value)

    def parameter(self, value: t.Any) -> Value:
        if self._separator:
            return self._separator.join(value or ())
        return list(value or ())


class DomainList(NameSet):
    """The domains of ExchangeAutodiscoverAllowedDomains: one String with semicolons on the server, a set for everyone else."""

    def __init__(self) -> None:
        super().__init__(separator=";")

    def accept(self, value: t.Any) -> t.Any:
        domains = super().accept(value)
        for domain in domains or ():
            if not re.fullmatch(r"(\*|(\*\.)?[\w-]+(\.[\w-]+)*)\.?", domain):
                raise ValueError(f"{domain!r} is not a domain such as litwareinc.com or *.litwareinc.com")
        return domains
