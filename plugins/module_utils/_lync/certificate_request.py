# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task of ``lync_certificate`` asks for, checked before anything is opened."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import is_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Instant, Kind, Thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_fitness import TOKEN_ISSUER

USES = (
    "AccessEdgeExternal",
    "AudioVideoAuthentication",
    "DataEdgeExternal",
    "Default",
    "External",
    "Internal",
    TOKEN_ISSUER,
    "PICWebService",
    "ProvisionService",
    "WebServicesExternal",
    "WebServicesInternal",
    "WsFedTokenTransfer",
    "XMPPServer",
)
"""What Set-CsCertificate takes for Type; those for phones' push services are left out."""

Policy = t.Literal["stage", "replace", "keep", "fail"]
Scope = t.Literal["global", "machine"]
SCOPES: tuple[Scope, ...] = ("global", "machine")


@dataclass(frozen=True)
class Request:
    """The options, typed. Empty text stands for an option that was left out; one that is given and empty is refused.

    :ivar absent: whether the assignment is to be removed.
    :ivar previous: whether only the certificate before it is.
    :ivar own: whether it is the server's own assignment of a use that is assigned globally.
    """

    use: str
    absent: bool = False
    previous: bool = False
    own: bool = False
    thumbprint: str = ""
    path: str = ""
    password: str | None = field(default=None, repr=False)
    warn_days: int = 60
    effective_date: dt.datetime | None = None
    sip_domains: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    on_conflict: Policy = "stage"

    @property
    def is_global(self) -> bool:
        """Whether the use is assigned once for the whole deployment."""
        return self.use == TOKEN_ISSUER

    @property
    def is_open(self) -> bool:
        """Whether the task names no certificate, so that one is to be chosen."""
        return not self.absent and not self.thumbprint and not self.path

    @property
    def scope(self) -> dict[str, str]:
        """The parameter that names the scope, for the writing cmdlets."""
        return {"Identity": "global"} if self.is_global else {}


def name_writing_cmdlet(params: Mapping[str, t.Any]) -> str:
    """The cmdlet that the task is about, for its errors."""
    if params["state"] == "absent":
        return "Remove-CsCertificate"
    return "Import-CsCertificate" if params["path"] else "Set-CsCertificate"


def read_request(params: Mapping[str, t.Any]) -> Request:
    """The options of a task.

    :raises ShellError: of kind ``bad_input``, naming the option.
    """
    if params["scope"] and (params["use"] != TOKEN_ISSUER or params["state"] != "absent"):
        raise ShellError("bad_input", f"scope: only with use={TOKEN_ISSUER} and state=absent.")
    if params["scope"] == "machine" and params["previous"]:
        raise ShellError("bad_input", "previous: not with scope=machine.")
    date = _read_option(params, "effective_date", Instant())
    request = Request(
        use=params["use"],
        absent=params["state"] == "absent",
        previous=params["previous"],
        own=params["scope"] == "machine",
        thumbprint=_read_option(params, "thumbprint", Thumbprint()) or "",
        path=_read_option(params, "path", Kind()) or "",
        password=params["password"],
        warn_days=params["warn_days"],
        effective_date=dt.datetime.fromisoformat(date) if date else None,
        sip_domains=_read_domains(params["sip_domains"]),
        allow=tuple(params["allow"]),
        on_conflict=params["on_conflict"],
    )
    _refuse_unnamed(request, automatic=params["automatic"])
    return request


def _read_option(params: Mapping[str, t.Any], name: str, kind: Kind) -> t.Any:
    """An option that is given and empty may not be taken for one that was left out: a variable was empty, and nobody meant that."""
    value = params[name]
    if value is not None and not str(value).strip():
        raise ShellError("bad_input", f"{name} is empty: give a value, or leave the option out.")
    try:
        return kind.accept(value)
    except ValueError as error:
        raise ShellError("bad_input", f"{name}: {error}.") from error


def _read_domains(domains: list[str] | None) -> tuple[str, ...]:
    if domains is not None and not domains:
        raise ShellError("bad_input", "sip_domains is empty: give the domains, or leave the option out.")
    for domain in domains or ():
        if not is_domain(domain):
            raise ShellError("bad_input", f"sip_domains: '{domain}' is not a domain such as litwareinc.com.")
    return tuple(domains or ())


def _refuse_unnamed(request: Request, *, automatic: bool) -> None:
    if request.previous and (not request.absent or request.thumbprint or not request.is_global):
        raise ShellError(
            "bad_input", f"previous: only with use={TOKEN_ISSUER} and state=absent, and without thumbprint."
        )
    if automatic and not request.is_global:
        raise ShellError("bad_input", f"automatic: a certificate is chosen only for {TOKEN_ISSUER}.")
    if request.is_open and not automatic:
        raise ShellError("bad_input", "no certificate is named: give thumbprint or path, or set automatic.")
