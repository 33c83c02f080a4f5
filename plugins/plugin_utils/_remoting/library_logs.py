# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the transports' libraries write into logs."""

from __future__ import annotations

import logging

_LOGGERS = ("psrpcore", "pypsrp", "spnego", "requests_credssp", "urllib3")


def quieten() -> None:
    """Keep the libraries' own log records off the helper's standard error: they hold messages, and messages hold secrets.

    A logger without any handler falls back to logging.lastResort, which writes warnings and errors to standard error.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
