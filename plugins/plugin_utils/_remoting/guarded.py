# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that imports psrpcore, requests and urllib3, so that every module here loads without them.

A module names their classes as it loads: in a base class, in a table of types. Where the library is missing those names are empty
classes, of which no value is an instance; before any is used, :func:`._libraries.require` tells the user what to install.
"""

from __future__ import annotations

import typing as t

__all__ = ["HAS_PSRPCORE", "ps", "psrpcore", "requests", "urllib3"]


class Missing(type):
    """The type of what stands for a library that is missing: each of its names is an empty class like itself."""

    def __getattr__(cls, name: str) -> Missing:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(name, (), {})


try:
    import psrpcore
    from psrpcore import types as ps
except ImportError:
    psrpcore = ps = t.cast(t.Any, Missing("psrpcore", (), {}))
    HAS_PSRPCORE = False
else:
    HAS_PSRPCORE = True

try:
    import requests
    import urllib3
except ImportError:
    requests = urllib3 = t.cast(t.Any, Missing("requests", (), {}))
