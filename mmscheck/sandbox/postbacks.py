"""Notifications to the sender's own address, as documented, with everything that can happen to them.

Documented: a POST of XML, upper-case tags about saved messages and lower-case ones about sends (Sinch XML
API, saveMMS and postbacks, 2021 and later web version), and upper-case ones about everything for who calls in
upper case (Skycore XML API 1.3); the receiver answers 200 within
10 seconds, or it is tried again every 5 minutes up to 5 times.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from mmscheck.errors import SandboxError
from mmscheck.sandbox.calls import CallForm, write_postback
from mmscheck.sandbox.events import Chores, Event, EventLog
from mmscheck.sandbox.loopback import MAX_HEAD_BYTES, is_loopback
from mmscheck.sandbox.refusals import chance, seconds, whole

MAX_POSTS = 64
"""Connections to the receiver open at once."""

HOLD_SECONDS = 2.0
"""How long a notification is held back at most when none comes that could overtake it."""

TAGS = ("documented", "lower", "upper")
_CASES = {"lower": CallForm.MODERN, "upper": CallForm.LEGACY}

Fields = list[tuple[str, str]]
"""The content of one notification: modern names with texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postbacks:
    """Where notifications go, and how.

    ``url`` is http to this machine. ``tags``: the documented case of each kind, or all in ``lower`` or
    ``upper``. ``duplicates``, ``disorder`` and ``loss`` are probabilities that a notification comes twice,
    is overtaken by the next one, or never comes. Times are in seconds.
    """

    url: str
    tags: str = "documented"
    answer_seconds: float = 10.0
    retry_seconds: float = 300.0
    retries: int = 5
    duplicates: float = 0.0
    disorder: float = 0.0
    loss: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise SandboxError for what cannot be used."""
        _place(self.url)
        if self.tags not in TAGS:
            raise SandboxError(f"the tags of postbacks are one of {', '.join(TAGS)}, not {self.tags!a}")
        seconds("the time for answering a postback", self.answer_seconds)
        seconds("the time between tries of a postback", self.retry_seconds)
        whole("the number of further tries of a postback", self.retries)
        for name in ("duplicates", "disorder", "loss"):
            chance(f"the {name} of postbacks", getattr(self, name))


class Postman:
    """Carries notifications; without a configuration it carries none."""

    def __init__(self, postbacks: Postbacks | None, log: EventLog, chores: Chores) -> None:
        """The draws begin anew from the seed."""
        self._postbacks = postbacks
        self._log = log
        self._chores = chores
        self._random = random.Random(0 if postbacks is None else postbacks.seed)  # noqa: S311 - repeatable
        self._connections = asyncio.Semaphore(MAX_POSTS)
        self._overtaken: asyncio.Event | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is ever carried."""
        return self._postbacks is None

    def post(self, fields: Fields, *, form: CallForm) -> None:
        """Send one notification, now or by the chances; ``form`` is how the documentation writes it."""
        if self._postbacks is None:
            return
        about = dict(fields)
        if self._drawn(self._postbacks.loss):
            self._tell(about, "lost on request")
            return
        if form is not CallForm.JSON:
            form = _CASES.get(self._postbacks.tags, form)
        body = write_postback(fields, form)
        held = self._hold() if self._drawn(self._postbacks.disorder) else None
        passing = None if held else self._overtaken
        for _ in range(2 if self._drawn(self._postbacks.duplicates) else 1):
            self._chores.begin(self._deliver(self._postbacks, about, body, held, passing))

    def _hold(self) -> asyncio.Event | None:
        """What to wait for before going out; only one notification is held at a time."""
        if self._overtaken is not None:
            return None
        self._overtaken = asyncio.Event()
        return self._overtaken

    async def _deliver(
        self,
        postbacks: Postbacks,
        about: dict[str, str],
        body: bytes,
        held: asyncio.Event | None,
        passing: asyncio.Event | None,
    ) -> None:
        if held is not None:
            await self._wait(held)
        for left in range(postbacks.retries, -1, -1):
            outcome = await self._try(postbacks, body)
            self._tell(about, outcome)
            if passing is not None:
                passing.set()
            if outcome == "200" or not left:
                return
            await asyncio.sleep(postbacks.retry_seconds)

    async def _wait(self, held: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                await held.wait()
        except TimeoutError:
            pass
        if self._overtaken is held:
            self._overtaken = None

    async def _try(self, postbacks: Postbacks, body: bytes) -> str:
        """One POST: the status that came back, or why none did."""
        async with self._connections:
            try:
                async with asyncio.timeout(postbacks.answer_seconds):
                    return await _exchange(_place(postbacks.url), body)
            except TimeoutError:
                return f"no answer within {postbacks.answer_seconds:g} seconds"
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                return f"no answer ({type(error).__name__})"

    def _drawn(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    def _tell(self, about: dict[str, str], outcome: str) -> None:
        self._log.add(
            Event(
                source="postback",
                action=about["code"],
                outcome=outcome,
                mms_id=about.get("mms-id"),
                tracking_id=about.get("tracking-id"),
            )
        )


def _place(url: str) -> SplitResult:
    """The parsed address; raises SandboxError unless it is http to this machine."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SandboxError("the address for postbacks is not a URL") from None
    if parts.scheme != "http" or port == 0 or not url.isascii() or not url.isprintable() or " " in url:
        raise SandboxError("the address for postbacks must be an http URL")
    if not is_loopback(_address(parts)):
        raise SandboxError(f"postbacks go to this machine only; {parts.hostname} is not a loopback address")
    return parts


def _address(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return "127.0.0.1" if host == "localhost" else host


async def _exchange(parts: SplitResult, body: bytes) -> str:
    reader, writer = await asyncio.open_connection(_address(parts), parts.port or 80, limit=MAX_HEAD_BYTES)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = (
            f"POST {target} HTTP/1.1",
            f"Host: {parts.netloc.rpartition('@')[2]}",
            "User-Agent: mmscheck-sandbox",
            f"Content-Type: {'application/json' if body.startswith(b'{') else 'text/xml'}; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        writer.write("\r\n".join([*head, "", ""]).encode("ascii") + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        words = answer.partition(b"\r\n")[0].split(b" ")
        return words[1].decode("ascii", "replace") if len(words) > 1 else "no HTTP"
    finally:
        writer.transport.abort()
