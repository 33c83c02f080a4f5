# SPDX-License-Identifier: GPL-3.0-or-later
"""Write ``docs/rules.md`` from the rules' declarations, or with ``--check`` see that it says what they say.

python tests/ci/rules_page.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.certificate_uses import DEPLOY, REPLACE
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.rulebook import SUBJECTS
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.rules.host_rules import READ_AGAIN
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.rules.token_issuer_rules import (
    TAKE_OWN_BACK,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.trust_checks import ANSWERED, REACH

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "rules.md"
INTRODUCTION = """\
# The rules

The roles `preflight`, `verify` and `audit` and the module `farm_audit` judge a farm by these rules. This page is generated from the
rules' own declarations (`tests/ci/rules_page.py`).

An **error** ends a run before anything is written. A **warning** does not, unless `farm_fail_on` is `warning`. A **note** is for
information only. The severity here is the usual one. Circumstances can make a finding less or more severe; the report shows the actual
one.

Every rule can be given in `farm_tolerate`. Its findings are then warnings, and the changes that they hold back are not made. Rules that
*hold back a change* can be given in `farm_replace` instead; the change is then made. Narrow a rule to one server or thing with `@`, such
as `lync_service_stopped@RTCRGS`. *Fixed by* names the role that fixes a finding. If no role is named, follow the remedy.
[When something is in the way](your_own_farm.md#when-something-is-in-the-way) has examples.
"""
SEVERITIES = {"error": "error", "warning": "warning", "info": "note"}


def main() -> None:
    """Write the page, or compare it."""
    page = "\n".join(write_page()) + "\n"
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
        return
    if PAGE.read_text(encoding="utf-8") != page:
        sys.exit("docs/rules.md does not say what the rules say: run tests/ci/rules_page.py")
    print(f"{page.count('### `')} rules")


def write_page() -> Iterator[str]:
    """The page, line by line."""
    yield INTRODUCTION
    for subject, module in SUBJECTS.items():
        yield f"## {subject}\n"
        for rule in vars(module).values():
            if isinstance(rule, Rule):
                yield from write_rule(rule)


def write_rule(rule: Rule) -> Iterator[str]:
    """One rule."""
    marks = [SEVERITIES[rule.severity]]
    marks += ["holds back a change"] if rule.replaces else []
    marks += [f"fixed by role `{rule.fixed_by}`"] if rule.fixed_by else []
    yield f"### `{rule.id}`\n\n*{', '.join(marks)}*\n\n{rule.demand}\n"
    yield f"- **What to do:** {write_remedy(rule)}"
    yield f"- **Source:** {rule.source}\n"


WORDS = {
    "remedy": READ_AGAIN,
    "rotate": REPLACE["exchange"],
    "site": f"If nothing answers: {REACH} If something does: {ANSWERED}",
    "cure": f"If the server has an assignment of its own: {TAKE_OWN_BACK} Otherwise: {DEPLOY['lync']}",
}


def write_remedy(rule: Rule) -> str:
    """The remedy, for both products where it differs, and for each circumstance that a rule leaves open."""
    if not any(word in rule.remedy for word in ("{replace}", "{deploy}")):
        return rule.remedy.format(**WORDS)
    parts = (f"{title}: {rule.remedy.format(replace=REPLACE[name], deploy=DEPLOY[name])}" for title, name in PRODUCTS)
    return " ".join(parts)


PRODUCTS = (("For Lync", "lync"), ("For Exchange", "exchange"))


if __name__ == "__main__":
    main()
