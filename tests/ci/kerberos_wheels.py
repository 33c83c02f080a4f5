# SPDX-License-Identifier: GPL-3.0-or-later
"""Build what tests/requirements-kerberos.txt names, once for a clone, and install it into .venv.

The wheels stay in .cache/wheels. Where there is no compiler or no Kerberos, nothing is built: the tests that need it say so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import make_venv

ROOT = make_venv.ROOT
WHEELS = ROOT / ".cache" / "wheels"
REQUIREMENTS = ROOT / "tests" / "requirements-kerberos.txt"
QUICK = {"CFLAGS": "-O0 -g0"}
"""Without optimisation: a third of the time, and what is built runs for milliseconds."""


def main() -> None:
    """Build and install, unless it has been done for just these requirements and this Python."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    installed, built = ROOT / ".venv" / ".installed-kerberos", WHEELS / f"built-{wanted[:16]}"
    if installed.exists() and installed.read_text() == wanted:
        return
    if not built.exists() and not build():
        return
    built.touch()
    pip("install", "--no-index", "--find-links", str(WHEELS), "--requirement", str(REQUIREMENTS))
    installed.write_text(wanted)


def build() -> bool:
    """Build the wheels, with what they need; whether that was possible."""
    missing = [name for name in ("krb5-config", "cc") if shutil.which(name) is None]
    if missing:
        print(f"without Kerberos: there is no {' and no '.join(missing)} (on Debian: apt-get install libkrb5-dev gcc)")
        return False
    print(f"building {REQUIREMENTS.relative_to(ROOT)}", flush=True)
    WHEELS.mkdir(parents=True, exist_ok=True)
    pip("wheel", "--wheel-dir", str(WHEELS), "--find-links", str(WHEELS), "--requirement", str(REQUIREMENTS))
    return True


def pip(*arguments: str) -> None:
    """Run pip quietly."""
    python: Path = ROOT / ".venv" / "bin" / "python"
    environment = {
        **make_venv.pip_environment(),
        **{name: os.environ.get(name, value) for name, value in QUICK.items()},
    }
    subprocess.run([python, "-m", "pip", *arguments[:1], "-qq", *arguments[1:]], check=True, env=environment)


if __name__ == "__main__":
    main()
