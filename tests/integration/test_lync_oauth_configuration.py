# SPDX-License-Identifier: GPL-3.0-or-later
"""lync_oauth_configuration on the documented example."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Farm
from refusals import clear, refused

HOST = "atl-lync-001.litwareinc.com"
RIGHT = "https://autodiscover.litwareinc.com/autodiscover/autodiscover.svc"
READ = """{cmdlet: Get-CsOAuthConfiguration, select: [ExchangeAutodiscoverUrl, ExchangeAutodiscoverAllowedDomains, Realm, ServiceName]}"""
RHYTHM = f"""
    - name: checked
      onprem.exchange_lync.lync_oauth_configuration: &options {{options}}
      check_mode: true
    - name: as it was
      onprem.exchange_lync.lync_cmdlet: &read {READ.replace("{", "{{").replace("}", "}}")}
    - name: applied
      onprem.exchange_lync.lync_oauth_configuration: *options
    - name: as it is
      onprem.exchange_lync.lync_cmdlet: *read
    - name: again
      onprem.exchange_lync.lync_oauth_configuration: *options
"""


def rhythm(farm: Farm, options: str, execution: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Check, read, apply, read, again; what was read before and after."""
    run = farm.play(RHYTHM.format(options=options), hosts="lync_servers", execution=execution)
    assert run.rc == 0, run.output
    checked, applied, again = (run.step(name) for name in ("checked", "applied", "again"))
    assert (checked.changed, checked.writes) == (True, [])
    assert (applied.changed, [entry["cmdlet"] for entry in applied.writes]) == (True, ["Set-CsOAuthConfiguration"])
    assert (again.changed, again.cmdlets) == (False, ["Get-CsOAuthConfiguration"])
    for key in ("oauth_configuration", "commands", "diff"):
        assert checked.result[key] == applied.result[key]
    assert again.result["oauth_configuration"] == applied.result["oauth_configuration"]
    return run.step("as it was").result["objects"][0], run.step("as it is").result["objects"][0]


def test_a_wrong_url_is_refused_with_the_right_one_and_nothing_is_asked(farm: Farm) -> None:
    wrong = {
        RIGHT.replace(".svc", ".xml"): "is the URL for Outlook; Lync needs the one that ends in .svc",
        RIGHT.replace("autodiscover.litwareinc.com", ""): "is not a URL with scheme and host",
    }
    cases = [{"exchange_autodiscover_url": url} for url in wrong]
    messages = refused(farm, "lync_oauth_configuration", "lync_servers", *cases, asked=False)
    for message, (url, said) in zip(messages, wrong.items(), strict=True):
        clear(
            message,
            host=HOST,
            shell="lync",
            cmdlet="Set-CsOAuthConfiguration",
            said=f"exchange_autodiscover_url: '{url}' {said}",
            remedy=f"{RIGHT}. Correct the task",
        )


@pytest.mark.parametrize("execution", ["worker", "subprocess"])
def test_the_rhythm(farm: Farm, execution: str) -> None:
    options = f"{{exchange_autodiscover_url: '{RIGHT}', exchange_autodiscover_allowed_domains: ['*.a.com', '*.b.com']}}"
    before, after = rhythm(farm, options, execution)
    assert before["ExchangeAutodiscoverUrl"] in (None, "")
    assert after == {
        **before,
        "ExchangeAutodiscoverUrl": RIGHT,
        "ExchangeAutodiscoverAllowedDomains": "*.a.com;*.b.com",
    }
    cleared = "{exchange_autodiscover_url: '', exchange_autodiscover_allowed_domains: [], on_conflict: replace}"
    assert rhythm(farm, cleared, execution)[1] == before


@pytest.mark.connections("winrm")
def test_realm_and_service_name(farm: Farm) -> None:
    """Each alone, so that the other stays."""
    before, named = rhythm(farm, "{realm: litwareinc.com}")
    assert named == {**before, "Realm": "litwareinc.com"}
    assert named["ServiceName"] == "00000004-0000-0ff1-ce00-000000000000"
    _named, renamed = rhythm(farm, "{service_name: lync.litwareinc.com, on_conflict: replace}")
    assert renamed == {**named, "ServiceName": "lync.litwareinc.com"}


@pytest.mark.connections("winrm")
def test_what_is_there_is_replaced_only_on_the_users_word(farm: Farm) -> None:
    step = "- {{name: {0}, onprem.exchange_lync.lync_oauth_configuration: {{realm: {0}.com{1}}}}}\n"
    known = farm.play(step.format("first", ", on_conflict: replace"), hosts="lync_servers").step("first")
    assert known.result["oauth_configuration"]["realm"] == "first.com"
    [message] = refused(farm, "lync_oauth_configuration", "lync_servers", {"realm": "second.com"})
    remedy = "Nothing was written. Set on_conflict to replace"
    clear(message, host=HOST, shell="lync", cmdlet="Set-CsOAuthConfiguration", said="realm is first.com", remedy=remedy)
    run = farm.play(step.format("third", ", on_conflict: keep"), hosts="lync_servers")
    kept = run.step("third")
    assert (run.rc, kept.changed, kept.writes) == (0, False, [])
    assert kept.result["warnings"] == ["Left as it is: realm is first.com."]


def test_an_account_that_may_only_read_sees_what_differs_and_is_refused_to_write(farm: Farm) -> None:
    auditor = {"ansible_user": "auditor@litwareinc.com", "ansible_password": 'read: "only" 100% é'}
    task = "- {name: step, onprem.exchange_lync.lync_oauth_configuration: {realm: other.litwareinc.com, on_conflict: replace}}"
    assert farm.play(task, hosts="lync_servers", check=True, extra_vars=auditor).step("step").changed
    run = farm.play(task, hosts="lync_servers", extra_vars=auditor)
    assert (run.rc, [entry["outcome"] for entry in run.writes]) == (2, ["error"])
    step = run.step("step")
    assert not step.changed
    assert step.result["error"]["kind"] == "access_denied"
    assert step.result["commands_not_run"]
    clear(step.msg, host=HOST, shell="lync", cmdlet="Set-CsOAuthConfiguration", remedy="Give the account")
