# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two URLs of Autodiscover. They differ in their ending only, each product takes one of them, and they are often confused."""

from __future__ import annotations

import typing as t
from urllib.parse import SplitResult, urlsplit, urlunsplit

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import DEFAULT_PORTS, Url

Service = t.Literal["xml", "svc"]

# Autodiscover of Exchange Online, worldwide and in its national clouds (Microsoft 365 URLs and IP address ranges), and the domains that
# every tenant gets, such as contoso.mail.onmicrosoft.com
_CLOUD = ("outlook.com", "office365.com", "office365.us", "outlook.cn", "office.de", "office.com", "onmicrosoft.com")

_READERS: dict[Service, str] = {"xml": "Outlook", "svc": "Lync"}


class AutodiscoverUrl(Url):
    """The URL of one of Autodiscover's services.

    :param service: ``xml``, which Exchange publishes for clients inside the domain, or ``svc``, the SOAP service, which Lync asks.
    :param as_uri: see :class:`Url`.
    """

    def __init__(self, service: Service, *, as_uri: bool = False) -> None:
        super().__init__(as_uri=as_uri)
        self._service = service
        self._reader = _READERS[service]
        self._path = f"/autodiscover/autodiscover.{service}"

    def accept(self, value: t.Any) -> t.Any:
        """See :meth:`Kind.accept`; the message has the URL that was probably meant."""
        if value in (None, ""):
            return None
        text = str(value).strip()
        parts = split_url(text if "://" in text else f"https://{text}")
        right = self._correct(parts)
        if "://" not in text or not parts.hostname:
            raise ValueError(f"'{value}' is not a URL with scheme and host; give one such as {right}")
        path = parts.path.casefold()
        for service, reader in _READERS.items():
            if service != self._service and path.endswith(f".{service}"):
                needed = f"{self._reader} needs the one that ends in .{self._service}: {right}"
                raise ValueError(f"'{value}' is the URL for {reader}; {needed}")
        if path != self._path or parts.query or parts.fragment:
            ends = f"which ends in {self._path}"
            raise ValueError(f"'{value}' is not Autodiscover's URL for {self._reader}, {ends}; give {right}")
        return super().accept(text)

    def _correct(self, parts: SplitResult) -> str:
        """The URL of the same host that was probably meant."""
        scheme = parts.scheme if parts.scheme in DEFAULT_PORTS else "https"
        return urlunsplit((scheme, parts.netloc or "autodiscover.litwareinc.com", self._path, "", ""))


def leads_to_cloud(address: str | None) -> bool:
    """Whether a URL, or the name of a host, is one of Exchange Online."""
    text = str(address or "")
    host = read_host(text if "://" in text else f"//{text}")
    return any(host == domain or host.endswith(f".{domain}") for domain in _CLOUD)


def read_host(url: str) -> str:
    """The host of a URL, in one spelling; empty where there is none."""
    return (split_url(url).hostname or "").rstrip(".").lower()


def split_url(url: str) -> SplitResult:
    """The parts of a URL. A server's text need not be one: what cannot be split has no parts."""
    try:
        return urlsplit(url)
    except ValueError:  # half an IPv6 address
        return SplitResult("", "", "", "", "")
