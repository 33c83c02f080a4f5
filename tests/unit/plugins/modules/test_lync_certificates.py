# SPDX-License-Identifier: GPL-3.0-or-later
"""A front end with certificates of every kind: read, judged, assigned globally or locally, from the store or from a file."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Secret, SecretText
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe
from ansible_collections.onprem.exchange_lync.plugins.modules import lync_certificate, lync_certificate_info

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
HOST = "FE1.contoso.com"
USE = {"use": "OAuthTokenIssuer"}
PFX = r"C:\oauth.pfx"


def days(count: int) -> dt.datetime:
    return NOW + dt.timedelta(days=count)


class FrontEnd:
    """``assigned`` is (use, scope) to thumbprint, dates and predecessor; a global write shows after ``lag`` readings."""

    def __init__(self, scripted: Any, certificate: Any) -> None:
        period = {"not_before": days(-30), "not_after": days(700)}
        made = {
            "good": certificate("contoso.com", dns_names=["fabrikam.com"], **period),
            "other": certificate("contoso.com", dns_names=["fabrikam.com"], serial=2, **period),
            "file": certificate("contoso.com", dns_names=["fabrikam.com"], serial=3, **period),
            "short": certificate("contoso.com", dns_names=["fabrikam.com"], key="rsa1024", **period),
            "ec": certificate("contoso.com", dns_names=["fabrikam.com"], key="ec", **period),
            "expired": certificate(
                "contoso.com", dns_names=["fabrikam.com"], not_before=days(-800), not_after=days(-70)
            ),
            "ends": certificate(
                "contoso.com", dns_names=["fabrikam.com"], serial=4, not_before=days(-8), not_after=days(9)
            ),
            "later": certificate(
                "contoso.com", dns_names=["fabrikam.com"], serial=6, not_before=days(10), not_after=days(700)
            ),
            "foreign": certificate("litwareinc.com", **period),
            "keyless": certificate("contoso.com", dns_names=["fabrikam.com"], serial=5, **period),
        }
        self.raw = {name: base64.b64decode(data) for name, data in made.items()}
        self.of = {name: describe(data)["thumbprint"] for name, data in made.items()}
        self.stored = set(self.raw) - {"file"}
        self.assigned: dict[tuple[str, str], dict[str, Any]] = {}
        self.shown: dict[tuple[str, str], dict[str, Any]] = {}
        self.lag = self.waiting = 0
        self.lists_both = False
        self.in_pfx = "file"
        self.helper = scripted(
            Get_CsComputer=lambda Local: [{"Fqdn": HOST, "Pool": "pool.contoso.com"}],
            Get_CsCertificate=self.get,
            Get_ChildItem=lambda Path: [self._item(name) for name in sorted(self.stored)],
            Get_CsSipDomain=[{"Name": "fabrikam.com", "IsDefault": False}, {"Name": "contoso.com", "IsDefault": True}],
            Get_Date=[NOW],
            Get_PfxData=self.pfx,
            Set_CsCertificate=self.set,
            Import_CsCertificate=self.load,
            Remove_CsCertificate=self.remove,
        )

    def _item(self, name: str) -> dict[str, Any]:
        return {"RawData": self.raw[name], "HasPrivateKey": name != "keyless", "FriendlyName": name}

    def get(self, Type: list[str] | None = None) -> list[dict[str, Any]]:
        self.waiting = max(self.waiting - 1, 0)
        self.shown = self.shown if self.waiting else dict(self.assigned)
        return [
            {"Use": use, "SourceScope": scope, **item}
            for (use, scope), entry in self.shown.items()
            for item in self._lines(entry)
            if use in (Type or [use])
        ]

    def _lines(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """A staged assignment is shown alone, or after the one in force: no documentation says which."""
        if self.lists_both and entry["EffectiveDate"] > NOW and entry["PreviousThumbprint"]:
            in_force = {"Thumbprint": entry["PreviousThumbprint"], "PreviousThumbprint": "", "EffectiveDate": days(-30)}
            return [in_force, entry]
        return [entry]

    def pfx(self, FilePath: str, Password: Secret | None = None) -> Any:
        if Password != Secret("right"):
            return ShellError("failed", "The specified network password is not correct.", error_id="x")
        return [{"EndEntityCertificates": [RemoteObject(properties={"RawData": self.raw[self.in_pfx]})]}]

    def set(self, Type: list[str], Thumbprint: str, Identity: str = "", **when: Any) -> None:
        scope = "Global" if Identity == "global" else "Machine"
        entry = self.assigned.get((Type[0], scope), {})
        in_force = entry and entry["PreviousThumbprint" if entry["EffectiveDate"] > NOW else "Thumbprint"]
        old = entry["PreviousThumbprint"] if in_force == Thumbprint else in_force or ""
        since = when.get("EffectiveDate", days(-30))
        assert ("EffectiveDate" in when) == ("Roll" in when)
        self.assigned[Type[0], scope] = {"Thumbprint": Thumbprint, "PreviousThumbprint": old, "EffectiveDate": since}
        self.waiting = self.lag

    def load(self, Path: str, Password: Any, Type: list[str] | None = None, **rest: Any) -> None:
        assert (Path, Password) == (PFX, Secret("right"))
        self.stored.add(self.in_pfx)
        if Type:
            self.set(Type, self.of[self.in_pfx], **rest)

    def remove(self, Type: list[str], Identity: str = "", **_rest: Any) -> None:
        del self.assigned[Type[0], "Global" if Identity else "Machine"]

    @property
    def token_issuer(self) -> str:
        found = self.assigned.get(("OAuthTokenIssuer", "Global"), {}).get("Thumbprint")
        return next((name for name, thumbprint in self.of.items() if thumbprint == found), "")


@pytest.fixture
def front_end(scripted: Any, certificate: Any, monkeypatch: pytest.MonkeyPatch) -> FrontEnd:
    monkeypatch.setattr("ansible_collections.onprem.exchange_lync.plugins.module_utils._resource.READ_BACK_SECONDS", 0)
    return FrontEnd(scripted, certificate)


def refusal(run_module: Any, front_end: FrontEnd, **params: Any) -> str:
    result = run_module(lync_certificate, front_end.helper, **{**USE, **params})
    assert result["failed"], result
    assert front_end.helper.writes == []
    assert "lync management shell: " in result["msg"] or "windows management shell: " in result["msg"]
    return str(result["msg"])


def test_the_info_module_gives_the_shape_that_the_verdict_takes(front_end: FrontEnd, run_module: Any) -> None:
    front_end.set(["Default"], front_end.of["other"])
    result = run_module(lync_certificate_info, front_end.helper)
    assert (result["host"], result["error"], result["changed"]) == ("fe1.contoso.com", None, False)
    assert result["assigned"][0] == {
        "use": "Default", "thumbprint": front_end.of["other"], "previous_thumbprint": None, "scope": "Machine",
        "effective_date": days(-30).isoformat().replace("+00:00", "Z"), "update_time": None, "subject": None, "issuer": None,
        "serial_number": None, "not_before": None, "not_after": None, "dns_names": [],
    }  # fmt: skip
    by_name = {item["friendly_name"]: item for item in result["store"]}
    assert by_name["good"]["thumbprint"] == front_end.of["good"]
    assert [by_name[name]["has_private_key"] for name in ("good", "keyless")] == [True, False]
    assert front_end.helper.reads == ["Get-CsComputer", "Get-CsCertificate", "Get-ChildItem"]
    assert run_module(lync_certificate_info, front_end.helper, store=False)["store"] is None


def test_a_computer_outside_the_topology(scripted: Any, run_module: Any) -> None:
    result = run_module(lync_certificate_info, scripted(Get_CsComputer=lambda Local: []))
    assert "no computer of the Lync topology" in result["msg"]


def test_assigning_globally_and_waiting_for_the_replica(
    front_end: FrontEnd, run_module: Any, leaves_alone: Any
) -> None:
    front_end.lag = 3
    thumbprint = " ".join(front_end.of["good"].lower())
    predicted = run_module(lync_certificate, front_end.helper, check=True, **USE, thumbprint=thumbprint)
    assert front_end.helper.writes == []
    result = run_module(lync_certificate, front_end.helper, **USE, thumbprint=thumbprint)
    assert front_end.token_issuer == "good"
    assert predicted["commands"] == result["commands"]
    assert front_end.helper.writes[0].parameters["Identity"] == "global"
    assert result["certificate"]["thumbprint"] == predicted["certificate"]["thumbprint"] == front_end.of["good"]
    # the store, the SIP domains and the clock are read once for each call, however often the assignment is
    assert [front_end.helper.reads.count(name) for name in ("Get-ChildItem", "Get-CsSipDomain", "Get-Date")] == [
        2,
        2,
        2,
    ]
    before = len(front_end.helper.pipelines)
    assert leaves_alone(lync_certificate, front_end.helper, **USE, thumbprint=thumbprint)
    assert [pipeline.subject for pipeline in front_end.helper.pipelines[before:]] == ["Get-CsCertificate"]


def test_a_replica_that_never_shows_it(front_end: FrontEnd, run_module: Any) -> None:
    front_end.lag = 10**9
    result = run_module(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["good"], timeout=0)
    assert result["error"]["kind"] == "not_effective"
    assert "lync_replication" in result["error"]["remedy"]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("short", "key_size"),
        ("ec", "key_type"),
        ("expired", "expired"),
        ("foreign", "sip_domain_missing"),
        ("keyless", "private_key_missing"),
    ],
)
def test_what_breaks_a_rule_is_refused_unless_it_is_allowed(
    front_end: FrontEnd, run_module: Any, name: str, rule: str
) -> None:
    message = refusal(run_module, front_end, thumbprint=front_end.of[name])
    assert f"({rule})" in message
    assert f"{rule}, {rule}" not in message
    assert ("allow: [" in message) == (rule != "private_key_missing")
    if rule != "private_key_missing":
        result = run_module(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of[name], allow=[rule])
        assert (front_end.token_issuer, result["changed"]) == (name, True)


def test_doubts_are_warnings(front_end: FrontEnd, run_module: Any) -> None:
    result = run_module(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["ends"])
    assert result["changed"]
    assert "(expires_soon)" in result["warnings"][0]


def test_the_sip_domains_of_the_task_go_before_those_of_the_deployment(front_end: FrontEnd, run_module: Any) -> None:
    run_module(
        lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["foreign"], sip_domains=["litwareinc.com"]
    )
    assert front_end.token_issuer == "foreign"
    assert "Get-CsSipDomain" not in front_end.helper.reads


def test_a_thumbprint_that_is_not_there_or_none(front_end: FrontEnd, run_module: Any) -> None:
    assert "is not among the 9 certificates" in refusal(run_module, front_end, thumbprint="A" * 40)
    # all examples of the product's documentation have one digit too many, or three
    assert "43 characters" in refusal(run_module, front_end, thumbprint="A" * 43)


def test_from_a_file_the_file_itself_says_which_it_is(front_end: FrontEnd, run_module: Any, leaves_alone: Any) -> None:
    file = {**USE, "path": PFX, "password": "right"}
    predicted = run_module(lync_certificate, front_end.helper, check=True, **file)
    assert front_end.helper.writes == []
    result = run_module(lync_certificate, front_end.helper, **file)
    assert front_end.token_issuer == "file"
    assert result["commands"] == predicted["commands"]
    assert "right" not in str(result) + str(predicted)
    password = front_end.helper.writes[0].parameters["Password"]
    assert isinstance(password, SecretText)  # the cmdlet takes a String
    assert leaves_alone(lync_certificate, front_end.helper, **file)
    assert len(front_end.helper.writes) == 1


def test_from_a_file_with_a_wrong_password_or_another_certificate(front_end: FrontEnd, run_module: Any) -> None:
    assert "password" in refusal(run_module, front_end, path=PFX, password="wrong")
    message = refusal(run_module, front_end, path=PFX, password="right", thumbprint="A" * 40)
    assert f"holds {front_end.of['file']}" in message
    front_end.in_pfx = "short"
    front_end.stored -= {"short"}
    assert "(key_size)" in refusal(run_module, front_end, path=PFX, password="right")


def test_from_a_file_where_nothing_can_look_into_it(front_end: FrontEnd, run_module: Any, leaves_alone: Any) -> None:
    del front_end.helper.answers["Get-PfxData"]
    assert "Give its thumbprint as well" in refusal(run_module, front_end, path=PFX, password="right")
    file = {**USE, "path": PFX, "password": "right", "thumbprint": front_end.of["file"]}
    result = run_module(lync_certificate, front_end.helper, **file)
    assert "not judged" in result["warnings"][0]
    assert front_end.token_issuer == "file"
    assert leaves_alone(lync_certificate, front_end.helper, **file)


def test_a_file_is_not_needed_where_the_store_has_it_but_brings_a_missing_key(
    front_end: FrontEnd, run_module: Any
) -> None:
    front_end.in_pfx = "keyless"
    file = {**USE, "path": PFX, "password": "right"}
    run_module(lync_certificate, front_end.helper, **file, thumbprint=front_end.of["good"])
    run_module(lync_certificate, front_end.helper, **file, thumbprint=front_end.of["keyless"])
    assert [command.name for command in front_end.helper.writes] == ["Set-CsCertificate", "Import-CsCertificate"]


def test_other_uses_are_assigned_on_the_host_alone(front_end: FrontEnd, run_module: Any) -> None:
    result = run_module(lync_certificate, front_end.helper, type="Default", thumbprint=front_end.of["ec"])
    assert result["certificate"]["scope"] == "Machine"
    assert "Identity" not in front_end.helper.writes[0].parameters
    run_module(lync_certificate, front_end.helper, use="Default", path=PFX, password="right")
    assert [command.name for command in front_end.helper.writes[1:]] == ["Import-CsCertificate", "Set-CsCertificate"]
    message = run_module(lync_certificate, front_end.helper, use="Default", thumbprint=front_end.of["expired"])["msg"]
    assert "(expired)" in message


@pytest.mark.parametrize("lists_both", [False, True])
def test_staging(front_end: FrontEnd, run_module: Any, leaves_alone: Any, lists_both: bool) -> None:
    front_end.lists_both = lists_both
    front_end.set(["OAuthTokenIssuer"], front_end.of["good"], Identity="global")
    stage = {**USE, "thumbprint": front_end.of["other"], "effective_date": days(30).isoformat()}
    result = run_module(lync_certificate, front_end.helper, **stage)
    sent = front_end.helper.writes[0].parameters
    assert (sent["EffectiveDate"], sent["Roll"]) == (days(30), True)
    assert result["certificate"]["previous_thumbprint"] == front_end.of["good"]
    again = run_module(lync_certificate, front_end.helper, **stage)
    assert (again["changed"], again["certificate"]) == (False, result["certificate"])
    # what is in force is assigned, whatever is staged to follow it
    assert leaves_alone(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["good"])
    # asked for without a date it is wanted now, not in a month
    now = run_module(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["other"])
    assert now["changed"]
    # and once in force, the date of the task is history
    past = {**stage, "effective_date": days(-1).isoformat()}
    assert leaves_alone(lync_certificate, front_end.helper, **past)


@pytest.mark.parametrize("use", ["OAuthTokenIssuer", "AudioVideoAuthentication"])
def test_a_successor_is_judged_at_the_moment_it_takes_effect(front_end: FrontEnd, run_module: Any, use: str) -> None:
    later = {"use": use, "thumbprint": front_end.of["later"]}
    assert "(not_yet_valid)" in refusal(run_module, front_end, **later)
    assert "(not_yet_valid)" in refusal(run_module, front_end, **later, effective_date=days(5).isoformat())
    assert "(expired)" in refusal(
        run_module, front_end, use=use, thumbprint=front_end.of["ends"], effective_date=days(10).isoformat()
    )
    assert run_module(lync_certificate, front_end.helper, **later, effective_date=days(20).isoformat())["changed"]


@pytest.mark.parametrize("lists_both", [False, True])
@pytest.mark.parametrize(("hours", "late"), [(23, True), (25, False)])
def test_a_day_before_the_end_of_the_one_in_use_is_too_late_for_its_successor(
    front_end: FrontEnd, run_module: Any, lists_both: bool, hours: int, late: bool
) -> None:
    front_end.lists_both = lists_both
    front_end.set(["OAuthTokenIssuer"], front_end.of["ends"], Identity="global")
    effective = (days(9) - dt.timedelta(hours=hours)).isoformat()
    for name in ("good", "other"):  # the second one in the place of the first, before that is in force
        stage = {**USE, "thumbprint": front_end.of[name], "effective_date": effective}
        said = run_module(lync_certificate, front_end.helper, check=True, **stage).get("warnings", [])
        assert [("(rollover_too_late)" in text, front_end.of["ends"] in text) for text in said] == [(True, True)] * late
        front_end.set(["OAuthTokenIssuer"], front_end.of["good"], Identity="global", EffectiveDate=days(5), Roll=True)


@pytest.mark.parametrize("date", ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00", "tomorrow"])
def test_a_date_that_cannot_be_meant(front_end: FrontEnd, run_module: Any, date: str) -> None:
    assert "effective_date: " in refusal(run_module, front_end, thumbprint=front_end.of["good"], effective_date=date)


@pytest.mark.parametrize(
    ("params", "cmdlet"),
    [
        ({}, "Set-CsCertificate"),
        ({"path": PFX}, "Import-CsCertificate"),
        ({"state": "absent"}, "Remove-CsCertificate"),
    ],
)
def test_a_refusal_names_the_cmdlet_that_would_have_run(
    front_end: FrontEnd, run_module: Any, params: dict[str, str], cmdlet: str
) -> None:
    refused = run_module(lync_certificate, front_end.helper, **USE, thumbprint="AB", **params)
    assert refused["msg"].startswith(f"lync management shell: {cmdlet}: thumbprint: 'AB' is not a certificate")
    assert front_end.helper.pipelines == []


def test_taking_it_back(front_end: FrontEnd, run_module: Any, leaves_alone: Any) -> None:
    front_end.set(["OAuthTokenIssuer"], front_end.of["good"], Identity="global")
    absent = {**USE, "state": "absent"}
    assert run_module(lync_certificate, front_end.helper, check=True, **absent)["changed"]
    assert front_end.helper.writes == []
    result = run_module(lync_certificate, front_end.helper, **absent)
    assert (result["certificate"], front_end.assigned) == (None, {})
    assert leaves_alone(lync_certificate, front_end.helper, **absent)


@pytest.mark.parametrize("lists_both", [False, True])
def test_one_of_two_is_not_taken_back_with_the_other(front_end: FrontEnd, run_module: Any, lists_both: bool) -> None:
    front_end.lists_both = lists_both
    front_end.set(["OAuthTokenIssuer"], front_end.of["good"], Identity="global")
    front_end.set(["OAuthTokenIssuer"], front_end.of["other"], Identity="global", EffectiveDate=days(30), Roll=True)
    for name, beside in (("good", "other"), ("other", "good")):
        said = refusal(run_module, front_end, state="absent", thumbprint=front_end.of[name])
        assert f"{front_end.of[beside]} is assigned too" in said
    absent = {**USE, "state": "absent"}
    assert not run_module(lync_certificate, front_end.helper, **absent, thumbprint=front_end.of["ec"])["changed"]
    assert run_module(lync_certificate, front_end.helper, **absent)["changed"]


@pytest.mark.parametrize("lists_both", [False, True])
def test_check_mode_foretells_the_previous_one_of_what_was_staged(
    front_end: FrontEnd, run_module: Any, lists_both: bool
) -> None:
    front_end.lists_both = lists_both
    front_end.set(["OAuthTokenIssuer"], front_end.of["good"], Identity="global")
    front_end.set(["OAuthTokenIssuer"], front_end.of["other"], Identity="global", EffectiveDate=days(30), Roll=True)
    asked = {**USE, "thumbprint": front_end.of["other"]}
    predicted = run_module(lync_certificate, front_end.helper, check=True, **asked)["certificate"]
    assert predicted["previous_thumbprint"] == front_end.of["good"]
    real = run_module(lync_certificate, front_end.helper, **asked)["certificate"]
    assert real["previous_thumbprint"] == front_end.of["good"]


def test_a_write_whose_answer_was_lost_is_read_back(front_end: FrontEnd, run_module: Any) -> None:
    def lost(**parameters: Any) -> ShellError:
        front_end.set(**parameters)
        return ShellError("unknown_outcome", "no answer.")

    front_end.helper.answers["Set-CsCertificate"] = lost
    result = run_module(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["good"])
    assert result["changed"]
    assert "had taken effect" in result["warnings"][0]
    assert len(front_end.helper.writes) == 1


def test_the_server_s_clock_judges(front_end: FrontEnd, run_module: Any) -> None:
    front_end.helper.answers["Get-Date"] = [days(800)]
    assert "(expired)" in refusal(run_module, front_end, thumbprint=front_end.of["good"])
    front_end.helper.answers["Get-Date"] = []
    assert run_module(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["good"])["changed"]
