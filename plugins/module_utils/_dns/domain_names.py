# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names in zones: one spelling for each, and where a name belongs."""

from __future__ import annotations

import ipaddress
import re
import traceback

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._libraries import IDNA, missing

try:
    import idna

    IDNA_IMPORT_ERROR: str | None = None
except ImportError:
    IDNA_IMPORT_ERROR = traceback.format_exc()

APEX = "@"
_LABEL = re.compile(r"\*|[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST = 253


def normalize_name(text: str, option: str) -> str:
    """A full name in the one spelling that is compared and written: lower case, no last dot, international labels as ``xn--``.

    :raises ShellError: of kind ``bad_input`` if it is empty or not a domain name.
    """
    require_text(text, option)
    name = _to_ascii(text.strip(), option).lower().removesuffix(".")
    if len(name) > _LONGEST or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ShellError("bad_input", f"{option}: '{text}' is not a domain name.")
    return name


def require_text(text: str | None, option: str) -> None:
    """Refuse an option that is given but empty: a variable that came out empty must not count as left out.

    :raises ShellError: of kind ``bad_input``.
    """
    if text is not None and not text.strip():
        message = f"{option}: is empty. If it comes from a variable, check that the variable has a value."
        raise ShellError("bad_input", message)


def _to_ascii(name: str, option: str) -> str:
    """IDNA 2008 after the mapping of UTS 46, nontransitional, as browsers do it: IDNA 2003, Python's own, writes ß as another name.

    Label by label, because a label in ASCII may have an underscore or be a star, which IDNA knows nothing of.
    """
    if name.isascii():
        return name
    if IDNA_IMPORT_ERROR is not None:
        error = missing(IDNA, IDNA_IMPORT_ERROR)
        error.message = f"{option}: '{name}': {error.message}"
        raise error
    try:
        mapped = idna.uts46_remap(name, std3_rules=False)
        return ".".join(label if label.isascii() else idna.alabel(label).decode() for label in mapped.split("."))
    except UnicodeError as error:
        raise ShellError("bad_input", f"{option}: '{name}' is not a domain name: {error}.") from None


def is_within(name: str, zone: str) -> bool:
    """Whether a full name is the zone's own or below it."""
    return name == zone or name.endswith(f".{zone}")


def qualify_name(name: str, zone: str | None) -> str:
    """The full name that the task means. ``@`` is the zone itself; one label is a name in the zone; a name with dots is a full name.

    :raises ShellError: of kind ``bad_input`` if the name lies outside the zone, or if no zone says where a single label belongs.
    """
    require_text(name, "name")
    label = name.strip()
    if label == APEX or "." not in label:
        if zone is None:
            raise ShellError("bad_input", f"name: '{name}' is not a full name, so zone has to be given.")
        return zone if label == APEX else normalize_name(f"{label}.{zone}", "name")
    full = normalize_name(label, "name")
    if zone is not None and not is_within(full, zone):
        message = f"name: {full} lies outside the zone {zone}. A name with dots is a full name; one in the zone is {full}.{zone}."
        raise ShellError("bad_input", message)
    return full


def relate_to_zone(full: str, zone: str) -> str:
    """A full name as the DnsServer cmdlets take it: relative to its zone."""
    return APEX if full == zone else full.removesuffix(f".{zone}")


def list_names_below(zone: str, full: str) -> list[str]:
    """The names on the way from a zone down to a full name in it: without the zone's own, with the full name."""
    labels = full.removesuffix(f".{zone}").split(".") if full != zone else []
    return [".".join([*labels[start:], zone]) for start in reversed(range(len(labels)))]


def normalize_value(kind: str, value: str) -> str:
    """The data of an address or CNAME record in one spelling.

    :raises ShellError: of kind ``bad_input`` if the type cannot hold it.
    """
    if kind == "CNAME":
        name = normalize_name(value, "value")
        if "." not in name:
            raise ShellError(
                "bad_input",
                f"value: '{value}' is not a full name; a CNAME points to one, such as server.litwareinc.com.",
            )
        return name
    try:
        address = {"A": ipaddress.IPv4Address, "AAAA": ipaddress.IPv6Address}[kind](value.strip())
    except ValueError:
        raise ShellError("bad_input", f"value: '{value}' is not an IPv{4 if kind == 'A' else 6} address.") from None
    return str(address)
