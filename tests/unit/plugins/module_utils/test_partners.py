# SPDX-License-Identifier: GPL-3.0-or-later
"""Which partner application a task is about, and what is read of odd ones."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.lync_partners import MetadataUrl, UsesServer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._partners import (
    LYNC,
    AmbiguousError,
    Match,
    choose_free_name,
    find_match,
    find_missing,
    list_warnings,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject

ONE, TWO = "https://one.litwareinc.com/metadata/json/1", "https://two.litwareinc.com/metadata/json/1"


def application(name: str, url: str | None, identifier: str = LYNC) -> dict[str, t.Any]:
    kind = "on_premises" if url else "cloud"
    return {"name": name, "application_identifier": identifier, "kind": kind, "url": url, "enabled": True}


def test_an_application_is_known_by_identifier_and_kind() -> None:
    there = [application("Exchange", None, "00000002"), application("cloud", None), application("mine", ONE)]
    match = find_match(there, LYNC.upper(), "on_premises", url=TWO, name="another")
    assert (match.one, match.same, match.other) == (there[2], (), (there[1],))
    assert find_match(there, LYNC, "cloud").one == there[1]
    assert find_match(there[:2], LYNC, "on_premises").one is None


def test_of_several_the_url_decides_or_the_name_and_nothing_is_guessed() -> None:
    there = [application("first", ONE), application("second", TWO)]
    clear: list[dict[str, t.Any]] = [
        {"url": "https://TWO.litwareinc.com:443/metadata/JSON/1"},
        {"name": "SECOND", "url": ONE},
    ]
    for given in clear:
        match = find_match(there, LYNC, "on_premises", **given)
        assert (match.one, match.same) == (there[1], (there[0],))
    vague: list[dict[str, t.Any]] = [
        {},
        {"url": "https://three.litwareinc.com/metadata/json/1"},
        {"name": "third", "url": ONE},
    ]
    for given in vague:
        with pytest.raises(AmbiguousError, match="first, second"):
            find_match(there, LYNC, "on_premises", **given)


def test_one_of_another_realm_is_of_another_deployment_unless_it_reads_the_same_document() -> None:
    ours = {**application("ours", ONE), "realm": "litwareinc.com"}
    theirs = {**application("theirs", TWO), "realm": "fabrikam.com"}
    match = find_match([ours, theirs], LYNC, "on_premises", realm="LitwareInc.com")
    assert (match.one, match.same, match.elsewhere) == (ours, (), (theirs,))
    match = find_match([theirs], LYNC, "on_premises", url=ONE, realm="litwareinc.com")
    assert (match.one, match.elsewhere) == (None, (theirs,))
    renamed = find_match([theirs], LYNC, "on_premises", url=TWO, realm="litwareinc.com")
    assert (renamed.one, renamed.elsewhere) == (theirs, ())
    blank = {**theirs, "realm": None}
    assert find_match([blank], LYNC, "on_premises", url=ONE, realm="litwareinc.com").one == blank


def test_what_a_new_realm_has_left_is_known_by_its_url_and_another_deployment_is_not_it() -> None:
    new, old = ({**application(name, ONE), "realm": f"{name}.com"} for name in ("new", "old"))
    theirs = {**application("theirs", TWO), "realm": "fabrikam.com"}
    match = find_match([old, new, theirs], LYNC, "on_premises", url=ONE, name="old", realm="new.com")
    assert (match.one, match.list_left()) == (new, [old])
    told = list_warnings(match, told_enabled=False)
    assert ["had before" in text for text in told] == [True, False]
    assert "another deployment" in told[1]
    assert Match(None, elsewhere=(old,)).list_left() == []


def test_in_the_cloud_the_one_that_has_the_realm_is_meant_whatever_it_is_called() -> None:
    new, old = ({**application(name, None), "realm": f"{name}.com"} for name in ("new", "old"))
    match = find_match([old, new], LYNC, "cloud", name="old", realm="new.com")
    assert (match.one, match.elsewhere, match.list_left()) == (new, (old,), [])
    assert find_match([old], LYNC, "cloud", realm="new.com").one == old
    blank = {**new, "realm": None}
    assert find_match([old, blank], LYNC, "cloud", name="old", realm="").one == blank
    removed = find_match([old, new], LYNC, "cloud", name="old", realm="new.com", only_named=True)
    assert removed.one == old


def test_the_first_free_name() -> None:
    assert choose_free_name("LyncEnterprise", set()) == "LyncEnterprise"
    assert choose_free_name("LyncEnterprise", {"lyncenterprise", "lyncenterprise 3"}) == "LyncEnterprise 2"
    assert choose_free_name("a", {"a", "a 2", "a 3"}) == "a 4"


def test_what_is_removed_has_the_name_and_url_that_the_task_says() -> None:
    there = [application("first", ONE), application("second", TWO)]
    assert find_match(there, LYNC, "on_premises", name="first", only_named=True).one == there[0]
    assert find_match(there[1:], LYNC, "on_premises", name="first", only_named=True).one is None
    assert find_match(there[1:], LYNC, "on_premises", url=ONE, only_named=True).one is None
    assert find_match(there, LYNC, "on_premises", url=ONE, name="second", only_named=True).one is None
    assert find_match(there[1:], LYNC, "on_premises", only_named=True).one == there[1]
    with pytest.raises(AmbiguousError):
        find_match(there, LYNC, "on_premises", only_named=True)


def test_certificates_that_are_missing() -> None:
    assert find_missing(["aa bb", "CC"], ["AABB"]) == ["CC"]
    assert find_missing([], []) == []


@pytest.mark.parametrize(
    ("token", "url", "uses_server"),
    [
        (f"Value={ONE}", ONE, False),
        (ONE, ONE, False),
        ("Microsoft.Rtc.Management.WritableConfig.Settings.SSAuth.UseOAuthServer", None, True),
        ("CertificateRawData=MIIC", None, False),
        (None, None, False),
        (RemoteObject(("SSAuth.MetadataUrl",), f"Value={TWO}", {}), TWO, False),
    ],
)
def test_the_forms_of_an_auth_token(token: t.Any, url: str | None, uses_server: bool) -> None:
    assert (MetadataUrl().read(token), UsesServer().read(token)) == (url, uses_server)
