# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of the helpers' sockets: whoever can write there can stand in a helper's place, and would be sent what it is sent."""

from __future__ import annotations

import contextlib
import grp
import hashlib
import hmac
import os
import pwd
import secrets
import stat
import tempfile
import typing as t
from pathlib import Path

from ansible import constants as C
from ansible.utils.path import unfrackpath

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

KEY_NAME = ".exchange_lync_key"
_KEY_BYTES = 32


@contextlib.contextmanager
def private_files() -> t.Iterator[None]:
    """Have everything that is made inside be its owner's alone, sockets among it, whatever the user's umask."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def find_folder() -> Path:
    """Where core makes the sockets of persistent connections."""
    return Path(unfrackpath(t.cast(t.Any, C).PERSISTENT_CONTROL_PATH_DIR))


def prepare(folder: Path, home: Path) -> None:
    """Make the folder where it is missing, and see that nobody else can change what is in it, nor put another in its place.

    :param home: Ansible's own folder.
    :raises ShellError: where one of them belongs to somebody else or is open to others.
    """
    try:
        with private_files():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_own(folder)
        for above in dict.fromkeys((folder.parent, home)):
            if above.exists():
                _check_above(above, sticky=above != home)
    except OSError as error:
        raise _refuse(folder, f"cannot be used ({error.strerror})") from error


def make_fingerprint(folder: Path, options: str) -> str:
    """A name for ``options`` that tells nothing of them: without the key in the private folder, no guess can be tried against it."""
    return hmac.new(_read_key(folder), options.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _check_own(folder: Path) -> None:
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise _refuse(folder, f"belongs to {_name_of(found.st_uid)}")
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise _refuse(folder, f"is open to others (mode {stat.S_IMODE(found.st_mode):04o})")


def _check_above(folder: Path, *, sticky: bool) -> None:
    """See that nobody but the user and root can rename what is in a folder.

    :param sticky: whether it may be open to all with the sticky bit, as /tmp is: then everybody can rename their own only.
    """
    found = folder.stat()
    if found.st_uid not in (os.geteuid(), 0):
        raise _refuse(folder, f"belongs to {_name_of(found.st_uid)}")
    if sticky and found.st_mode & stat.S_ISVTX:
        return
    open_to = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if open_to == stat.S_IWGRP and _is_trusted_group(found.st_gid):
        return
    if open_to:
        raise _refuse(folder, f"is open to others (mode {stat.S_IMODE(found.st_mode):04o})")


def _is_trusted_group(group: int) -> bool:
    """Whether a group is root's, or the user's own with nobody else in it, as useradd makes one for each user."""
    if group == 0:
        return True
    try:
        user, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return user.pw_gid == group and user.pw_name == found.gr_name and set(found.gr_mem) <= {user.pw_name}


def _name_of(user: int) -> str:
    try:
        return f"the user {pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"the user with the id {user}"


def _refuse(folder: Path, why: str) -> ShellError:
    return ShellError(
        "unsupported",
        f"the folder {folder} on the controller {why}: the sockets of the helper processes would not be safe there.",
        remedy=f"Make it yours alone (chown, chmod 700 '{folder}'), or set ANSIBLE_HOME to a folder that is.",
    )


def _read_key(folder: Path) -> bytes:
    path = folder / KEY_NAME
    if not path.exists():
        _make_key(folder, path)
    return path.read_bytes()


def _make_key(folder: Path, path: Path) -> None:
    """Whole or not at all: several workers may come first, and all of them need the same one."""
    with private_files(), tempfile.NamedTemporaryFile(dir=folder, prefix=KEY_NAME) as made:
        made.write(secrets.token_bytes(_KEY_BYTES))
        made.flush()
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(made.name)
