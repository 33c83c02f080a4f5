# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kerberos realm as the lab's hosts and their clients see it, whoever serves it: a folder with krb5.conf and each host's keytab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from farm.errors import LabError
from farm.scenario import Scenario

ADDRESS = "127.0.0.1"
NAMES = Path(__file__).resolve().parent.parent / "names"
LIBRARY = "the Python library gssapi cannot be imported (tests/ci/kerberos_wheels.py builds it)"
CONFIGURATION = "krb5.conf"


class Realm:
    """A realm named for the scenario's domain.

    :param state: where the lab keeps what it writes.
    :param folder: where krb5.conf and the keytabs are.
    """

    def __init__(self, state: Path, folder: Path, scenario: Scenario) -> None:
        check_library()
        self.folder, self._state = folder, state
        self.name = scenario.domain.fqdn.upper()
        lines = [f"{ADDRESS} {host.fqdn} {host.short}\n" for host in scenario.hosts]
        (state / "hosts").write_text("".join(lines), encoding="utf-8")

    def describe(self) -> dict[str, Any]:
        """What ``lab.json`` says of it: ``environment`` is what a client needs in its own.

        A ticket is for a name, so clients have to reach the hosts by their names, which lead to this machine.
        """
        return {
            "realm": self.name,
            "config": str(self.folder / CONFIGURATION),
            "environment": {
                "KRB5_CONFIG": str(self.folder / CONFIGURATION),
                "EXCHANGE_LYNC_LAB_HOSTS": str(self._state / "hosts"),
                "PYTHONPATH": str(NAMES),
            },
        }

    def keytab(self, fqdn: str) -> Path:
        """A host's keys."""
        return self.folder / f"{fqdn}.keytab"

    def environment(self, fqdn: str) -> dict[str, str]:
        """What a host's process needs. A ticket that was used is remembered there, so that it is not taken twice."""
        return {
            "KRB5_CONFIG": str(self.folder / CONFIGURATION),
            "KRB5_KTNAME": f"FILE:{self.keytab(fqdn)}",
            "KRB5RCACHENAME": f"file2:{self._state / fqdn}.replays",
        }

    def list_pids(self) -> dict[str, int]:
        """The processes that belong to it."""
        return {}

    def stop(self) -> None:
        """End what the lab has started of it."""


def open_realm(state: Path, folder: Path, scenario: Scenario) -> Realm:
    """A realm that somebody else serves.

    :raises LabError: where the folder lacks a file.
    """
    realm = Realm(state, folder, scenario)
    needed = [folder / CONFIGURATION, *(realm.keytab(host.fqdn) for host in scenario.hosts)]
    if missing := [path.name for path in needed if not path.is_file()]:
        raise LabError(f"the realm in {folder} lacks {', '.join(missing)}")
    return realm


def check_library() -> None:
    """See that the hosts can take tickets."""
    try:
        import gssapi  # noqa: F401 - that it is there is all that is asked
    except ImportError as error:
        raise LabError(LIBRARY) from error
