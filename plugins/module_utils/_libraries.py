# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python libraries on the controller that this collection stands on, said by name, and in one way, where one is missing.

Nothing is imported from them before it is required here, or where the missing library is only noted: an error can be told without them.
"""

from __future__ import annotations

import importlib
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError


@dataclass(frozen=True)
class Library:
    """A library.

    :ivar module: what is imported.
    :ivar package: what it is installed with.
    :ivar purpose: what it is needed for, as the subject of a sentence.
    :ivar also: what else its installation needs, as a sentence.
    """

    module: str
    package: str
    purpose: str
    also: str = ""


_KERBEROS_NEEDS = "It needs a C compiler and the headers of Kerberos, such as the package libkrb5-dev."

PSRPCORE = Library("psrpcore", "psrpcore", "PowerShell Remoting")
PYPSRP = Library("pypsrp.wsman", "pypsrp", "the psrp connection")
PYWINRM = Library("winrm.protocol", "pywinrm", "the winrm connection")
PYPSRP_CREDSSP = Library("requests_credssp", "pypsrp[credssp]", "CredSSP over the psrp connection")
PYWINRM_CREDSSP = Library("requests_credssp", "pywinrm[credssp]", "CredSSP over the winrm connection")
PYPSRP_KERBEROS = Library("gssapi", "pypsrp[kerberos]", "Kerberos over the psrp connection", _KERBEROS_NEEDS)
PYWINRM_KERBEROS = Library("kerberos", "pywinrm[kerberos]", "Kerberos over the winrm connection", _KERBEROS_NEEDS)
CRYPTOGRAPHY = Library("cryptography", "cryptography", "reading a certificate")
IDNA = Library("idna", "idna", "an international domain name")
DNSPYTHON = Library("dns", "dnspython", "provider=rfc2136")
GSSAPI = Library("gssapi", "gssapi", "gss_tsig", _KERBEROS_NEEDS)
LDAP3 = Library("ldap3", "ldap3", "reading Active Directory by LDAP")
LDAP_GSSAPI = Library("gssapi", "gssapi", "LDAP with a Kerberos ticket", _KERBEROS_NEEDS)


def require(library: Library) -> t.Any:
    """Import a library.

    :raises ShellError: of kind ``missing_library``, with what to install.
    """
    try:
        return importlib.import_module(library.module)
    except ImportError as error:
        raise missing(library, str(error)) from error


def missing(library: Library, reason: str) -> ShellError:
    """The error that says which library is missing.

    :param reason: why it cannot be imported: the text of that error, or its traceback, whose last line counts.
    """
    why = reason.strip().rpartition("\n")[2]
    remedy = f"Install it in the environment that runs ansible-playbook: pip install '{library.package}'. {library.also}".strip()
    return ShellError(
        "missing_library",
        f"{library.purpose} needs the Python library {library.package}, which cannot be imported ({why}).",
        remedy=remedy,
    )
