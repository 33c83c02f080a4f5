# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python libraries on the controller that the transports stand on, said by name where one is missing.

Nothing imports them before they are required here, or does so by :mod:`.guarded`: an error can be told without them.
"""

from __future__ import annotations

import importlib
import logging
import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError


@dataclass(frozen=True)
class Library:
    """A library: its module, what to install it with, and what it is needed for."""

    module: str
    package: str
    purpose: str


PSRPCORE = Library("psrpcore", "psrpcore", "PowerShell Remoting")
PYPSRP = Library("pypsrp.wsman", "pypsrp", "the psrp connection")
PYWINRM = Library("winrm.protocol", "pywinrm", "the winrm connection")
PYPSRP_CREDSSP = Library("requests_credssp", "pypsrp[credssp]", "CredSSP over the psrp connection")
PYWINRM_CREDSSP = Library("requests_credssp", "pywinrm[credssp]", "CredSSP over the winrm connection")
PYPSRP_KERBEROS = Library("gssapi", "pypsrp[kerberos]", "Kerberos over the psrp connection")
PYWINRM_KERBEROS = Library("kerberos", "pywinrm[kerberos]", "Kerberos over the winrm connection")

_LOGGERS = ("psrpcore", "pypsrp", "spnego", "requests_credssp", "urllib3")


def require(library: Library) -> t.Any:
    """Import a library.

    :raises ShellError: of kind ``missing_library``, with what to install.
    """
    try:
        return importlib.import_module(library.module)
    except ImportError as error:
        raise missing(library, str(error)) from error


def missing(library: Library, reason: str) -> ShellError:
    """The error that says which library is missing."""
    return ShellError(
        "missing_library",
        f"{library.purpose} needs the Python library {library.package}, which cannot be imported ({reason}).",
        remedy=f"Install it in the environment that runs ansible-playbook: pip install '{library.package}'.",
    )


def quieten() -> None:
    """Keep the libraries' own log records off the helper's standard error: they hold messages, and messages hold secrets.

    A logger without any handler falls back to logging.lastResort, which writes warnings and errors to standard error.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
