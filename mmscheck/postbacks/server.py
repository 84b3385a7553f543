"""The server: one request for each connection, each bounded in time, all bounded in number."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from mmscheck.errors import UsageError
from mmscheck.postbacks.listener import Listener, ListenerLimits

R = TypeVar("R")

_AT_ONCE = 8
"""Connections that are taken in before what has come on the others is read."""

_Life = tuple[float, asyncio.Transport, asyncio.TimerHandle]


class _Door(web.Server):
    """Counts connections, and cuts the slow ones.

    When it is full the one that has been longest without a whole request makes room, so that whoever opens
    connections and says nothing keeps nobody out.
    """

    def __init__(self, listener: Listener[R], limits: ListenerLimits) -> None:
        # aiohttp's own words about broken requests would reach standard error by logging's last resort.
        quiet = logging.getLogger("mmscheck.postbacks")
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
        super().__init__(
            self._answer,
            access_log=None,
            logger=quiet,
            keepalive_timeout=limits.life_seconds,
            lingering_time=1.0,
            auto_decompress=False,
        )
        self._listener = listener
        self._limits = limits
        self._open: dict[RequestHandler, _Life] = {}
        self._whole: set[RequestHandler] = set()
        self._under_way = 0
        self._idle = asyncio.Event()

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Let it in, or cut another one, or this one."""
        super().connection_made(handler, transport)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._limits.life_seconds, transport.abort)
        self._open[handler] = (loop.time(), transport, timer)
        if len(self._open) <= self._limits.connections:
            return
        slowest = next((one for one in self._open if one not in self._whole), handler)
        self._open[slowest][1].abort()
        self._forget(slowest)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget it."""
        self._forget(handler)
        super().connection_lost(handler, exc)

    def _forget(self, handler: RequestHandler) -> None:
        if life := self._open.pop(handler, None):
            life[2].cancel()
        self._whole.discard(handler)

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        connection = request.protocol
        now = asyncio.get_running_loop().time()
        begun = self._open[connection][0] if connection in self._open else now
        self._under_way += 1
        try:
            response = await self._listener.answer(request, begun, lambda: self._whole.add(connection))
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()
        response.headers["Server"] = "mmscheck"
        response.force_close()
        return response

    async def quiet(self) -> None:
        """Wait until no request is under way; each is bounded in time.

        aiohttp's own end would take no further byte of a request that is half here.
        """
        self._idle.clear()
        if self._under_way:
            await self._idle.wait()


@asynccontextmanager
async def listening(
    listener: Listener[R], host: str, port: int, limits: ListenerLimits
) -> AsyncIterator[tuple[tuple[str, int], ...]]:
    """Serve while the block runs; gives the addresses, and lets what is under way end afterwards.

    Raises UsageError when nobody can listen there.
    """
    door = _Door(listener, limits)
    runner = web.ServerRunner(door, shutdown_timeout=limits.life_seconds)
    await runner.setup()
    try:
        server = await _bound(door, host, port, limits)
        try:
            yield tuple(_address(one) for one in server.sockets)
        finally:
            server.close()
        await door.quiet()
    finally:
        await runner.cleanup()


async def _bound(door: _Door, host: str, port: int, limits: ListenerLimits) -> asyncio.Server:
    """Take few connections at a time, and let many wait.

    Those that asyncio takes at once are all open, and unread, before the first of them is read: among many
    that come and say nothing, one with a whole request would be cut before anybody looked at it.
    """
    try:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(door, host, port, backlog=_AT_ONCE)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"nobody can listen on {host}:{port}: {reason}") from error
    for one in server.sockets:
        with socket.socket(fileno=os.dup(one.fileno())) as same:
            same.listen(limits.connections)
    return server


def _address(one: socket.socket) -> tuple[str, int]:
    name = one.getsockname()
    return name[0], name[1]
