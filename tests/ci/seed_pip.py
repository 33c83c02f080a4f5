# SPDX-License-Identifier: GPL-3.0-or-later
"""Give ansible-test the pip that it bootstraps its virtual environments with, from the package index.

ansible-test downloads a get-pip script from a host of its own, which many networks do not reach. It looks first in
its cache, by a name that holds the version: a script of that name which installs the index's wheel does the same.
Run with the Python of the environment that holds ansible-test.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

SCRIPT = """\
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here / "pip-{version}-py3-none-any.whl"))
from pip._internal.cli.main import main

arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", "--no-index", "--find-links", str(here), *arguments]))
"""


def main() -> None:
    """Fill the cache, unless it is filled."""
    version = wanted_version()
    cache = Path("~/.ansible/test/cache").expanduser()
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--quiet", "--no-deps", "--dest", str(cache)]
    subprocess.run([*download, f"pip=={version}"], check=True)
    script.write_text(SCRIPT.format(version=version))


def wanted_version() -> str:
    """The version of pip that this ansible-test asks for."""
    spec = importlib.util.find_spec("ansible_test")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("ansible-test is not installed for this Python")
    source = Path(spec.submodule_search_locations[0]) / "_internal" / "python_requirements.py"
    found = re.search(r"pip='([0-9.]+)'", source.read_text())
    if found is None:
        raise SystemExit(f"{source} does not say which pip it wants: adapt {Path(__file__).name} to this release")
    return found[1]


if __name__ == "__main__":
    main()
