# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate and its private key, from one Exchange server to another through the controller's memory, or into a file there.

The password of the PFX data on its way is made up for the one transfer. It goes to the servers as a SecureString, whose key the session
has exchanged, and is kept nowhere.
"""

from __future__ import annotations

import secrets
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import SHELL
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Reply
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Secret

EXPORT, IMPORT = "Export-ExchangeCertificate", "Import-ExchangeCertificate"
_BYTES = 48
"""Of randomness in a password: 64 characters."""


@dataclass(frozen=True)
class Transfer:
    """One step: bring a certificate from one server to another."""

    thumbprint: str
    source: str
    target: str

    @property
    def name(self) -> str:
        """The cmdlet that writes."""
        return IMPORT

    def __str__(self) -> str:
        """As an administrator would type it, with the bytes as what they are."""
        data = f"<PFX of {self.thumbprint}, exported from {self.source}>"
        return f"{IMPORT} -Server '{self.target}' -FileData {data} -Password ******** -PrivateKeyExportable:$true -Confirm:$false"


class CertificateWriter:
    """Carries out cmdlets of the Exchange shell, and transfers."""

    def __init__(self, call: Call) -> None:
        self._call, self._shell = call, call.shell(SHELL)
        self.name: str = SHELL

    def write(self, *steps: t.Any) -> Reply:
        """Carry out one step; see :class:`Writer`."""
        step = steps[0]
        if not isinstance(step, Transfer):
            return self._shell.write(*steps)
        password = make_password(self._call)
        try:
            data = export_pfx(self._call, step.source, step.thumbprint, password)
        except ShellError as error:
            raise _add_export_remedy(error) from error
        given: dict[str, t.Any] = {"FileData": data, "Password": Secret(password), "PrivateKeyExportable": True}
        try:
            # the answer is the certificate once more, and nobody looks at it
            return self._shell.write(Cmdlet(IMPORT, Server=step.target, **given, Confirm=False), select("Thumbprint"))
        except ShellError as error:
            raise _add_import_remedy(error, step) from error

    def find_offered(self, *names: str) -> frozenset[str]:
        """Which cmdlets the account is offered; an import needs an export before it."""
        asked = (*names, EXPORT) if IMPORT in names else names
        found = self._shell.offered(*asked)
        return found if EXPORT in found or IMPORT not in names else found - {IMPORT}

    offered = find_offered
    """What :class:`Writer` calls it."""

    def foretell(self, steps: t.Sequence[t.Any]) -> ShellError | None:
        """Nothing beyond what is offered."""
        del steps
        return None


def _add_export_remedy(error: ShellError) -> ShellError:
    """Where it was not known before that the key cannot be exported, the table could not go by it."""
    if error.kind != "failed" or not error.error_id:
        return error
    remedy = "If its private key cannot be exported: with ansible_connection=psrp for this host, the task sees that, and says what to do."
    return replace(error, remedy=remedy)


def _add_import_remedy(error: ShellError, step: Transfer) -> ShellError:
    """Say how to remove a copy without its private key: Get-ExchangeCertificate does not list it, but the import refuses another one."""
    if error.kind != "failed" or not error.error_id:
        return error
    remedy = (
        f"If the certificate exists on {step.target} already, it is there without its private key, where Exchange neither shows nor "
        f"replaces it. Remove that copy (Remove-Item Cert:\\LocalMachine\\My\\{step.thumbprint}), and run the task again."
    )
    return replace(error, remedy=remedy)


def make_password(call: Call) -> str:
    """A password for one transfer, hidden from results and logs."""
    password = secrets.token_urlsafe(_BYTES)
    call.hidden.add(password)
    return password


def export_pfx(call: Call, server: str, thumbprint: str, password: str) -> bytes:
    """The certificate and its private key as PFX data. Nothing on the server changes.

    :raises ShellError: where the server exports nothing.
    """
    cmdlet = Cmdlet(EXPORT, Thumbprint=thumbprint, Server=server, BinaryEncoded=True, Password=Secret(password))
    found = call.shell(SHELL).read_all(cmdlet, select("FileData"))
    data = found[0].get("FileData") if found and isinstance(found[0], RemoteObject) else None
    data = data.value if isinstance(data, RemoteObject) else data
    if not isinstance(data, bytes) or not data:
        raise ShellError("not_found", f"{server} exported nothing of {thumbprint}.", shell=SHELL, cmdlet=EXPORT)
    return data
