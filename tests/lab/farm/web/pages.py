# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of a host's web site that need no account, and the injected faults of it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field

from farm.scenario import Host
from farm.state import Farm
from farm.web.challenge import write_challenge
from farm.web.metadata import PATHS, write_document

SERVICES = ("/autodiscover/autodiscover.svc", "/autodiscover/autodiscover.xml")
ENDLESS = 8 * 1024 * 1024
"""Octets of a body that nobody should read to its end."""
_ERROR = (
    "<!DOCTYPE html>\r\n<html><head><title>Runtime Error</title></head><body><h1>Server Error in '{path}' Application.</h1>"
    "<h2><i>Runtime Error</i></h2></body></html>\r\n"
)


@dataclass(frozen=True)
class Page:
    """An answer of the web site."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""


def find_page(farm: Farm, host: Host, method: str, path: str) -> Page | None:
    """What the web site answers; nothing where the path is no page of it."""
    wanted = path.partition("?")[0].rstrip("/").lower()
    is_metadata = wanted == PATHS.get(host.role)
    if not is_metadata and not (host.role == "exchange" and wanted in SERVICES):
        return None
    if broken := _find_fault(farm, host):
        return broken
    with farm.lock:
        farm.store.settle()
        if not is_metadata:
            return Page(401, write_challenge(farm, host))
        if method not in ("GET", "HEAD"):
            return Page(405, [("Allow", "GET, HEAD")])
        return _show_metadata(farm, host, wanted)


def _show_metadata(farm: Farm, host: Host, path: str) -> Page:
    """Exchange answers with 500 where AuthConfig names a certificate that the server does not have (blog.jenstr.no)."""
    document = write_document(farm, host)
    if document is None:
        application = path.partition("/metadata")[0] or "/"
        return Page(500, [("Content-Type", "text/html; charset=utf-8")], _ERROR.format(path=application))
    return Page(200, [("Content-Type", "application/json; charset=utf-8")], json.dumps(document))


def _find_fault(farm: Farm, host: Host) -> Page | None:
    if slow := farm.faults.take("web_slow", host.fqdn):
        time.sleep(float(slow.value or 30))
    if moved := farm.faults.take("web_redirects", host.fqdn):
        return Page(302, [("Location", moved.value)])
    if farm.faults.take("web_endless", host.fqdn):
        return Page(200, [("Content-Type", "application/json")], "[" + " " * ENDLESS)
    return None
