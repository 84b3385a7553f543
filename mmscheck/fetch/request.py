"""One attempt at one URL: a request for each hop of its redirects, until a file or a reason why not."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Literal

import aiohttp
import msgspec

from mmscheck.base.http import OK, REDIRECTS
from mmscheck.fetch.certificates import clarify
from mmscheck.fetch.exchange import CURRENT, Exchange, continuing
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.guard import Networks, inside, refuse_route
from mmscheck.fetch.head import Head, framing_fault
from mmscheck.fetch.names import Names, Route
from mmscheck.fetch.patience import Stopwatch
from mmscheck.fetch.policy import FetchPolicy
from mmscheck.fetch.reach import HostReach
from mmscheck.fetch.reasons import explain, proxy_failure, reset_in_body
from mmscheck.fetch.slots import Lease, Slots
from mmscheck.fetch.status import next_target, status_failure
from mmscheck.fetch.url import BadUrlError, Target, parse_url
from mmscheck.fetch.wire import exact_url, request_options
from mmscheck.model.observation import Hop, Inspected, Reason, Timing

SMALL = 4 * 1024 * 1024
"""Bytes of body that need no permission to be kept in memory."""

GLANCE = 2.0
"""Seconds for the beginning of an answer that is no file."""

_MOST_STALE = 8
"""Kept connections of which one after the other may turn out to be given up by the server."""

_FIRST_ERROR = 400


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """In what way a file is asked for, where that differs from the first request for it.

    ``headers`` replace those of the same name. ``read`` is what becomes of the body: kept, only its digest
    taken, or not read beyond the response head. ``family`` is the one IP version (4 or 6) to dial where a
    name has addresses of it.
    """

    headers: tuple[tuple[str, str], ...] = ()
    read: Literal["whole", "digest", "head"] = "whole"
    family: int | None = None

    def narrowed(self, route: Route) -> Route:
        """The route with addresses of the wanted family alone, or as it is where there are none."""
        wanted = tuple(text for text in route.addresses if family(text) == self.family)
        return msgspec.structs.replace(route, addresses=wanted) if wanted else route


PLAIN = Asking()
"""What the first request asks for: the plain file, whole."""


def family(address: str) -> int:
    """4 or 6, for a numeric address as the operating system writes it."""
    return ip_address(address.partition("%")[0]).version


OnBody = Callable[[bytes], Awaitable[Inspected]]
"""What is done with a whole file while the run still counts it among those in memory."""


class FetchTools(msgspec.Struct, frozen=True):
    """What all attempts of a run share."""

    policy: FetchPolicy
    allowed: Networks
    names: Names
    slots: Slots
    session: aiohttp.ClientSession
    fresh_session: Callable[[], aiohttp.ClientSession]
    reach: HostReach | None = None


class BodyRead(msgspec.Struct, frozen=True):
    """A body with its digest (hexadecimal); without ``data`` where it was not to be kept."""

    data: bytes
    sha256: str
    size: int


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came whole: bytes and digest, and what `OnBody` made of it (None where nothing was asked).

    ``excess`` and ``continuing`` are those of `Fetched`.
    """

    size: int
    sha256: str
    excess: int
    continuing: int
    inspected: Inspected | None


class Attempt:
    """Hops, bytes and time of one attempt; readable at any moment, also after it was cancelled."""

    def __init__(
        self,
        tools: FetchTools,
        url: str,
        number: int = 1,
        *,
        asking: Asking = PLAIN,
        on_body: OnBody | None = None,
    ) -> None:
        """Be ready to fetch ``url`` for the ``number``-th time; ``on_body`` is awaited with a whole file."""
        self.number = number
        self.hops: list[Hop] = []
        self.received: int | None = None
        self.excerpt = ""
        self._tools = tools
        self._url = url
        self._asking = asking
        self._on_body = on_body
        self._clock = Stopwatch(tools.policy.timeout)
        self._first_byte: float | None = None
        self._phase: Exchange | str = "waiting for its turn"

    @property
    def phase(self) -> str:
        """What is being done."""
        return self._phase if isinstance(self._phase, str) else self._phase.phase

    @property
    def timing(self) -> Timing:
        """Milliseconds of work so far."""
        first = None if self._first_byte is None else round(self._first_byte * 1000)
        return Timing(first_byte=first, total=round(self._clock.elapsed() * 1000))

    async def run(self) -> Download:
        """Fetch the file; raises `Failure`."""
        target, visited = self._first_target(), set[str]()
        while True:
            visited.add(target.text)
            route = await self._route(target)
            self._phase = "waiting for its turn"
            async with self._tools.slots.lease(target.key, self._foreign(route)) as lease:
                exchange, head, body = await self._request(target, route, lease)
                if body is not None:
                    lease.leave_host()
                    return await self._hand_over(body, exchange)
            if head.status not in REDIRECTS:
                raise self._tools.slots.heed(target.key, status_failure(head, route.proxy))
            target = next_target(head, target, visited, self._tools.policy.max_redirects)
            if self._tools.reach is not None:
                self._tools.reach.hold(target)

    def _foreign(self, route: Route) -> tuple[str, ...]:
        """The addresses whose load is shared by all their names; the user's own are not spared."""
        if route.mapped:
            return ()
        return tuple(one for one in route.resolved if not inside(one, self._tools.allowed))

    def _first_target(self) -> Target:
        try:
            return parse_url(self._url)
        except BadUrlError as error:
            raise Failure(Reason.INVALID_URL, str(error)) from error

    async def _route(self, target: Target) -> Route:
        """Where to dial, after every address was judged; names are asked once for each host of a run."""
        if (known := self._tools.names.admitted(target)) is not None:
            return self._asking.narrowed(known)
        self._phase = "looking up the host name"
        self.hops.append(Hop(url=self._shown(target)))
        try:
            async with self._clock:
                route = await self._tools.names.route(target)
            self.hops[-1] = Hop(url=self.hops[-1].url, resolved=route.resolved)
            refuse_route(route.resolved, route.port, mapped=route.mapped, allowed=self._tools.allowed)
        except TimeoutError as error:
            raise self._timed_out() from error
        # The request that follows leaves better evidence.
        self.hops.pop()
        self._tools.names.admit(target, route)
        return self._asking.narrowed(route)

    async def _request(
        self, target: Target, route: Route, lease: Lease
    ) -> tuple[Exchange, Head, BodyRead | None]:
        """The head of the answer, and its body (empty where only the head is asked for) when it is a file.

        Asked for again where a connection that was kept turns out to be one that the server had given up.
        """
        for left in reversed(range(_MOST_STALE)):
            exchange = self._phase = Exchange(route, keep=lease.is_awaited, elapsed=self._clock.elapsed)
            CURRENT.set(exchange)
            try:
                body = await self._within_limits(target, exchange, lease)
            except Failure as failure:
                if not (exchange.stale and left):
                    await clarify(failure, target, exchange, self._tools.allowed)
                    raise
                self.hops.pop()
            else:
                return exchange, _head_on_wire(exchange), body
        raise AssertionError("the last turn returns or raises")

    async def _within_limits(self, target: Target, exchange: Exchange, lease: Lease) -> BodyRead | None:
        """One request within its limits of time: what went wrong as a `Failure`, and the hop that it leaves.

        An answer that is no file stands by its head, whatever becomes of the rest of it.
        """
        session, proxy = self._tools.session, exchange.route.proxy
        options = request_options(proxy, target, self._asking.headers, session.headers["User-Agent"])
        body: BodyRead | None = None
        try:
            async with self._clock.until_first_byte(self._tools.policy.first_byte, exchange):
                try:
                    async with session.get(exact_url(target), allow_redirects=False, **options) as response:
                        body = await self._read_answer(response, exchange, lease)
                except aiohttp.ClientError as error:
                    if exchange.head is None or (exchange.head.status or 0) < _FIRST_ERROR:
                        raise proxy_failure(error, exchange) or explain(error, exchange) from error
        except TimeoutError as error:
            if exchange.head is None or exchange.head.status in {None, OK}:
                raise self._timed_out() from error
        finally:
            hop = exchange.hop(self._shown(target))
            self.hops.append(hop)
            self.received = exchange.body_so_far if hop.status == OK else None
            self.excerpt = exchange.excerpt
            self._first_byte = exchange.first_byte
        return body

    async def _read_answer(
        self, response: aiohttp.ClientResponse, exchange: Exchange, lease: Lease
    ) -> BodyRead | None:
        """The body of a 200 answer, as far as it is asked for; None for any other. Raises `Failure`."""
        head = _head_on_wire(exchange)
        if head.status != response.status:
            raise Failure(Reason.MALFORMED_HTTP, f"the status line is {head.line!r}")
        if head.status != OK:
            await _glance(response, exchange)
            return None
        if (fault := framing_fault(head)) is not None:
            raise fault
        if self._asking.read == "head":
            # The rest is not waited for: leaving a body unread closes its connection.
            return BodyRead(b"", "", 0)
        policy = self._tools.policy
        hold = self._clock.apart(lease.hold_large) if self._asking.read == "whole" else None
        if not response.content.is_eof():
            # Of a body that is all here there is nothing to measure.
            self._clock.measure(lambda: exchange.body_so_far, policy.min_throughput)
        return await _read(response, exchange, policy.max_bytes, hold)

    async def _hand_over(self, body: BodyRead, exchange: Exchange) -> Download:
        inspected = None
        if self._on_body is not None:
            self._phase = "determining the type of the bytes"
            inspected = await self._on_body(body.data)
        return Download(
            size=body.size,
            sha256=body.sha256,
            excess=exchange.excess,
            continuing=continuing(body.data) + exchange.excess_continuing if exchange.excess else 0,
            inspected=inspected,
        )

    def _timed_out(self) -> Failure:
        return Failure(Reason.TIMED_OUT, f"{self._tools.policy.timeout:g} s while {self.phase}")

    def _shown(self, target: Target) -> str:
        # The first hop bears the URL as written, so that it can be found in the message again.
        return target.text if self.hops else self._url


def _head_on_wire(exchange: Exchange) -> Head:
    """The head from the wire, for the library's own would hide what it forgives."""
    if exchange.head is None:
        raise RuntimeError("the connection was not listened to")
    return exchange.head


async def _glance(response: aiohttp.ClientResponse, exchange: Exchange) -> None:
    """Let the beginning of an answer that is no file come in, so that a page can be recognised by it.

    Whatever happens to it changes nothing about the answer. Of a redirect nobody needs it.
    """
    if exchange.head is None or (exchange.head.status or 0) in REDIRECTS:
        return
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(GLANCE):
            while exchange.wants_excerpt and not exchange.broken and await response.content.readany():
                pass


async def _read(
    response: aiohttp.ClientResponse,
    exchange: Exchange,
    max_bytes: int,
    on_large: Callable[[], Awaitable[None]] | None,
) -> BodyRead:
    """The body; ``on_large`` is awaited before more than `SMALL` bytes are kept, without it none are."""
    if exchange.length is not None and exchange.length > max_bytes:
        raise Failure(Reason.TOO_LARGE, f"declared {exchange.length} bytes, the cap is {max_bytes}")
    digest, chunks, asked = hashlib.sha256(), [], False
    async for chunk in response.content.iter_any():
        exchange.decoded += len(chunk)
        if exchange.decoded > max_bytes:
            raise Failure(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
        digest.update(chunk)
        if on_large is None:
            continue
        if exchange.decoded > SMALL and not asked:
            asked = True
            await on_large()
        chunks.append(chunk)
    if exchange.length is not None or exchange.chunked:
        # One turn of the loop lets bytes be counted that arrived just behind the end.
        await asyncio.sleep(0)
    elif exchange.lost is not None:
        # The library takes a broken connection for the end of a body that only a close delimits.
        raise reset_in_body(exchange)
    return BodyRead(b"".join(chunks), digest.hexdigest(), exchange.decoded)
