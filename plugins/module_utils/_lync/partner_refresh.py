# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Has Lync read the metadata document of every partner application with an identifier again, however many there are.

Microsoft's pages call the application of Exchange by several names, so that a deployment may have it twice, or not at all.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.lync_partner_resource import LyncPartner
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.lync_partners import (
    URL,
    read_partner_applications,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import Facts, is_same_text

_OF_ONE = ("application_trust_level", "enabled", "accept_security_identifier_information", "realm", URL)
"""Options that say how one application shall be."""


def refresh_applications(call: Call) -> Result:
    """Have each of them read again. One whose document cannot be read does not keep the others from it.

    :raises ShellError: where at least one could not be read again; its result has what was done.
    """
    partner = LyncPartner()
    _refuse_options(call)
    partner.read_options(call)
    chosen, left = choose_applications(read_partner_applications(call.shell(partner.shell)), call.params)
    for application in left:
        call.warn(f"{application['identity']} is disabled, so its document was not read again.")
    if not chosen:
        call.warn(f"No application with the identifier {call.params['application_identifier']} was read again.")
    results: list[Result] = []
    failed: list[tuple[str, ShellError]] = []
    problems: dict[str, list[str] | None] = {}
    for application in chosen:
        partner.problems = problems.get(application[URL])
        try:
            results.append(partner.refresh(call, {partner.name: application, "commands": []}))
        except ShellError as error:
            failed.append((application["identity"], partner.explain(error)))
        problems[application[URL]] = partner.problems
    commands = [command for result in results for command in result["commands"]]
    if failed:
        raise _make_failure(failed, commands)
    return {
        "changed": bool(commands),
        "commands": commands,
        partner.name: None,
        "others": [],
        "refreshed": [application["identity"] for application in chosen],
    }


def choose_applications(known: t.Sequence[Facts], params: t.Mapping[str, t.Any]) -> tuple[list[Facts], list[Facts]]:
    """Those whose document is to be read again; and those that are disabled, and may have an address that leads nowhere.

    :param params: the options of the task: ``application_identifier``, and ``identity`` where only one is meant.
    """
    named = params["identity"]
    found = [
        item
        for item in known
        if is_same_text(item["application_identifier"], params["application_identifier"])
        and item["kind"] == "on_premises"
        and item[URL]
        and (not named or is_same_text(item["identity"], named))
    ]
    return [item for item in found if item["enabled"]], [item for item in found if not item["enabled"]]


def _refuse_options(call: Call) -> None:
    given = [name for name in _OF_ONE if call.params[name] is not None]
    if call.params["kind"] != "on_premises":
        given.append("kind")
    if given:
        message = f"{', '.join(given)}: with O(state)=refreshed nothing but the documents on premises is read again."
        raise ShellError("bad_input", message, shell="lync", cmdlet="Set-CsPartnerApplication")


def _make_failure(failed: list[tuple[str, ShellError]], commands: list[str]) -> ShellError:
    """The first error, naming every application that it is about."""
    names, error = ", ".join(name for name, _error in failed), failed[0][1]
    done = f" Read again: {'; '.join(commands)}." if commands else ""
    unknown = [command for _name, each in failed for command in each.result.get("commands_unknown", [])]
    not_run = [command for _name, each in failed for command in each.result.get("commands_not_run", [])]
    told = {"commands": commands, "commands_unknown": unknown, "commands_not_run": not_run}
    message = f"the metadata document of {names} was not read again: {error.message.strip()}{done}"
    return replace(error, message=message, result={"changed": bool(commands or unknown), **told})
