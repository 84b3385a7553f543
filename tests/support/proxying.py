"""A forward proxy on loopback that keeps what it is asked and leads every host to one of our own ports."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mmscheck.checks.url import public
from mmscheck.fetch import FetchPolicy, fetch_all
from mmscheck.model.check import MediaTarget, NoParams, Result
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Observation
from mmscheck.model.words import MediaKind
from tests.support.rawserver import sniff, until

HOST = "media.example.com"

LOGIN = "Basic " + base64.b64encode(b"us er:p@ss").decode()
"""What ``us%20er:p%40ss`` becomes in a header."""


class ForwardProxy:
    """``upstream`` is the port that every request and tunnel goes to; ``refusal`` is said instead of help."""

    def __init__(self, upstream: int, refusal: bytes | None = None, only_connect: bool = False) -> None:  # noqa: FBT001, FBT002 - a test's switch
        self.heads: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._open = 0
        self._upstream = upstream
        self._refusal = refusal
        self._only_connect = only_connect

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        return [head.split(b"\r\n")[0].decode("latin-1") for head in self.heads]

    @property
    def is_idle(self) -> bool:
        return self._open == 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            self._open -= 1
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        tunnel = head.startswith(b"CONNECT ")
        if self._refusal is not None and (tunnel or not self._only_connect):
            writer.write(self._refusal)
            return await writer.drain()
        onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._upstream)
        if tunnel:
            # Headers of its own, which must never be taken for those of the file.
            writer.write(b"HTTP/1.1 200 Connection established\r\nX-Of-The-Proxy: 1\r\n\r\n")
        else:
            onward.write(head)
        await _both_ways((reader, onward), (onward_reader, writer))
        return None


async def _both_ways(*directions: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    await asyncio.gather(*(pump(*direction) for direction in directions))


@contextlib.asynccontextmanager
async def forward_proxy(
    upstream: int, refusal: bytes | None = None, *, only_connect: bool = False
) -> AsyncIterator[ForwardProxy]:
    """Listen on a free port."""
    proxy = ForwardProxy(upstream, refusal, only_connect)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await until(lambda: proxy.is_idle)


def how(proxy: str, **changes: Any) -> FetchPolicy:
    """The policy of a run through this proxy."""
    defaults: dict[str, Any] = {
        "proxy": proxy,
        "timeout": 20.0,
        "deadline": 30.0,
        "retries": 0,
        "backoff": 0.0,
    }
    return FetchPolicy(**(defaults | changes))


def nobody(host: str) -> list[str]:
    """A lookup that must not be asked."""
    raise AssertionError(f"{host} was looked up here")


async def through(url: str, policy: FetchPolicy) -> Observation:
    """The observation of one URL, no name of which is looked up here."""
    return (await fetch_all([url], policy, sniff, lookup=nobody))[url]


def judged(observation: Observation) -> Result:
    """What ``url-public`` says of it."""
    ref = MediaRef(url=observation.url, kind=MediaKind.IMAGE, line=1, slide=1, index=1)
    return public(MediaTarget(ref=ref, observation=observation), NoParams())
