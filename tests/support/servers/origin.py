"""aiohttp's own server in a thread of its own: files, streams, and the origin behind the other servers."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import threading
from collections.abc import Mapping
from pathlib import Path

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from aiohttp.web_fileresponse import CONTENT_TYPES

from tests.support.servers.daemon import HOME

TYPES: Mapping[str, str] = {
    ".jpg": "image/jpeg",
    ".wav": "audio/wav",
    ".vcf": "text/vcard",
    ".ics": "text/calendar",
    ".pkpass": "application/vnd.apple.pkpass",
}
"""What an application that knows its files would say."""

PAUSE = 0.05


class Origin:
    """A running server whose applications are told apart by host name."""

    def __init__(self, port: int, files: Path, *, answer: str, setup: str = "") -> None:
        """Start serving ``files`` on this port of loopback, in a thread.

        ``answer`` names the handler behind ``response.aiohttp.example``, one of `HANDLERS`; ``setup`` is what
        an application is advised to run where it starts, undone by `stop`.
        """
        self._types = copy.deepcopy(CONTENT_TYPES.types_map)
        exec(setup, {})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="origin", daemon=True)
        self._thread.start()
        self._runner = web.AppRunner(_hosts(files, HANDLERS[answer]), access_log=None)
        asyncio.run_coroutine_threadsafe(self._listen(port), self._loop).result(10)

    async def _listen(self, port: int) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOME, port).start()

    def stop(self) -> None:
        """Stop serving and end the thread."""
        CONTENT_TYPES.types_map = self._types
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def _hosts(files: Path, chosen: Handler) -> web.Application:
    hosts = web.Application()
    hosts.add_domain("file.aiohttp.example", _answering(_file, files))
    hosts.add_domain("stream.aiohttp.example", _answering(_stream, files))
    hosts.add_domain("response.aiohttp.example", _answering(chosen, files))
    hosts.add_domain("accel.aiohttp.example", _answering(_accel, files))
    hosts.add_domain("static.aiohttp.example", _static(files))
    hosts.add_domain("neighbour.aiohttp.example", _static(files / "neighbours"))
    return hosts


FILES = web.AppKey("files", Path)


def _answering(handler: Handler, files: Path) -> web.Application:
    """An application whose paths end in the name of a file; what stands before it tells objects apart."""
    application = web.Application()
    application[FILES] = files
    application.router.add_get("/{tail:.*}", handler)
    return application


def _static(files: Path) -> web.Application:
    application = web.Application()
    application.router.add_static("/", files)
    return application


def _asked(request: web.Request) -> Path:
    path = request.app[FILES] / "media" / Path(request.path).name
    if not path.is_file():
        raise web.HTTPNotFound
    return path


def _type(path: Path) -> dict[str, str]:
    return {hdrs.CONTENT_TYPE: TYPES.get(path.suffix, "application/octet-stream")}


async def _file(request: web.Request) -> web.StreamResponse:
    path = _asked(request)
    return web.FileResponse(path, headers=_type(path))


async def _stream(request: web.Request) -> web.StreamResponse:
    """The file in pieces, as applications do that read from a bucket: its length is known to nobody."""
    path = _asked(request)
    response = web.StreamResponse(headers=_type(path))
    await response.prepare(request)
    # Who wants the head alone goes away before the end.
    with contextlib.suppress(ConnectionResetError):
        await _pour(path, response)
    return response


async def _pour(path: Path, response: web.StreamResponse) -> None:
    with path.open("rb") as file:
        while piece := file.read(16 * 1024):
            await response.write(piece)
    # Else a cache in front may have the whole, and so its length, before it begins to answer.
    await asyncio.sleep(PAUSE)
    await response.write_eof()


async def _accel(request: web.Request) -> web.StreamResponse:
    """No body: the server in front is told which file to send."""
    path = _asked(request)
    return web.Response(headers={**_type(path), "X-Accel-Redirect": f"/from-disk/{path.name}"})


HANDLERS: Mapping[str, Handler] = {"web.StreamResponse": _stream, "web.FileResponse": _file}
"""The ways of answering that can be chosen, by aiohttp's names."""
