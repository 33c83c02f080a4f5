# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Autodiscover's service connection points as Active Directory has them: where clients in the domain look first ([MS-OXDISCO])."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_server_option import DirectoryServer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_session import (
    SEARCH,
    Attributes,
    Entry,
    open_session,
)

Facts = dict[str, t.Any]

_KINDS = {"77378f46-2c66-4aa9-a6a6-3e7a48b19596": "url", "67661d7f-8fc4-4fa7-bfac-e1d7794c1f68": "pointer"}
"""What a keyword makes of the object ([MS-OXDISCO], 2.2.1.2): a server's URL, or where to look in another forest."""
_QUESTION = f"(&(objectCategory=serviceConnectionPoint)(|{''.join(f'(keywords={guid})' for guid in _KINDS)}))"
_ATTRIBUTES = ["cn", "keywords", "serviceBindingInformation", "serviceDNSName", "whenChanged"]

_PART = re.compile(r"(?:\\.|[^,\\])+", re.DOTALL)
_ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)")
_CONFLICT = "\nCNF:"
"""In the name of an object, if another domain controller made one of the same name at the same time (Microsoft support, 297083)."""
_BELOW_SERVER = ("autodiscover", "protocols")


def read_service_connection_points(server: DirectoryServer) -> Facts:
    """All of them, with the domain controller that told them.

    :raises ShellError: if there is no way in, the server is no domain controller, or its configuration is hidden from the account.
    """
    with open_session(server) as session:
        root = session.read_root()
        base = _take_first(root, "configurationnamingcontext")
        if not base:
            raise _refuse(
                server, "unsupported", "the server names no configuration partition, so it is no domain controller."
            )
        if not session.is_readable(f"CN=Services,{base}"):
            message = f"CN=Services,{base}, where Exchange keeps its objects, is not shown to this account."
            raise _refuse(server, "access_denied", message, remedy=_RIGHTS)
        found = session.search(base, _QUESTION, _ATTRIBUTES)
    return {
        "domain_controller": (_take_first(root, "dnshostname") or "").lower() or None,
        "configuration_naming_context": base,
        "service_connection_points": sorted(map(describe_entry, found), key=lambda item: str(item["dn"]).casefold()),
    }


_RIGHTS = "Use an account of the domain. By default, every account may read the configuration partition."


def describe_entry(entry: Entry) -> Facts:
    """An object as plain values. Pure."""
    keywords = entry.attributes.get("keywords", [])
    bound = entry.attributes.get("servicebindinginformation", [])
    kind = next((_KINDS[word.lower()] for word in keywords if word.lower() in _KINDS), None)
    names = split_dn(entry.dn)
    return {
        "dn": entry.dn,
        "name": _clean(names[0]) if names else "",
        "type": kind,
        "server": _find_server(names),
        "in_conflict": any(_CONFLICT in name for name in names),
        "autodiscover_service_internal_uri": next(iter(bound), None) if kind == "url" else None,
        "autodiscover_site_scope": _list_words(keywords, "site"),
        "domains": _list_words(keywords, "domain"),
        "service_binding_information": bound,
        "service_dns_name": _take_first(entry.attributes, "servicednsname"),
        "when_changed": _read_time(_take_first(entry.attributes, "whenchanged")),
    }


def split_dn(dn: str) -> list[str]:
    """The values of a distinguished name from the object upwards, without their types (RFC 4514)."""
    return [_unescape(part.partition("=")[2]) for part in _PART.findall(dn)]


def _unescape(value: str) -> str:
    def read(found: re.Match[str]) -> str:
        return bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", "replace") if found[1] else found[2]

    return _ESCAPED.sub(read, value)


def _clean(name: str) -> str:
    """A name without the mark of a conflict."""
    return name.partition(_CONFLICT)[0]


def _find_server(names: list[str]) -> str | None:
    """The Exchange server below which the object is: ``CN=…,CN=Autodiscover,CN=Protocols,CN=SERVER,CN=Servers,…``."""
    below = tuple(_clean(name).casefold() for name in names[1:3])
    return _clean(names[3]) if below == _BELOW_SERVER and len(names) > 3 else None


def _list_words(keywords: list[str], name: str) -> list[str]:
    """The keywords ``name=…``; case does not matter ([MS-OXDISCO], 2.2.1.2)."""
    found = [word.partition("=") for word in keywords]
    return sorted({value.strip() for key, _equals, value in found if key.strip().casefold() == name and value.strip()})


def _take_first(attributes: Attributes, name: str) -> str | None:
    return next(iter(attributes.get(name, ())), None)


def _read_time(text: str | None) -> str | None:
    """Generalized time as a domain controller writes it: ``20261128075300.0Z``."""
    found = re.fullmatch(r"(\d{14})(?:\.\d+)?Z", text or "")
    return instant(dt.datetime.strptime(f"{found[1]}+0000", "%Y%m%d%H%M%S%z")) if found else None


def _refuse(server: DirectoryServer, kind: str, message: str, *, remedy: str = "") -> ShellError:
    return ShellError(kind, message, host=server.address, cmdlet=SEARCH, remedy=remedy)
