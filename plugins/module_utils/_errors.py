# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong in a management shell, as one typed error that says what the user can do about it."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import asdict, dataclass, field, replace

REMEDIES: dict[str, str] = {
    "access_denied": "Give the account the role or group that this cmdlet needs (docs/your_own_farm.md, Rights), or use another one.",
    "authentication": "Check the user name, the password and the authentication method in the host's connection variables.",
    "bad_input": "Correct the task; nothing was written.",
    "bad_parameter": "The server refused the parameters; compare them with the cmdlet's documentation for this product version.",
    "busy": "Another operation holds the object; run the task again when it has finished.",
    "conflict": "An object of this name, or one that excludes it, is already there. Remove or rename it first.",
    "double_hop": (
        "The account's logon on this host cannot be passed on to a second server (double hop): use an authentication that delegates "
        "(CredSSP, or Kerberos with delegation), or reach the product's own endpoint with the psrp connection. If Kerberos was told to "
        "delegate: the ticket has to be forwardable (klist -f shows F), and an account in Protected Users, or one that is marked as "
        "sensitive, never gets such a ticket."
    ),
    "language": "This endpoint takes cmdlets with parameters only (NoLanguage); reach the machine's own PowerShell for anything else.",
    "missing_library": "Install the Python library on the controller, in the environment that runs ansible-playbook.",
    "not_effective": "Read the object again on the server; another administrator or a policy may have set it back.",
    "not_found": "Check the name; nothing of that name is known to this server.",
    "not_offered": "This cmdlet or parameter is not offered here: check the product version, the management tools and the account's roles.",
    "not_sent": (
        "The command time-out was over before the cmdlet went out: raise O(command_timeout), or ansible_exchange_lync_command_timeout."
    ),
    "redirected": "Correct the address, the port, the protocol or the path in the connection variables; redirects are never followed.",
    "session_lost": (
        "The remote session ended; run the task again. If it repeats, look at the server's event log for a recycled process, or one that "
        "had too little memory (MaxMemoryPerShellMB in `winrm get winrm/config/winrs`)."
    ),
    "shell_denied": (
        "Allow the account to open a shell here: WinRM wants Administrators or Remote Management Users of the machine, Exchange's endpoint "
        "a management role and RemotePowerShellEnabled, Lync's endpoint a Lync role (docs/your_own_farm.md, Rights)."
    ),
    "too_large": (
        "Over psrp, set ansible_psrp_max_envelope_size to what the server takes (MaxEnvelopeSizekb in `winrm get winrm/config`, times "
        "1024). Over winrm the collection's messages have up to 150 KiB: raise MaxEnvelopeSizekb on the server, or pass less in one task."
    ),
    "throttled": "The server refuses more shells for this account: close idle sessions, lower forks, or raise its throttling policy.",
    "timeout": (
        "The cmdlet took longer than the command time-out: raise O(command_timeout), or ansible_exchange_lync_command_timeout."
    ),
    "unknown_outcome": "The write was sent but its answer was lost; read the object back before running the task again.",
    "unreachable": "Check the host name, the port, the firewall and that the WinRM listener or the product's web site runs.",
    "unsupported": "Change the task or the connection variables as the message says.",
    "untrusted": "Name the authority that signed the server's certificate in the connection's CA variable, or replace the certificate.",
}
"""What to do, by kind of error."""

UNREACHABLE = frozenset({"authentication", "shell_denied", "unreachable", "untrusted"})
"""Kinds of error after which Ansible calls a host unreachable: nothing was asked of it, since there was no way in."""

NO_WAY_IN = UNREACHABLE | {"missing_library", "not_sent", "session_lost", "throttled", "unsupported"}
"""Kinds of error that every further question to the same shell would meet as well."""

ON_CONFLICT = "Nothing was written. Set O(on_conflict) to replace to have this replaced, or to keep to leave it as it is and set the rest."
"""What to do where something would be replaced that may be there on purpose."""

WOULD_FAIL = "A real run would fail: "
"""How a warning of check mode begins that foretells a refusal: whoever may not write may still see what differs."""


@dataclass(frozen=True)
class ErrorRecord:
    """A PowerShell error record, as far as it is the same in every language.

    ``error_id`` is the FullyQualifiedErrorId, ``category`` the CategoryInfo's category by name, ``reason`` its reason (an
    exception's short name). ``message`` is localised: for people only.
    """

    message: str
    error_id: str = ""
    category: str = ""
    reason: str = ""
    target: str = ""
    cmdlet: str = ""


@dataclass
class ShellError(Exception):
    """A refusal or a failure, with all that a user needs to find the cause and remove it.

    :ivar kind: a key of :data:`REMEDIES`, or ``failed`` for a cmdlet's own error that has no general remedy.
    :ivar message: one sentence, without secrets.
    :ivar ended: of a write without its answer, whether the server has confirmed that nothing of it runs any more.
    """

    kind: str
    message: str
    host: str = ""
    shell: str = ""
    cmdlet: str = ""
    error_id: str = ""
    category: str = ""
    remedy: str = ""
    ended: bool = False
    result: dict[str, t.Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.remedy = self.remedy or REMEDIES.get(self.kind, "")
        super().__init__(self.message)

    def located(self, *, host: str = "", shell: str = "", cmdlet: str = "") -> ShellError:
        """The same error, with what was not known where it arose."""
        return replace(self, host=self.host or host, shell=self.shell or shell, cmdlet=self.cmdlet or cmdlet)

    def __str__(self) -> str:
        where = [self.host, f"{self.shell} management shell" if self.shell else "", self.cmdlet]
        sentence = ": ".join([*filter(None, where), self.message.strip()])
        return f"{sentence} {self.remedy}".strip()

    def details(self) -> dict[str, t.Any]:
        """The error's fields, as a module's result documents them."""
        fields = self.socket_details()
        del fields["ended"]
        return fields

    def socket_details(self) -> dict[str, t.Any]:
        """The error's fields, for the helper's answer to a module."""
        fields = asdict(self)
        del fields["result"]
        return fields

    @classmethod
    def from_details(cls, details: dict[str, t.Any]) -> ShellError:
        """The inverse of :meth:`details` and of :meth:`socket_details`."""
        return cls(**details)


@contextlib.contextmanager
def located(*, host: str = "", shell: str = "", cmdlet: str = "") -> t.Iterator[None]:
    """Have every error that arises inside say where, as far as it does not know better itself."""
    try:
        yield
    except ShellError as error:
        raise error.located(host=host, shell=shell, cmdlet=cmdlet) from error
