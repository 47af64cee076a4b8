"""Accepting connections, watching their time, and closing them in good order."""

import asyncio
import socket
import time
from email.utils import formatdate

from daybook.server.connection import Connection, Shared
from daybook.server.limits import BACKLOG, SWEEP_SECONDS


class Listener:
    """Accepts connections on some sockets. Used on one event loop."""

    def __init__(self, shared: Shared, sockets: list[socket.socket]) -> None:
        self._shared = shared
        self._sockets = sockets
        self._servers: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin to accept."""
        self._sweep()
        for bound in self._sockets:
            self._servers.append(
                await self._shared.loop.create_server(
                    lambda: Connection(self._shared), sock=bound, backlog=BACKLOG
                )
            )

    async def stop(self, seconds: float) -> None:
        """Accept no more, let requests under way finish for some seconds, close the rest."""
        shared = self._shared
        for server in self._servers:
            server.close()
        for connection in list(shared.connections):
            connection.finish()
        ends = shared.loop.time() + seconds
        while (shared.connections or shared.tasks) and shared.loop.time() < ends:
            await asyncio.sleep(_LOOK_SECONDS)
        for connection in list(shared.connections):
            connection.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()

    def _sweep(self) -> None:
        """Tell connections whose time is over, and what second it is."""
        shared = self._shared
        shared.date = formatdate(time.time(), usegmt=True)
        now = shared.loop.time()
        for connection in [each for each in shared.connections if each.deadline <= now]:
            connection.expire()
        self._sweeper = shared.loop.call_later(SWEEP_SECONDS, self._sweep)


_LOOK_SECONDS = 0.01
"""Seconds between two looks whether all requests are answered."""
