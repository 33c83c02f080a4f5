# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the lab's own catalogue of cmdlets, ``tests/lab/catalogue.json``.

    python tests/lab/catalogue/generate.py [--source CATALOG.json] [--output FILE]

A cmdlet is documented or written down by hand.

Documented ones come from CATALOG.json, which is what was read out of Microsoft's published reference pages: per cmdlet its parameter
sets (from the syntax blocks) and its parameters (from the parameter tables). Those two disagree in places; the rules by which one
is believed are the functions below. What the pages do not say at all is in ``corrections.yml``. CATALOG.json is no part of the
repository: without ``--source`` the documented cmdlets are taken as the catalogue has them.

All others are in ``hand_written.yml``: the standard cmdlets that a remote pipeline needs, which have pages of another kind, and any
that somebody adds. Both files name their source per entry.
"""

from __future__ import annotations

import argparse
import json
import re
import typing as t
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "catalogue.json"

PRODUCTS: dict[str, list[str]] = {
    "exchange": ["Exchange Server 2013", "Exchange Server 2016", "Exchange Server 2019", "Exchange Server SE"],
    "lync": ["Lync Server 2013", "Skype for Business Server 2015", "Skype for Business Server 2019"],
    "dns": [],
}
"""The products of the lab. What is for other products only (2010, the online services) cannot be called in it and is left out."""

SHOULD_PROCESS = {"WhatIf", "Confirm"}
ENGINE_OWN = {"Verbose", "Debug", "ErrorAction", "WarningAction"}
BY_HAND = "by_hand"
"""Marks a cmdlet of hand_written.yml in the catalogue."""

Json = dict[str, t.Any]


def short_type(name: str) -> str:
    """The type's own name: no namespace, no outer class, no generic arguments; ``[]`` stays."""
    array = "[]" if name.endswith("[]") else ""
    bare = re.sub(r"`\d+\[.*\]$", "", name.removesuffix("[]"))
    return re.split(r"[.+]", bare)[-1] + array


def offered_on(applicable: list[str], shell: str) -> list[str] | None:
    """The lab's products among ``applicable``; None where the page does not say (it then goes for all of the shell)."""
    return [product for product in PRODUCTS[shell] if product in applicable] if applicable else None


def true_sets(cmdlet: Json) -> tuple[dict[str, Json], str | None]:
    """The parameter sets without the pages' mark ``(Default)``, and the set that carried it."""
    default = next((name for name in cmdlet["parameter_sets"] if name.endswith(" (Default)")), None)
    sets = {name.removesuffix(" (Default)"): dict(members) for name, members in cmdlet["parameter_sets"].items()}
    return sets, default.removesuffix(" (Default)") if default else None


def is_mandatory(parameter: Json, in_syntax: str) -> bool:
    """Whether a parameter is mandatory in a set whose syntax line shows it as ``in_syntax``.

    The syntax line decides, with one exception: it shows a mandatory positional switch in brackets (``[-A]``, the name
    may be left out), which reads like an optional one; there the table decides.
    """
    if short_type(parameter["type"]) == "SwitchParameter" and parameter["required"]:
        return True
    return in_syntax == "required"


def members(cmdlet: Json, sets: dict[str, Json], name: str) -> dict[str, bool]:
    """The sets that a parameter is in, and whether it is mandatory there."""
    parameter = cmdlet["parameters"][name]
    found = {set_name: is_mandatory(parameter, names[name]) for set_name, names in sets.items() if name in names}
    if not found:  # in the table and in no syntax line: the table's own list of sets
        found = {set_name: parameter["required"] for set_name in parameter["sets"] if set_name in sets}
    return found


def available(cmdlet: Json, shell: str) -> list[str]:
    """The parameters that exist for at least one product of the lab."""
    return [
        name
        for name, parameter in cmdlet["parameters"].items()
        if name not in SHOULD_PROCESS | ENGINE_OWN and offered_on(parameter.get("applicable", []), shell) != []
    ]


def live_sets(cmdlet: Json, sets: dict[str, Json], names: list[str]) -> list[str]:
    """The sets that are left when parameters of other products are gone: those that can still be chosen.

    Set-Mailbox -RemoveDelayHoldApplied of Exchange Online is mandatory in a set of its own name, which goes with it.
    """
    gone = [name for name in cmdlet["parameters"] if name not in names and name not in SHOULD_PROCESS]
    return [
        name
        for name, syntax in sets.items()
        if not any(p in syntax and is_mandatory(cmdlet["parameters"][p], syntax[p]) for p in gone)
    ]


def positions(parameter: Json) -> int | None:
    """The position, which the pages count from 1; PowerShell uses the order only."""
    return int(parameter["position"]) if str(parameter["position"]).isdigit() else None


def pipeline(parameter: Json) -> list[str]:
    """How the parameter takes pipeline input. The Exchange pages say a bare ``True``: both ways."""
    text = str(parameter.get("pipeline", "")).lower()
    if text == "true":
        return ["value", "name"]
    return [way for way, word in (("value", "byvalue"), ("name", "bypropertyname")) if word in text]


def compact_parameter(cmdlet: Json, sets: dict[str, Json], live: list[str], name: str, shell: str) -> Json:
    """One parameter as the lab keeps it; what is the rule is left out."""
    parameter = cmdlet["parameters"][name]
    within = {set_name: need for set_name, need in members(cmdlet, sets, name).items() if set_name in live}
    entry: Json = {"type": short_type(parameter["type"])}
    if len(within) == len(live) and len(set(within.values())) == 1:
        entry |= {"mandatory": True} if next(iter(within.values())) else {}
    else:
        entry["sets"] = within
    extras = {
        "position": positions(parameter),
        # the page of Get-CsUser has a parameter's own name as another one's alias, which no cmdlet can have
        "aliases": [alias for alias in parameter.get("aliases", ()) if alias not in cmdlet["parameters"]],
        "pipeline": pipeline(parameter),
        "values": parameter.get("values"),
    }
    entry |= {key: value for key, value in extras.items() if value not in (None, [])}
    products = offered_on(parameter.get("applicable", []), shell)
    if products is not None and products != offered_on(cmdlet["applicable"], shell):
        entry["products"] = products
    return entry


def default_set(name: str, live: list[str], marked: str | None, corrections: Json) -> str | None:
    """The default parameter set: as marked, as corrected, or Identity, as both products' generators make it."""
    if len(live) < 2:
        return None
    return marked or corrections["default_sets"].get(name) or ("Identity" if "Identity" in live else None)


def compact(name: str, cmdlet: Json, corrections: Json) -> Json:
    """One cmdlet as the lab keeps it."""
    shell = cmdlet["shell"]
    sets, marked = true_sets(cmdlet)
    names = available(cmdlet, shell)
    live = live_sets(cmdlet, sets, names)
    made = {p: compact_parameter(cmdlet, sets, live, p, shell) for p in names}
    entry: Json = {"shell": shell, "source": cmdlet["source"]}
    entry |= (
        {"products": on}
        if (on := offered_on(cmdlet["applicable"], shell)) is not None and on != PRODUCTS[shell]
        else {}
    )
    entry |= {"sets": live} if len(live) > 1 else {}
    entry |= {"default_set": chosen} if (chosen := default_set(name, live, marked, corrections)) else {}
    entry |= {"should_process": True} if "WhatIf" in cmdlet["parameters"] else {}
    entry["parameters"] = {p: made[p] for p in made if made[p].get("sets") != {}}
    return entry


def read_source(catalog: Json, corrections: Json) -> tuple[Json, Json]:
    """The documented cmdlets as the pages have them, and the sources of the pages."""
    cmdlets = {name: compact(name, cmdlet, corrections) for name, cmdlet in catalog["cmdlets"].items()}
    return cmdlets, catalog["sources"]


def read_committed(catalogue: Json, corrections: Json) -> tuple[Json, Json]:
    """The documented cmdlets as the catalogue has them, and the sources; a correction added since is made."""
    cmdlets = {name: dict(entry) for name, entry in catalogue["cmdlets"].items() if not entry.get(BY_HAND)}
    for name, chosen in corrections["default_sets"].items():
        if name in cmdlets:
            cmdlets[name]["default_set"] = chosen
    return cmdlets, catalogue["sources"]


def check_inputs(documented: Json, corrections: Json, written: Json) -> None:
    """A correction of something that is not there is a mistake of the corrections, as is a cmdlet that is there twice or has no source.

    :raises ValueError: naming it.
    """
    for name in (*corrections["default_sets"], *corrections["shells"]):
        if name not in documented:
            raise ValueError(f"corrections.yml names {name}, which the catalogue does not have")
    for name, entry in written["cmdlets"].items():
        if name in documented:
            raise ValueError(f"hand_written.yml has {name}, which is documented: correct it in corrections.yml")
        if missing := [key for key in ("shell", "source", "parameters") if key not in entry]:
            raise ValueError(f"hand_written.yml: {name} has no {missing[0]}")


def generate(documented: Json, sources: Json, corrections: Json, written: Json) -> Json:
    """The lab's catalogue."""
    check_inputs(documented, corrections, written)
    for name, shell in corrections["shells"].items():
        documented = {**documented, name: {**documented[name], "shell": shell}}
    by_hand = {name: {BY_HAND: True, **entry} for name, entry in written["cmdlets"].items()}
    return {
        "sources": {**sources, **written["sources"]},
        "products": PRODUCTS,
        "enums": {
            name: {k: v for k, v in enum.items() if k != "source"} for name, enum in corrections["enums"].items()
        },
        "cmdlets": dict(sorted({**documented, **by_hand}.items())),
    }


def to_text(made: Json) -> str:
    """The file's text: a line per parameter, so that a change can be read."""
    text = json.dumps(made, indent=1, ensure_ascii=False)
    text = re.sub(
        r"(?<=: )\[[^\[\]{}]*\]",
        lambda found: re.sub(r"\n\s*", " ", found[0]).replace("[ ", "[").replace(" ]", "]"),
        text,
    )
    parameter = r'(?<=": )\{\s*"type"(?:[^{}]|\{[^{}]*\})*\}'
    return re.sub(parameter, lambda found: re.sub(r"\s*\n\s*", " ", found[0]), text) + "\n"


def read_yaml(name: str) -> Json:
    """One of the files beside this one."""
    content: Json = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return content


def make(source: Path | None = None) -> Json:
    """The lab's catalogue, with the documented cmdlets of a source or of the catalogue as it is."""
    corrections = read_yaml("corrections.yml")
    read, path = (read_source, source) if source else (read_committed, OUTPUT)
    documented, sources = read(json.loads(path.read_text(encoding="utf-8")), corrections)
    return generate(documented, sources, corrections, read_yaml("hand_written.yml"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the lab's catalogue of cmdlets.")
    parser.add_argument("--source", type=Path, help="what was read out of the reference pages")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    made = make(options.source)
    options.output.write_text(to_text(made), encoding="utf-8")
    print(f"{options.output}: {len(made['cmdlets'])} cmdlets")


if __name__ == "__main__":
    main()
