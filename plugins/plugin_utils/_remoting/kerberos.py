# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kerberos ticket from a password, for pywinrm, which takes none but from a credential cache.

As core's winrm connection plugin does it (``_kerb_auth`` there), with the same options: kinit in a session of its own, the password on
its standard input, a private cache. KRB5CCNAME is set only while a request is on its way, for two shells of one host may log on as
different accounts.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import tempfile
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import MASK
from ansible_collections.onprem.exchange_lync.plugins.module_utils._visible_text import escape_line
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.kerberos_errors import explain_kinit

_PATIENCE = 60
"""Seconds for kinit: it tries one key distribution centre after the other."""


class Ticket:
    """A ticket in a private cache, which goes with the object.

    :param options: those of core's winrm connection plugin, by its names.
    :raises ShellError: where kinit is missing or gives no ticket.
    """

    def __init__(self, user: str, password: str, options: t.Mapping[str, t.Any], *, forwardable: bool) -> None:
        self._cache = tempfile.NamedTemporaryFile(prefix="exchange_lync_krb5cc_")  # noqa: SIM115  # lives as long as the ticket
        self._name = f"FILE:{self._cache.name}"
        command = [
            str(options.get("kerberos_command") or "kinit"),
            *_list_arguments(options, forwardable=forwardable),
            user,
        ]
        passed = {
            name: os.environ[name] for name in ("PATH", *(options.get("kinit_env_vars") or ())) if name in os.environ
        }
        try:
            _get_ticket(command, password, {**passed, "KRB5CCNAME": self._name})
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def active(self) -> t.Iterator[None]:
        """Within it, Kerberos uses this ticket."""
        before = os.environ.get("KRB5CCNAME")
        os.environ["KRB5CCNAME"] = self._name
        try:
            yield
        finally:
            if before is None:
                del os.environ["KRB5CCNAME"]
            else:
                os.environ["KRB5CCNAME"] = before

    def close(self) -> None:
        """Remove the cache."""
        self._cache.close()


def may_be_forwarded() -> bool:
    """Whether the ticket that the environment names can be delegated. pykerberos does not say whether it was.

    GSSAPI goes on without, where it cannot: the ticket was got without -f, or the account may not be delegated. Where klist says nothing,
    nothing is known against it.
    """
    try:
        said = subprocess.run(
            ["klist", "-f"], env={**os.environ, "LC_ALL": "C"}, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return True
    flags = re.findall(rb"\bkrbtgt/.*\n(?:.*, )?[ \t]*Flags: ([A-Za-z]+)", said.stdout)
    return not flags or any(b"F" in found for found in flags)


def _list_arguments(options: t.Mapping[str, t.Any], *, forwardable: bool) -> list[str]:
    given = options.get("kinit_args")
    if given:
        return shlex.split(str(given))
    return ["-f"] if forwardable else []


def _get_ticket(command: list[str], password: str, environment: dict[str, str]) -> None:
    with tempfile.TemporaryFile() as errors:
        code = _run(command, password, environment, errors)
        errors.seek(0)
        said = escape_line(errors.read().decode(errors="replace"), {password} - {""}, MASK)
    if code and (known := explain_kinit(said)) is not None:
        raise known
    if code:
        raise ShellError(
            "authentication",
            f"{command[0]} gave no ticket for {command[-1]} (exit code {code}{': ' if said else ''}{said}).",
        )


def _run(command: list[str], password: str, environment: dict[str, str], errors: t.IO[bytes]) -> int:
    """The exit code. What kinit says goes to a file: a pipe could be held open by something that kinit started."""
    try:
        return subprocess.run(
            command,
            input=f"{password}\n".encode(),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            timeout=_PATIENCE,
            check=False,
        ).returncode
    except OSError as error:
        raise ShellError(
            "missing_library",
            f"the Kerberos command {command[0]} cannot be run on the controller ({error.strerror}).",
            remedy="Install the Kerberos client programs (krb5-user, krb5-workstation) or set ansible_winrm_kinit_cmd.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ShellError("unreachable", f"{command[0]} got no answer from a key distribution centre.") from error
