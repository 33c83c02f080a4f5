# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation names what is there: links, make targets, modules, variables."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._access import KEYS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "tests/lab/README.md")),
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.casefold()).replace(" ", "-") for heading in headings}


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _separator, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{target}: there is no such file"
        assert not anchor or anchor in anchors(there), f"{target}: there is no such heading"


@pages
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    checks = set(re.findall(r"^\[([a-z-]+)\]$", (ROOT / "tests/ci/checks.toml").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.M))
    assert named <= targets | checks


@pages
def test_files_named_in_commands_exist(page: Path) -> None:
    # a path of the repository in code: not one of the lab's state, and not a pattern
    named = re.findall(
        r"\b((?:plugins|roles|playbooks|tests|docs|extensions)/[\w./-]+\w)", page.read_text(encoding="utf-8")
    )
    missing = [name for name in named if not any((root / name).exists() for root in (ROOT, page.parent))]
    assert [name for name in missing if "NAME" not in name] == []


@pages
def test_yaml_is_yaml(page: Path) -> None:
    for block in FENCE.findall(page.read_text(encoding="utf-8")):
        assert yaml.safe_load(block)


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the rows of the table that follows ``heading`` in a page, without its head."""
    after = (ROOT / page).read_text(encoding="utf-8").partition(heading)[2]
    rows = re.search(r"(?:^\|.*\n)+", after, re.M)
    assert rows, f"{page} has no table after {heading}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.group().splitlines()[2:]]


@pytest.mark.parametrize(
    ("heading", "folder"),
    [("| module |", "plugins/modules/*.py"), ("| role |", "roles/*"), ("| filter |", "plugins/filter/*.py")],
)
def test_the_readme_names_everything(heading: str, folder: str) -> None:
    there = {found.stem for found in ROOT.glob(folder) if not found.name.startswith("_")}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| \[`(\w+)`\]", readme.partition(heading)[2].partition("\n\n")[0], re.M)
    assert sorted(named) == sorted(there)


def test_the_keys_of_a_shell_are_those_of_the_code() -> None:
    rows = table("docs/your_own_farm.md", "## Variables of a shell")
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row[0])} == KEYS


def test_the_timeouts_are_those_of_the_plugin() -> None:
    source = (ROOT / "plugins/connection/management_shell.py").read_text(encoding="utf-8")
    documentation = yaml.safe_load(source.partition('DOCUMENTATION = r"""')[2].partition('"""')[0])
    options = t.cast("dict[str, dict[str, t.Any]]", documentation["options"]).values()
    defaults = {option["vars"][0]["name"]: str(option.get("default")) for option in options if "vars" in option}
    rows = table("docs/your_own_farm.md", "## How long a session lives")
    assert {row[0].strip("`"): row[1].strip("`") for row in rows}.items() <= defaults.items()


@pages
def test_the_variables_are_those_of_the_role_farm(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?<![\w*])farm_[a-z_]+(?![\w*])", text)) <= {*variables(), *PLUGINS}
    assert not re.search(r"\bintegration_\w+", text), "roles have no variables of their own"


def test_the_guide_names_every_variable_that_has_to_be_given() -> None:
    page = (ROOT / "docs/your_own_farm.md").read_text(encoding="utf-8")
    required = {name for name, option in variables().items() if option.get("required")}
    assert set(re.findall(r"^\| `(farm_\w+)` \|", page, re.M)) == required


def variables() -> dict[str, dict[str, t.Any]]:
    """The options of the role farm."""
    specification = yaml.safe_load((ROOT / "roles/farm/meta/argument_specs.yml").read_text(encoding="utf-8"))
    return t.cast("dict[str, dict[str, t.Any]]", specification["argument_specs"]["main"]["options"])


PLUGINS = {path.stem for kind in ("modules", "filter") for path in (ROOT / "plugins" / kind).glob("farm_*.py")}
