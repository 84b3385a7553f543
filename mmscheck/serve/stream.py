"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import msgspec
from aiohttp import web

from mmscheck.serve.events import Event
from mmscheck.serve.shown import SAFE

_ALIVE = 15.0
"""Seconds without an event until a comment is sent, so that no proxy takes the stream for dead."""


async def stream(request: web.BaseRequest, events: AsyncGenerator[Event]) -> web.StreamResponse:
    """Each event as ``event: STATE`` with the progress as data, until the job is over or nobody reads."""
    response = web.StreamResponse(
        headers={**SAFE, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    )
    response.force_close()
    await response.prepare(request)
    pending: asyncio.Task[Event] | None = None
    try:
        with contextlib.suppress(ConnectionError, StopAsyncIteration):
            while True:
                pending = pending or asyncio.ensure_future(anext(events))
                done, _ = await asyncio.wait({pending}, timeout=_ALIVE)
                if not done:
                    await response.write(b": still there\n\n")
                    continue
                event, pending = await pending, None
                await response.write(_written(event))
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
        await events.aclose()
    return response


def _written(event: Event) -> bytes:
    return (
        b"event: " + event.state.value.encode() + b"\ndata: " + msgspec.json.encode(event.progress) + b"\n\n"
    )
