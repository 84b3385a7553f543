"""A receiver of postbacks on a real socket that answers as it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lxml import etree

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
CLOSE = b""
SILENCE = None


@dataclass(frozen=True)
class Post:
    head: str
    body: bytes
    at: float

    @property
    def root(self) -> str:
        return str(etree.fromstring(self.body).tag)

    @property
    def fields(self) -> dict[str, str]:
        return {str(child.tag): child.text or "" for child in etree.fromstring(self.body)}

    @property
    def code(self) -> str:
        return self.fields.get("code") or self.fields["CODE"]


@dataclass
class Receiver:
    """``answers`` are used up one for each post; then every post is answered 200."""

    port: int = 0
    posts: list[Post] = field(default_factory=list)
    answers: list[bytes | None] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/postbacks/secret?a=b"

    @property
    def codes(self) -> list[str]:
        return [post.code for post in self.posts]

    async def until(self, number: int) -> None:
        async with asyncio.timeout(30):
            while len(self.posts) < number:
                self.news.clear()
                await self.news.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            (length,) = [
                int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("Content-Length")
            ]
            self.posts.append(Post(head, await reader.readexactly(length), time.monotonic()))
            self.news.set()
            answer = self.answers.pop(0) if self.answers else OK
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*answers: bytes | None) -> AsyncIterator[Receiver]:
    receiver = Receiver(answers=list(answers))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
