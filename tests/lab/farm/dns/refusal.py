# SPDX-License-Identifier: GPL-3.0-or-later

"""A request that the DNS server does not carry out."""

from __future__ import annotations

import dns.rcode


class Refusal(Exception):
    """Answered with a response code and nothing else."""

    def __init__(self, code: dns.rcode.Rcode) -> None:
        super().__init__(dns.rcode.to_text(code))
        self.code = code
