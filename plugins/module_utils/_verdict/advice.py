# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the verdict has from a product: where its certificates can be seen, and what to do about one, in its own cmdlets."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._shell import ShellName

Use = t.Literal["OAuthTokenIssuer", "OAuthTokenIssuerStaged", "ExchangeAuth", "ExchangeAuthNext", "ExchangeIIS"]


@dataclass(frozen=True)
class Advice:
    """About a certificate in one use.

    :ivar shell: the management shell that shows it, by ``cmdlet``.
    :ivar named_by: the cmdlet that shows which certificate is meant, whatever there is.
    :ivar replace: how it is replaced.
    :ivar deploy: how one that is there is brought to a host that lacks it.
    :ivar widen: how an assignment of one server's own is turned into that of all.
    :ivar publish: how a staged one is put in force.
    """

    shell: ShellName
    cmdlet: str
    named_by: str
    replace: str
    deploy: str
    widen: str = ""
    publish: str = ""


Advices = dict[Use, Advice]
