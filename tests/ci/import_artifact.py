# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection from the copy of the tree, and give what was built to Galaxy's importer, in its default configuration.

The importer's exit code is 0 even if its linter has something to say, so its remarks count here as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import typing as t
from collections import Counter
from pathlib import Path

import copy_tree
from artifact import build

REMARKS = ("ERROR", "WARNING")
FOLDERS = {"module": "plugins/modules/[!_]*.py", "role": "roles/*", "playbook": "playbooks/*.yml"}
"""The kinds of content that are counted, and where they are in the tree."""


def main() -> None:
    """Fail at the first step that does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        check_remarks(run_importer(build(Path(folder)), Path(folder)))
        check_content(json.loads((Path(folder) / "importer_result.json").read_text(encoding="utf-8")))


def run_importer(artifact: Path, folder: Path) -> str:
    """What the importer prints. It writes its result into the folder, and sees no other collection."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GALAXY_IMPORTER_")}
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", str(artifact)],
        cwd=folder,
        env={**own, "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections")},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"the importer ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def check_remarks(output: str) -> None:
    """No line is an error or a warning."""
    remarks = [line for line in output.splitlines() if line.startswith(REMARKS)]
    if remarks:
        raise SystemExit("the importer remarks:\n" + "\n".join(remarks))


def check_content(result: dict[str, t.Any]) -> None:
    """It has found everything that is in the tree."""
    found = Counter(item["content_type"] for item in result["contents"])
    for kind, pattern in FOLDERS.items():
        there = len(list(copy_tree.TREE.glob(pattern)))
        if found[kind] != there:
            raise SystemExit(f"the importer found {found[kind]} of {there} {kind}s")
    print(", ".join(f"{found[kind]} {kind}s" for kind in FOLDERS))


if __name__ == "__main__":
    main()
