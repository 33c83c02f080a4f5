# SPDX-License-Identifier: GPL-3.0-or-later

"""Set-AuthConfig: the certificate that signs tokens is staged, published and forgotten, or replaced at once.

What it asks, whatever Confirm says, Force answers (Set-AuthConfig.md; a date less than 48 hours ahead is the best known case).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from farm.certificates import Stored
from farm.errors import CmdletError
from farm.exchange.client_access import TASKS, answers
from farm.exchange.errors import LOCALIZED, failure, not_found, unreachable
from farm.exchange.organization import AUTH, Server
from farm.objects import moment
from farm.registry import Call, cmdlet
from farm.rights import EXCHANGE_WRITE
from farm.windows.errors import prompt_refused

TASK = "Microsoft.Exchange.Management.Tasks.TaskException"
SOON = timedelta(hours=48)
"""A new certificate that takes effect sooner may not have reached everybody."""


@cmdlet("Set-AuthConfig", EXCHANGE_WRITE, type_name=f"{TASKS}.SetAuthConfig", writes=True)
def set_auth_config(call: Call) -> Iterator[object]:
    """Change what the call names; its parameter sets are exclusive."""
    if call.bound("NewCertificateThumbprint") or call.bound("NewCertificateEffectiveDate"):
        changes = _stage(call)
    elif call.bound("CertificateThumbprint"):
        changes = _replace(call)
    elif call.switch("PublishCertificate"):
        changes = _publish(call)
    elif call.switch("ClearPreviousCertificate"):
        changes = {"previous": ""}
    else:
        changes = _change_settings(call)
    if changes and not call.what_if:
        call.farm.directory.write(call.controller, AUTH, **changes)
    yield from ()


def _stage(call: Call) -> dict[str, object]:
    there, effective = call.organization.auth, moment(call.parameters.get("NewCertificateEffectiveDate"))
    if effective is None:
        raise _make_error(call, "You must specify the NewCertificateEffectiveDate parameter.")
    if effective < call.now - timedelta(minutes=5):
        raise _make_error(call, "The new effective date must not be in the past.")
    given = _normalize(call.text("NewCertificateThumbprint"))
    if not (given or there.next):
        raise _make_error(call, "There is no new certificate that the date could be for.")
    if given and given == there.current:
        raise _make_error(call, "The new certificate is the current one.")
    stored = _find_stored(call, given) if given else None
    if effective < call.now + SOON:
        _ask(call)
    if given and there.next not in ("", given):
        _ask(call)
    _push(call, stored)
    return {"next": given or there.next, "next_effective": effective}


def _replace(call: Call) -> dict[str, object]:
    there, given = call.organization.auth, _normalize(call.text("CertificateThumbprint"))
    stored = _find_stored(call, given)
    if given == there.current:
        return {}
    if given == there.next:
        raise _make_error(call, f"The certificate {given} is staged already: publish it.")
    _ask(call)
    _push(call, stored)
    return {"previous": there.current, "current": given}


def _publish(call: Call) -> dict[str, object]:
    there = call.organization.auth
    if not there.next:
        raise _make_error(call, "There is no next certificate.")
    if there.next_effective and there.next_effective > call.now:
        _ask(call)
    previous = "" if call.switch("ClearPreviousCertificate") else there.current
    return {"previous": previous, "current": there.next, "next": "", "next_effective": None}


def _change_settings(call: Call) -> dict[str, object]:
    if call.bound("ServiceName") and not call.text("ServiceName"):
        raise _make_error(call, "The service name must not be blank.")
    names = {"Realm": "realm", "ServiceName": "service_name"}
    return {field: call.text(name) or "" for name, field in names.items() if call.bound(name)}


def _ask(call: Call) -> None:
    if not call.switch("Force") and not call.what_if:
        raise prompt_refused(call)


def _normalize(thumbprint: str | None) -> str:
    return (thumbprint or "").replace(" ", "").upper()


def _find_server(call: Call) -> Server:
    """The server whose store has the certificate: this one, or the one that the call names."""
    name = call.text("Server") or call.host.fqdn
    server = call.organization.server(name)
    if server is None:
        raise not_found(call, name)
    if not answers(call, server):
        raise unreachable(call, server.name)
    return server


def _find_stored(call: Call, thumbprint: str) -> Stored:
    stored = call.farm.machine(_find_server(call).host.fqdn).store.get(thumbprint)
    if stored is None or not stored.has_key:
        text = f"The certificate with thumbprint {thumbprint} was not found, or has no private key."
        raise failure(call, text, LOCALIZED, terminating=True)
    return stored


def _push(call: Call, stored: Stored | None) -> None:
    """The servers of the same site get the certificate at once."""
    if stored is None or call.what_if or call.switch("SkipImmediateCertificateDeployment"):
        return
    site = _find_server(call).host.site
    for server in call.organization.client_access_servers:
        if server.is_e15 and server.host.site == site and answers(call, server):
            call.farm.machine(server.host.fqdn).store.add(stored)


def _make_error(call: Call, message: str) -> CmdletError:
    return failure(call, message, TASK, terminating=True, category="InvalidArgument")
