# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Auth certificates with their private keys in files on the controller, on request. A file that is there is never written over."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_observation import (
    AuthObservation,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.pfx_transfer import export_pfx
from ansible_collections.onprem.exchange_lync.plugins.module_utils._libraries import CRYPTOGRAPHY, require
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

_OWNER_ONLY = 0o600


@dataclass(frozen=True)
class BackupFile:
    """One file.

    :ivar source: the server that exports it.
    :ivar is_there: whether it is there already, and opens with the password.
    """

    path: Path
    thumbprint: str
    source: str
    is_there: bool


class PfxBackup:
    """The backup of one task.

    :raises ShellError: of kind ``bad_input`` for a folder that is not there, or no password.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._folder: str = call.params["backup_folder"] or ""
        self._password: str = call.params["backup_password"] or ""
        if call.params["backup_folder"] is None:
            return
        if not self._folder or not Path(self._folder).is_dir():
            raise ShellError("bad_input", f"backup_folder: '{self._folder}' is no folder on the controller.")
        if not self._password:
            raise ShellError("bad_input", "backup_password is empty: a private key is not written without one.")

    def check(self, observed: AuthObservation, *, is_needed: bool) -> None:
        """See that the files can be written, before anything else is: a file is made in the folder that has no name there.

        :param is_needed: whether the task changes something, and a file may be due that is not yet.
        :raises ShellError: of kind ``bad_input`` for a folder that takes no files; of kind ``conflict`` as :meth:`list_files`.
        """
        files = self.list_files(observed)
        if not self._folder or not (is_needed or any(not file.is_there for file in files)):
            return
        try:
            with tempfile.TemporaryFile(dir=self._folder) as trial:
                trial.write(b"\0")
        except OSError as error:
            message = f"backup_folder: no file can be written in '{self._folder}' on the controller: {error.strerror}."
            remedy = "Nothing was written. Give another O(backup_folder), or leave it out."
            raise ShellError("bad_input", message, remedy=remedy) from error

    def list_files(self, observed: AuthObservation) -> list[BackupFile]:
        """The files of the current and of the staged certificate; none where no backup is asked for.

        :raises ShellError: of kind ``conflict`` for a file of that name with something else in it.
        """
        if not self._folder:
            return []
        state = observed.state
        wanted = dict.fromkeys(thumb for thumb in (state.current, state.next) if thumb)
        return [self._find_file(observed, thumb) for thumb in wanted]

    def _find_file(self, observed: AuthObservation, thumbprint: str) -> BackupFile:
        path = Path(self._folder) / f"{thumbprint}.pfx"
        sources = [
            host for host, store in observed.stores.items() if store.get(thumbprint, {}).get("private_key_exportable")
        ]
        if path.exists():
            if read_thumbprint(path.read_bytes(), self._password) != thumbprint:
                remedy = "Move it away, or give the password that it was written with (O(backup_password))."
                raise ShellError(
                    "conflict", f"backup_folder: {path} is there and does not open as {thumbprint}.", remedy=remedy
                )
            return BackupFile(path, thumbprint, "", True)
        if not sources:
            remedy = "Leave O(backup_folder) out; such a certificate cannot be backed up."
            message = f"backup_folder: no server has {thumbprint} with a private key that can be exported."
            raise ShellError("conflict", message, remedy=remedy)
        return BackupFile(path, thumbprint, sources[0], False)

    def write(self, observed: AuthObservation, result: Result) -> Result:
        """Write what is missing, and add it to a result.

        :raises ShellError: where a certificate is not exported, or its file not written.
        """
        files = self.list_files(observed)
        missing = [file for file in files if not file.is_there]
        for file in missing if not self._call.check_mode else ():
            data = export_pfx(self._call, file.source, file.thumbprint, self._password)
            self._write_file(file, data)
        backup = [{"path": str(file.path), "thumbprint": file.thumbprint} for file in files]
        return {**result, "changed": result["changed"] or bool(missing), "backup": backup}

    def _write_file(self, file: BackupFile, data: bytes) -> None:
        try:
            write_private_file(file.path, data)
        except OSError as error:
            message = f"backup_folder: {file.path} could not be written on the controller: {error.strerror}."
            remedy = "Make room for it there, or give another O(backup_folder), and run the task again: it writes the missing backup."
            raise ShellError("failed", message, remedy=remedy) from error


def write_private_file(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read, as a whole or not at all."""
    draft = path.with_suffix(".part")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as output:
            output.write(data)
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def read_thumbprint(data: bytes, password: str) -> str:
    """The thumbprint of the certificate in PFX data; empty where the password does not open it, or it is none."""
    require(CRYPTOGRAPHY)
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    try:
        _key, certificate, _more = pkcs12.load_key_and_certificates(data, password.encode("utf-8"))
    except ValueError:
        return ""
    return describe(certificate.public_bytes(Encoding.DER))["thumbprint"] if certificate else ""
