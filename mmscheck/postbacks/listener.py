"""One request to the listener: whose it is, whether it is a postback, and whether it has been kept."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import re
import resource
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, Protocol, Self, TypeVar

import msgspec
from aiohttp import web

from mmscheck.errors import LedgerError, UsageError
from mmscheck.postbacks.document import MAX_BODY_BYTES, Unreadable, is_json, read_postback

SHORTEST_SECRET = 16
"""Characters: what can be guessed keeps nobody out."""

_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")


class Secret:
    """Knows whether a path ends in the secret, and shows it to nobody."""

    def __init__(self, text: str) -> None:
        """Raise UsageError for one that is too short, or that a URL would have to escape."""
        if len(text) < SHORTEST_SECRET or not _SEGMENT.fullmatch(text):
            raise UsageError(
                f"the secret for postbacks needs at least {SHORTEST_SECRET} characters, each a letter "
                "A to Z, a digit or one of - . _ ~"
            )
        self._digest = _digest(text)

    def __repr__(self) -> str:
        """Without the secret."""
        return "Secret(…)"

    def ends(self, path: str) -> bool:
        """Whether the last segment of a path is the secret; takes as long whatever it is."""
        return hmac.compare_digest(_digest(path.rstrip("/").rpartition("/")[2]), self._digest)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


_OTHER_FILES = 64
"""What the ledger, the event loop and the standard streams may have open; some twenty were seen."""


class ListenerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds from the start of a connection, which carries one request.

    The provider waits 10 s for status 200 and tries again 5 minutes later, at most 5 times (Sinch, MM7
    introduction): a request is read by ``read_seconds`` or refused, kept by ``answer_seconds`` or put off,
    and what still hangs at ``life_seconds`` is cut. ``connections`` may be open at once.

    Of a body that is no postback the first ``unreadable_bytes`` are kept, and ``unreadable_hourly`` of them
    in any hour: the ledger only grows, and whoever reaches the listener must not be able to fill the disk.
    """

    body_bytes: int = MAX_BODY_BYTES
    connections: int = 512
    read_seconds: float = 4.0
    answer_seconds: float = 8.0
    life_seconds: float = 10.0
    unreadable_bytes: int = 4_096
    unreadable_hourly: int = 600

    def fitting(self, files: int | None = None) -> Self:
        """The same with no more connections than a process may have files open; None: than this one may.

        Half of them: one that was cut, or was not taken in yet, has a file as well.
        """
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if files is None else files
        if most == resource.RLIM_INFINITY:
            return self
        fit = max(1, (most - _OTHER_FILES) // 2)
        return msgspec.structs.replace(self, connections=min(self.connections, fit))


R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")

HEALTH = "/healthz"
"""Where those who run the listener ask whether it is well."""

_HOUR = 3_600.0  # seconds

_KEPT = 200
"""The status that tells the provider not to come again (Sinch, MM7 introduction)."""

_OF_A_FORM = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})
"""What a form of a web page can send anywhere without being asked first (WHATWG Fetch, CORS-safelisted)."""


class Keeper(Protocol[R_co]):
    """Keeps what came in, durably once it returns; both raise LedgerError when that is not certain."""

    async def record_postback(self, fields: Mapping[str, str]) -> R_co:
        """A postback; UsageError when it has no code."""

    async def record_unreadable(self, body: bytes, why: str) -> R_co:
        """A body that is no postback."""


class Listener(Generic[R]):
    """Answers requests.

    At ``HEALTH`` a GET is answered whether the listener and its ledger are well. Of a postback:
    200: it is kept. 400 and 413: it is no postback, and is kept as the bytes it came in (of more than
    the limit, the beginning). 408: it was not there in time. 503: it could not be kept, so the provider has
    to come again. 404 and 405: not the address, not the method; 403 and 415: a web page's request, as a
    browser makes them for whoever wrote the page. Nothing is kept of these.
    """

    def __init__(
        self,
        keeper: Keeper[R],
        *,
        secret: Secret | None,
        limits: ListenerLimits,
        kept: Callable[[R], None],
        failed: Callable[[str], None],
        healthy: Callable[[], Awaitable[object]] | None = None,
        json_answer: str = "",
    ) -> None:
        """``kept`` is called with what was recorded, ``failed`` with what went wrong, for people.

        ``json_answer`` is the text, of JSON, of the 200 for a postback in JSON: Sinch's pages ask for "a
        specific response format" there and do not show which (2026). ``healthy`` raises LedgerError where
        nothing could be kept now; it is asked at ``HEALTH``.
        """
        self._keeper = keeper
        self._secret = secret
        self._limits = limits
        self._kept = kept
        self._failed = failed
        self._healthy = healthy
        self._json_answer = json_answer
        self._strays: deque[float] = deque(maxlen=limits.unreadable_hourly)

    async def answer(self, request: web.BaseRequest, begun: float, whole: Callable[[], None]) -> web.Response:
        """The answer to the request of a connection that began then (the loop's time).

        ``whole`` is called when all of the request is here.
        """
        if request.path == HEALTH and request.method in {"GET", "HEAD"}:
            return await self._health(begun)
        if refused := self._refusal(request):
            return refused
        try:
            async with asyncio.timeout_at(begun + self._limits.read_seconds):
                body, cut = await self._body(request)
        except TimeoutError:
            return web.Response(status=408)
        except (web.RequestPayloadError, ConnectionError):
            return web.Response(status=400)
        whole()
        try:
            async with asyncio.timeout_at(begun + self._limits.answer_seconds):
                return await self._keep(body, cut=cut)
        except TimeoutError:
            return self._put_off(f"the ledger took longer than {self._limits.answer_seconds:g} seconds")

    async def _health(self, begun: float) -> web.Response:
        """200 where the next postback could be kept as far as anybody knows, else 503; no more is told."""
        try:
            async with asyncio.timeout_at(begun + self._limits.answer_seconds):
                if self._healthy is not None:
                    await self._healthy()
        except (LedgerError, TimeoutError):
            return web.Response(status=503, text="the ledger does not answer\n")
        return web.Response(text="ok\n")

    def _refusal(self, request: web.BaseRequest) -> web.Response | None:
        """The answer to what is not for this listener; None: read on."""
        if self._secret is not None and not self._secret.ends(request.path):
            return web.Response(status=404)
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        # No provider sends these; every browser does.
        if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers:
            return web.Response(status=403)
        return self._stranger(request) if self._secret is None else None

    @staticmethod
    def _stranger(request: web.BaseRequest) -> web.Response | None:
        """Without a secret only what plainly comes from this machine is taken.

        The host is looked at because a name of somebody else's may lead here (DNS rebinding), the type
        because old browsers send a page's form without saying where it comes from.
        """
        if not is_loopback(_host(request.host)):
            return web.Response(status=403)
        return web.Response(status=415) if request.content_type in _OF_A_FORM else None

    async def _body(self, request: web.BaseRequest) -> tuple[bytes, bool]:
        """The body, and whether it goes on behind what is taken of it."""
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > self._limits.body_bytes:
                return bytes(body[: self._limits.body_bytes]), True
        return bytes(body), False

    async def _keep(self, body: bytes, *, cut: bool) -> web.Response:
        """Record, then answer; never raises."""
        try:
            status, record = await self._record(body, cut=cut)
        except LedgerError as error:
            return self._put_off(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is: not kept, and the provider must come again
            return self._put_off(f"{type(error).__name__}: {error}")
        self._kept(record)
        if status == _KEPT and self._json_answer and is_json(body):
            return web.Response(status=status, text=self._json_answer, content_type="application/json")
        return web.Response(status=status)

    def _put_off(self, why: str) -> web.Response:
        """The answer that makes the provider come again."""
        self._failed(f"a postback could not be kept, and was answered 503: {why}")
        return web.Response(status=503)

    async def _record(self, body: bytes, *, cut: bool) -> tuple[int, R]:
        if cut:
            return 413, await self._stray(body, f"is longer than {self._limits.body_bytes} bytes")
        # A document of the largest size takes some milliseconds, as long as a commit.
        found = read_postback(body)
        if isinstance(found, Unreadable):
            return 400, await self._stray(body, found.why)
        try:
            return _KEPT, await self._keeper.record_postback(found)
        except UsageError:
            return 400, await self._stray(body, "has no code")

    async def _stray(self, body: bytes, why: str) -> R:
        """Keep the beginning of a body that is no postback; raises LedgerError when there were too many."""
        now = asyncio.get_running_loop().time()
        if len(self._strays) == self._strays.maxlen and now - self._strays[0] < _HOUR:
            raise LedgerError(
                f"more than {self._strays.maxlen} bodies in an hour were no postbacks; look at them with "
                "mmscheck ledger postbacks --unmatched"
            )
        self._strays.append(now)
        most = self._limits.unreadable_bytes
        if len(body) > most:
            # The digest tells bodies apart whose beginnings are alike.
            digest = hashlib.sha256(body).hexdigest()
            why += f" (the first {most} bytes of {len(body)} are kept, SHA-256 {digest})"
        return await self._keeper.record_unreadable(body[:most], why)


def is_loopback(host: str) -> bool:
    """Whether a host as written is this machine itself: ``localhost`` or a literal loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _host(authority: str) -> str:
    """The host of ``host:port``, without the brackets of IPv6."""
    host = authority.rpartition(":")[0] if authority.rpartition(":")[2].isdigit() else authority
    return host.removeprefix("[").removesuffix("]")
