# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy what git tracks, or would track, to .cache/ansible_collections/onprem/exchange_lync.

ansible-test wants a collection at a path of that shape, and refuses links; and a file that git ignores must not make
a check pass here that fails for everybody else.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / ".cache" / "ansible_collections" / "onprem" / "exchange_lync"


def main() -> None:
    """Make the copy anew."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    shutil.rmtree(TREE, ignore_errors=True)
    for name in filter(None, names):
        source = ROOT / name
        if source.is_file():
            target = TREE / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    # A repository of its own: ansible-test asks git for the files, and the clone's git ignores all of .cache.
    subprocess.run(["git", "init", "--quiet"], cwd=TREE, check=True)


if __name__ == "__main__":
    main()
