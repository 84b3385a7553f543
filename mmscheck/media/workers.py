"""The workers that look at media bytes, as the rest of the program sees them."""

from __future__ import annotations

import math
from typing import Self
from urllib.parse import urlsplit

from mmscheck.media.batching import Looks
from mmscheck.media.confinement import Confinement
from mmscheck.media.decoding import not_decoded
from mmscheck.media.names import named_type
from mmscheck.media.pool import WorkerPool
from mmscheck.media.previews import CPU_SECONDS
from mmscheck.media.process import WorkerLostError
from mmscheck.media.sample import HEAD, Sample
from mmscheck.model.observation import Inspected, Sniffed
from mmscheck.model.usable import EVERYTHING, Usable
from mmscheck.model.words import Because

SHARE = 8
"""A file may be this part of a worker's memory: it is held there twice, beside what libraries make of it."""

RECYCLE_AFTER, HEADS_RECYCLE_AFTER = 32, 128
"""Files until a worker is replaced: it has cost some milliseconds, and may have been taken over since.

The second where types alone are determined, which takes a twentieth of the time.
"""


class MediaWorkers:
    """Worker processes for media bytes; ``async with`` starts them and leaves none behind."""

    def __init__(
        self,
        *,
        workers: int = 2,
        timeout: float = 20.0,
        memory_bytes: int = 1024 * 1024 * 1024,
        recycle_after: int | None = None,
        decode: bool = True,
    ) -> None:
        """Take the number of processes and the limits of each.

        ``timeout`` is seconds for one file, and bounds its CPU time too; ``memory_bytes`` the address space;
        ``recycle_after`` the number of looks until a process is replaced by a fresh one (default: 32); it is
        replaced earlier when it is needed for another host, and when it was lost or answered oddly.
        Without ``decode`` they are made ready for determining types alone, and last for 128.
        """
        recycle_after = recycle_after or (RECYCLE_AFTER if decode else HEADS_RECYCLE_AFTER)
        self._largest = memory_bytes // SHARE
        self._pool = WorkerPool(
            timeout=timeout,
            limits=Confinement(
                memory_bytes=memory_bytes, cpu_seconds=recycle_after * math.ceil(timeout + CPU_SECONDS)
            ),
            recycle_after=recycle_after,
            decode=decode,
        )
        self._looks = Looks(self._pool, workers=workers)

    async def __aenter__(self) -> Self:
        """Have the processes start while the caller goes on."""
        self._pool.start()
        return self

    async def __aexit__(self, *_failure: object) -> None:
        """Kill the processes, whatever they are doing."""
        await self._looks.end()
        self._pool.end()

    async def sniff(self, url: str, body: bytes) -> Sniffed:
        """The type of the bytes and who said so; ``problem`` when they could not be looked at safely.

        Nothing the bytes do raises. The whole file goes to a worker only when its head tells too little.
        """
        if not body:
            return Sniffed(type=None)
        host, named = _host(url), named_type(url)
        try:
            found = await self._looks.look(host, Sample(data=bytes(body[:HEAD]), size=len(body), named=named))
            if isinstance(found, Inspected):
                return found.sniffed
            if len(body) > self._largest:
                return Sniffed(type=None, problem=f"{len(body)} bytes are too many to look at")
            found = await self._looks.look(host, Sample(data=bytes(body), size=len(body), named=named))
        except WorkerLostError as lost:
            return Sniffed(type=None, problem=str(lost), lost=lost.lost)
        return found.sniffed if found else Sniffed(type=None, problem="a worker gave no answer")

    async def inspect(
        self, url: str, body: bytes, *, preview: bool = False, usable: Usable = EVERYTHING
    ) -> Inspected:
        """The type of the bytes, and what a decoder found in them; both in one task of a worker.

        ``usable`` says which sound and film to decode. With ``preview`` a likeness too, where one can be
        made; a worker lost over it costs no facts. Nothing
        the bytes do raises. Where the worker was lost before, the type alone is asked for once more and
        nothing is decoded again: what died of decoding may yet say what it is.
        """
        if not body:
            return Inspected(sniffed=Sniffed(type=None))
        if len(body) > self._largest:
            return await self._undecoded(url, body, f"{len(body)} bytes are too many to decode")
        sample = Sample(
            data=bytes(body),
            size=len(body),
            named=named_type(url),
            decode=True,
            preview=preview,
            usable=usable,
        )
        try:
            found = await self._looks.look(_host(url), sample)
        except WorkerLostError as lost:
            return await self._undecoded(url, body, str(lost), lost.lost)
        return found or await self._undecoded(url, body, "a worker gave no answer")

    async def _undecoded(self, url: str, body: bytes, why: str, lost: Because | None = None) -> Inspected:
        """The type of the bytes, and why they were not decoded."""
        sniffed = await self.sniff(url, body)
        return Inspected(sniffed=sniffed, decoded=not_decoded(sniffed.type, why, lost))


def _host(url: str) -> str:
    """Whose files a worker may see together: those of one host as the URL has it; all local ones are one."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url
