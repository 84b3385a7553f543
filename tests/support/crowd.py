"""Many messages that share media on many hosts, and the server behind all of them, which counts."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
FILES = (
    ("image", "photo-small.jpg", "image/jpeg"),
    ("image", "logo-small.png", "image/png"),
    ("image", "dance-small.gif", "image/gif"),
    ("audio", "chime-small.wav", "audio/wav"),
    ("vcard", "contact-small.vcf", "text/x-vcard"),
)


class Crowd:
    """Serves ``/N.ext`` under any host; every tenth file is missing. Counts requests by host and by URL.

    ``under_gzip`` counts by path those that accept gzip.
    """

    def __init__(self, pause: float) -> None:
        self.port = 0
        self.incomplete = True
        self.asked: Counter[tuple[str, str]] = Counter()
        self.under_gzip: Counter[str] = Counter()
        self.at_once: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self._pause = pause
        self._bodies = {name: (MEDIA / name).read_bytes() for _, name, _ in FILES}

    async def answer(self, request: web.Request) -> web.Response:
        if not request.query_string and request.headers.get("Accept-Encoding", "identity") == "identity":
            self.asked[request.host, request.path] += 1
        elif not request.query_string:
            self.under_gzip[request.path] += 1
        self.at_once[request.host] += 1
        self.most[request.host] = max(self.most[request.host], self.at_once[request.host])
        try:
            await asyncio.sleep(self._pause)
            number = int(Path(request.path).stem)
            if self.incomplete and number % 10 == 7:
                return web.Response(status=404, text="not here")
            _, name, served = FILES[number % len(FILES)]
            headers = {"Content-Type": served, "Cache-Control": "max-age=864000"}
            return web.Response(body=self._bodies[name], headers=headers)
        finally:
            self.at_once[request.host] -= 1

    @property
    def flags(self) -> tuple[str, ...]:
        """What leads a check here."""
        return "--allow-net", "127.0.0.0/8", "--connect-to", f"::127.0.0.1:{self.port}"

    def url(self, number: int, hosts: int) -> str:
        suffix = Path(FILES[number % len(FILES)][1]).suffix
        return f"http://h{number % hosts}.example:{self.port}/{number}{suffix}"

    def message(self, numbers: list[int], hosts: int, *, subject: str = "Sale") -> str:
        slides = "".join(
            f"<slide><{(kind := FILES[number % len(FILES)][0])}><url>{self.url(number, hosts)}</url></{kind}>"
            "<message-text>Hello</message-text><duration>8</duration></slide>"
            for number in numbers
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><request><action>saveMMS</action>'
            f"<message-subject>{subject}</message-subject><name>a message</name>{slides}</request>"
        )

    def fill(self, folder: Path, count: int, *, urls: int, hosts: int) -> Path:
        """A folder of messages of four media each; a few URLs are in very many, as in a catalogue."""
        chance = random.Random(5)  # the same folder each time
        folder.mkdir()
        for at in range(count):
            numbers = [min(int(chance.paretovariate(0.6)) - 1, urls - 1) for _ in range(4)]
            subject = "Sale" if at % 50 else "Sal&#233; &#9731;"
            text = self.message(numbers, hosts, subject=subject)
            (folder / f"m{at:06d}.xml").write_text(text, encoding="utf-8")
        return folder


@contextmanager
def crowd(pause: float = 0.005) -> Iterator[Crowd]:
    """The server, in a thread of its own."""
    server, loop, ready = Crowd(pause), asyncio.new_event_loop(), threading.Event()

    async def serve() -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/{name:.*}", server.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.port = runner.addresses[0][1]
        ready.set()
        return runner

    runners: list[web.AppRunner] = []

    def run() -> None:
        runners.append(loop.run_until_complete(serve()))
        loop.run_forever()
        loop.run_until_complete(runners[0].cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
