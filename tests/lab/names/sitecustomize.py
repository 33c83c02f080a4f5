# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the lab's hosts found by their names, as an entry in /etc/hosts would: for programs in Python with this folder in PYTHONPATH.

A Kerberos ticket is for a name, so that a client has to reach a host by its own. EXCHANGE_LYNC_LAB_HOSTS is a file of the form of
/etc/hosts. Nothing but the address is changed by it. (libnss_wrapper would do the same for any program, but it keeps its file open, and a
helper process of the collection closes what it inherits.)
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

_ask = socket.getaddrinfo


def _read_hosts() -> dict[str, str]:
    path = os.environ.get("EXCHANGE_LYNC_LAB_HOSTS")
    lines = Path(path).read_text(encoding="utf-8").splitlines() if path and Path(path).exists() else []
    return {name.lower(): line.split()[0] for line in lines for name in line.split()[1:]}


_hosts = _read_hosts()


def _find(host: Any, *arguments: Any, **options: Any) -> Any:
    return _ask(_hosts.get(host.lower(), host) if isinstance(host, str) else host, *arguments, **options)


if _hosts:
    socket.getaddrinfo = _find
