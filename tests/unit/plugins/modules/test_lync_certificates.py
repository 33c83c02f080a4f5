# SPDX-License-Identifier: GPL-3.0-or-later
"""A front end with certificates of every kind: read, judged, chosen, staged, assigned globally or locally, from the store or a file."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _shell
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync import (
    certificate_assignment,
    certificate_observation,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_assignment import Assignment
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_request import Request
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Secret, SecretText
from ansible_collections.onprem.exchange_lync.plugins.modules import (
    lync_certificate,
    lync_certificate_info,
    lync_token_issuer_info,
)

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
HOST = "FE1.contoso.com"
USE = {"use": "OAuthTokenIssuer"}
PFX = r"C:\oauth.pfx"
AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoso CA")])


def days(count: float) -> dt.datetime:
    return NOW + dt.timedelta(days=count)


class FrontEnd:
    """``assigned`` is (use, scope) to thumbprint, dates and predecessor; a global write shows after ``lag`` readings.

    :ivar stored: the certificates of the machine's store, by name; tests put the odd ones in.
    """

    def __init__(self, scripted: Any, certificate: Any) -> None:
        def make(subject: str = "contoso.com", *names: str, start: float = -30, end: float = 700, **more: Any) -> str:
            more = {"issuer": AUTHORITY, "dns_names": names or ["fabrikam.com"]} | more
            return str(certificate(subject, not_before=days(start), not_after=days(end), **more))

        made = {
            "good": make(),
            "other": make(serial=2),
            "file": make(serial=3),
            "short": make(key="rsa1024"),
            "ec": make(key="ec"),
            "expired": make(start=-800, end=-70),
            "ends": make(serial=4, start=-8, end=9),
            "later": make(serial=6, start=10),
            "foreign": make("litwareinc.com", "litwareinc.com"),
            "keyless": make(serial=5),
            "kept": make(serial=7),
            "cng": make(serial=8),
            "default": make("pool.contoso.com", "sip.fabrikam.com"),
            "self-signed": make("fe1.contoso.com", issuer=None, end=3650),
            "narrow": make(serial=9, dns_names=()),
        }
        self.raw = {name: base64.b64decode(data) for name, data in made.items()}
        self.of = {
            name: hashlib.sha1(base64.b64decode(data), usedforsecurity=False).hexdigest().upper()
            for name, data in made.items()
        }
        self.names = {thumbprint: name for name, thumbprint in self.of.items()}
        self.stored = set(self.raw) - {"file"}
        self.assigned: dict[tuple[str, str], dict[str, Any]] = {}
        self.shown: dict[tuple[str, str], dict[str, Any]] = {}
        self.lag = self.waiting = 0
        self.lists_both = False
        self.tells_scope = True
        self.in_pfx = "file"
        self.version = "Skype for Business Server 2019 (7.0.2046.0): Volume license key installed."
        self.helper = scripted(
            Get_CsComputer=lambda Local: [{"Fqdn": HOST, "Pool": "pool.contoso.com"}],
            Get_CsCertificate=self.get,
            Get_ChildItem=lambda Path: [self._item(name) for name in sorted(self.stored)],
            Get_CsSipDomain=[{"Name": "fabrikam.com", "IsDefault": False}, {"Name": "contoso.com", "IsDefault": True}],
            Get_CsServerVersion=lambda: [self.version],
            Get_Date=[NOW],
            Get_PfxData=self.pfx,
            Set_CsCertificate=self.set,
            Import_CsCertificate=self.load,
            Remove_CsCertificate=self.remove,
        )

    def _item(self, name: str) -> dict[str, Any]:
        has_key, shown = name != "keyless", name not in ("keyless", "cng", "ec")
        container = RemoteObject(properties={"Exportable": name != "kept"})
        key = RemoteObject(text="RSACryptoServiceProvider", properties={"CspKeyContainerInfo": container})
        return {
            "RawData": self.raw[name],
            "HasPrivateKey": has_key,
            "FriendlyName": name,
            "PrivateKey": key if shown else None,
            "Thumbprint": self.of[name],
        }

    def get(self, Type: list[str] | None = None, Identity: str = "") -> list[dict[str, Any]]:
        """What the computer uses, where its own goes before the global one; or the global ones (Get-CsCertificate.md, Identity)."""
        self.waiting = max(self.waiting - 1, 0)
        self.shown = self.shown if self.waiting else dict(self.assigned)
        return [
            {"Use": use, "SourceScope": scope if self.tells_scope else None, **item}
            for (use, scope), entry in self.shown.items()
            for item in self._lines(entry)
            if use in (Type or [use])
            and scope == ("Global" if Identity or (use, "Machine") not in self.shown else "Machine")
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
        since = when.get("EffectiveDate", NOW)
        assert ("EffectiveDate" in when) == ("Roll" in when)
        self.assigned[Type[0], scope] = {"Thumbprint": Thumbprint, "PreviousThumbprint": old, "EffectiveDate": since}
        self.waiting = self.lag

    def load(self, Path: str, Password: Any, Type: list[str] | None = None, **rest: Any) -> None:
        assert (Path, Password) == (PFX, Secret("right"))
        self.stored.add(self.in_pfx)
        if Type:
            self.set(Type, self.of[self.in_pfx], **rest)

    def remove(
        self, Type: list[str], Identity: str = "", Force: bool = False, Confirm: bool = True, Previous: bool = False
    ) -> Any:
        """A certificate in use is asked about whatever Confirm says, and nobody can answer (Remove-CsCertificate.md)."""
        if not Force:
            return ShellError("failed", "a question, and no one to answer it", error_id="HostFunctionNotImplemented")
        if (Type[0], "Global" if Identity else "Machine") not in self.assigned:
            return ShellError("failed", "there is none", error_id="x")
        if Previous:
            self.assigned[Type[0], "Global" if Identity else "Machine"]["PreviousThumbprint"] = ""
            return None
        del self.assigned[Type[0], "Global" if Identity else "Machine"]
        return None

    def assign(self, name: str, **when: Any) -> None:
        """Somebody assigns the OAuthTokenIssuer, a year ago or staged."""
        self.set(["OAuthTokenIssuer"], self.of[name], Identity="global", **when)
        if not when:
            self.assigned["OAuthTokenIssuer", "Global"]["EffectiveDate"] = days(-365)

    @property
    def token_issuer(self) -> str:
        found = self.assigned.get(("OAuthTokenIssuer", "Global"), {}).get("Thumbprint")
        return next((name for name, thumbprint in self.of.items() if thumbprint == found), "")


@pytest.fixture
def front_end(scripted: Any, certificate: Any, monkeypatch: pytest.MonkeyPatch) -> FrontEnd:
    monkeypatch.setattr("ansible_collections.onprem.exchange_lync.plugins.module_utils._resource.READ_BACK_SECONDS", 0)
    # the module judges by a clock that goes on while other tests run
    monkeypatch.setattr(sys.modules[__name__], "NOW", dt.datetime.now(dt.UTC).replace(microsecond=0))
    return FrontEnd(scripted, certificate)


@pytest.fixture
def assign(front_end: FrontEnd, run_module: Any) -> Any:
    """Run the module for OAuthTokenIssuer; a certificate of the front end by its name."""

    def run(name: str | None = None, **params: Any) -> dict[str, Any]:
        named = {} if name is None else {"thumbprint": front_end.of[name]}
        return dict(run_module(lync_certificate, front_end.helper, **{**USE, **named, **params}))

    return run


def refusal(front_end: FrontEnd, result: dict[str, Any]) -> str:
    assert result["failed"], result
    assert front_end.helper.writes == []
    assert "lync management shell: " in result["msg"] or "windows management shell: " in result["msg"]
    return str(result["msg"])


def test_what_the_info_module_returns(front_end: FrontEnd, run_module: Any) -> None:
    front_end.set(["Default"], front_end.of["other"])
    result = run_module(lync_certificate_info, front_end.helper)
    assert (result["host"], result["changed"]) == ("fe1.contoso.com", False)
    assert result["assigned"][0] == {
        "use": "Default", "thumbprint": front_end.of["other"], "previous_thumbprint": None, "scope": "Machine",
        "effective_date": NOW.isoformat().replace("+00:00", "Z"), "update_time": None, "subject": None, "issuer": None,
        "serial_number": None, "not_before": None, "not_after": None, "dns_names": [],
    }  # fmt: skip
    by_name = {item["friendly_name"]: item for item in result["store"]}
    assert by_name["good"]["thumbprint"] == front_end.of["good"]
    keys = {
        name: (by_name[name]["has_private_key"], by_name[name]["key_provider"]) for name in ("good", "cng", "keyless")
    }
    assert keys == {"good": (True, "csp"), "cng": (True, "cng"), "keyless": (False, None)}
    assert "private_key_exportable" not in by_name["good"]
    assert front_end.helper.reads == ["Get-CsComputer", "Get-CsCertificate", "Get-ChildItem"]
    assert run_module(lync_certificate_info, front_end.helper, store=False)["store"] is None


def test_whether_keys_can_be_exported_is_one_more_read(front_end: FrontEnd, run_module: Any) -> None:
    result = run_module(lync_certificate_info, front_end.helper, exportable=True)
    shown = {item["friendly_name"]: item["private_key_exportable"] for item in result["store"]}
    assert {name: shown[name] for name in ("good", "kept", "cng", "keyless")} == {
        "good": True, "kept": False, "cng": None, "keyless": None,
    }  # fmt: skip
    assert front_end.helper.reads.count("Get-ChildItem") == 2


def test_a_computer_outside_the_topology(scripted: Any, run_module: Any) -> None:
    result = run_module(lync_certificate_info, scripted(Get_CsComputer=lambda Local: []))
    assert "no computer of the Lync topology" in result["msg"]


def test_assigning_globally_and_waiting_for_the_replica(front_end: FrontEnd, assign: Any, leaves_alone: Any) -> None:
    front_end.lag = 3
    thumbprint = " ".join(front_end.of["good"].lower())
    predicted = assign(check=True, thumbprint=thumbprint)
    assert front_end.helper.writes == []
    result = assign(thumbprint=thumbprint)
    assert front_end.token_issuer == "good"
    assert predicted["commands"] == result["commands"]
    assert front_end.helper.writes[0].parameters["Identity"] == "global"
    assert result["certificate"]["thumbprint"] == predicted["certificate"]["thumbprint"] == front_end.of["good"]
    # the store (and its keys), the SIP domains and the clock are read once for each call, however often the assignment is
    reads = [front_end.helper.reads.count(name) for name in ("Get-ChildItem", "Get-CsSipDomain", "Get-Date")]
    assert reads == [4, 2, 2]
    before = len(front_end.helper.pipelines)
    assert leaves_alone(lync_certificate, front_end.helper, **USE, thumbprint=thumbprint)
    assert [pipeline.subject for pipeline in front_end.helper.pipelines[before:]] == ["Get-CsCertificate"]


def test_a_replica_that_never_shows_it(front_end: FrontEnd, assign: Any) -> None:
    front_end.lag = 10**9
    result = assign("good", timeout=0)
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
        ("kept", "private_key_not_exportable"),
    ],
)
def test_what_breaks_a_rule_is_refused_unless_it_is_allowed(
    front_end: FrontEnd, assign: Any, name: str, rule: str
) -> None:
    message, waivable = refusal(front_end, assign(name)), not rule.startswith("private_key")
    assert f"({rule})" in message
    assert f"{rule}, {rule}" not in message
    assert (f"allow=[{rule}]" in message) == waivable
    if waivable:
        result = assign(name, allow=[rule])
        assert (front_end.token_issuer, result["changed"]) == (name, True)
        assert front_end.helper.writes[0].parameters["Force"] is True


@pytest.mark.parametrize(
    ("version", "fit"),
    [
        ("Microsoft Lync Server 2013 (5.0.8308.0): Volume license key installed.", False),
        ("Skype for Business Server 2015 (6.0.9319.0)", True),
    ],
)
def test_a_cng_key_is_refused_where_the_version_cannot_use_it(
    front_end: FrontEnd, assign: Any, version: str, fit: bool
) -> None:
    front_end.version = version
    result = assign("cng", check=True)
    seen = "it was not seen whether the private key of CN=contoso.com can be exported"
    assert seen in str(result.get("warnings")) if fit else "(key_provider)" in refusal(front_end, result)
    assert ("Get-CsServerVersion" in front_end.helper.reads, front_end.helper.writes) == (True, [])
    before = front_end.helper.reads.count("Get-CsServerVersion")
    assign("good", check=True)
    assert front_end.helper.reads.count("Get-CsServerVersion") == before


def test_a_key_of_an_elliptic_curve_is_no_matter_of_the_provider(front_end: FrontEnd, assign: Any) -> None:
    front_end.version = "Microsoft Lync Server 2013 (5.0.8308.0): Volume license key installed."
    assert assign("ec", use="WebServicesExternal", check=True)["changed"]
    assert "Get-CsServerVersion" not in front_end.helper.reads


def test_any_certificate_that_lync_has_assigned_already_may_issue_tokens(front_end: FrontEnd, assign: Any) -> None:
    """Microsoft's Director has CN=dir01.contoso.net and no other name, in a deployment of contoso.com."""
    assert "(sip_domain_missing)" in refusal(front_end, assign("foreign"))
    front_end.set(["Default"], front_end.of["foreign"])
    result = assign("foreign")
    assert (front_end.token_issuer, len(result["warnings"])) == ("foreign", 2)
    assert all("(sip_domain_missing)" in warning for warning in result["warnings"])


def test_a_further_sip_domain_that_is_missing_is_a_warning(front_end: FrontEnd, assign: Any) -> None:
    result = assign("narrow")
    assert (front_end.token_issuer, result["changed"], len(result["warnings"])) == ("narrow", True, 1)
    assert "fabrikam.com: subject CN=contoso.com, alternative names none (sip_domain_missing)" in result["warnings"][0]


def test_one_that_expires_soon_is_a_warning(front_end: FrontEnd, assign: Any) -> None:
    assert "warnings" not in assign("ends", check=True, warn_days=5)
    result = assign("ends")
    assert result["changed"]
    assert "has only 9 days left (expires_soon)" in result["warnings"][0]


def test_the_sip_domains_of_the_task_go_before_those_of_the_deployment(front_end: FrontEnd, assign: Any) -> None:
    assign("foreign", sip_domains=["litwareinc.com"])
    assert front_end.token_issuer == "foreign"
    assert "Get-CsSipDomain" not in front_end.helper.reads


def test_a_deployment_without_a_sip_domain_is_not_judged(front_end: FrontEnd, assign: Any) -> None:
    front_end.helper.answers["Get-CsSipDomain"] = []
    assert "the deployment shows no SIP domain" in refusal(front_end, assign("good"))


def test_a_thumbprint_that_is_not_there_or_none(front_end: FrontEnd, assign: Any) -> None:
    assert "is not among the 14 certificates" in refusal(front_end, assign(thumbprint="A" * 40))
    # all examples of the product's documentation have one digit too many, or three
    assert "43 characters" in refusal(front_end, assign(thumbprint="A" * 43))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"thumbprint": ""}, "thumbprint is empty"),
        ({"thumbprint": "", "state": "absent"}, "thumbprint is empty"),
        ({"thumbprint": " ", "state": "absent"}, "thumbprint is empty"),
        ({"thumbprint": "", "automatic": True}, "thumbprint is empty"),
        ({"path": ""}, "path is empty"),
        ({"thumbprint": "A" * 40, "path": ""}, "path is empty"),
        ({"thumbprint": "A" * 40, "effective_date": ""}, "effective_date is empty"),
        ({"thumbprint": "A" * 40, "sip_domains": []}, "sip_domains is empty"),
        ({"thumbprint": "A" * 40, "sip_domains": ["contoso.com", ""]}, "sip_domains: '' is not a domain"),
        ({"thumbprint": "A" * 40, "sip_domains": ["sip:a@contoso.com"]}, "is not a domain"),
        ({}, "no certificate is named: give thumbprint or path, or set automatic"),
        ({"automatic": True, "use": "Default"}, "a certificate is chosen only for OAuthTokenIssuer"),
        ({"use": "Default"}, "no certificate is named"),
    ],
)
def test_empty_is_not_left_out(front_end: FrontEnd, assign: Any, params: dict[str, Any], said: str) -> None:
    front_end.assign("good")
    message = refusal(front_end, assign(**params))
    assert said in message
    assert front_end.helper.pipelines == []
    assert front_end.token_issuer == "good"


def test_from_a_file_the_file_itself_says_which_it_is(front_end: FrontEnd, assign: Any, leaves_alone: Any) -> None:
    file = {"path": PFX, "password": "right"}
    predicted = assign(check=True, **file)
    assert front_end.helper.writes == []
    result = assign(**file)
    assert front_end.token_issuer == "file"
    assert result["commands"] == predicted["commands"]
    assert "right" not in str(result) + str(predicted)
    password = front_end.helper.writes[0].parameters["Password"]
    assert isinstance(password, SecretText)  # the cmdlet takes a String
    assert leaves_alone(lync_certificate, front_end.helper, **USE, **file)
    assert len(front_end.helper.writes) == 1


def test_from_a_file_with_a_wrong_password_or_another_certificate(front_end: FrontEnd, assign: Any) -> None:
    assert "password" in refusal(front_end, assign(path=PFX, password="wrong"))
    message = refusal(front_end, assign(path=PFX, password="right", thumbprint="A" * 40))
    assert f"holds {front_end.of['file']}" in message
    front_end.in_pfx = "short"
    front_end.stored -= {"short"}
    assert "(key_size)" in refusal(front_end, assign(path=PFX, password="right"))


def test_from_a_file_where_nothing_can_look_into_it(front_end: FrontEnd, assign: Any, leaves_alone: Any) -> None:
    del front_end.helper.answers["Get-PfxData"]
    assert "Give its thumbprint as well" in refusal(front_end, assign(path=PFX, password="right"))
    result = assign("file", path=PFX, password="right")
    assert "not judged" in result["warnings"][0]
    assert front_end.token_issuer == "file"
    file = {"path": PFX, "password": "right", "thumbprint": front_end.of["file"]}
    assert leaves_alone(lync_certificate, front_end.helper, **USE, **file)


def test_a_file_is_not_needed_where_the_store_has_it_but_brings_a_missing_key(front_end: FrontEnd, assign: Any) -> None:
    front_end.in_pfx = "keyless"
    assign("good", path=PFX, password="right")
    assign("keyless", path=PFX, password="right", on_conflict="replace")
    assert [command.name for command in front_end.helper.writes] == ["Set-CsCertificate", "Import-CsCertificate"]


def test_other_uses_are_assigned_on_the_host_alone(front_end: FrontEnd, run_module: Any) -> None:
    result = run_module(lync_certificate, front_end.helper, type="Default", thumbprint=front_end.of["ec"], wait=True)
    assert (result["certificate"]["scope"], "replication" in result) == ("Machine", False)
    assert "Identity" not in front_end.helper.writes[0].parameters
    # another one is replaced at once, whatever on_conflict says
    run_module(lync_certificate, front_end.helper, use="Default", path=PFX, password="right", on_conflict="fail")
    assert [command.name for command in front_end.helper.writes[1:]] == ["Import-CsCertificate", "Set-CsCertificate"]
    message = run_module(lync_certificate, front_end.helper, use="Default", thumbprint=front_end.of["expired"])["msg"]
    assert "(expired)" in message


@pytest.mark.parametrize("lists_both", [False, True])
def test_another_one_in_use_is_staged_to_follow_in_a_day(
    front_end: FrontEnd, assign: Any, leaves_alone: Any, lists_both: bool
) -> None:
    front_end.lists_both = lists_both
    front_end.assign("good")
    predicted = assign("other", check=True)
    result = assign("other")
    sent = front_end.helper.writes[0].parameters
    assert sent["Roll"] is True
    assert days(1) <= sent["EffectiveDate"] < days(1) + dt.timedelta(hours=1)
    assert (sent["EffectiveDate"].minute, sent["EffectiveDate"].second) == (0, 0)
    assert predicted["commands"] == result["commands"]
    assert predicted["certificate"] == {**result["certificate"], "subject": "CN=contoso.com"} | {
        "not_after": predicted["certificate"]["not_after"]
    }
    assert result["certificate"]["previous_thumbprint"] == front_end.of["good"]
    assert leaves_alone(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["other"])
    # the day has passed
    front_end.assigned["OAuthTokenIssuer", "Global"]["EffectiveDate"] = days(-1)
    assert leaves_alone(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["other"])


def test_the_users_word_replaces_at_once(front_end: FrontEnd, assign: Any) -> None:
    front_end.assign("good")
    refused = assign("other", on_conflict="fail")
    assert f"{front_end.of['good']} is in use as OAuthTokenIssuer." in refusal(front_end, refused)
    assert refused["error"]["kind"] == "conflict"
    kept = assign("other", on_conflict="keep")
    assert (kept["changed"], kept["certificate"]["thumbprint"]) == (False, front_end.of["good"])
    assert kept["warnings"] == [f"Left as it is: {front_end.of['good']} is in use as OAuthTokenIssuer."]
    assert assign("other")["changed"]  # staged
    result = assign("other", on_conflict="replace")
    assert ("EffectiveDate" in front_end.helper.writes[-1].parameters, result["changed"]) == (False, True)
    assert not assign("other", on_conflict="replace")["changed"]
    assert front_end.token_issuer == "other"


@pytest.mark.parametrize("lists_both", [False, True])
def test_what_somebody_has_staged_is_not_lost_without_the_users_word(
    front_end: FrontEnd, assign: Any, lists_both: bool
) -> None:
    front_end.lists_both = lists_both
    front_end.assign("good")
    front_end.assign("ends", EffectiveDate=days(5), Roll=True)
    rivals = f"{front_end.of['good']} is in use and {front_end.of['ends']} is staged for "
    for asked in ({}, {"effective_date": days(6).isoformat()}, {"on_conflict": "fail"}):
        assert rivals.split(" and ")[1] in refusal(front_end, assign("other", **asked))
    assert rivals in refusal(front_end, assign("other"))
    assert rivals in assign("other", on_conflict="keep")["warnings"][0]
    assert assign("other", on_conflict="replace", effective_date=days(6).isoformat())["changed"]
    assert front_end.helper.writes[0].parameters["EffectiveDate"] == days(6)


def test_one_that_ends_within_a_day_cannot_be_followed_in_time(front_end: FrontEnd, assign: Any) -> None:
    front_end.helper.answers["Get-Date"] = [days(8.5)]
    front_end.assign("ends")
    message = refusal(front_end, assign("good"))
    assert "is in use as OAuthTokenIssuer until " in message
    assert "which is too soon to stage another one. Nothing was written. Set on_conflict to replace" in message
    assert assign("good", on_conflict="replace")["changed"]


def test_one_that_ends_within_two_days_is_followed_late(front_end: FrontEnd, assign: Any) -> None:
    front_end.helper.answers["Get-Date"] = [days(7.5)]
    front_end.assign("ends")
    assert "less than 24 hours before the one in use ends" in assign("good", check=True)["warnings"][0]
    front_end.helper.answers["Get-Date"] = [days(6.5)]
    assert "warnings" not in assign("good", check=True)


def test_one_that_would_be_staged_is_judged_at_the_moment_it_takes_effect(front_end: FrontEnd, assign: Any) -> None:
    front_end.helper.answers["Get-Date"] = [days(8.5)]
    front_end.assign("good")
    assert "(expired)" in refusal(front_end, assign("ends"))
    front_end.helper.answers["Get-Date"] = [days(9.5)]
    assert assign("later", check=True)["changed"]


def test_one_that_has_expired_is_replaced_at_once(front_end: FrontEnd, assign: Any) -> None:
    front_end.assign("expired")
    assert assign("good", on_conflict="fail")["changed"]
    assert "EffectiveDate" not in front_end.helper.writes[0].parameters


@pytest.mark.parametrize("lists_both", [False, True])
def test_staging_for_a_date(front_end: FrontEnd, assign: Any, leaves_alone: Any, lists_both: bool) -> None:
    front_end.lists_both = lists_both
    front_end.assign("good")
    stage = {"effective_date": days(30).isoformat()}
    result = assign("other", **stage)
    sent = front_end.helper.writes[0].parameters
    assert (sent["EffectiveDate"], sent["Roll"]) == (days(30), True)
    assert result["certificate"]["previous_thumbprint"] == front_end.of["good"]
    again = assign("other", **stage)
    assert (again["changed"], again["certificate"]) == (False, result["certificate"])
    # the same one for another date
    assert assign("other", effective_date=days(20).isoformat())["changed"]
    # and once in force, the date of the task is history
    front_end.assigned["OAuthTokenIssuer", "Global"]["EffectiveDate"] = days(-1)
    assert not assign("other", effective_date=days(-1).isoformat())["changed"]
    assert len(front_end.helper.writes) == 2


@pytest.mark.parametrize("lists_both", [False, True])
def test_one_that_was_staged_is_taken_back_on_the_users_word(
    front_end: FrontEnd, assign: Any, leaves_alone: Any, lists_both: bool
) -> None:
    """The one in force is not what the task asks for, as long as another one is to follow it."""
    front_end.lists_both = lists_both
    front_end.assign("good")
    front_end.assign("other", EffectiveDate=days(30), Roll=True)
    remedy = assign("other", state="absent")["error"]["remedy"]
    assert "(state=present, on_conflict=replace)" in remedy
    for policy in ("stage", "fail"):
        refused = refusal(front_end, assign("good", on_conflict=policy))
        assert f"{front_end.of['other']} is staged for" in refused
        assert f"{front_end.of['good']} is in use" not in refused
    assert f"{front_end.of['other']} is staged for" in assign("good", on_conflict="keep")["warnings"][0]
    # a date has no meaning for the one in force
    back = {"on_conflict": "replace", "effective_date": days(40).isoformat()}
    predicted, result = assign("good", check=True, **back), assign("good", **back)
    assert predicted["certificate"]["previous_thumbprint"] is None
    assert result["commands"] == predicted["commands"]
    assert (result["changed"], "EffectiveDate" in front_end.helper.writes[0].parameters) == (True, False)
    assert front_end.assigned["OAuthTokenIssuer", "Global"]["EffectiveDate"] <= NOW
    assert leaves_alone(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["good"])


@pytest.mark.parametrize("lists_both", [False, True])
@pytest.mark.parametrize(("minutes", "kept"), [(4, True), (-1, True), (-6, False)])
def test_the_previous_one_stays_until_its_successor_signs_by_every_clock(
    front_end: FrontEnd, assign: Any, minutes: int, kept: bool, lists_both: bool
) -> None:
    front_end.lists_both = lists_both
    front_end.assign("good")
    front_end.assign("other", EffectiveDate=NOW + dt.timedelta(minutes=minutes), Roll=True)
    result = assign(state="absent", previous=True)
    assert (result["changed"], bool(front_end.helper.writes)) == (not kept, not kept)
    assert ("The previous certificate was kept" in str(result.get("warnings"))) is kept


@pytest.mark.parametrize("minutes", [4, -1])
def test_what_takes_effect_about_now_is_not_lost_either(front_end: FrontEnd, assign: Any, minutes: int) -> None:
    front_end.assign("good")
    front_end.assign("other", EffectiveDate=NOW + dt.timedelta(minutes=minutes), Roll=True)
    assert not assign("other")["changed"]
    assert f"{front_end.of['other']} is staged for" in refusal(front_end, assign("narrow"))


@pytest.mark.parametrize("tells_scope", [True, False])
def test_an_assignment_of_the_computer_s_own_does_not_hide_the_global_one(
    front_end: FrontEnd, assign: Any, leaves_alone: Any, tells_scope: bool
) -> None:
    front_end.tells_scope = tells_scope
    front_end.assign("good")
    front_end.set(["OAuthTokenIssuer"], front_end.of["other"])
    assert leaves_alone(lync_certificate, front_end.helper, **USE, thumbprint=front_end.of["good"])
    assert assign("other", check=True)["changed"]  # it is the computer's own, not the global one
    result = assign("narrow")
    assert (result["changed"], front_end.helper.writes[0].parameters["Roll"]) == (True, True)
    assert result["certificate"]["previous_thumbprint"] == front_end.of["good"]
    assert assign(state="absent")["changed"]
    assert list(front_end.assigned) == [("OAuthTokenIssuer", "Machine")]
    assert not assign(state="absent")["changed"]


OWN = {"state": "absent", "scope": "machine"}


@pytest.mark.parametrize("tells_scope", [True, False])
def test_the_computer_s_own_assignment_is_taken_back(
    front_end: FrontEnd, assign: Any, leaves_alone: Any, tells_scope: bool
) -> None:
    front_end.tells_scope = tells_scope
    front_end.assign("good")
    assert leaves_alone(lync_certificate, front_end.helper, **USE, **OWN)
    front_end.set(["OAuthTokenIssuer"], front_end.of["other"])
    assert leaves_alone(lync_certificate, front_end.helper, **USE, **OWN, thumbprint=front_end.of["narrow"])
    predicted, result = assign(check=True, **OWN), assign(**OWN)
    assert predicted["commands"] == result["commands"]
    assert "Identity" not in front_end.helper.writes[0].parameters
    assert result["diff"]["before"]["thumbprint"] == front_end.of["other"]
    assert result["certificate"]["thumbprint"] == predicted["certificate"]["thumbprint"] == front_end.of["good"]
    assert list(front_end.assigned) == [("OAuthTokenIssuer", "Global")]
    assert leaves_alone(lync_certificate, front_end.helper, **USE, **OWN)


@pytest.mark.parametrize(
    ("everywhere", "said"),
    [
        ("", "no OAuthTokenIssuer certificate is assigned globally and in force"),
        ("keyless", "is not in its store with the private key"),
        ("file", "is not in its store with the private key"),
        ("expired", "has expired"),
    ],
)
def test_it_stays_where_the_computer_could_not_sign_with_the_global_one(
    front_end: FrontEnd, assign: Any, everywhere: str, said: str
) -> None:
    if everywhere:
        front_end.assign(everywhere)
    front_end.set(["OAuthTokenIssuer"], front_end.of["other"])
    result = assign(timeout=0, **OWN)
    assert said in refusal(front_end, result)
    assert result["error"]["kind"] == "not_effective"
    check = assign(check=True, **OWN)
    assert check["changed"]
    assert said in str(check["warnings"])


@pytest.mark.parametrize(("minutes", "said"), [(4, "in its store"), (60, "")])
def test_one_that_takes_effect_about_now_has_to_be_there_too(
    front_end: FrontEnd, assign: Any, minutes: int, said: str
) -> None:
    front_end.assign("good")
    front_end.assign("file", EffectiveDate=NOW + dt.timedelta(minutes=minutes), Roll=True)
    front_end.set(["OAuthTokenIssuer"], front_end.of["other"])
    assert said in assign(timeout=0, **OWN).get("msg", "")
    assert bool(front_end.helper.writes) is not bool(said)


@pytest.mark.parametrize(
    "params",
    [
        {"scope": "machine", "thumbprint": "A" * 40},
        {"scope": "global", "thumbprint": "A" * 40},
        {"scope": "machine", "state": "absent", "use": "Default"},
        {"scope": "machine", "state": "absent", "previous": True},
    ],
)
def test_a_scope_without_a_meaning_is_refused(front_end: FrontEnd, assign: Any, params: dict[str, Any]) -> None:
    assert "scope" in refusal(front_end, assign(**params))
    assert front_end.helper.pipelines == []


def test_what_a_host_signs_with_and_what_is_global(front_end: FrontEnd, run_module: Any) -> None:
    """An assignment of its own is told at once: no wait ends it."""
    front_end.assign("good")
    front_end.set(["OAuthTokenIssuer"], front_end.of["other"])
    good = front_end.of["good"]
    everywhere = run_module(lync_token_issuer_info, front_end.helper, scope="global", thumbprint=good)
    assert everywhere["token_issuer"]["signing"] == [good]
    assert run_module(lync_token_issuer_info, front_end.helper)["token_issuer"]["in_use"] == front_end.of["other"]
    refused = run_module(lync_token_issuer_info, front_end.helper, thumbprint=good)
    assert (refused["error"]["kind"], front_end.of["other"] in refused["msg"]) == ("conflict", True)
    assert "scope=machine" in refused["error"]["remedy"]
    absent = run_module(lync_token_issuer_info, front_end.helper, scope="global", thumbprint="A" * 40, timeout=0)
    assert absent["error"]["kind"] == "not_effective"


def test_one_that_has_expired_and_is_gone_from_the_store_is_replaced_at_once(front_end: FrontEnd, assign: Any) -> None:
    front_end.assign("expired")
    front_end.assigned["OAuthTokenIssuer", "Global"]["NotAfter"] = days(-70)
    front_end.stored -= {"expired"}
    assert assign("good", on_conflict="fail")["changed"]
    assert "EffectiveDate" not in front_end.helper.writes[0].parameters


def test_a_date_that_is_past_says_what_leaving_it_out_would_do(front_end: FrontEnd, assign: Any) -> None:
    front_end.assign("good")
    message = refusal(front_end, assign("other", effective_date=days(-1).isoformat()))
    assert "leave it out: then on_conflict says when the certificate takes effect." in message
    assert not assign("good", effective_date=days(-1).isoformat())["changed"]


@pytest.mark.parametrize("use", ["OAuthTokenIssuer", "AudioVideoAuthentication"])
def test_a_successor_is_judged_at_the_moment_it_takes_effect(front_end: FrontEnd, assign: Any, use: str) -> None:
    assert "(not_yet_valid)" in refusal(front_end, assign("later", use=use))
    assert "(not_yet_valid)" in refusal(front_end, assign("later", use=use, effective_date=days(5).isoformat()))
    assert "(expired)" in refusal(front_end, assign("ends", use=use, effective_date=days(10).isoformat()))
    assert assign("later", use=use, effective_date=days(20).isoformat())["changed"]


@pytest.mark.parametrize("lists_both", [False, True])
@pytest.mark.parametrize(("hours", "late"), [(23, True), (25, False)])
def test_a_day_before_the_end_of_the_one_in_use_is_too_late_for_its_successor(
    front_end: FrontEnd, assign: Any, lists_both: bool, hours: int, late: bool
) -> None:
    front_end.lists_both = lists_both
    front_end.assign("ends")
    effective = (days(9) - dt.timedelta(hours=hours)).isoformat()
    for name in ("good", "other"):  # the second one in the place of the first, before that is in force
        asked = {"effective_date": effective, "on_conflict": "replace", "warn_days": 0}
        said = assign(name, check=True, **asked).get("warnings", [])
        assert ["less than 24 hours before the one in use ends" in text for text in said] == [True] * late
        front_end.assign("good", EffectiveDate=days(5), Roll=True)


@pytest.mark.parametrize("date", ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00", "tomorrow"])
def test_a_date_that_cannot_be_used(front_end: FrontEnd, assign: Any, date: str) -> None:
    assert "effective_date: " in refusal(front_end, assign("good", effective_date=date))


@pytest.mark.parametrize(
    ("params", "cmdlet"),
    [
        ({}, "Set-CsCertificate"),
        ({"path": PFX}, "Import-CsCertificate"),
        ({"state": "absent"}, "Remove-CsCertificate"),
    ],
)
def test_a_refusal_names_the_cmdlet_that_would_have_run(
    front_end: FrontEnd, assign: Any, params: dict[str, str], cmdlet: str
) -> None:
    refused = assign(thumbprint="AB", **params)
    assert refused["msg"].startswith(f"lync management shell: {cmdlet}: thumbprint: 'AB' is not a certificate")
    assert front_end.helper.pipelines == []


CHOICES: list[tuple[set[str], str, str]] = [
    ({"good", "default", "self-signed"}, "default", "good"),
    ({"good", "self-signed"}, "", "good"),
    ({"default", "self-signed"}, "default", "default"),
    ({"default", "kept"}, "default", "default"),
    ({"default", "cng", "short", "ec", "expired", "later", "keyless", "ends"}, "default", "default"),
    ({"good", "other", "default"}, "default", "2 certificates are made for contoso.com"),
    ({"default", "foreign", "self-signed"}, "", "has no fit certificate made for contoso.com"),
    ({"self-signed"}, "self-signed", "(CN=fe1.contoso.com): it is self-signed"),
    ({"kept"}, "", "(CN=contoso.com): the private key of CN=contoso.com cannot be exported"),
    ({"cng"}, "", "is in a CNG key storage provider"),
    ({"ends"}, "", "has only 9 days left"),
]
"""The certificates of the store, which of them is assigned as Default, and which is chosen, or why none is."""


@pytest.mark.parametrize(("stored", "default", "expected"), CHOICES)
def test_one_is_chosen_only_where_one_answer_is_safe(
    front_end: FrontEnd, assign: Any, stored: set[str], default: str, expected: str
) -> None:
    front_end.stored = stored
    if default:
        front_end.set(["Default"], front_end.of[default])
    result = assign(automatic=True)
    if expected in front_end.of:
        assert front_end.token_issuer == expected
        assert not assign(automatic=True)["changed"]
        return
    assert expected in refusal(front_end, result)
    assert result["error"]["kind"] == "conflict"
    assert "Name one with thumbprint" in result["error"]["remedy"]


def test_what_could_be_named_is_proposed(front_end: FrontEnd, assign: Any) -> None:
    front_end.stored = {"foreign", "self-signed"}
    remedy = assign(automatic=True)["error"]["remedy"]
    assert remedy == f"Name one with thumbprint: {front_end.of['foreign']} (CN=litwareinc.com)."


@pytest.mark.parametrize("when", [{}, {"EffectiveDate": days(5), "Roll": True}])
def test_none_is_chosen_where_one_is_in_use_or_staged(front_end: FrontEnd, assign: Any, when: dict[str, Any]) -> None:
    front_end.assign("foreign", **when)
    result = assign(automatic=True)
    assert (result["changed"], front_end.token_issuer) == (False, "foreign")
    assert result["certificate"]["thumbprint"] == front_end.of["foreign"]
    assert set(front_end.helper.reads) == {"Get-CsCertificate"}


def test_removing_it(front_end: FrontEnd, assign: Any, leaves_alone: Any) -> None:
    front_end.assign("good")
    absent = {**USE, "state": "absent"}
    assert assign(state="absent", check=True)["changed"]
    assert front_end.helper.writes == []
    result = assign(state="absent")
    assert (result["certificate"], front_end.assigned) == (None, {})
    assert leaves_alone(lync_certificate, front_end.helper, **absent)


@pytest.mark.parametrize("lists_both", [False, True])
def test_one_of_two_is_not_removed_with_the_other(front_end: FrontEnd, assign: Any, lists_both: bool) -> None:
    front_end.lists_both = lists_both
    front_end.assign("good")
    front_end.assign("other", EffectiveDate=days(30), Roll=True)
    for name, beside in (("good", "other"), ("other", "good")):
        said = refusal(front_end, assign(name, state="absent"))
        assert f"{front_end.of[beside]} is assigned too" in said
    assert not assign("ec", state="absent")["changed"]
    assert assign(state="absent")["changed"]


@pytest.mark.parametrize("lists_both", [False, True])
def test_check_mode_foretells_the_previous_one_of_what_was_staged(
    front_end: FrontEnd, assign: Any, lists_both: bool
) -> None:
    front_end.lists_both = lists_both
    front_end.assign("good")
    front_end.assign("other", EffectiveDate=days(30), Roll=True)
    predicted = assign("other", check=True, on_conflict="replace")["certificate"]
    assert predicted["previous_thumbprint"] == front_end.of["good"]
    real = assign("other", on_conflict="replace")["certificate"]
    assert real["previous_thumbprint"] == front_end.of["good"]


def test_a_write_whose_answer_was_lost_is_read_back(front_end: FrontEnd, assign: Any) -> None:
    def lost(**parameters: Any) -> ShellError:
        front_end.set(**parameters)
        return ShellError("unknown_outcome", "no answer.")

    front_end.helper.answers["Set-CsCertificate"] = lost
    result = assign("good")
    assert result["changed"]
    assert "had taken effect" in result["warnings"][0]
    assert len(front_end.helper.writes) == 1


def test_the_server_s_clock_judges(front_end: FrontEnd, assign: Any) -> None:
    front_end.helper.answers["Get-Date"] = [days(800)]
    assert "(expired)" in refusal(front_end, assign("good"))
    front_end.helper.answers["Get-Date"] = []
    assert assign("good")["changed"]


class NoClock(dt.datetime):
    """A datetime that cannot tell the time."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> NoClock:
        raise AssertionError(f"the time was asked for ({tz})")


@pytest.mark.parametrize("policy", ["stage", "replace", "keep"])
def test_a_plan_asks_nobody_and_no_clock(front_end: FrontEnd, monkeypatch: pytest.MonkeyPatch, policy: Any) -> None:
    front_end.assign("good")
    subject = Assignment(Request("OAuthTokenIssuer", thumbprint=front_end.of["other"], on_conflict=policy))
    observed = subject.observe(Call({}, check_mode=False, helper=lambda: front_end.helper))
    clockless = SimpleNamespace(datetime=NoClock, timedelta=dt.timedelta, UTC=dt.UTC)
    for module in (_shell, certificate_assignment, certificate_observation):
        monkeypatch.setattr(module, "dt", clockless)
    silent = Call({}, check_mode=False, helper=pytest.fail)
    plans = [subject.plan(silent, observed) for _time in range(2)]
    assert plans[0] == plans[1]
    assert (len(plans[0].steps), silent.warnings) == (0 if policy == "keep" else 1, [])
    with pytest.raises(AssertionError, match="the time was asked for"):
        subject.observe(Call({}, check_mode=False, helper=lambda: front_end.helper))
