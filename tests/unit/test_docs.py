# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation names what is there: links, make targets, modules, roles, variables, rules."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.rulebook import REPLACEMENTS, RULES
from ansible_collections.onprem.exchange_lync.plugins.modules.farm_report import _KEPT as STATISTICS
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._access import KEYS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "roles").glob("*/README.md")),
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


def test_every_role_has_a_readme() -> None:
    assert [role.name for role in (ROOT / "roles").iterdir() if not (role / "README.md").exists()] == []


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


FARM: dict[str, dict[str, t.Any]] = yaml.safe_load(
    (ROOT / "roles/farm/meta/argument_specs.yml").read_text(encoding="utf-8")
)["argument_specs"]["main"]["options"]
"""The variables of the roles, as role farm specifies them."""


def write_meaning(option: dict[str, t.Any]) -> str:
    """An option's description in Markdown."""
    text = option["description"]
    return re.sub(r"\b[COV]\(([^)]*)\)", r"`\1`", text if isinstance(text, str) else " ".join(text))


def write_default(option: dict[str, t.Any]) -> str:
    """What a table shows as an option's default."""
    default = option.get("default")
    if option.get("required") or default is None:
        return "required" if option.get("required") else ""
    group = re.match(r"{{ groups\['(\w+)'\]", str(default))
    shown = str(default).lower() if isinstance(default, bool) else default
    return f"group `{group[1]}`" if group else f"`{shown}`"


def write_row(name: str, option: dict[str, t.Any]) -> str:
    return f"| `{name}` | {write_default(option)} | {write_meaning(option)} |"


def test_the_variables_are_those_of_the_specification() -> None:
    """Each once, in one of the tables."""
    text = (ROOT / "roles/farm/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `farm_.*", text, re.M)
    assert sorted(rows) == sorted(write_row(name, option) for name, option in FARM.items())


def test_the_keys_of_a_record_are_those_of_the_specification() -> None:
    names = [
        row[0].strip("`") for row in table("roles/farm/README.md", "A record in `farm_dns_records` has these keys")
    ]
    assert sorted(names) == sorted(FARM["farm_dns_records"]["options"])


@pages
def test_the_variables_that_a_page_names_exist(page: Path) -> None:
    """Modules, filters and statistics have the same prefix."""
    plugins = {path.stem for folder in ("modules", "filter") for path in (ROOT / "plugins" / folder).glob("farm_*.py")}
    known = {*FARM, *plugins, *(f"farm_{name}" for name in STATISTICS)}
    assert set(re.findall(r"\bfarm_\w+", page.read_text(encoding="utf-8"))) <= known


def test_the_statistics_are_those_of_the_report() -> None:
    text = (ROOT / "roles/audit/README.md").read_text(encoding="utf-8").partition("## What it returns")[2]
    assert set(re.findall(r"`farm_(\w+)`", text.partition("##")[0])) - {"audit", "info"} == set(STATISTICS)


@pages
def test_no_page_names_a_variable_of_another_role(page: Path) -> None:
    """They have none."""
    assert not re.search(
        r"\b(?:integration|preflight|certificates|verify)_(?!result)\w+", page.read_text(encoding="utf-8")
    )


def test_the_guide_names_every_variable_that_has_to_be_given() -> None:
    required = {name for name, option in FARM.items() if option.get("required")}
    page = (ROOT / "docs/your_own_farm.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(farm_\w+)` \|", page, re.M)) == required


@pages
def test_the_rules_that_a_page_names_exist(page: Path) -> None:
    """In the lists that take rules."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"farm_(?:tolerate|replace): \[([^\]]*)\]", text)
    rules = {item.strip().partition("@")[0] for items in named for item in items.split(",") if item.strip()}
    assert rules <= RULES.keys()


def test_each_rule_that_holds_back_a_change_has_its_example() -> None:
    rows = table("docs/your_own_farm.md", "## When something is in the way")
    assert sorted(row[0].strip("`") for row in rows) == sorted(REPLACEMENTS)
