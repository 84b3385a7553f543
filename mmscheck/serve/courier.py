"""Notices on their way: kept first, then tried with longer and longer pauses, N times at most."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Self

import aiohttp
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from mmscheck.errors import LedgerError
from mmscheck.ledger import Filter, Ledger
from mmscheck.model.campaign import CampaignResult
from mmscheck.model.request import SendStatus
from mmscheck.ruleset.config import NotifyEvent
from mmscheck.serve.checker import Done
from mmscheck.serve.doing import CALLING
from mmscheck.serve.lane import Lane
from mmscheck.serve.notify import Notice, Target, body_for, headers_for
from mmscheck.serve.schema import NOTICES
from mmscheck.serve.shown import report_of
from mmscheck.serve.times import rfc3339
from mmscheck.serve.words import Kind, Problem
from mmscheck.serve.work import Row

_EVERY = 1.0
"""Seconds between two looks for what is due."""

_FIRST, _LONGEST = 5.0, 3600.0
"""Seconds until the second try, doubled for each further one, and the longest pause."""

_PATIENCE = 15.0
"""Seconds for one try, and how long another process leaves a try that has begun alone."""

_LOOK_BACK = 60.0
"""Seconds between two looks for false permits; one is told days later as well as at once."""

_KEPT = 30 * 86400.0
"""Seconds that is remembered what was told, so that no false permit is told twice."""

_MOST = 100
_FINE = range(200, 300)


class Courier:
    """``async with Courier(...) as courier``: takes notices, and carries them while it runs."""

    def __init__(self, lane: Lane, targets: Sequence[Target], ledger: Ledger | None) -> None:
        """``ledger`` None has no false permits."""
        self._lane = lane
        self._targets = {target.name: target for target in targets}
        self._ledger = ledger
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Begin, where anybody is to be told."""
        if self._targets:
            self._tasks = [asyncio.create_task(self._carry()), asyncio.create_task(self._watch())]
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop; what was not told is kept."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def take(self, notice: Notice) -> None:
        """Keep a notice for everybody who is to be told of such, once."""
        now = time.time()
        rows = [
            {
                "id": f"{notice.id}.{target.name}",
                "target": target.name,
                "body": body_for(target, notice),
                "made": now,
                "due": now,
                "tries": 0,
                "state": "waiting",
                "last": "",
            }
            for target in self._targets.values()
            if notice.event in target.events
        ]

        def put(connection: Connection) -> None:
            ids = [row["id"] for row in rows]
            known = set(connection.scalars(select(NOTICES.c.id).where(NOTICES.c.id.in_(ids))))
            if new := [row for row in rows if row["id"] not in known]:
                connection.execute(insert(NOTICES), new)

        if rows:
            await self._lane.run(put)

    async def ended(self, row: Row, done: Done | None, problem: Problem | None) -> None:
        """Tell of a job that ended, where somebody wants to know of such."""
        for event in _events(row, done, problem):
            verdict = "none" if done is None else done.outcome.verdict
            what = problem.title if problem is not None else f"verdict: {verdict}"
            data = {"job": row.id, "kind": row.kind.value, "token": row.owner, "verdict": verdict}
            await self.take(
                Notice(
                    id=f"{event.value}-{row.id}",
                    event=event,
                    title=f"mmscheck: a {row.kind.value} ended",
                    text=f"{what}. Job {row.id}, asked for by {row.owner}: {report_of(row)}",
                    at=rfc3339(time.time()),
                    data={**data, "report": report_of(row)},
                )
            )

    async def _watch(self) -> None:
        """Look for what the gate let pass and the carrier refused later."""
        while self._ledger is not None:
            with contextlib.suppress(LedgerError):
                for send in await self._ledger.newest(_MOST, Filter(false_permits=True)):
                    await self.take(
                        Notice(
                            id=f"false-permit-{send.id}",
                            event=NotifyEvent.FALSE_PERMIT,
                            title="mmscheck: a false permit",
                            text=f"Send {send.id} was let through and failed later (mmscheck ledger show).",
                            at=rfc3339(time.time()),
                            data={"send": send.id, "mms_id": send.intent.mms_id},
                        )
                    )
            await asyncio.sleep(_LOOK_BACK)

    async def _carry(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            while True:
                with contextlib.suppress(LedgerError):
                    for one in await self._lane.run(_due):
                        await self._try(session, *one)
                    await self._lane.run(_forget)
                await asyncio.sleep(_EVERY)

    async def _try(
        self, session: aiohttp.ClientSession, notice_id: str, name: str, body: bytes, tries: int
    ) -> None:
        target = self._targets.get(name)
        if target is None:
            await self._note(notice_id, state="lost", last="no longer configured")
            return
        told = await _post(session, target, notice_id, body)
        if told == "":
            await self._note(notice_id, state="told", last="")
        elif tries >= target.tries:
            await self._note(notice_id, state="lost", last=told)
        else:
            pause = min(_LONGEST, _FIRST * 2.0 ** (tries - 1))
            await self._note(notice_id, state="waiting", last=told, due=time.time() + pause)

    async def _note(self, notice_id: str, **values: object) -> None:
        change = update(NOTICES).where(NOTICES.c.id == notice_id).values(**values)
        await self._lane.run(lambda connection: connection.execute(change).rowcount)


async def _post(session: aiohttp.ClientSession, target: Target, notice_id: str, body: bytes) -> str:
    """Empty when it was taken, else why not: never in a library's words, which may hold the address."""
    headers = headers_for(target, notice_id, body, time.time())
    try:
        async with session.post(target.url, data=body, headers=headers, allow_redirects=False) as answer:
            return "" if answer.status in _FINE else f"HTTP {answer.status}"
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return f"not reached ({type(error).__name__})"


def _events(row: Row, done: Done | None, problem: Problem | None) -> Iterator[NotifyEvent]:
    if row.kind not in CALLING:
        yield NotifyEvent.REPORT
        return
    unknown = done is not None and done.send is not None and done.send.status is SendStatus.UNKNOWN
    if unknown:
        yield NotifyEvent.UNKNOWN_SEND
    if row.kind is Kind.CAMPAIGN:
        # One that went through all its rows is told as a report, whatever became of single ones.
        went_through = done is not None and done.campaign is not None and _reached_its_end(done.campaign)
        yield NotifyEvent.REPORT if went_through else NotifyEvent.STOPPED_CAMPAIGN
    elif problem is not None and not unknown:
        yield NotifyEvent.DENIED_SEND


def _reached_its_end(result: CampaignResult) -> bool:
    return result.stopped is None and result.rows > 0


def _due(connection: Connection) -> list[tuple[str, str, bytes, int]]:
    """What is to be tried now, taken so that no other process tries it too; the number counts this try."""
    now = time.time()
    wanted = (
        select(NOTICES.c.id, NOTICES.c.target, NOTICES.c.body, NOTICES.c.tries, NOTICES.c.due)
        .where(NOTICES.c.state == "waiting", NOTICES.c.due <= now)
        .order_by(NOTICES.c.due)
        .limit(_MOST)
    )
    taken = []
    for notice_id, target, body, tries, due in connection.execute(wanted).all():
        claimed = connection.execute(
            update(NOTICES)
            .where(NOTICES.c.id == notice_id, NOTICES.c.due == due)
            .values(due=now + 2 * _PATIENCE, tries=tries + 1)
        )
        if claimed.rowcount:
            taken.append((notice_id, target, bytes(body), tries + 1))
    return taken


def _forget(connection: Connection) -> None:
    gone = delete(NOTICES).where(NOTICES.c.state != "waiting", NOTICES.c.made < time.time() - _KEPT)
    connection.execute(gone)
