# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot: what one host was seen to be, as plain JSON that can be kept, compared and judged later.

What could not be read is in it as such, with its error, and never stops the rest.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable, Sequence
from dataclasses import replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import NO_WAY_IN, UNREACHABLE, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName
from ansible_collections.onprem.exchange_lync.plugins.module_utils._wording import word_error

VERSION = 1
Snapshot = dict[str, t.Any]
Product = t.Literal["exchange", "lync", "dns"]
SHELLS: dict[str, ShellName] = {"exchange": "exchange", "lync": "lync", "dns": "windows"}
"""The shell that each product is asked by."""
PRODUCTS: tuple[Product, ...] = ("exchange", "lync", "dns")


def find_products(variables: dict[str, t.Any]) -> list[str]:
    """The products of a host, by the groups that it is in."""
    return [name for name in PRODUCTS if f"{name}_servers" in variables["group_names"]]


def describe_unread(what: str, error: ShellError) -> dict[str, t.Any]:
    """A part that could not be read: what happened and where, in one sentence, what to do, and the error's fields."""
    worded = word_error(error, "farm_info", in_role=False)
    sentence = str(replace(worded, host="", remedy=" ")).strip()
    return {"what": what, "message": sentence, "remedy": worded.remedy, "error": worded.details()}


class Reading:
    """A snapshot that is being taken.

    :param host: the host's name in the inventory.
    :ivar elsewhere: the products that another server is asked for, so that they tell nothing of the host.
    """

    def __init__(self, call: Call, host: str, products: Sequence[Product]) -> None:
        self.call = call
        self.host = host
        self.products: dict[str, dict[str, t.Any]] = {product: {} for product in products}
        self.elsewhere: set[Product] = set()
        self.unread: list[dict[str, t.Any]] = []
        self._barred: dict[str, ShellError] = {}

    def read(self, product: Product, part: str, gather: Callable[[], t.Any]) -> None:
        """Read one part. Where there is no way in to a product, none of its further parts is tried."""
        if product in self._barred:
            return
        error = self.read_elsewhere(product, part, gather)
        if error and error.kind in NO_WAY_IN:
            self._barred[product] = error

    def read_elsewhere(self, product: Product, part: str, gather: Callable[[], t.Any]) -> ShellError | None:
        """Read a part that another server is asked for: what keeps it from answering tells nothing of the host."""
        try:
            self.products[product][part] = gather()
        except ShellError as error:
            self.unread.append(describe_unread(f"{product}.{part}", error))
            return error
        return None

    def _find_clock_offset(self) -> float | None:
        """By how many seconds the host's clock is ahead of the controller's, as the last answer of any of its shells had it."""
        shells = [self.call.shell(SHELLS[product]) for product in self.products]
        return next((shell.clock_offset for shell in shells if shell.clock_offset is not None), None)

    def finish(self) -> Snapshot:
        """The snapshot.

        :raises ShellError: where the host could not be reached at all; the snapshot is in its result.
        """
        snapshot: Snapshot = {
            "version": VERSION,
            "host": self.host,
            "taken_at": instant(dt.datetime.now(dt.UTC)),
            "clock_offset": self._find_clock_offset(),
            "products": self.products,
            "unread": self.unread,
        }
        own = [product for product in self.products if product not in self.elsewhere]
        errors = [self._barred[product] for product in own if product in self._barred]
        if errors and len(errors) == len(own) and all(error.kind in UNREACHABLE for error in errors):
            errors[0].result = {"snapshot": snapshot}
            raise errors[0]
        return snapshot
