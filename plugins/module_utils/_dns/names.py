# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names in zones: one spelling for each, and where a name belongs."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

_LABEL = re.compile(r"\*|[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
APEX = "@"


def absolute(text: str, option: str) -> str:
    """A full name: lower case, no last dot, labels beyond ASCII as ``xn--``.

    :raises ShellError: of kind ``bad_input`` where it cannot be a name.
    """
    name = text.strip().removesuffix(".")
    try:
        # label by label: the codec for whole names refuses underscores and stars in some versions of Python
        labels = [
            label if label.isascii() else label.encode("idna").decode("ascii") for label in name.lower().split(".")
        ]
    except UnicodeError:
        labels = [""]
    if not all(_LABEL.fullmatch(label) for label in labels) or len(name) > 253:
        raise ShellError("bad_input", f"{option}: '{text}' is not a domain name.")
    return ".".join(labels)


def within(name: str, zone: str) -> bool:
    """Whether a full name is the zone's own or below it."""
    return name == zone or name.endswith(f".{zone}")


def full_name(name: str, zone: str | None) -> str:
    """The full name that the task means. ``@`` is the zone itself; one label is a name in the zone; a name with dots is a full name.

    :raises ShellError: of kind ``bad_input`` where the name lies outside the zone, or no zone says where a single label belongs.
    """
    label = name.strip()
    if label == APEX or "." not in label:
        if zone is None:
            raise ShellError("bad_input", f"name: '{name}' is not a full name, so zone has to be given.")
        return zone if label == APEX else absolute(f"{label}.{zone}", "name")
    full = absolute(label, "name")
    if zone is not None and not within(full, zone):
        message = f"name: {full} lies outside the zone {zone}. A name with dots is taken as a full name: {full}.{zone}, if that is meant."
        raise ShellError("bad_input", message)
    return full


def relative(full: str, zone: str) -> str:
    """A full name as the DnsServer cmdlets take it: relative to its zone."""
    return APEX if full == zone else full.removesuffix(f".{zone}")


def canonical_value(kind: str, value: str) -> str:
    """A record's data in one spelling.

    :raises ShellError: of kind ``bad_input`` where the type cannot hold it.
    """
    if kind == "CNAME":
        if "." not in value.strip().removesuffix("."):
            raise ShellError(
                "bad_input", f"value: '{value}' is no full name; a CNAME points to one, such as server.litwareinc.com."
            )
        return absolute(value, "value")
    try:
        address = {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}[kind](value.strip())
    except ValueError:
        raise ShellError("bad_input", f"value: '{value}' is not an IPv{4 if kind == 'A' else 6} address.") from None
    return str(address)
