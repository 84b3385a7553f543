"""The server of the provider and of the control service: aiohttp's, with the sandbox's bounds.

What goes wrong below HTTP (``Broken``) is made on the connection itself, past aiohttp.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_protocol import RequestHandler

from mmscheck.sandbox import loopback
from mmscheck.sandbox.loopback import LINGER_SECONDS, MAX_HEAD_BYTES, SERVER, Connections, listen

Handler = Callable[[web.BaseRequest, bytes], Awaitable[web.StreamResponse]]
"""From a request and its body to the answer."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, with no time: what is in flight is thrown away and the connection is reset."""


class Broken(web.StreamResponse):
    """In place of an answer: some bytes, and the end of the connection."""

    def __init__(self, data: bytes = b"", *, reset: bool = False) -> None:
        """``data`` is all that goes out; ``reset`` ends with RST instead of FIN."""
        super().__init__()
        self._data = data
        self._reset = reset

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Break off; raises ConnectionResetError, which aiohttp takes for a client that has gone."""
        transport = request.transport
        if transport is not None:
            if self._reset:
                connection: socket.socket = transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                transport.abort()
            else:
                transport.write(self._data)
                transport.close()
        raise ConnectionResetError("the sandbox hangs up")


class WebServer(web.Server):
    """Serves one handler on one port of this machine."""

    def __init__(
        self, name: str, handler: Handler, *, max_body: int, rejects: Callable[[], bool] | None = None
    ) -> None:
        """``name`` is for error texts; ``max_body`` is the longest request body in bytes.

        ``rejects`` is asked at each connection whether to close it with nothing read.
        """
        # aiohttp's own words about broken requests would reach standard error by logging's last resort.
        quiet = logging.getLogger("mmscheck.sandbox")
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
        super().__init__(
            self._answer,
            access_log=None,
            logger=quiet,
            keepalive_timeout=loopback.IDLE_SECONDS,
            lingering_time=LINGER_SECONDS,
            max_line_size=MAX_HEAD_BYTES,
            max_field_size=MAX_HEAD_BYTES,
            auto_decompress=False,
        )
        self._name = name
        self._handle = handler
        self._max_body = max_body
        self._clients = Connections(rejects)
        self._listening: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self.port = 0

    @property
    def accepted(self) -> int:
        """How many connections there were, whether or not anything came over them."""
        return self._clients.accepted

    async def start(self, host: str, port: int) -> None:
        """Listen on a loopback address; port 0 takes any free one. Raises SandboxError."""
        loop = asyncio.get_running_loop()
        self._listening, self.port = await listen(
            self._name, host, port, lambda: loop.create_server(self, host, port)
        )

    async def close(self) -> None:
        """Stop listening, end every connection, and wait until all of that is done."""
        if self._listening is None:
            return
        self._listening.close()
        self.pre_shutdown()
        # Also those whose client has gone already, which aiohttp does not know any more.
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.shutdown(LINGER_SECONDS)
        await self._listening.wait_closed()
        self._listening = None

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Let it in, or cut it or another one."""
        super().connection_made(handler, transport)
        self._clients.admit(transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget it."""
        if handler.transport is not None:
            self._clients.forget(handler.transport)
        super().connection_lost(handler, exc)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        task, transport = asyncio.current_task(), request.transport
        if task is None or transport is None:
            raise ConnectionResetError("the client has gone")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        body = await self._body(request, transport)
        if not isinstance(body, bytes):
            body.force_close()
            return _signed(body)
        self._clients.asked(transport)
        try:
            response = await self._handle(request, body)
        except Exception as error:
            # aiohttp answers 500 and tells its own logger, which is quiet here.
            context = {"message": f"the {self._name} broke down", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
            raise
        self._clients.answered(transport)
        return _signed(response)

    async def _body(
        self, request: web.BaseRequest, transport: asyncio.Transport
    ) -> bytes | web.StreamResponse:
        """The whole body, or the answer to one that is none; a client that stalls is cut."""
        too_long = plain(413, f"the body is longer than {self._max_body} bytes")
        if (request.content_length or 0) > self._max_body:
            return too_long
        if request.headers.get("Expect", "").lower() == "100-continue":
            transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = bytearray()
        try:
            async with asyncio.timeout(loopback.IDLE_SECONDS):
                async for piece in request.content.iter_any():
                    body += piece
                    if len(body) > self._max_body:
                        return too_long
        except TimeoutError:
            return Broken()
        except web.RequestPayloadError:
            return plain(400, "the body is malformed, or shorter than it says")
        return bytes(body)


def _signed(response: web.StreamResponse) -> web.StreamResponse:
    response.headers["Server"] = SERVER
    return response


def plain(status: int, text: str) -> web.Response:
    """A short answer for people."""
    return web.Response(status=status, text=f"{text}\n")


def of_a_page(request: web.BaseRequest) -> bool:
    """Whether a browser sent it for a web page: only they name an origin (WHATWG Fetch)."""
    return "Origin" in request.headers or "Sec-Fetch-Site" in request.headers
