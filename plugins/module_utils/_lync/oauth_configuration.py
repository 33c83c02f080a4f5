# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one OAuth configuration of a deployment: where Lync asks for Exchange's address, and the names it goes by in tokens."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import (
    AutodiscoverUrl,
    leads_to_cloud,
    read_host,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ON_CONFLICT, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import DomainList, Name
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import Plan, Property, Resource, Table
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell

URL = "exchange_autodiscover_url"
ALLOWED = "exchange_autodiscover_allowed_domains"

_OAUTH_CONFIGURATION = Resource(
    name="oauth_configuration",
    shell="lync",
    read=Cmdlet("Get-CsOAuthConfiguration"),
    write=Cmdlet("Set-CsOAuthConfiguration", Identity="global", Confirm=False),
    table=Table(
        Property(URL, "ExchangeAutodiscoverUrl", AutodiscoverUrl("svc")),
        Property(ALLOWED, "ExchangeAutodiscoverAllowedDomains", DomainList()),
        Property("realm", "Realm", Name()),
        Property("service_name", "ServiceName", Name()),
    ),
)
TABLE = _OAUTH_CONFIGURATION.table


def read_oauth_configuration(shell: Shell, *, local: bool = False) -> dict[str, t.Any]:
    """The configuration, of the Central Management Store or of the computer's own replica."""
    read = _OAUTH_CONFIGURATION.read.with_parameters(**({"LocalStore": True} if local else {}))
    objects = shell.read_all(read, TABLE.projection())
    if not objects:
        raise ShellError("not_found", "nothing was returned.", shell="lync", cmdlet=read.name)
    return TABLE.state(objects[0])


class OAuthConfiguration:
    """The global OAuth configuration; see :class:`~._resource.Subject`."""

    name = _OAUTH_CONFIGURATION.name
    shell = _OAUTH_CONFIGURATION.shell
    observe = _OAUTH_CONFIGURATION.observe
    desired = _OAUTH_CONFIGURATION.desired

    def plan(self, call: Call, observed: dict[str, t.Any]) -> Plan:
        """One write with the properties that differ, or none.

        :raises ShellError: of kind ``conflict`` where something would be replaced that may be there on purpose, and the task does not
            say that it may be.
        """
        wanted, policy = self.desired(call), call.params["on_conflict"]
        held = {} if policy == "replace" else find_conflicts(observed, TABLE.differing(observed, wanted))
        if held and policy == "fail":
            raise _refuse_replacing(held)
        wanted = {name: value for name, value in wanted.items() if name not in held}
        parameters = TABLE.changes(observed, wanted)
        steps = (_OAUTH_CONFIGURATION.write.with_parameters(**parameters),) if parameters else ()
        warnings = tuple(f"Left as it is: {reason}." for reason in held.values())
        return Plan(observed, {**observed, **TABLE.differing(observed, wanted)}, steps, warnings)


def find_conflicts(observed: dict[str, t.Any], differing: dict[str, t.Any]) -> dict[str, str]:
    """Why each of the properties that would be written may be as it is on purpose.

    A blank one is filled. A URL that Lync cannot use is corrected, such as the one for Outlook, which ends in ``.xml``. Allowed domains
    are added to those that are there.

    :param differing: what would be written.
    """
    found = {}
    for name, value in differing.items():
        there = observed[name]
        if not there or (name == URL and _is_mistaken(there, value)):
            continue
        if name == ALLOWED:
            if set(map(str.casefold, there)) <= set(map(str.casefold, value or ())):
                continue
            there = ", ".join(there)
        cloud = ", which leads to Exchange Online" if name == URL and leads_to_cloud(str(there)) else ""
        found[name] = f"{name} is {there}{cloud}"
    return found


def _is_mistaken(there: str, wanted: str | None) -> bool:
    """Whether nobody can have meant the URL for Lync: it is none of the SOAP service, and names no other host than what is asked for."""
    try:
        AutodiscoverUrl("svc").accept(there)
    except ValueError:
        return not leads_to_cloud(there) and (not wanted or read_host(there) in ("", read_host(wanted)))
    return False


def _refuse_replacing(held: dict[str, str]) -> ShellError:
    message, cmdlet = f"{'; '.join(held.values())}.", _OAUTH_CONFIGURATION.write.name
    return ShellError("conflict", message, shell="lync", cmdlet=cmdlet, remedy=ON_CONFLICT)
