# SPDX-License-Identifier: GPL-3.0-or-later
"""An execution environment has all that the collection needs, Kerberos among it."""

from __future__ import annotations

from pathlib import Path

import yaml
from packaging.requirements import Requirement


def read_requirements(path: Path) -> dict[str, Requirement]:
    lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = [Requirement(line) for line in lines if line]
    return {requirement.name: requirement for requirement in found}


def test_it_has_what_the_controller_needs_and_kerberos(repository: Path) -> None:
    described = yaml.safe_load((repository / "meta" / "execution-environment.yml").read_text(encoding="utf-8"))
    own = read_requirements(repository / described["dependencies"]["python"])
    for name, needed in read_requirements(repository / "requirements.txt").items():
        kerberos = {"kerberos"} if needed.extras else set()
        assert (own[name].specifier, own[name].extras) == (needed.specifier, needed.extras | kerberos)
    assert "gssapi" in own
    assert (repository / described["dependencies"]["system"]).is_file()
