# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: when it fails, and that it returns the verdict all the same."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result, carry_out
from ansible_collections.onprem.exchange_lync.plugins.modules import certificate_verdict

Maker = t.Any
FrontEnd = Callable[..., dict[str, t.Any]]
AT = {"now": "2026-08-01T12:00:00Z", "sip_domains": ["litwareinc.com"]}


def run(**arguments: t.Any) -> Result:
    validated = ArgumentSpecValidator(certificate_verdict.SPEC.argument_spec).validate(arguments)
    assert validated.error_messages == []

    def no_helper() -> t.Any:
        raise AssertionError("a verdict opens no session")

    return carry_out(certificate_verdict.run, Call(validated.validated_parameters, check_mode=True, helper=no_helper))


def test_the_documentation_says_what_the_arguments_are() -> None:
    documented = yaml.safe_load(certificate_verdict.DOCUMENTATION)["options"]
    keys = ("type", "elements", "default", "choices")
    shown = {name: {key: option[key] for key in keys if key in option} for name, option in documented.items()}
    assert shown == certificate_verdict.SPEC.argument_spec


def test_a_good_verdict(certificate: Maker, front_end: FrontEnd) -> None:
    result = run(lync=[front_end(certificate())], **AT)
    assert (result["changed"], result["verdict"]["ok"], "failed" in result) == (False, True, False)


def test_an_error_fails_and_returns_the_verdict(certificate: Maker, front_end: FrontEnd) -> None:
    result = run(lync=[front_end(certificate("fabrikam.com"))], **AT)
    assert result["failed"] is True
    where = "atl-lync-001: lync management shell: Get-CsCertificate"
    assert result["msg"].startswith(f"{where}: sip_domain_missing: litwareinc.com: subject CN=fabrikam.com")
    assert "lync_certificate" in result["msg"]
    assert [item["rule"] for item in result["verdict"]["findings"]] == ["sip_domain_missing"]


@pytest.mark.parametrize(("fail_on", "failed"), [("error", False), ("warning", True), ("never", False)])
def test_a_warning_fails_where_that_is_asked(
    certificate: Maker, front_end: FrontEnd, fail_on: str, failed: bool
) -> None:
    result = run(lync=[front_end(certificate("*.litwareinc.com"))], fail_on=fail_on, **AT)
    assert result.get("failed", False) is failed
    assert result["verdict"]["summary"] == {"error": 0, "warning": 1, "info": 0}


def test_an_error_need_not_fail(certificate: Maker, front_end: FrontEnd) -> None:
    result = run(lync=[front_end(None)], fail_on="never", **AT)
    assert ("failed" in result, result["verdict"]["ok"]) == (False, False)


def test_input_that_is_none(certificate: Maker) -> None:
    result = run(lync=[{"host": "atl-lync-001"}], **AT)
    assert result["failed"] is True
    assert result["msg"].startswith("lync[0].assigned: a list is wanted")
    assert "verdict" not in result
