"""One attempt at one URL, through all its redirects."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
import msgspec

from mmscheck.base.http import REDIRECTS
from mmscheck.fetch.asking import PLAIN, Asking
from mmscheck.fetch.chain import clarify
from mmscheck.fetch.exchange import CURRENT, Exchange, continuing
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.get import Body, get
from mmscheck.fetch.guard import Networks, inside, refuse_route
from mmscheck.fetch.head import Head
from mmscheck.fetch.interface import Inspector
from mmscheck.fetch.names import Names, Route
from mmscheck.fetch.patience import first_byte_within
from mmscheck.fetch.policy import FetchPolicy
from mmscheck.fetch.redirect import next_target
from mmscheck.fetch.retry import status_failure
from mmscheck.fetch.slots import Lease, Slots
from mmscheck.fetch.stopwatch import Stopwatch
from mmscheck.fetch.url import BadUrlError, Target, parse_url
from mmscheck.model.observation import Fetched, Hop, Reason, Timing

_MOST_STALE = 8
_OK = 200


class Tools(msgspec.Struct, frozen=True):
    """What all attempts of a run share."""

    policy: FetchPolicy
    allowed: Networks
    names: Names
    slots: Slots
    session: aiohttp.ClientSession
    inspect: Inspector
    fresh_session: Callable[[], aiohttp.ClientSession]


class Attempt:
    """Hops, bytes and time of one attempt; readable at any moment, also after it was cancelled."""

    def __init__(self, tools: Tools, url: str, number: int, asking: Asking = PLAIN) -> None:
        """Be ready to fetch ``url`` for the ``number``-th time, asking for it so."""
        self.number = number
        self.hops: list[Hop] = []
        self.received: int | None = None
        self.excerpt = ""
        self._tools = tools
        self._url = url
        self._asking = asking
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

    async def run(self) -> Fetched:
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
                    return await self._look_at(body, exchange)
            if head.status not in REDIRECTS:
                raise self._tools.slots.heed(target.key, status_failure(head, route.proxy))
            target = next_target(head, target, visited, self._tools.policy.max_redirects)

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
        known = self._tools.names.admitted(target)
        return self._asking.narrowed(known or await self._find_route(target))

    async def _find_route(self, target: Target) -> Route:
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
        return route

    async def _request(
        self, target: Target, route: Route, lease: Lease
    ) -> tuple[Exchange, Head, Body | None]:
        """Ask until the answer is not the fault of a connection that the server had given up."""
        for left in reversed(range(_MOST_STALE)):
            exchange = Exchange(route, keep=lease.is_awaited, elapsed=self._clock.elapsed)
            try:
                return exchange, *await self._ask(target, exchange, lease)
            except Failure as failure:
                if not (exchange.stale and left):
                    await clarify(failure, target, exchange, self._tools.allowed)
                    raise
                self.hops.pop()
        raise AssertionError("the last turn returns or raises")

    async def _ask(self, target: Target, exchange: Exchange, lease: Lease) -> tuple[Head, Body | None]:
        CURRENT.set(exchange)
        self._phase = exchange
        tools = self._tools
        try:
            async with self._clock, first_byte_within(tools.policy.first_byte, exchange):
                return await get(
                    tools.session,
                    target,
                    exchange,
                    max_bytes=tools.policy.max_bytes,
                    least=tools.policy.min_throughput,
                    on_large=self._clock.apart(lease.hold_large),
                    asking=self._asking,
                )
        except TimeoutError as error:
            head = exchange.head
            if head is not None and head.status not in {None, _OK}:
                # Only the beginning of a body that is no file was still awaited.
                return head, None
            raise self._timed_out() from error
        finally:
            hop = exchange.hop(self._shown(target))
            self.hops.append(hop)
            self.received = exchange.body_so_far if hop.status == _OK else None
            self.excerpt = exchange.excerpt
            self._first_byte = exchange.first_byte

    async def _look_at(self, body: Body, exchange: Exchange) -> Fetched:
        self._phase = "determining the type of the bytes"
        inspected = await self._tools.inspect(self._url, body.data)
        return Fetched(
            url=self._url,
            hops=tuple(self.hops),
            size=body.size,
            sha256=body.sha256,
            timing_ms=self.timing,
            sniffed=inspected.sniffed,
            decoded=inspected.decoded,
            preview=inspected.preview,
            excess=exchange.excess,
            continuing=continuing(body.data) + exchange.excess_continuing if exchange.excess else 0,
            excerpt=self.excerpt,
            attempts=self.number,
        )

    def _timed_out(self) -> Failure:
        return Failure(Reason.TIMED_OUT, f"{self._tools.policy.timeout:g} s while {self.phase}")

    def _shown(self, target: Target) -> str:
        # The first hop bears the URL as written, so that it can be found in the message again.
        return target.text if self.hops else self._url
