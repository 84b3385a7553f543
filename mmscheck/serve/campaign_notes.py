"""What is kept of campaigns beside their jobs: who asked for an end, how far they are, when they ran."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from mmscheck.serve.campaign_words import CampaignNote
from mmscheck.serve.lane import Lane
from mmscheck.serve.schema import CAMPAIGNS, JOBS
from mmscheck.serve.words import Progress


class CampaignNotes:
    """The table of campaigns, through one lane; every method raises LedgerError when it is away."""

    def __init__(
        self, lane: Lane, *, known: Sequence[str] = (), clock: Callable[[], float] = time.time
    ) -> None:
        """``known`` are secrets that are kept nowhere."""
        self._lane = lane
        self._known = tuple(known)
        self._clock = clock

    def begin(self, connection: Connection, job_id: str, name: str) -> None:
        """Within the transaction that keeps its job."""
        values = {
            "job": job_id,
            "name": self._harmless(name),
            "progress": _packed(Progress(done=0, total=None)),
        }
        connection.execute(insert(CAMPAIGNS).values(**values, stop=None, seen=self._clock()))

    async def note(self, job_id: str) -> CampaignNote | None:
        """What is kept of one, or None."""

        def get(connection: Connection) -> CampaignNote | None:
            row = connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.job == job_id)).mappings().first()
            if row is None:
                return None
            progress = msgspec.json.decode(row["progress"], type=Progress)
            return CampaignNote(name=row["name"], stop=row["stop"], progress=progress, seen=row["seen"])

        return await self._lane.run(get)

    async def stop(self, job_id: str, reason: str) -> None:
        """Keep that nothing more is to be sent; what was asked for first stays."""
        change = (
            update(CAMPAIGNS)
            .where(CAMPAIGNS.c.job == job_id, CAMPAIGNS.c.stop.is_(None))
            .values(stop=self._harmless(reason))
        )
        await self._lane.run(lambda connection: connection.execute(change).rowcount)

    async def work(self, job_id: str, progress: Progress, *, sent: bool) -> str | None:
        """Keep that it is at work, and how far; returns why somebody asked for its end.

        ``sent``: this try has sent something, so that it is not counted among those that came to nothing.
        """
        values = {"progress": _packed(progress), "seen": self._clock()}

        def put(connection: Connection) -> str | None:
            connection.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.job == job_id).values(values))
            if sent:
                connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(tries=1))
            found: str | None = connection.scalar(select(CAMPAIGNS.c.stop).where(CAMPAIGNS.c.job == job_id))
            return found

        return await self._lane.run(put)

    def _harmless(self, text: str) -> str:
        for secret in filter(None, self._known):
            text = text.replace(secret, "[secret]")
        return text


def forget_campaigns(connection: Connection, *over: object) -> None:
    """Remove those whose jobs are about to be removed: ``over`` tells which."""
    jobs = select(JOBS.c.id).where(*over)  # type: ignore[arg-type] # conditions, whose types SQLAlchemy hides
    connection.execute(delete(CAMPAIGNS).where(CAMPAIGNS.c.job.in_(jobs)))


def _packed(progress: Progress) -> str:
    return msgspec.json.encode(progress).decode()
