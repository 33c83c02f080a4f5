# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What psrpcore 0.3.1 does not do as Windows does, or does without a bound, mended from outside.

Applied once by importing this module, before the first message. A patch of a gap first looks whether the gap is there, so that a
mended psrpcore is left alone.
"""

from __future__ import annotations

import collections
import contextvars
import datetime as dt
import struct
import typing as t
import uuid

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.guarded import HAS_PSRPCORE, ps, psrpcore
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.soap import NotSoap, check_xml

if HAS_PSRPCORE:
    from psrpcore._payload import PSRPMessage, unpack_message

if t.TYPE_CHECKING:
    from psrpcore._events import RunspaceAvailabilityEvent

_NO_ID = uuid.UUID(int=0)

_TICKS = 10_000_000
"""Ticks (100 ns, .NET's unit of time) in a second."""


MOST_BYTES = 8 * 1024 * 1024
"""Bytes of one message, that is of one object: decoding it takes some ten times as much. The largest of Exchange have some 100 KiB."""
_FRAGMENT = struct.Struct(">QQBI")
_HEADER_BYTES = 40
_MOST_OPEN = 8
"""Messages of which the server may have sent a part: it sends one after the other in each stream, and there are a few streams."""


class _Decoding(t.NamedTuple):
    """What holds while one message is decoded.

    :ivar deadline: when it has to end.
    :ivar type_names: the lists of type names that were given the prefix, by the identity of the list before.
    """

    deadline: Deadline
    type_names: dict[int, tuple[list[str], list[str]]]


_decoding: contextvars.ContextVar[_Decoding | None] = contextvars.ContextVar("decoding", default=None)


class Pool(psrpcore.ClientRunspacePool):
    """A runspace pool that takes whole fragments and whole messages only, of a bounded size, from this runspace's server.

    psrpcore joins whatever comes in whatever number, copying its buffer for each fragment, and takes half a fragment for a whole one.

    It also lets go of messages nobody waits for:

    * The engine reports the command of ``powershell -s -Command …`` as a pipeline state without a pipeline, and a server may
      report the state of a pipeline that is closed here: KeyError in psrpcore 0.3.1.
    * An answer to a call that this client did not make (runspace availability): KeyError as well.
    """

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._open_messages: dict[int, tuple[int, bytearray]] = {}
        self._whole_messages: collections.deque[bytearray] = collections.deque()
        self.deadline = Deadline(None)

    def receive_data(self, data: psrpcore.PSRPPayload) -> None:
        """Take the fragments of one answer (MS-PSRP 2.2.4).

        :raises NotSoap: where they are not fragments, or too many.
        """
        received, at = memoryview(data.data), 0
        while at < len(received):
            if len(received) - at < _FRAGMENT.size:
                raise NotSoap("the server sent half a fragment")
            number, position, flags, length = _FRAGMENT.unpack_from(received, at)
            at += _FRAGMENT.size
            if len(received) - at < length:
                raise NotSoap("the server sent half a fragment")
            self._take_fragment(number, position, flags, received[at : at + length])
            at += length

    def next_event(self) -> psrpcore.PSRPEvent[t.Any, t.Any] | None:
        """Decode the next whole message, if there is one."""
        if not self._whole_messages:
            return None
        message = _to_message(self._whole_messages.popleft())
        if message.runspace_pool_id not in (self.runspace_pool_id, _NO_ID):
            raise NotSoap("the server sent a message of another runspace")
        check_xml(message.data)
        token = _decoding.set(_Decoding(self.deadline, {}))
        try:
            return self._process_message(message)
        finally:
            _decoding.reset(token)

    def _take_fragment(self, number: int, position: int, flags: int, content: memoryview) -> None:
        expected, joined = self._open_messages.pop(number, (0, bytearray()))
        if position != expected or bool(flags & 1) != (position == 0):
            raise NotSoap("the server sent the fragments of a message in another order")
        joined += content
        if sum(len(other) for _next, other in self._open_messages.values()) + len(joined) > MOST_BYTES:
            raise ShellError(
                "failed",
                f"the server sent an object of more than {MOST_BYTES} bytes.",
                remedy="Ask for fewer properties of it.",
            )
        if flags & 2:
            self._whole_messages.append(joined)
        elif len(self._open_messages) < _MOST_OPEN:
            self._open_messages[number] = (position + 1, joined)
        else:
            raise NotSoap("the server sent parts of too many messages at once")

    def _process_PipelineState(self, event: psrpcore.PipelineStateEvent) -> None:
        if event.pipeline_id in self.pipeline_table:
            super()._process_PipelineState(event)

    def _process_RunspaceAvailability(self, event: RunspaceAvailabilityEvent) -> None:
        if event.ci in self._ci_handlers:
            super()._process_RunspaceAvailability(event)

    def _process_EncryptedSessionKey(self, event: psrpcore.EncryptedSessionKeyEvent) -> None:
        if self._exchange_key is not None:
            super()._process_EncryptedSessionKey(event)


def _to_message(data: bytearray) -> t.Any:
    """A message with its header taken off (MS-PSRP 2.2.1)."""
    if len(data) < _HEADER_BYTES:
        raise NotSoap("the server sent a message without a header")
    try:
        header = unpack_message(data)
    except ValueError as error:
        raise NotSoap("the server sent a message of an unknown type") from error
    return PSRPMessage(header.message_type, header.data, header.rpid, header.pid, 0)


def format_duration(value: dt.timedelta) -> str:
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
        psrpcore_serializer._serialize_duration = format_duration


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


def _bound_decoding() -> None:
    """psrpcore looks at no clock while it decodes, and makes a list of type names anew for each object that refers to one."""
    from psrpcore.types import _base as psrpcore_base
    from psrpcore.types import _serializer as psrpcore_serializer

    decode, find = psrpcore_serializer._Serializer.deserialize, psrpcore_base.TypeRegistry.rehydrate

    def deserialize(self: t.Any, element: t.Any) -> t.Any:
        if (decoding := _decoding.get()) is not None:
            decoding.deadline.check()
        return decode(self, element)

    def rehydrate(self: t.Any, type_names: list[str]) -> t.Any:
        decoding = _decoding.get()
        if decoding is None:
            return find(self, type_names)
        if id(type_names) in decoding.type_names:
            again = ps.PSObject()
            again.PSObject.type_names = decoding.type_names[id(type_names)][0]
            return again
        found = find(self, type_names)
        if found.__class__ is ps.PSObject:  # none of its subclasses, which have types of their own
            # the key's list is kept with it, so that no other list can have its identity
            decoding.type_names[id(type_names)] = (found.PSObject.type_names, type_names)
        return found

    t.cast(t.Any, psrpcore_serializer._Serializer).deserialize = deserialize
    t.cast(t.Any, psrpcore_base.TypeRegistry).rehydrate = rehydrate


if HAS_PSRPCORE:
    _mend_durations()
    _mend_records()
    _bound_decoding()
