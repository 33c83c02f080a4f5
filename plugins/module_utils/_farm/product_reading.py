# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each product of a host is asked for its snapshot."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.dns_reading import read_dns
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.exchange_reading import read_exchange
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.lync_reading import read_lync
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.snapshot import Product, Reading

READERS: dict[Product, Callable[[Reading], None]] = {"exchange": read_exchange, "lync": read_lync, "dns": read_dns}
