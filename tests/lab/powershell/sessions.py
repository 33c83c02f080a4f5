# SPDX-License-Identifier: GPL-3.0-or-later
"""The product session that a script opens with an explicit credential, and its import into the runspace.

This is the way around the double hop: the new session has a credential of its own that reaches the directory.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from psrpcore import types as ps

from powershell.binder import Binding
from powershell.convert import property_of, to_text
from powershell.errors import error_record
from powershell.host import Host
from powershell.messages import text
from powershell.pipeline import Caller, Element
from powershell.ports import Farm
from powershell.standard import module_info
from powershell.values import make, matches

PROFILE = "exchange-endpoint"
_IDLE = 7200.0
"""Seconds, as for every shell of WinRM's, where the host's description has no other."""
_TYPE = "System.Management.Automation.Runspaces.PSSession"


@dataclass
class ProductSession:
    """An open session to a product endpoint."""

    number: int
    name: str
    id: str
    host: Host
    endpoint: str
    user: str
    groups: tuple[str, ...]
    configuration: str
    idle_timeout: float

    @property
    def fields(self) -> dict[str, Any]:
        """What its cmdlets tell the farm."""
        return {
            "host": self.host.fqdn,
            "user": self.user,
            "groups": list(self.groups),
            "delegated": True,
            "session": self.id,
            "endpoint": self.endpoint,
        }

    @property
    def caller(self) -> Caller:
        """How its cmdlets call the farm."""
        return Caller("exchange", self.fields, self.host.fqdn)

    def leave(self, farm: Farm) -> None:
        """Its client is gone without a word: the product ends it after its idle time-out."""
        idle = {**self.fields, "shell": "exchange", "reason": "idle"}
        timer = threading.Timer(self.idle_timeout, farm.event, ("session_closed",), idle)
        timer.daemon = True
        timer.start()

    def shown(self) -> ps.PSObject:
        """The PSSession object."""
        return make(
            [_TYPE, "System.Object"],
            f"[PSSession]{self.name}",
            State=ps.PSString("Opened"),
            ComputerName=ps.PSString(self.host.fqdn),
            ConfigurationName=ps.PSString(self.configuration),
            InstanceId=ps.PSGuid(self.id),
            Id=ps.PSInt(self.number),
            Name=ps.PSString(self.name),
            Availability=ps.PSString("Available"),
        )


class NewPSSession(Element):
    """New-PSSession -ConnectionUri to the lab's Exchange endpoints."""

    def process(self, bound: Binding) -> None:
        uris = bound.values.get("ConnectionUri")
        if not uris:
            names = ", ".join(map(to_text, bound.values.get("ComputerName") or ["localhost"]))
            self._refused(
                "ComputerNotFound", "cannot-connect", names, "The lab opens product sessions only, by -ConnectionUri."
            )
            return
        for uri in uris:
            self._open(urlsplit(str(uri)), bound)

    def _open(self, uri: Any, bound: Binding) -> None:
        computer = uri.hostname or ""
        description = self.runspace.farm.call("describe", host=computer)
        wanted = to_text(bound.values.get("ConfigurationName") or "Microsoft.PowerShell")
        endpoint = self._endpoint(description, uri.path, wanted)
        if endpoint is None:
            detail = "The client cannot connect to the destination specified in the request."
            self._refused("CannotConnect", "cannot-connect", computer, detail)
            return
        who = self._logged_on(description, bound.values.get("Credential"))
        if who is None or not self._admits(endpoint, who[1]):
            self._refused("AccessDenied", "access-denied", computer)
            return
        self._opened(description, endpoint, who, bound.values.get("Name"), wanted)

    @staticmethod
    def _endpoint(description: dict[str, Any], path: str, configuration: str) -> dict[str, Any] | None:
        wanted = path.rstrip("/").lower()
        return next(
            (
                endpoint
                for endpoint in description.get("endpoints", ())
                if endpoint["path"].rstrip("/").lower() == wanted
                and endpoint["configuration"].lower() == configuration.lower()
                and endpoint["profile"] == PROFILE
            ),
            None,
        )

    def _logged_on(self, description: dict[str, Any], credential: Any) -> tuple[str, tuple[str, ...]] | None:
        """Who the credential is of; without one it is the caller, whose own must then be one that can be handed on."""
        identity = self.runspace.identity
        if credential is None:
            return (identity.user, tuple(identity.groups)) if identity.delegated else None
        name, password = to_text(credential.UserName).lower(), str(credential.Password.decrypt())
        for user in description.get("users", ()):
            names = {user["name"].lower(), (user.get("upn") or "").lower(), user["name"].rpartition("\\")[2].lower()}
            if name in names and password == user["password"]:
                return user["name"], tuple(user.get("groups", ()))
        return None

    @staticmethod
    def _admits(endpoint: dict[str, Any], groups: tuple[str, ...]) -> bool:
        allowed = {group.lower() for group in endpoint.get("allowed_groups") or ()}
        return not allowed or bool(allowed & {group.lower() for group in groups})

    def _opened(
        self,
        description: dict[str, Any],
        endpoint: dict[str, Any],
        who: tuple[str, tuple[str, ...]],
        names: Any,
        wanted: str,
    ) -> None:
        runspace, host = self.runspace, Host.of(description)
        number = runspace.next_session
        name = to_text(names[0]) if names else f"Session{number}"
        idle = float(description.get("limits", {}).get("idle_timeout", _IDLE))
        session = ProductSession(number, name, str(uuid.uuid4()).upper(), host, endpoint["path"], *who, wanted, idle)
        runspace.farm.charge("session_open")
        runspace.farm.event("session_opened", **session.fields, shell="exchange")
        runspace.sessions.append(session)
        self.output(session.shown())

    def _refused(self, key: str, message: str, computer: str, detail: str = "") -> None:
        words = text(message, self.runspace.host.culture, argument=computer, detail=detail)
        reason = "PSRemotingTransportException"
        kind = f"System.Management.Automation.Remoting.{reason}"
        fqid = f"{key},PSSessionOpenFailed"
        self.streams.error(
            error_record(f"[{computer}] {words}", fqid, "OpenError", reason, computer, kind, self.cmdlet.name)
        )


class ImportPSSession(Element):
    """Import-PSSession: the session's cmdlets as functions here."""

    def process(self, bound: Binding) -> None:
        asked = property_of(bound.values["Session"], "InstanceId")
        session = next((each for each in self.runspace.sessions if each.id.lower() == str(asked).lower()), None)
        if session is None:
            message = "The session is not one that this runspace has opened, or it was removed."
            self.fail(
                "ErrorFromRemoteCommand",
                message,
                "InvalidArgument",
                "ArgumentException",
                type_name="System.ArgumentException",
            )
            return
        self.runspace.farm.charge("session_import")
        patterns = [to_text(name) for name in bound.values.get("CommandName") or ["*"]]
        prefix = to_text(bound.values.get("Prefix"))
        names = self.runspace.import_session(session, patterns, prefix, clobber=bool(bound.values.get("AllowClobber")))
        if names:
            self.output(module_info(f"tmp_{session.id[:8].lower()}", names))
        else:
            message = "No command proxies have been created, because all of the requested remote commands would shadow existing ones."
            key = "ErrorNoCommandsImportedBecauseOfSkipping"
            self.fail(key, message, "InvalidResult", "ArgumentException", type_name="System.ArgumentException")


class GetPSSession(Element):
    """Get-PSSession: the sessions that this runspace has opened."""

    def process(self, bound: Binding) -> None:
        for session in chosen(self.runspace.sessions, bound):
            self.output(session.shown())


class RemovePSSession(Element):
    """Remove-PSSession: closes."""

    def process(self, bound: Binding) -> None:
        for session in chosen(list(self.runspace.sessions), bound):
            self.runspace.close_session(session)


def chosen(sessions: list[ProductSession], bound: Binding) -> list[ProductSession]:
    """The sessions that -Session, -Id or -Name means; all without any of them."""
    values = bound.values
    if values.get("Session"):
        ids = {str(property_of(each, "InstanceId")).lower() for each in values["Session"]}
        return [session for session in sessions if session.id.lower() in ids]
    if values.get("Id"):
        return [session for session in sessions if session.number in {int(each) for each in values["Id"]}]
    return [
        session
        for session in sessions
        if any(matches(to_text(name), session.name) for name in values.get("Name") or ["*"])
    ]


ELEMENTS: dict[str, type[Element]] = {
    "get-pssession": GetPSSession,
    "import-pssession": ImportPSSession,
    "new-pssession": NewPSSession,
    "remove-pssession": RemovePSSession,
}
