# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a host's domain, by every name that a client may write."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable
from pathlib import Path

from spnego._ntlm_raw.crypto import ntowfv1

from wire.description import Host, User


class Credentials:
    """Looks up who logs on."""

    def __init__(self, host: Host) -> None:
        self._users: dict[str, User] = {}
        for user in host.users:
            for name in _names(user, host.netbios_domain):
                self._users.setdefault(name.casefold(), user)

    def find(self, name: str) -> User | None:
        """The account of that name."""
        return self._users.get(name.casefold())

    def check(self, name: str, password: str) -> User | None:
        """The account, if the password is right."""
        user = self.find(name)
        expected = user.password if user else "\0"
        return user if hmac.compare_digest(expected.encode(), password.encode()) else None

    def use_for_ntlm(self, path: Path) -> None:
        """Write pyspnego's only source of NTLM credentials, which it finds by the process's environment.

        In the form of smbpasswd: the other one cannot hold a password with a colon.
        """
        lines = (
            f"{name}:1000:{'0' * 32}:{ntowfv1(u.password).hex().upper()}:[U]:LCT-00000000"
            for name, u in self._users.items()
        )
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.environ["NTLM_USER_FILE"] = str(path)


def _names(user: User, netbios_domain: str) -> Iterable[str]:
    domain, _separator, short = user.name.rpartition("\\")
    yield user.name
    if not domain:
        yield f"{netbios_domain}\\{short}"
    if user.upn:
        yield user.upn
        yield f"{user.upn.partition('@')[2]}\\{short}"
    yield short
