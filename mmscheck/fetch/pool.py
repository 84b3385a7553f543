"""All URLs of a run at once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic

import aiohttp

from mmscheck.fetch.attempt import Tools
from mmscheck.fetch.get import open_session
from mmscheck.fetch.guard import Networks
from mmscheck.fetch.interface import Inspector, Lookup, OnDone
from mmscheck.fetch.job import Job
from mmscheck.fetch.names import Names
from mmscheck.fetch.pace import Pace
from mmscheck.fetch.policy import FetchPolicy
from mmscheck.fetch.proxy import parse_proxy
from mmscheck.fetch.slots import Slots
from mmscheck.fetch.turns import Turns
from mmscheck.fetch.wire import GuardedConnector
from mmscheck.model.observation import Observation


@asynccontextmanager
async def open_tools(
    policy: FetchPolicy,
    allowed: Networks,
    context: ssl.SSLContext | None,
    lookup: Lookup,
    inspect: Inspector,
) -> AsyncIterator[Tools]:
    """What a run shares; nothing of it is left open afterwards."""

    def fresh_session() -> aiohttp.ClientSession:
        return open_session(policy, GuardedConnector(allowed, context))

    names = Names(lookup, policy.connect_to, proxy=parse_proxy(policy.proxy), allowed=allowed)
    try:
        async with fresh_session() as session:
            pace = Pace(policy.rate, monotonic() + policy.deadline)
            slots = Slots(policy.per_host, policy.max_concurrency, policy.max_bytes, pace)
            yield Tools(policy, allowed, names, slots, session, inspect, fresh_session)
    finally:
        await names.aclose()


async def run_jobs(
    tools: Tools, urls: Sequence[str], on_done: OnDone, turns: Turns
) -> dict[str, Observation]:
    """One observation for each distinct URL, in their order, before the deadline or at it."""
    deadline = tools.policy.deadline
    jobs = {url: Job(tools, url, monotonic() + deadline) for url in urls}
    results: dict[str, Observation] = {}

    async def work(url: str, job: Job) -> None:
        async with turns.of(url):
            results[url] = await job.run()
        on_done(url, results[url])

    tasks = [asyncio.create_task(work(url, job)) for url, job in jobs.items()]
    try:
        await _all_or_first_error(tasks, deadline)
    finally:
        await _cancel(tasks)
    for url, job in jobs.items():
        if url not in results:
            results[url] = job.cut_off()
            on_done(url, results[url])
    return {url: results[url] for url in jobs}


async def _all_or_first_error(tasks: Sequence[asyncio.Task[None]], deadline: float) -> None:
    if not tasks:
        return
    done, _ = await asyncio.wait(tasks, timeout=deadline, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        # Only on_done can have raised: that is the caller's own error, and goes back to it.
        task.result()


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
