"""POSTs to the provider: each on a connection of its own, many from one session.

A connection is never used again: what breaks off on one that stood before says nothing about whether the
request was read, while one that was never made certainly carried nothing.
"""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
import yarl

from mmscheck.sinch.answers import MAX_ANSWER_BYTES
from mmscheck.sinch.failures import Stage, tracing

_HEADERS = {
    "Content-Type": "text/xml; charset=utf-8",
    "Accept": "text/xml, application/xml",
    "Accept-Encoding": "identity",
    "User-Agent": "mmscheck",
}


class Transport:
    """Makes POSTs to one address; while it is open they share a session, else each has one."""

    def __init__(self, url: yarl.URL, tls: ssl.SSLContext, timeout: float) -> None:
        """``timeout`` is seconds for one whole exchange."""
        self._url = url
        self._tls = tls
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._users = 0

    async def open(self) -> None:
        """Share a session from now on, until ``close`` has been called as often as this."""
        if self._session is None:
            self._session, self._loop = self._new(), asyncio.get_running_loop()
        self._users += 1

    async def close(self) -> None:
        """Share no session any more; the outcome of what is still on its way in it is unknown."""
        self._users -= 1
        if not self._users and self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def post(self, document: bytes, stage: Stage, longest: int) -> tuple[int, bytes]:
        """One request; its status and at most one byte more of the answer than ``longest``."""
        if self._session is not None and self._loop is asyncio.get_running_loop():
            return await self._exchange(self._session, document, stage, longest)
        async with self._new() as session:
            return await self._exchange(session, document, stage, longest)

    def _new(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0, force_close=True, happy_eyeballs_delay=None)
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            trace_configs=[tracing()],
        )

    async def _exchange(
        self, session: aiohttp.ClientSession, document: bytes, stage: Stage, longest: int
    ) -> tuple[int, bytes]:
        asked = session.post(
            self._url, data=document, headers=_HEADERS, allow_redirects=False, trace_request_ctx=stage
        )
        async with asked as response:
            return response.status, await _capped(response, longest)


async def _capped(response: aiohttp.ClientResponse, longest: int) -> bytes:
    parts = bytearray()
    async for part in response.content.iter_chunked(MAX_ANSWER_BYTES):
        parts += part
        if len(parts) > longest:
            break
    return bytes(parts[: longest + 1])
