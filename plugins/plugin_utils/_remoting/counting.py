# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts the HTTP requests of a requests session, those of its authentication among them."""

from __future__ import annotations

import typing as t

from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.guarded import requests

if t.TYPE_CHECKING:
    from requests.adapters import BaseAdapter, HTTPAdapter


class CountingAdapter(requests.adapters.BaseAdapter):
    """Passes everything on to another adapter. Authentication handlers send their further legs through it as well."""

    def __init__(self, adapter: BaseAdapter, sent: t.Callable[[], None]) -> None:
        super().__init__()
        self._adapter = adapter
        self._sent = sent

    def send(self, request: requests.PreparedRequest, *args: t.Any, **kwargs: t.Any) -> requests.Response:
        """Count and send. The response must name this adapter: that is how the next leg finds its way."""
        self._sent()
        response = self._adapter.send(request, *args, **kwargs)
        response.connection = t.cast("HTTPAdapter", self)
        return response

    def close(self) -> None:
        """Close the adapter's connections."""
        self._adapter.close()


def count(session: requests.Session, sent: t.Callable[[], None]) -> None:
    """Call ``sent`` for every HTTP request that ``session`` will send."""
    for prefix, adapter in list(session.adapters.items()):
        session.mount(prefix, CountingAdapter(adapter, sent))
