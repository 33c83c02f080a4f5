# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate that a PFX file on the server holds, where the server can tell without importing it."""

from __future__ import annotations

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.front_end_certificates import (
    Facts,
    describe_certificate,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import Shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Secret


def read_pfx(shell: Shell, path: str, password: str | None, wanted: str) -> Facts | None:
    """The facts of the file's certificate; None where the server cannot look into the file, though ``wanted`` says what it holds.

    :param shell: the machine's own shell.
    :param wanted: the thumbprint that the file is to hold; empty for any.
    :raises ShellError: where the file holds no certificate, several, or another one.
    """
    if not shell.offered("Get-PfxData"):
        if wanted:
            return None
        message = f"the server cannot tell which certificate {path} holds."
        remedy = "Give its thumbprint as well (O(thumbprint))."
        raise ShellError("not_offered", message, shell="windows", cmdlet="Get-PfxData", remedy=remedy)
    read = Cmdlet("Get-PfxData", FilePath=path, **({"Password": Secret(password)} if password is not None else {}))
    try:
        found = shell.read_all(read, Cmdlet("Select-Object", ExpandProperty="EndEntityCertificates"), select("RawData"))
    except ShellError as error:
        error.remedy = error.remedy or "Correct O(path) or O(password). Nothing was written."
        raise
    facts = [describe_certificate(item) for item in found]
    if len(facts) != 1 or wanted not in ("", facts[0]["thumbprint"]):
        held = ", ".join(item["thumbprint"] for item in facts) or "no certificate"
        asked = f" {wanted}" if wanted else " one certificate"
        raise ShellError("bad_input", f"path: {path} holds {held}; it must hold{asked}.")
    return facts[0]
