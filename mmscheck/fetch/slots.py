"""How much goes on at once: per server, in all, and in memory; and when a server may be asked again."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Self

from mmscheck.fetch.failure import Failure
from mmscheck.fetch.pace import SHARED, Pace

MEMORY = 512 * 1024 * 1024
"""Bytes that large bodies may take up together."""


class Slots:
    """Leases for one run."""

    def __init__(self, per_host: int, total: int, max_bytes: int, pace: Pace | None = None) -> None:
        """At most ``per_host`` requests to a server and ``total`` bodies being fetched or looked at.

        ``pace`` says when each server may be asked next (default: at once).
        """
        self.hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))
        self.addresses: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(per_host * SHARED)
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
