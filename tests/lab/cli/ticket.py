# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kerberos ticket of the inventory's account, as a person gets it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from farm.errors import LabError


def get_ticket(lab: dict[str, Any], state: Path) -> dict[str, str]:
    """Run kinit; what the environment of a client has to have then."""
    if "kerberos" not in lab:
        raise LabError("this lab has no KDC: start it with --kerberos")
    kerberos, account = lab["kerberos"], lab["administrator"]
    environment: dict[str, str] = {**kerberos["environment"], "KRB5CCNAME": f"FILE:{state / 'ticket'}"}
    principal = f"{account['upn'].partition('@')[0]}@{kerberos['realm']}"
    done = subprocess.run(
        ["kinit", principal],
        env={**os.environ, **environment},
        input=f"{account['password']}\n",
        encoding="utf-8",
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise LabError(f"kinit {principal} ended with {done.returncode}: {done.stderr.strip()}")
    return environment
