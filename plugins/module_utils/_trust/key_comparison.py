# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of a metadata document beside the certificates that are in use."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

State = t.Literal["current", "next", "stale", "foreign"]


@dataclass(frozen=True)
class InUse:
    """The thumbprints of the certificates that a server signs with, will sign with, and has signed with."""

    current: str = ""
    next: str = ""
    previous: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is anything to compare with."""
        return bool(self.current or self.next or self.previous)


def judge_key(thumbprint: str, used: InUse) -> State | None:
    """What a key of the document is; None where it is not known what is in use, and for a key without a certificate that can be read."""
    if not used.is_known or not thumbprint:
        return None
    if thumbprint == used.current:
        return "current"
    if thumbprint == used.next:
        return "next"
    return "stale" if thumbprint == used.previous else "foreign"


def compare_keys(document: Mapping[str, t.Any], used: InUse) -> dict[str, t.Any]:
    """The document with what each of its keys is, and whether it has the one in use; None where that is not known."""
    keys = [{**key, "state": judge_key(key["thumbprint"], used)} for key in document["signing_keys"]]
    known = used.current and not document["error"]
    shown = any(key["state"] == "current" for key in keys) if known else None
    return {**document, "signing_keys": keys, "current_shown": shown}
