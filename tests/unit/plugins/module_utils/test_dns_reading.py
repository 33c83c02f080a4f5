# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS in the snapshot of a host that asks another server for it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import read_farm
from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.dns_reading import read_dns
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import Product, Reading

NOBODY: dict[str, Any] = {
    "address": "127.0.0.1", "port": 9, "protocol": "tcp", "timeout": 1.0, "key_name": None, "key_secret": None,
    "key_algorithm": "hmac-sha256", "gss_tsig": False,
}  # fmt: skip


def refuse() -> Any:
    raise ShellError("unreachable", "no way in.")


def read(*products: Product, **server: Any) -> Reading:
    params = {
        "dns_provider": "rfc2136",
        "dns_server": {**NOBODY, **server},
        "organization": True,
        "names": ["a.litwareinc.com"],
    }
    reading = Reading(Call(params, check_mode=False, helper=refuse), "ex1", products)
    read_dns(reading)
    return reading


def test_what_the_server_does_not_say_is_unread_of_the_server() -> None:
    snapshot = read("dns").finish()
    assert snapshot["products"] == {"dns": {"server": "127.0.0.1"}}
    farm = read_farm([snapshot])
    (unread,) = farm.unread
    assert (unread.host, unread.what) == ("127.0.0.1", "dns.names")
    assert "DNS QUERY: the DNS server does not answer" in unread.message
    assert farm.dns is not None
    assert (farm.dns.host, farm.dns.names, farm.dns.offered) == ("127.0.0.1", None, None)


def test_options_that_cannot_be_used_are_unread_too() -> None:
    (entry,) = read("dns", port=0).finish()["unread"]
    assert (entry["error"]["kind"], entry["error"]["message"]) == ("bad_input", "dns_server.port: 0 is not a port.")


def test_a_host_is_as_reachable_as_its_own_products_are() -> None:
    reading = read("exchange", "dns")
    assert reading.finish()["products"]["exchange"] == {}
    reading.read("exchange", "servers", refuse)
    with pytest.raises(ShellError) as caught:
        reading.finish()
    assert caught.value.message == "no way in."
    assert caught.value.result["snapshot"]["products"]["dns"] == {"server": "127.0.0.1"}
