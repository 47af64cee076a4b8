"""One end of a connection: bytes in, bytes out, and what is done when either side is too fast."""

import asyncio
from typing import cast

from daybook.protocols.sql.limits import STARTUP_BYTES_MAX
from daybook.protocols.sql.pgwire import messages as wire


class Gone(Exception):
    """The client is not there any more."""


class Channel(asyncio.Protocol):
    """The transport's side of a connection; `Connection` is what makes sense of the messages."""

    def __init__(self) -> None:
        self._inbox = wire.Inbox(STARTUP_BYTES_MAX)
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._paused = False
        self._out = bytearray()
        self._pending_max = STARTUP_BYTES_MAX
        """Bytes that wait before reading is paused; few for a caller who is not known."""

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        self._inbox.feed(data)
        if len(self._inbox) > max(self._pending_max, self._inbox.wanted) and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._arrived.set()

    def pause_writing(self) -> None:
        """The client reads more slowly than is written."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    def abort(self) -> None:
        """Hang up at once."""
        self._closed = True
        self._arrived.set()
        self._writable.set()
        if self._transport is not None:
            self._transport.abort()

    async def drain(self) -> None:
        """Wait for the task to end."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=5)

    def _send(self, data: bytes) -> None:
        self._out += data

    def _flush_now(self) -> None:
        if self._out:
            if not self._closed and self._transport is not None:
                self._transport.write(bytes(self._out))
            self._out.clear()
