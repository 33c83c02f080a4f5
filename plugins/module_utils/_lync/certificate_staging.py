# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a certificate that replaces another one takes effect.

"Use … at least 24 hours" (Stage AV and OAuth certificates): Exchange reads the keys of Lync's metadata document once a day, so a
certificate that is staged for a day is known before it signs.
"""

from __future__ import annotations

import datetime as dt

AHEAD = dt.timedelta(hours=24)


def choose_effective_date(now: dt.datetime, end: dt.datetime | None) -> dt.datetime | None:
    """When the next certificate should take effect: at the first full hour in a day; None where the one in use ends before.

    The full hour, so that a run does what check mode has foretold a moment before.

    :param end: the end of the certificate in use; None where that is not known.
    """
    planned = (now + AHEAD + dt.timedelta(hours=1, microseconds=-1)).replace(minute=0, second=0, microsecond=0)
    return planned if end is None or planned <= end else None


def is_too_late(effective: dt.datetime, end: dt.datetime | None) -> bool:
    """Whether the certificate in use ends too early after this effective date: less than a day is left for whoever caches its key."""
    return end is not None and effective > end - AHEAD
