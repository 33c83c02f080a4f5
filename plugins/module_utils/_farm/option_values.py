# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as users write them: in YAML, as ``-e name=value``, or in a survey, which knows text only.

Each reader raises :class:`ValueError` with a text that continues the name of the variable: `` must be …`` or ``: '…' is no …``.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.domain_names import normalize_name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import DomainList, Instant, Thumbprint

Reader = Callable[[t.Any], t.Any]

EMPTY = " must not be empty. Leave the variable out to use its default; the roles never clear a setting."


def read_text(value: t.Any) -> str:
    """Text that says something."""
    if isinstance(value, (list, tuple, dict)):
        raise ValueError(f" must be text, not a {'dictionary' if isinstance(value, dict) else 'list'}.")
    if not str(value).strip():
        raise ValueError(EMPTY)
    return str(value).strip()


def read_texts(value: t.Any) -> tuple[str, ...]:
    """A list, or the same as text with commas. Each member says something; there may be none in a list."""
    if isinstance(value, dict):
        raise ValueError(" must be a list, or text with commas, not a dictionary.")
    members = value if isinstance(value, (list, tuple)) else str(value).split(",")
    if not isinstance(value, (list, tuple)) and not str(value).strip():
        raise ValueError(f"{EMPTY[:-1]}. Give [] for an empty list.")
    if not all(str(member).strip() for member in members):
        raise ValueError(" has an empty member: remove it.")
    return tuple(dict.fromkeys(str(member).strip() for member in members))


def read_domain(value: t.Any) -> str:
    """A domain name in one spelling: lower case, no last dot, ``xn--`` beyond ASCII."""
    text = read_text(value)
    try:
        name = normalize_name(text, "")
    except ShellError:
        name = ""
    if not name or name.startswith("*"):
        raise ValueError(f": '{text}' is not a domain name such as litwareinc.com.")
    return name


def read_domains(value: t.Any) -> tuple[str, ...]:
    """At least one domain name."""
    domains = tuple(dict.fromkeys(map(read_domain, read_texts(value))))
    if not domains:
        raise ValueError(" must name at least one domain.")
    return domains


def read_full_name(value: t.Any) -> str:
    """The full name of a host."""
    name = read_domain(value)
    if "." not in name:
        raise ValueError(f": '{name}' is not a full name such as atl-exchange-001.litwareinc.com.")
    return name


def read_wildcard_domains(value: t.Any) -> tuple[str, ...]:
    """Domain names that may begin with ``*.``."""
    try:
        domains = tuple(DomainList().accept(list(read_texts(value))))
    except ValueError as error:
        raise ValueError(f": {error}.") from error
    if not domains:
        raise ValueError(EMPTY)
    return domains


def read_thumbprint(value: t.Any) -> str:
    """A certificate's thumbprint."""
    try:
        return str(Thumbprint().accept(read_text(value)))
    except ValueError as error:
        raise ValueError(_continued(error)) from error


def read_moment(value: t.Any) -> str:
    """A point in time."""
    text = value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else read_text(value)
    try:
        return str(Instant().accept(text))
    except ValueError as error:
        raise ValueError(_continued(error)) from error


def read_flag(value: t.Any) -> bool:
    """True or false, also as the text that ``-e name=value`` gives."""
    try:
        return bool(boolean(value))
    except TypeError:
        raise ValueError(f" must be true or false, not '{value}'.") from None


def read_number(least: int) -> Reader:
    """A reader of whole numbers from ``least`` on."""

    def read(value: t.Any) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not text.isascii() or not text.lstrip("-").isdigit() or int(text) < least:
            raise ValueError(f" must be a whole number from {least} on, not '{value}'.")
        return int(text)

    return read


def read_choice(choices: tuple[str, ...]) -> Reader:
    """A reader of one of some words."""

    def read(value: t.Any) -> str:
        if value not in choices:
            raise ValueError(f" must be {', '.join(choices[:-1])} or {choices[-1]}, not '{value}'.")
        return str(value)

    return read


def _continued(error: ValueError) -> str:
    text = str(error)
    return text if text.startswith(" ") else f": {text}."
