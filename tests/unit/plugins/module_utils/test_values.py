# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import (
    Credential,
    RemoteObject,
    Secret,
    SecretText,
    Uri,
    decode,
    encode,
)

VALUES = [
    None,
    True,
    -7,
    2**40,
    1.5,
    "text 💠 beyond the BMP",
    b"\x00\xff",
    Uri("https://autodiscover.litwareinc.com/"),
    uuid.UUID(int=7),
    dt.datetime(2026, 11, 23, 12, 30, 1, 5, tzinfo=dt.UTC),
    dt.timedelta(days=-1, seconds=3),
    ["a", [None, {"b": 1}]],
    {"$type": "a key that looks like ours", 1: ["x"]},
    Secret("P@ss"),
    SecretText("P@ss"),
    Credential("LITWARE\\svc", Secret("P@ss")),
    RemoteObject(("T", "System.Object"), "text", {"Name": "EX01", "Site": RemoteObject(text="Atlanta")}, ("a",), 3),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_survives_the_socket(value: object) -> None:
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert type(back) is type(value)


def test_a_subclass_of_str_travels_as_str() -> None:
    class Tagged(str):
        __slots__ = ()

    assert decode(encode(Tagged("x"))).__class__ is str


def test_a_date_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError, match="time zone"):
        encode(dt.datetime(2026, 1, 1))


def test_an_unknown_type_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="complex"):
        encode(1j)


@pytest.mark.parametrize("secret", [Secret("hunter2"), SecretText("hunter2"), Credential("u", Secret("hunter2"))])
def test_a_secret_never_shows_itself(secret: object) -> None:
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
