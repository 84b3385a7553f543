"""Work that is done to its end although whoever waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(work: Awaitable[T]) -> T:
    """The result of work that is not given up when its caller is cancelled."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        succeeded(task)
        raise


def succeeded(task: asyncio.Future[T]) -> bool:
    """Whether an ended task has a result; its exception counts as seen."""
    return not task.cancelled() and task.exception() is None
