"""One read for all who asked before it began."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Reads for several callers at once; nobody is given what was read before they asked."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        """``read`` does it once."""
        self._read = read
        self._waiting: list[asyncio.Future[T]] = []
        self._task: asyncio.Task[None] | None = None

    async def get(self) -> T:
        """The result of a read that begins after this call; raises what it raised."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            served, self._waiting = self._waiting, []
            try:
                result = await self._read()
            except Exception as error:  # noqa: BLE001 - handed to everyone who waits
                _all(served, error)
            except BaseException:
                for future in (*served, *self._waiting):
                    future.cancel()
                raise
            else:
                for future in served:
                    if not future.done():
                        future.set_result(result)


def _all(futures: list[asyncio.Future[T]], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
