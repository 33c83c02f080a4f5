# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names that a certificate carries: whether one belongs to a SIP domain, or is that of a host."""

from __future__ import annotations

import re
import unicodedata

# RFC 3490, 3.1: in internationalised names these are dots as well
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)*")


def spell_domain(name: str) -> str:
    """Return a domain's name so that equal names are equal text: lower case, no root dot, Unicode labels.

    Unicode, because the way there from ``xn--`` is the same in IDNA 2003 and 2008; the way back is not.
    """
    text = unicodedata.normalize("NFC", name.strip()).lower()
    return ".".join(_label(label) for label in _DOTS.split(text)).rstrip(".")


def belongs(name: str, domain: str) -> bool:
    """Return whether ``name`` is the domain itself or a name below it; ``*.domain`` is a name below it.

    A wildcard stands for one label (RFC 6125, section 6.4.3), so ``*.litwareinc.com`` carries ``emea.litwareinc.com`` too.
    """
    name, domain = spell_domain(name), spell_domain(domain)
    parent = domain.partition(".")[2]
    return name == domain or name.endswith(f".{domain}") or ("." in parent and name == f"*.{parent}")


def covers(name: str, host: str) -> bool:
    """Return whether a certificate's ``name`` is one of ``host``; ``*`` stands for its first label (RFC 6125, 6.4.3)."""
    name, host = spell_domain(name), spell_domain(host)
    return name == host or (name.startswith("*.") and name[2:] == host.partition(".")[2])


def is_domain(text: str) -> bool:
    """Return whether ``text`` can be a SIP domain at all: not empty, no wildcard, no URL, no address of a user."""
    return _DOMAIN.fullmatch(spell_domain(text)) is not None


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return unicodedata.normalize("NFC", label[4:].encode("ascii").decode("punycode")).lower()
    except UnicodeError:
        return label
