# SPDX-License-Identifier: GPL-3.0-or-later
"""The web site of a host beside its PowerShell: its pages come from the model, and its certificate is the one that the model says."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

from wire.auth import server_tls
from wire.channel_bindings import Bindings
from wire.farm_client import FarmClient
from wire.front import Reply


class WebSite:
    """The pages that need no account, and the certificates that were shown so far.

    :param level: how strictly a logon on these connections has to be bound to them.
    """

    def __init__(self, farm: FarmClient, level: str) -> None:
        self._farm, self._level = farm, level
        self._shown: dict[str, ssl.SSLContext] = {}
        self.bindings: dict[ssl.SSLContext, Bindings] = {}
        self._lock = threading.Lock()

    def find_page(self, method: str, target: str) -> Reply | None:
        """The answer to a request, as the model has it."""
        answer = self._farm.call("page", method=method, path=target)
        if not answer["status"]:
            return None
        headers = [(str(name), str(value)) for name, value in answer["headers"]]
        return Reply(int(answer["status"]), headers, str(answer["body"]).encode())

    def choose_certificate(self) -> ssl.SSLContext | None:
        """TLS with the certificate that the web site has now."""
        files = self._farm.call("site_certificate")["files"]
        if not files:
            return None
        path = str(files["certificate"])
        with self._lock:
            if path not in self._shown:
                context = server_tls(Path(path), Path(files["key"]))
                self._shown[path] = context
                self.bindings[context] = Bindings.of(Path(path).read_bytes(), self._level)
            return self._shown[path]
