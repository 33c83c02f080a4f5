# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What psrpcore 0.3.1 does not do as Windows does, mended from outside; each item says when it can go.

Applied once by importing this module, before the first message. Each patch first looks whether its gap is there, so that a
mended psrpcore is left alone.
"""

from __future__ import annotations

import datetime as dt
import typing as t

from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.guarded import HAS_PSRPCORE, ps, psrpcore

if t.TYPE_CHECKING:
    from psrpcore._events import RunspaceAvailabilityEvent

_TICKS = 10_000_000
"""Ticks (100 ns, .NET's unit of time) in a second."""


class Pool(psrpcore.ClientRunspacePool):
    """A runspace pool that lets go of messages nobody waits for.

    * The engine reports the command of ``powershell -s -Command …`` as a pipeline state without a pipeline, and a server may
      report the state of a pipeline that is closed here: KeyError in psrpcore 0.3.1.
    * An answer to a call that this client did not make (runspace availability): KeyError as well.
    """

    def _process_PipelineState(self, event: psrpcore.PipelineStateEvent) -> None:
        if event.pipeline_id in self.pipeline_table:
            super()._process_PipelineState(event)

    def _process_RunspaceAvailability(self, event: RunspaceAvailabilityEvent) -> None:
        if event.ci in self._ci_handlers:
            super()._process_RunspaceAvailability(event)

    def _process_EncryptedSessionKey(self, event: psrpcore.EncryptedSessionKeyEvent) -> None:
        if self._exchange_key is not None:
            super()._process_EncryptedSessionKey(event)


def duration(value: dt.timedelta) -> str:
    """A TimeSpan as XML Schema writes it (MS-PSRP 2.2.5.1.8): ``-P1DT2H3M4.5000000S``."""
    microseconds = value // dt.timedelta(microseconds=1)
    nanoseconds = abs(microseconds * 1000 + getattr(value, "nanoseconds", 0) % 1000)
    seconds, ticks = divmod(nanoseconds // 100, _TICKS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f".{ticks:07d}" if ticks else ""
    return f"{'-' if microseconds < 0 else ''}P{days}DT{hours}H{minutes}M{seconds}{fraction}S"


def _mend_durations() -> None:
    """psrpcore 0.3.1 strips zeros off whole seconds: 10 seconds are sent as ``PT1S``. Not yet reported upstream."""
    from psrpcore.types import _serializer as psrpcore_serializer

    if psrpcore_serializer._serialize_duration(dt.timedelta(seconds=10)) != "PT10S":
        psrpcore_serializer._serialize_duration = duration


def _mend_records() -> None:
    """Servers of protocol 2.1 (PowerShell 3.0 and older, so Lync 2013 hosts) send records without ``SerializeExtent``.

    psrpcore 0.3.1 raises AttributeError on them. Not yet reported upstream.
    """
    from psrpcore.types import _complex as psrpcore_complex

    original: t.Callable[[ps.PSObject], t.Any] = psrpcore_complex._invocation_info_from_ps_object

    def invocation_info(record: ps.PSObject) -> t.Any:
        if not hasattr(record, "SerializeExtent"):
            ps.add_note_property(record, "SerializeExtent", False)
        return original(record)

    psrpcore_complex._invocation_info_from_ps_object = t.cast(t.Any, invocation_info)


if HAS_PSRPCORE:
    _mend_durations()
    _mend_records()
