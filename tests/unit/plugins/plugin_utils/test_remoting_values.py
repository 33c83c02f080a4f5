# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime as dt
import decimal
import typing as t
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psrpcore import types as ps
from psrpcore._crypto import PSRemotingCrypto
from psrpcore.types._serializer import deserialize, serialize

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import (
    Credential,
    RemoteObject,
    Secret,
    SecretText,
    Uri,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import decode as from_json
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import encode as to_json
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import clixml_values as values
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import psrpcore_gaps
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline

UTC = dt.UTC
DATE = RemoteObject(("System.DateTime", "System.ValueType", "System.Object"), "2024-01-02T03:04:05")


def decoder(limit: int) -> values.Decoder:
    return values.Decoder(values.Budget(limit, 10_000_000, Deadline(None)))


def element(value: t.Any) -> t.Any:
    cipher = PSRemotingCrypto()
    cipher.register_key(b"0" * 32)
    return serialize(values.encode(value), cipher)


def returned(value: t.Any, limit: int = 100_000) -> t.Any:
    cipher = PSRemotingCrypto()
    cipher.register_key(b"0" * 32)
    return decoder(limit).decode(deserialize(serialize(values.encode(value), cipher), cipher))


def received(clixml: str) -> t.Any:
    import xml.etree.ElementTree as ET

    return decoder(100_000).decode(deserialize(ET.fromstring(clixml), PSRemotingCrypto()))


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        (None, "Nil"),
        (True, "B"),
        (0, "I32"),
        (2**31 - 1, "I32"),
        (2**31, "I64"),
        (-(2**31) - 1, "I64"),
        (2**64 - 1, "U64"),
        (0.1, "Db"),
        (decimal.Decimal("1.10"), "D"),
        ("", "S"),
        ("a_x0041_\x00\r\n\U0001f600\ufffd", "S"),
        ("x" * 1_000_000, "S"),
        (b"", "BA"),
        (b"\x00\xff" * 1000, "BA"),
        (Uri("https://autodiscover.litwareinc.com/ä"), "URI"),
        (uuid.UUID(int=5), "G"),
        (dt.datetime(2026, 8, 1, 12, 0, 0, 123456, tzinfo=UTC), "DT"),
        (dt.timedelta(seconds=10), "TS"),
        (dt.timedelta(days=-3, microseconds=7), "TS"),
        ([], "Obj"),
        ([1, ["zwei", None, [True]]], "Obj"),
        ({"a": 1, 2: ["b"]}, "Obj"),
        (Secret("pässword\U0001f600"), "SS"),
        (Credential("LITWARE\\administrator", Secret("p")), "Obj"),
    ],
)
def test_there_and_back(value: t.Any, tag: str) -> None:
    assert element(value).tag == tag
    assert returned(value) == value
    assert type(returned(value)) is type(value)
    assert from_json(to_json(value)) == value


@settings(max_examples=200, deadline=None)
@given(st.timedeltas(min_value=dt.timedelta(days=-10_000), max_value=dt.timedelta(days=10_000)))
def test_any_duration(value: dt.timedelta) -> None:
    assert returned(value) == value
    assert element(value).text == psrpcore_gaps.format_duration(value) or "S" in element(value).text


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")))
def test_any_text(value: str) -> None:
    assert returned(value) == value


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (dt.datetime(2026, 1, 1), TypeError),  # without a zone on purpose
        (float("nan"), ValueError),
        ("half a pair \ud800", ValueError),
        ("a noncharacter \uffff", ValueError),
        (object(), TypeError),
        ({1, 2}, TypeError),
    ],
)
def test_what_cannot_be_sent(value: t.Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        values.encode(value)


def test_a_number_beyond_64_bits_is_a_decimal() -> None:
    assert returned(2**70) == decimal.Decimal(2**70)


def test_a_time_is_sent_in_utc() -> None:
    eastern = dt.timezone(dt.timedelta(hours=-5))
    assert element(dt.datetime(2026, 8, 1, 20, 30, tzinfo=eastern)).text == "2026-08-02T01:30:00Z"


def test_a_secret_for_a_string_parameter_is_a_string() -> None:
    assert returned(SecretText("plain")) == "plain"
    assert not values.has_secrets([SecretText("plain")])


def test_where_secrets_are() -> None:
    pipeline = Pipeline(
        (Cmdlet("A", B=[Secret("one")], C={"d": Credential("u", Secret("two"))}, E=SecretText("three")),)
    )
    assert values.list_secrets(pipeline) == {"one", "two", "three"}
    assert values.has_secrets([cmdlet.parameters for cmdlet in pipeline.cmdlets])
    assert values.list_secrets({"a": "b", "c": Secret("")}) == set()


def test_objects_go_back_as_what_a_parameter_takes() -> None:
    enumeration = RemoteObject(("X", "System.Enum"), "Full", value=2)
    assert values.encode(enumeration) == "Full"
    assert values.encode(RemoteObject(("L",), items=(1, 2))) == [1, 2]
    made = values.encode(RemoteObject(("T",), properties={"Name": "n", "Uri": Uri("http://h/")}))
    assert made.PSObject.type_names == ["T"]
    assert (made.Name, type(made.Uri)) == ("n", ps.PSUri)


@pytest.mark.parametrize(
    ("clixml", "value"),
    [
        ("<DT>2024-01-02T03:04:05+02:00</DT>", dt.datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("<DT>2024-01-02T03:04:05.1234567Z</DT>", dt.datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("<DT>2024-01-02T03:04:05</DT>", DATE),
        ("<DT>0001-01-01T00:00:00+02:00</DT>", dt.datetime(1, 1, 1, tzinfo=UTC)),
        ("<DT>9999-12-31T23:59:59.9999999-01:00</DT>", dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("<TS>PT1H</TS>", dt.timedelta(hours=1)),
        ("<Version>15.1.2507.6</Version>", "15.1.2507.6"),
        ("<C>97</C>", "a"),
        ("<XD>&lt;a/&gt;</XD>", "<a/>"),
        ("<SBK>Get-Thing</SBK>", "Get-Thing"),
        ("<Sg>1.5</Sg>", 1.5),
        ("<U64>18446744073709551615</U64>", 2**64 - 1),
        ("<SB>-1</SB>", -1),
        ('<Obj RefId="0"><TN RefId="0"><T>A.MultiValuedProperty</T></TN><LST><S>a</S><Nil/></LST></Obj>', ["a", None]),
        ('<Obj RefId="0"><IE><I32>1</I32></IE></Obj>', [1]),
        ('<Obj RefId="0"><STK><I32>1</I32></STK></Obj>', [1]),
        ('<Obj RefId="0"><QUE><I32>1</I32></QUE></Obj>', [1]),
        (
            '<Obj RefId="0"><TN RefId="0"><T>E</T><T>System.Enum</T></TN><ToString>Full</ToString><I32>2</I32></Obj>',
            RemoteObject(("E", "System.Enum"), "Full", value=2),
        ),
        (
            '<Obj RefId="0"><S>text</S><MS><I32 N="p">1</I32></MS></Obj>',
            RemoteObject(("System.String", "System.Object"), "text", {"p": 1}, value="text"),
        ),
        (
            '<Obj RefId="0"><TN RefId="0"><T>L</T></TN><LST><I32>1</I32></LST><MS><S N="p">q</S></MS></Obj>',
            RemoteObject(("L",), None, {"p": "q"}, items=(1,)),
        ),
        (
            '<Obj RefId="0"><TN RefId="0"><T>Deserialized.X</T></TN><Props><S N="a">1</S></Props><MS><B N="b">true</B></MS></Obj>',
            RemoteObject(("Deserialized.X",), None, {"a": "1", "b": True}),
        ),
    ],
)
def test_what_a_server_sends(clixml: str, value: t.Any) -> None:
    assert received(clixml) == value
    assert from_json(to_json(received(clixml))) == value


def test_a_credential_without_a_password() -> None:
    names = "<T>System.Management.Automation.PSCredential</T>"
    clixml = f'<Obj RefId="0"><TN RefId="0">{names}</TN><Props><Nil N="UserName"/><Nil N="Password"/></Props></Obj>'
    assert received(clixml) == Credential("", Secret(""))


def test_an_object_that_holds_itself_ends() -> None:
    clixml = '<Obj RefId="0"><ToString>me</ToString><Props><Ref RefId="0" N="Self"/><S N="Name">n</S></Props></Obj>'
    assert received(clixml) == RemoteObject((), "me", {"Self": RemoteObject((), "me"), "Name": "n"})


def test_references_cannot_multiply_without_end() -> None:
    shared: list[t.Any] = ["x"]
    for _level in range(20):
        shared = [shared, shared]
    with pytest.raises(ShellError, match="more values"):
        decoder(10_000).decode(shared)
