# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection from the copy of the tree, install what was built into an empty folder, and read its documentation there."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

import copy_tree

EXPECTED = {"README.md", "LICENSE", "CHANGELOG.rst", "requirements.txt", "bindep.txt", "meta/runtime.yml"}
UNWANTED = (".", "tests/", "extensions/molecule/")
NAME = "onprem.exchange_lync"


def main() -> None:
    """Fail at the first step that does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        artifact = build(Path(folder))
        check_content(artifact)
        installed = Path(folder) / "collections"
        # the tree itself is not in this path, or ansible-galaxy would find nothing to install
        run("ansible-galaxy", "collection", "install", str(artifact), "--offline", collections=installed)
        check_documentation(installed)


def build(folder: Path) -> Path:
    """The path of the built artifact."""
    run("ansible-galaxy", "collection", "build", str(copy_tree.TREE), "--output-path", str(folder))
    (artifact,) = folder.glob("*.tar.gz")
    return artifact


def check_content(artifact: Path) -> None:
    """What has to be in the artifact is in it, and nothing of the workshop is."""
    with tarfile.open(artifact) as archive:
        names = {member.name for member in archive if member.isfile()}
    missing = EXPECTED - names
    unwanted = sorted(name for name in names if name.startswith(UNWANTED))
    if missing or unwanted:
        raise SystemExit(f"missing in the artifact: {sorted(missing)}; not wanted in it: {unwanted}")
    print(f"{len(names)} files, {artifact.stat().st_size} bytes")


def check_documentation(collections: Path) -> None:
    """Every module and role of the tree is documented in the installed collection."""
    modules = {f"{NAME}.{file.stem}" for file in (copy_tree.TREE / "plugins" / "modules").glob("[!_]*.py")}
    roles = {f"{NAME}.{folder.name}" for folder in (copy_tree.TREE / "roles").iterdir()}
    for kind, wanted in (("module", modules), ("role", roles)):
        listed = json.loads(run("ansible-doc", "--type", kind, "--list", "--json", NAME, collections=collections))
        if set(listed) != wanted:
            raise SystemExit(f"documented {kind}s: {sorted(listed)}; in the tree: {sorted(wanted)}")
        json.loads(run("ansible-doc", "--type", kind, "--json", *sorted(wanted), collections=collections))
        print(f"{len(wanted)} {kind}s documented")


def run(*command: str, collections: Path | None = None) -> str:
    """What a command prints; its error output is shown as it comes."""
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections)} if collections else None
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    main()
