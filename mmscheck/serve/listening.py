"""The sockets: connections bounded in number, each bounded in the time that it may say or take nothing."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from mmscheck.errors import UsageError
from mmscheck.serve.settings import Caps

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_KEPT_OPEN = 75.0
"""Seconds that a connection may wait for its next request; proxies keep theirs for 60."""

_TAKEN_IN = 120.0
"""Seconds in which a client has to take an answer; 2 MB at the slowest that a phone has."""


class _Entrance(web.Server):
    """Counts connections and cuts those that say nothing, say it too slowly, or take no answer."""

    def __init__(self, answer: Answer, caps: Caps) -> None:
        # aiohttp's own words about broken requests would reach standard error by logging's last resort.
        quiet = logging.getLogger("mmscheck.serve")
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
        super().__init__(
            self._answer,
            access_log=None,
            logger=quiet,
            keepalive_timeout=_KEPT_OPEN,
            lingering_time=1.0,
            auto_decompress=False,
        )
        self._of_requests = answer
        self._caps = caps
        self._timers: dict[RequestHandler, asyncio.TimerHandle] = {}
        self._open: dict[RequestHandler, asyncio.Transport] = {}

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Let it in, or make room for it by the one that has been longest without a request."""
        super().connection_made(handler, transport)
        self._open[handler] = transport
        self._later(handler, self._caps.head_seconds)
        if len(self._open) > self._caps.connections:
            idle = next((one for one in self._open if one in self._timers), handler)
            self._open[idle].abort()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget it."""
        self._open.pop(handler, None)
        self._stop(handler)
        super().connection_lost(handler, exc)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        handler = request.protocol
        self._stop(handler)
        response = await self._of_requests(request)
        if handler in self._open:
            self._later(handler, _TAKEN_IN)
        return response

    def _later(self, handler: RequestHandler, seconds: float) -> None:
        self._stop(handler)
        loop = asyncio.get_running_loop()
        self._timers[handler] = loop.call_later(seconds, self._open[handler].abort)

    def _stop(self, handler: RequestHandler) -> None:
        if timer := self._timers.pop(handler, None):
            timer.cancel()


@asynccontextmanager
async def listening(
    answer: Answer, host: str, port: int, caps: Caps, *, reuse_port: bool = False
) -> AsyncIterator[tuple[tuple[str, int], ...]]:
    """Serve while the block runs; gives the addresses, and lets what is under way end afterwards.

    With ``reuse_port`` several processes may listen at one port. Raises UsageError when nobody can there.
    """
    entrance = _Entrance(answer, caps)
    runner = web.ServerRunner(entrance, shutdown_timeout=caps.drain)
    await runner.setup()
    try:
        server = await _bound(entrance, host, port, caps, reuse_port=reuse_port)
        try:
            yield tuple((one.getsockname()[0], one.getsockname()[1]) for one in server.sockets)
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def _bound(
    entrance: _Entrance, host: str, port: int, caps: Caps, *, reuse_port: bool
) -> asyncio.Server:
    try:
        return await asyncio.get_running_loop().create_server(
            entrance, host, port, backlog=caps.connections, reuse_port=reuse_port or None
        )
    except (OSError, UnicodeError) as error:
        # asyncio's own words repeat the address; the system's alone say why.
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if isinstance(number, int) and number > 0 else "no such address"
        raise UsageError(f"nobody can listen on {host}:{port}: {reason}") from error
