# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a virtual environment of this clone, install requirement files into it, and link the clone as a collection.

    python3 tests/ci/make_venv.py [--dir .venv] [--core SPECIFIER] REQUIREMENTS ...

Needs nothing but Python. A second run with the same requirement files does nothing. Everything that is written,
pip's cache included, is inside the clone.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINKS = ROOT / ".collections" / "ansible_collections" / "onprem" / "exchange_lync"
NO_PIP = """\
{python} can make no virtual environment with pip: its ensurepip is missing, and it has no pip of its own.
On Debian and Ubuntu: apt-get install python3-venv
Or name another Python: make venv PYTHON=/path/to/python3"""


def main() -> None:
    """Make or refresh the environment that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", default=".venv", help="the environment's folder in the clone (default: .venv)")
    parser.add_argument("--core", default="ansible-core>=2.19", help="which ansible-core (default: the newest)")
    parser.add_argument("requirements", nargs="+", help="requirement files to install")
    options = parser.parse_args()
    folder = ROOT / options.dir
    python = folder / "bin" / "python"
    if not runs(python):
        create(folder)
    install(python, options.core, [ROOT / name for name in options.requirements])
    link()


def runs(python: Path) -> bool:
    """Whether the environment's Python starts and has pip: after a system upgrade it may not."""
    if not python.exists():
        return False
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def create(folder: Path) -> None:
    """Make the environment, with pip from ensurepip, or else from this Python's own pip (Debian splits ensurepip off)."""
    print(f"making {folder.relative_to(ROOT)} with {sys.executable}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    if importable("ensurepip"):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        return
    if not importable("pip"):
        raise SystemExit(NO_PIP.format(python=sys.executable))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "-qq", "pip"], check=True, env=pip_environment())


def importable(name: str) -> bool:
    """Whether the system's Python has the package (asked outside any environment's own path)."""
    return subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


def pip_environment() -> dict[str, str]:
    """The environment of pip: its cache stays in the clone."""
    return {**os.environ, "PIP_CACHE_DIR": str(ROOT / ".cache" / "pip"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def install(python: Path, core: str, files: list[Path]) -> None:
    """Install the requirement files, unless a stamp says that just these are installed."""
    wanted = hashlib.sha256(core.encode())
    for file in files:
        wanted.update(file.read_bytes())
    stamp = python.parent.parent / f".installed-{files[-1].stem}"
    if stamp.exists() and stamp.read_text() == wanted.hexdigest():
        return
    arguments = [argument for file in files for argument in ("--requirement", str(file))]
    print(f"installing {' '.join(str(file.relative_to(ROOT)) for file in files)} and {core}", flush=True)
    subprocess.run([python, "-m", "pip", "install", "-qq", core, *arguments], check=True, env=pip_environment())
    stamp.write_text(wanted.hexdigest())


def link() -> None:
    """Link each visible entry of the clone where Ansible looks for the collection.

    A folder of links, not one link: .collections is itself in the clone, and a link to its own ancestor is a loop
    that every tool which walks the tree would follow.
    """
    LINKS.mkdir(parents=True, exist_ok=True)
    entries = {entry.name for entry in ROOT.iterdir() if not entry.name.startswith(".")}
    for old in LINKS.iterdir():
        if old.name not in entries:
            old.unlink(missing_ok=True)
    for name in entries:
        with contextlib.suppress(FileExistsError):
            (LINKS / name).symlink_to(Path("../../../..") / name)


if __name__ == "__main__":
    main()
