# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of Autodiscover: which lead to the cloud, and which nobody chose."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import leads_to_cloud, read_host
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.autodiscover_uri import find_conflict

SERVER: dict[str, Any] = {"name": "EX1", "fqdn": "EX1.corp.contoso.com"}


@pytest.mark.parametrize(
    ("address", "cloud"),
    [
        ("https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc", True),
        ("http://Autodiscover.OUTLOOK.com./autodiscover/autodiscover.svc", True),
        ("autodiscover.outlook.com", True),
        ("autodiscover.outlook.com.", True),
        ("https://autodiscover-s-dod.office365.us/autodiscover/autodiscover.svc", True),
        ("autodiscover.partner.outlook.cn", True),
        ("https://autodiscover.contoso.mail.onmicrosoft.com/autodiscover/autodiscover.svc", True),
        ("https://autodiscover.contoso.com/autodiscover/autodiscover.svc", False),
        ("https://notoutlook.com", False),
        ("https://outlook.com.contoso.com", False),
        ("https://contoso.com/outlook.com", False),
        ("https://outlook.com@contoso.com/", False),
        ("https://[", False),
        ("nonsense", False),
        ("", False),
        (None, False),
    ],
)
def test_what_leads_to_the_cloud(address: str | None, cloud: bool) -> None:
    assert leads_to_cloud(address) is cloud


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://A.contoso.com.:443/x", "a.contoso.com"), ("nonsense", ""), ("https://[", ""), ("https://[::1]/", "::1")],
)
def test_the_host_of_a_url_that_need_not_be_one(url: str, host: str) -> None:
    assert read_host(url) == host


@pytest.mark.parametrize(
    ("current", "hybrid", "conflict"),
    [
        (None, False, ""),
        ("", False, ""),
        (None, True, "hybrid"),
        ("https://ex1.corp.contoso.com/Autodiscover/Autodiscover.xml", False, ""),
        ("https://ex1.corp.contoso.com/Autodiscover/Autodiscover.xml", True, ""),
        ("https://EX1/Autodiscover/Autodiscover.xml", False, ""),
        ("https://ex2.corp.contoso.com/Autodiscover/Autodiscover.xml", False, "chosen"),
        ("https://autodiscover.contoso.com/autodiscover/autodiscover.xml", True, "chosen"),
        ("https://autodiscover.outlook.com/autodiscover/autodiscover.xml", False, "cloud"),
        ("nonsense", False, "chosen"),
    ],
)
def test_what_may_be_there_on_purpose(current: str | None, hybrid: bool, conflict: str) -> None:
    assert find_conflict(current, SERVER, hybrid=hybrid) == conflict
