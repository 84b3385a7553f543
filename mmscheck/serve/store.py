"""Jobs and links in the database; every method raises LedgerError when it cannot be reached."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection, RowMapping

from mmscheck.ledger.owner import is_gone, is_local, owner_of, this_process
from mmscheck.serve.campaign_notes import CampaignNotes, forget_campaigns
from mmscheck.serve.lane import Lane
from mmscheck.serve.schema import FILES, JOBS, SHARES
from mmscheck.serve.settings import LOST_AFTER
from mmscheck.serve.words import Kind, Outcome, Problem, Progress, State
from mmscheck.serve.work import Row, Work, opened, sealed

_BYTES_OF_AN_ID = 16
_SHORTEST_SECRET = 8
_OVER = (State.DONE.value, State.FAILED.value)
_SHOWN = [column for column in JOBS.c if column.name not in {"work", "report"}]


class Store:
    """The service's tables, through one lane."""

    def __init__(
        self, lane: Lane, *, known: Sequence[str] = (), clock: Callable[[], float] = time.time
    ) -> None:
        """``known`` are secrets that are kept nowhere; ``clock`` gives seconds since the epoch."""
        self._lane = lane
        # Shorter ones would stand for words, and a stand-in could be met by chance.
        self._known = tuple(one.encode() for one in known if len(one) >= _SHORTEST_SECRET)
        self._clock = clock
        self.campaigns = CampaignNotes(lane, known=known, clock=clock)
        self.runner = this_process().text()
        """This process, as its jobs name it."""

    async def close(self) -> None:
        """Let go of the database."""
        await self._lane.close()

    # Jobs

    async def add(self, work: Work, owner: str, *, keep: float, most: int) -> tuple[Row, bool] | None:
        """Keep a new job, durable when this returns; the flag tells whether it is new.

        A job that has this owner, kind and key already comes back as it is, unless it has expired, or ended
        with nothing to show for it: then the key stands for the new one. None: ``most`` jobs wait.
        """
        now = self._clock()
        job_id = secrets.token_urlsafe(_BYTES_OF_AN_ID)
        values = {
            "id": job_id,
            "owner": owner,
            "kind": work.kind.value,
            "state": State.QUEUED.value,
            "key": work.key,
            "payload": work.payload,
            "runner": self.runner,
            "beat": now,
            "tries": 0,
            "created": now,
            "expires": now + keep,
            "done": 0,
            "total": None,
            "work": sealed(work.packed(), self._known),
        }

        def put(connection: Connection) -> tuple[Row, bool] | None:
            known = work.key and _keyed(connection, owner, work.kind, work.key)
            if known and not _may_come_again(known, now):
                return known, False
            waiting = connection.scalar(
                select(func.count()).where(JOBS.c.state == State.QUEUED.value, JOBS.c.runner == self.runner)
            )
            if (waiting or 0) >= most:
                return None
            if known:
                connection.execute(update(JOBS).where(JOBS.c.id == known.id).values(key=None))
            connection.execute(insert(JOBS).values(values))
            if work.campaign is not None:
                self.campaigns.begin(connection, job_id, work.campaign.campaign or work.campaign.mms_id)
            return _one(connection, job_id), True

        return await self._lane.run(put)

    async def job(self, job_id: str) -> Row | None:
        """One job, or None."""

        def get(connection: Connection) -> Row | None:
            row = connection.execute(select(*_SHOWN).where(JOBS.c.id == job_id)).mappings().first()
            found = None if row is None else _row(row)
            return None if found is None or (found.is_over and found.expires < self._clock()) else found

        return await self._lane.run(get)

    async def begin(self, job_id: str) -> tuple[Row, bytes] | None:
        """The job and its work, begun by this process; None when it is another's, or over."""

        def take(connection: Connection) -> tuple[Row, bytes] | None:
            found = connection.execute(
                update(JOBS)
                .where(JOBS.c.id == job_id, JOBS.c.runner == self.runner, JOBS.c.state.not_in(_OVER))
                .values(
                    state=State.RUNNING.value,
                    tries=JOBS.c.tries + 1,
                    started=func.coalesce(JOBS.c.started, self._clock()),
                    beat=self._clock(),
                )
            )
            if not found.rowcount:
                return None
            work = connection.scalar(select(JOBS.c.work).where(JOBS.c.id == job_id))
            return None if work is None else (_one(connection, job_id), opened(bytes(work), self._known))

        return await self._lane.run(take)

    async def progress(self, job_id: str, done: int, total: int | None) -> None:
        """How far it is."""
        change = update(JOBS).where(JOBS.c.id == job_id).values(done=done, total=total)
        await self._lane.run(lambda connection: connection.execute(change).rowcount)

    async def end(
        self,
        job_id: str,
        *,
        report: bytes | None = None,
        files: bytes | None = None,
        outcome: Outcome | None = None,
        problem: Problem | None = None,
        progress: Progress = Progress(done=0, total=None),  # noqa: B008 - it is frozen
    ) -> bool:
        """Keep how it ended, and forget what it was made of; False when another process has it by now."""
        change = (
            update(JOBS)
            .where(JOBS.c.id == job_id, JOBS.c.runner == self.runner, JOBS.c.state.not_in(_OVER))
            .values(
                state=(State.DONE if problem is None else State.FAILED).value,
                ended=self._clock(),
                # It lives as long after its end as was promised when it came: a campaign may take days.
                expires=JOBS.c.expires + self._clock() - JOBS.c.created,
                work=None,
                done=progress.done,
                total=progress.total,
                report=report,
                outcome=None if outcome is None else msgspec.json.encode(outcome).decode(),
                problem=None if problem is None else msgspec.json.encode(problem).decode(),
            )
        )

        def keep(connection: Connection) -> bool:
            if not connection.execute(change).rowcount:
                return False
            if files is not None:
                connection.execute(insert(FILES).values(job=job_id, files=files))
            return True

        return await self._lane.run(keep)

    async def files(self, job_id: str) -> bytes | None:
        """The files that a fix has made, or None."""
        wanted = select(FILES.c.files).where(FILES.c.job == job_id)
        found = await self._lane.run(lambda connection: connection.scalar(wanted))
        return None if found is None else bytes(found)

    async def report(self, job_id: str) -> bytes | None:
        """The report as it was kept, or None."""
        wanted = select(JOBS.c.report).where(JOBS.c.id == job_id)
        found = await self._lane.run(lambda connection: connection.scalar(wanted))
        return None if found is None else bytes(found)

    async def beat(self) -> None:
        """Say that this process lives."""
        change = (
            update(JOBS)
            .where(JOBS.c.runner == self.runner, JOBS.c.state.not_in(_OVER))
            .values(beat=self._clock())
        )
        await self._lane.run(lambda connection: connection.execute(change).rowcount)

    async def adopt(self) -> tuple[str, ...]:
        """Take over jobs whose process has ended; returns their ids, the oldest first."""

        def take(connection: Connection) -> tuple[str, ...]:
            open_ = connection.execute(
                select(JOBS.c.id, JOBS.c.runner, JOBS.c.beat)
                .where(JOBS.c.state.not_in(_OVER), JOBS.c.runner != self.runner)
                .order_by(JOBS.c.created)
            ).all()
            taken = []
            for job_id, runner, beat in open_:
                if self._is_lost(runner, beat):
                    changed = connection.execute(
                        update(JOBS)
                        .where(JOBS.c.id == job_id, JOBS.c.runner == runner)
                        .values(runner=self.runner, beat=self._clock())
                    )
                    taken += [job_id] * changed.rowcount
            return tuple(taken)

        return await self._lane.run(take)

    async def mine(self) -> tuple[tuple[str, Kind], ...]:
        """The jobs of this process that are not over, the oldest first."""
        wanted = (
            select(JOBS.c.id, JOBS.c.kind)
            .where(JOBS.c.runner == self.runner, JOBS.c.state.not_in(_OVER))
            .order_by(JOBS.c.created)
        )

        def get(connection: Connection) -> tuple[tuple[str, Kind], ...]:
            return tuple((row[0], Kind(row[1])) for row in connection.execute(wanted))

        return await self._lane.run(get)

    async def leave(self, job_id: str) -> None:
        """Leave a job that was begun to whoever comes next, as if this process had not begun it."""
        change = (
            update(JOBS)
            .where(JOBS.c.id == job_id, JOBS.c.runner == self.runner, JOBS.c.state.not_in(_OVER))
            .values(state=State.QUEUED.value, tries=JOBS.c.tries - 1)
        )
        await self._lane.run(lambda connection: connection.execute(change).rowcount)

    def _is_lost(self, runner: str, beat: float) -> bool:
        owner = owner_of(runner)
        if owner is not None and is_local(owner):
            return is_gone(owner)
        return self._clock() - beat > LOST_AFTER

    async def forget(self) -> int:
        """Remove what has expired and is over; returns how many jobs that were."""
        now = self._clock()

        def remove(connection: Connection) -> int:
            connection.execute(delete(SHARES).where(SHARES.c.expires < now))
            over = (JOBS.c.expires < now, JOBS.c.state.in_(_OVER))
            connection.execute(delete(FILES).where(FILES.c.job.in_(select(JOBS.c.id).where(*over))))
            forget_campaigns(connection, *over)
            gone = delete(JOBS).where(*over)
            return connection.execute(gone).rowcount

        removed = await self._lane.run(remove)
        await self._lane.tidy()
        return removed

    async def counts(self) -> dict[str, int]:
        """How many jobs are in each state, of every process."""
        wanted = select(JOBS.c.state, func.count()).group_by(JOBS.c.state)

        def count(connection: Connection) -> dict[str, int]:
            return {row[0]: row[1] for row in connection.execute(wanted)}

        return await self._lane.run(count)

    # Links

    async def share(self, job_id: str, seconds: float) -> tuple[str, float]:
        """A new link's secret, and when it expires."""
        secret = secrets.token_urlsafe(32)
        expires = self._clock() + seconds
        values = {"digest": _digest(secret), "job": job_id, "expires": expires}

        def put(connection: Connection) -> None:
            connection.execute(insert(SHARES).values(values))
            # The report has to live as long as the link to it.
            connection.execute(
                update(JOBS).where(JOBS.c.id == job_id, JOBS.c.expires < expires).values(expires=expires)
            )

        await self._lane.run(put)
        return secret, expires

    async def shared(self, secret: str) -> str | None:
        """The job that a link leads to; None when there is no such link, or it has expired."""
        wanted = select(SHARES.c.job).where(
            SHARES.c.digest == _digest(secret), SHARES.c.expires >= self._clock()
        )
        found: str | None = await self._lane.run(lambda connection: connection.scalar(wanted))
        return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _keyed(connection: Connection, owner: str, kind: Kind, key: str) -> Row | None:
    wanted = select(*_SHOWN).where(JOBS.c.owner == owner, JOBS.c.kind == kind.value, JOBS.c.key == key)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _row(row)


def _may_come_again(known: Row, now: float) -> bool:
    """Whether a key is free for another try: of a send the ledger knows what may have gone out under it.

    A save has no such guard, so one that may have been made keeps its key.
    """
    if not known.is_over:
        return False
    if known.expires < now:
        return True
    return known.problem is not None and not (
        known.kind is Kind.SAVE and known.problem.type.endswith(":unknown")
    )


def _one(connection: Connection, job_id: Any) -> Row:
    return _row(connection.execute(select(*_SHOWN).where(JOBS.c.id == job_id)).mappings().one())


def _row(row: RowMapping) -> Row:
    return Row(
        id=row["id"],
        owner=row["owner"],
        kind=Kind(row["kind"]),
        state=State(row["state"]),
        key=row["key"],
        payload=row["payload"],
        runner=row["runner"],
        tries=row["tries"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        expires=row["expires"],
        done=row["done"],
        total=row["total"],
        outcome=row["outcome"] and msgspec.json.decode(row["outcome"], type=Outcome),
        problem=row["problem"] and msgspec.json.decode(row["problem"], type=Problem),
    )
