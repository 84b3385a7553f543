"""A service of a test's own on a loopback port, before the sandbox's provider and media host."""

from __future__ import annotations

import asyncio
import hashlib
import queue
import signal
import threading
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from mmscheck.fetch import ConnectTo, FetchPolicy
from mmscheck.model.words import Dialect
from mmscheck.ruleset import Config
from mmscheck.sandbox import Sandbox
from mmscheck.serve import Caps, Setup, read_tokens, running
from mmscheck.sinch import SinchClient
from tests.support.command import PROGRAM, image, message, surroundings

GOOD = message(image("photo-small.jpg")).encode()
BAD = message(image("photo-small.jpg"), subject="Sale \U0001f31e").encode()
FIELDS = {
    "mms_id": "100001",
    "to": "15551230001",
    "from": "28444",
    "service_id": "demo",
    "fallback_sms_text": "Sale today",
}
TOKENS = {
    "checker": ("checker-token-0123456789abcdef", ["check"]),
    "sender": ("sender-token-0123456789abcdef", ["check", "send"]),
    "holder": ("holder-token-0123456789abcdef", ["hold", "check"]),
    "boss": ("boss-token-0123456789abcdef", ["approve", "check"]),
}

KNOWN = dict(TOKENS)
"""Every token that a test has made."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def problem(self) -> str:
        """The name that the problem's type ends in."""
        assert self.headers["Content-Type"] == "application/problem+json", self.text
        found = self.json()
        assert found["status"] == self.status
        return str(found["type"]).rpartition(":")[2]


class Client:
    """Asks a service; ``token`` names one of ``TOKENS``, None sends none."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str | None, log: list[Any]) -> None:
        self._session = session
        self.url = url
        self.token = token
        self.log = log

    def by(self, token: str | None) -> Client:
        return Client(self._session, self.url, token, self.log)

    async def ask(self, method: str, path: str, **given: Any) -> Answer:
        headers = dict(given.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {KNOWN[self.token][0]}")
        async with self._session.request(method, self.url + path, headers=headers, **given) as response:
            return Answer(status=response.status, headers=response.headers.copy(), body=await response.read())

    async def get(self, path: str, **given: Any) -> Answer:
        return await self.ask("GET", path, **given)

    async def post(self, path: str, body: Any = None, **given: Any) -> Answer:
        if body is not None:
            given["json"] = body
        return await self.ask("POST", path, **given)


def tokens_file(
    folder: Path, tokens: Mapping[str, tuple[str, list[str]]] = TOKENS, rate: float = 0.0
) -> Path:
    """A tokens file with the digests of these; ``rate`` 0 is none."""
    KNOWN.update(tokens)
    rated = f"rate = {rate}\n" if rate else ""
    file = folder / "tokens.toml"
    file.write_text(
        "".join(
            f'[tokens.{name}]\nsha256 = "{hashlib.sha256(token.encode()).hexdigest()}"\n'
            f"rights = {rights}\n{rated}"
            for name, (token, rights) in tokens.items()
        ).replace("'", '"')
    )
    return file


def form(*parts: tuple[str, str, bytes], **texts: str) -> aiohttp.FormData:
    """multipart/form-data of files (part, name, bytes) and texts."""
    data = aiohttp.FormData(quote_fields=False)
    for name, filename, content in parts:
        data.add_field(name, content, filename=filename, content_type="application/octet-stream")
    for name, text in texts.items():
        data.add_field(name, text, content_type="application/json")
    return data


def policy_to(box: Sandbox) -> FetchPolicy:
    return FetchPolicy(
        allow_net=("127.0.0.1/32",),
        connect_to=(ConnectTo("media.example.com", 80, "127.0.0.1", box.media_port),),
        timeout=30.0,
    )


def clients_of(box: Sandbox) -> dict[Dialect, SinchClient]:
    """What calls the sandbox, by the API that it speaks."""
    urls = {Dialect.XML: box.provider_url, Dialect.JSON: box.json_url}
    return {api: SinchClient(api_key="sandbox-key", api_url=url, api=api) for api, url in urls.items()}


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    box: Sandbox | None = None,
    tokens: bool = True,
    where: str | None = None,
    caps: Caps | None = None,
    known: Mapping[str, tuple[str, list[str]]] = TOKENS,
    rate: float = 0.0,
    policy: FetchPolicy | None = None,
    config: Config | None = None,
    apis: Collection[Dialect] = tuple(Dialect),
    **given: Any,
) -> AsyncIterator[Client]:
    """A service with the tokens of ``TOKENS`` (or none), whose ledger is in the folder."""
    lines: list[Any] = []
    setup = Setup(
        host="127.0.0.1",
        port=0,
        where=where or str(folder / "ledger.sqlite3"),
        config=config or Config(),
        policy=policy or (FetchPolicy() if box is None else policy_to(box)),
        tokens=read_tokens(tokens_file(folder, known, rate)) if tokens else None,
        clients={} if box is None or not tokens else {api: clients_of(box)[api] for api in apis},
        caps=caps or Caps(),
        **given,
    )
    async with running(setup, lines.append) as service, aiohttp.ClientSession() as session:
        yield Client(session, f"http://127.0.0.1:{service.addresses[0][1]}", None, lines)


class Process:
    """The installed ``mmscheck serve`` in a process of its own; ``lines`` is what it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self.url = ""
        self._reading: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Wait until it listens."""
        assert self.process.stderr is not None
        async with asyncio.timeout(120):
            async for line in self.process.stderr:
                self.lines.append(line.decode().rstrip("\n"))
                if self.lines[-1].startswith("serving on http://"):
                    self.url = self.lines[-1].removeprefix("serving on ").rstrip("/")
                    self._reading = asyncio.create_task(self._follow())
                    return
        raise AssertionError("\n".join(self.lines))

    async def _follow(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode().rstrip("\n"))

    async def end(self, with_: signal.Signals = signal.SIGTERM) -> int:
        """Stop it, and wait for its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(with_)
        code = await asyncio.wait_for(self.process.wait(), 120)
        if self._reading is not None:
            await self._reading
        return code


@asynccontextmanager
async def process(
    folder: Path, *arguments: object, key: str | None = "sandbox-key"
) -> AsyncIterator[Process]:
    """Start ``mmscheck serve`` in a folder on a free port; ended with the block."""
    started = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("serve", "--listen", "127.0.0.1:0", *map(str, arguments)),
        cwd=folder,
        env=surroundings(key),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    one = Process(started)
    try:
        await one.ready()
        yield one
    finally:
        await one.end(signal.SIGKILL)
        assert not [line for line in one.lines if "Traceback" in line], "\n".join(one.lines)


@contextmanager
def served(folder: Path, **given: Any) -> Iterator[str]:
    """The address of a service with its sandbox, run by a thread of its own: for tests of browsers."""
    ready: queue.Queue[str | BaseException] = queue.Queue()
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def work() -> None:
        try:
            async with (
                Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)]) as box,
                serving(folder, box=box, **given) as client,
            ):
                ready.put(client.url)
                await stop.wait()
        except BaseException as error:
            ready.put(error)
            raise

    thread = threading.Thread(target=loop.run_until_complete, args=(work(),))
    thread.start()
    try:
        url = ready.get(timeout=120)
        if isinstance(url, BaseException):
            raise url
        yield url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(120)
        loop.close()
