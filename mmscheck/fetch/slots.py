"""How much goes on at once, and whose turn it is: per message, per server, in all, and in memory.

No message of a run may use up the slots, the name servers or the time of the others, and no server is asked
more often, or sooner, than it bears.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain, zip_longest
from time import monotonic
from types import MappingProxyType
from typing import Self

import msgspec

from mmscheck.fetch.failure import Failure
from mmscheck.model.mms import Mms
from mmscheck.model.observation import NotFetched, Reason

MOST_URLS = 64
"""URLs fetched for one message. Eight slides of two files each are all that it may have (Sinch XML API,
saveMMS, 2021): what is beyond is denied by other rules, and those who run its servers are spared."""

TOGETHER = 64
"""Messages that take turns with each other; those behind them wait, so that the first ones end first."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The URLs of a run in their order, the first message that names each, and what is left out."""

    urls: tuple[str, ...]
    owners: Mapping[str, str]
    beyond: Mapping[str, NotFetched]


def plan(messages: Sequence[Mms]) -> Plan:
    """Let the messages take turns, a URL each, and leave out what no message can hold."""
    owners: dict[str, str] = {}
    asked: list[list[str]] = []
    over: dict[str, NotFetched] = {}
    for message in messages:
        urls = list(dict.fromkeys(ref.url for ref in message.media))
        over |= {url: _beyond(url, len(urls)) for url in urls[MOST_URLS:]}
        mine = [url for url in urls[:MOST_URLS] if url not in owners]
        owners |= dict.fromkeys(mine, message.source)
        asked.append(mine)
    beyond = {url: left for url, left in over.items() if url not in owners}
    return Plan(urls=tuple(_in_turn(asked)), owners=owners, beyond=beyond)


def _in_turn(lists: Sequence[Sequence[str]]) -> Iterator[str]:
    for start in range(0, len(lists), TOGETHER):
        rounds = zip_longest(*lists[start : start + TOGETHER])
        yield from (url for url in chain.from_iterable(rounds) if url is not None)


def _beyond(url: str, count: int) -> NotFetched:
    detail = f"its message names {count} files; at most {MOST_URLS} of one message are asked for"
    return NotFetched(url=url, reason=Reason.NOT_LOOKED, detail=detail)


class Turns:
    """Places for the work on URLs: each owner has a share of them, unless there is only one owner."""

    def __init__(self, owners: Mapping[str, str], share: int) -> None:
        """``share`` places for each of the ``owners`` of URLs; a URL without one is not bounded here."""
        self._owners = owners
        names = set(owners.values())
        self._places = {name: asyncio.Semaphore(share) for name in names} if len(names) > 1 else {}

    def of(self, url: str) -> asyncio.Semaphore | nullcontext[None]:
        """To be entered for the time of the work on ``url``."""
        return self._places.get(self._owners.get(url, ""), nullcontext())


SHARED = 4
"""An address with many names may be asked for so many of them at the full rate (a judgement): shared hosts
are no reason to wait, and nobody can aim a run at one machine by giving it a hundred names."""

SPACE = 0.25
"""Seconds between requests to a server that asked for more patience than the run has (a judgement)."""


class Pace:
    """The next free moment of each server, in seconds of `time.monotonic`."""

    def __init__(self, rate: float | None = None, ends: float = math.inf) -> None:
        """At most ``rate`` requests a second to one server (None: any); the run is over at ``ends``."""
        self._gap = 0.0 if rate is None else 1 / rate
        self._ends = ends
        self._free: dict[str, float] = {}
        self._spaced: set[str] = set()

    def heed(self, key: str, failure: Failure) -> None:
        """Leave the server alone for as long as its Retry-After says, whichever URL it said so for.

        Longer than the run lasts it is not left alone: one object's trouble would then answer for every other
        file of a shared host. These are asked for at a distance of `SPACE`.
        """
        if failure.reason is not Reason.BUSY or not failure.wait:
            return
        until = monotonic() + failure.wait
        if until >= self._ends:
            self._spaced.add(key)
            until = monotonic() + self._gap_of(key)
        self._free[key] = max(until, self._free.get(key, 0.0))

    async def calm(self, key: str, addresses: Iterable[str] = ()) -> None:
        """Wait for the server's next free moment, as far as it is known now: `take` tells whether it came."""
        if (wait := self._wait(key, addresses)) > 0:
            await asyncio.sleep(wait)

    def take(self, key: str, addresses: Iterable[str] = ()) -> bool:
        """Begin a request now, if the server is free, and put off the next one.

        So are its addresses, whatever other names they have: `SHARED` times the rate of one name.
        """
        if self._wait(key, addresses) > 0:
            return False
        if gap := self._gap_of(key):
            self._free[key] = monotonic() + gap
        if self._gap:
            self._free.update(dict.fromkeys(map(_at, addresses), monotonic() + self._gap / SHARED))
        return True

    def _gap_of(self, key: str) -> float:
        return max(self._gap, SPACE) if key in self._spaced else self._gap

    def _wait(self, key: str, addresses: Iterable[str]) -> float:
        return max(self._free.get(one, 0.0) for one in (key, *map(_at, addresses))) - monotonic()


def _at(address: str) -> str:
    """An address beside the keys of servers, which are names with ports."""
    return f"@{address}"


MEMORY = 512 * 1024 * 1024
"""Bytes that large bodies may take up together."""


class _HostSlots(dict[str, asyncio.Semaphore]):
    """The places of each server, made when it is first asked for."""

    def __init__(self, per_host: int, own_hosts: Mapping[str, int]) -> None:
        super().__init__()
        self._per_host, self._own = per_host, own_hosts

    def __missing__(self, key: str) -> asyncio.Semaphore:
        return self.setdefault(key, asyncio.Semaphore(at_once(key, self._per_host, self._own)))


def at_once(key: str, per_host: int, own_hosts: Mapping[str, int]) -> int:
    """The requests that a server (``host:port``) may get at the same time."""
    return own_hosts.get(key) or own_hosts.get(key.rpartition(":")[0]) or per_host


class Slots:
    """Leases for one run."""

    def __init__(
        self,
        per_host: int,
        total: int,
        max_bytes: int,
        pace: Pace | None = None,
        *,
        own_hosts: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """At most ``per_host`` requests to a server and ``total`` bodies being fetched or looked at.

        ``pace`` says when each server may be asked next (default: at once); ``own_hosts`` how many requests
        those of ours bear in place of ``per_host``, by host and port or by host.
        """
        self.hosts = _HostSlots(per_host, own_hosts)
        most = max((per_host, *own_hosts.values()))
        self.addresses: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(most * SHARED)
        )
        self.waiting: defaultdict[str, int] = defaultdict(int)
        self.total = asyncio.Semaphore(total)
        self.large = asyncio.Semaphore(max(1, MEMORY // max_bytes))
        self.pace = pace or Pace()

    def lease(self, key: str, addresses: Iterable[str] = ()) -> Lease:
        """The right to ask the server ``key`` at its ``addresses``, once it is entered."""
        return Lease(self, key, addresses)

    def heed(self, key: str, failure: Failure) -> Failure:
        """Leave the server ``key`` alone as its answer asks for, as `Pace.heed` does; returns ``failure``."""
        self.pace.heed(key, failure)
        return failure


class Lease:
    """The right to have one request under way: waited for on entry, given back in parts or on exit.

    The slot of the server is waited for before one of all, so that a slow server with many URLs waits in its
    own queue and not in everybody's.
    """

    def __init__(self, slots: Slots, key: str, addresses: Iterable[str] = ()) -> None:
        """Hold nothing yet."""
        self._slots = slots
        self._key = key
        # In one order, so that no two leases wait for each other.
        self._addresses = tuple(sorted(set(addresses)))
        self._held: list[asyncio.Semaphore] = []

    def is_awaited(self) -> bool:
        """Whether more requests for the server are waiting."""
        return self._slots.waiting[self._key] > 0

    async def hold_large(self) -> None:
        """Wait for room to keep a large body in memory until the lease ends."""
        await self._hold(self._slots.large)

    def leave_host(self) -> None:
        """Let the next request to the server begin, while the body is still being looked at."""
        for one in self._server():
            self._held.remove(one)
            one.release()

    def _server(self) -> Iterator[asyncio.Semaphore]:
        yield self._slots.hosts[self._key]
        yield from (self._slots.addresses[address] for address in self._addresses)

    async def __aenter__(self) -> Self:
        """Wait for a turn."""
        self._slots.waiting[self._key] += 1
        try:
            for one in self._server():
                await self._hold(one)
            await self._take_turn()
        except BaseException:
            self._release()
            raise
        finally:
            self._slots.waiting[self._key] -= 1
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give back whatever is still held."""
        self._release()

    async def _take_turn(self) -> None:
        pace, total = self._slots.pace, self._slots.total
        while True:
            # A server's pause must not be sat out in a place that other servers could use.
            await pace.calm(self._key, self._addresses)
            await self._hold(total)
            if pace.take(self._key, self._addresses):
                return
            self._held.remove(total)
            total.release()

    async def _hold(self, semaphore: asyncio.Semaphore) -> None:
        await semaphore.acquire()
        self._held.append(semaphore)

    def _release(self) -> None:
        while self._held:
            self._held.pop().release()
