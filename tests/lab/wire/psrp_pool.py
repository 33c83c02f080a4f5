# SPDX-License-Identifier: GPL-3.0-or-later
"""psrpcore's server side, with what version 0.3.1 lacks for our use kept in one place."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from typing import Any

import psrpcore
from psrpcore import types as ps

from wire import fragments

_AVAILABILITY = (ps.PSRPMessageType.SetMaxRunspaces, ps.PSRPMessageType.SetMinRunspaces)
_CONNECTED_WITH = (ps.PSRPMessageType.SessionCapability, ps.PSRPMessageType.RunspacePoolInitData)


_MUTABLE = (
    "state", "runspace_pool_id", "their_capability", "_ci_count", "_fragment_count", "_receive_buffer", "_incoming_fragments",
    "_incoming_messages", "_send_buffer", "_max_runspaces", "_min_runspaces",
)  # fmt: skip
"""What of a pool a Connect changes."""


class ConnectError(ValueError):
    """What came with a Connect is not a client's capability and its wish to connect to this pool."""


class Pool(psrpcore.ServerRunspacePool):
    """A server runspace pool whose queue can be drained by pipeline."""

    fragment_size = 32768

    def _process_message(self, message: Any) -> Any:
        # psrpcore reads N="ci"; what clients send (pypsrp, recorded Windows clients) is N="CI" in these two messages.
        if message.message_type in _AVAILABILITY:
            message._data[:] = message._data.replace(b'N="CI"', b'N="ci"')
        return super()._process_message(message)

    def events(self, data: bytes) -> Iterator[Any]:
        """Take fragments in and yield what they say."""
        self.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, None))
        while (event := self.next_event()) is not None:
            yield event

    def drain(self) -> Iterator[tuple[uuid.UUID | None, bytes]]:
        """What there is to send, by the pipeline that it is for."""
        while (payload := self.data_to_send(self.fragment_size)) is not None:
            if payload.pipeline_id is not None:
                yield payload.pipeline_id, payload.data
                continue
            for fragment in fragments.split(payload.data):  # the pool's messages one by one, as Windows sends them
                yield None, fragment.raw

    def answer_connect(self, data: bytes) -> bytes:
        """Come back from a disconnect: connectResponseXml carries only these two messages, the others come over Receive.

        :raises ConnectError: for what is no Connect of this pool's; the pool is then as it was before.
        """
        kept = {name: copy.copy(getattr(self, name)) for name in _MUTABLE}
        try:
            self._take_connect(data)
        except Exception as error:  # psrpcore raises many types; each means that the client has sent something else
            for name, value in kept.items():
                setattr(self, name, value)
            raise ConnectError(str(error)) from error
        queue = self._send_buffer
        if not any(message.message_type == ps.PSRPMessageType.SessionCapability for message in queue):
            self.prepare_message(self.our_capability)
            queue.insert(0, queue.pop())
        later = [message for message in queue if message.message_type not in _CONNECTED_WITH]
        queue[:] = [message for message in queue if message.message_type in _CONNECTED_WITH]
        answer = b"".join(ours for _pipeline, ours in self.drain())
        queue.extend(later)
        return answer

    def _take_connect(self, data: bytes) -> None:
        pool = self.runspace_pool_id
        self.connect()
        kinds = [type(event).__name__ for event in self.events(data)]  # psrpcore has queued its answers
        if kinds != ["SessionCapabilityEvent", "ConnectRunspacePoolEvent"] or self.runspace_pool_id != pool:
            raise ValueError(f"no Connect: {', '.join(kinds) or 'nothing'}")


class ServerPipeline(psrpcore.ServerPipeline):
    """A server pipeline that can fail, for which psrpcore has no public call."""

    def fail(self, error: ps.ErrorRecord) -> None:
        """End the pipeline with a terminating error."""
        self._change_state(ps.PSInvocationState.Failed, error=error)

    @property
    def is_running(self) -> bool:
        """Whether it has started and not ended."""
        return self.state == ps.PSInvocationState.Running
