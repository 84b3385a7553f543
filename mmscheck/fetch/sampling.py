"""Probes that are asked of a few files for all that are like them, and of all once one shows something.

Alike are files of one host and type, on one side of `CLIFF`, behind the same server program. Which of them
come first is chance: the network decides that, and not the order of the messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable, Sequence

from mmscheck.base.http import CLIFF
from mmscheck.fetch.url import parse_url
from mmscheck.model.observation import Hop, Observation, ProbeName
from mmscheck.servers.caches import caching

SAMPLE = 3
"""Files that stand for those like them (a judgement: one may be chance, and a host's nodes are often two)."""

NOT_ASKED = "not asked: three like it were"
"""Why a probe of one of the others is left out; reads as a report has it."""

Shows = Callable[[Observation, ProbeName], bool]
"""Whether that probe of what was observed shows anything that somebody has to look at."""


class Sampling:
    """Which probes of a run are sampled, and what came of those that were asked."""

    def __init__(self, names: Collection[ProbeName], shows: Shows) -> None:
        """Sample the probes of these ``names``; any other is always asked."""
        self._names = frozenset(names)
        self._shows = shows
        self._samples: dict[Hashable, Sample] = {}

    def of(self, hops: Sequence[Hop], size: int, name: ProbeName) -> Sample | None:
        """The sample that a file of ``size`` bytes behind these hops belongs to; None: it is asked anyway."""
        if name not in self._names:
            return None
        alike = likeness(hops, size, name)
        if alike not in self._samples:
            self._samples[alike] = Sample(name, self._shows)
        return self._samples[alike]


def likeness(hops: Sequence[Hop], size: int, name: ProbeName) -> Hashable:
    """What two files have in common whose answers to a probe are taken to be alike."""
    final = hops[-1]
    types = tuple(value.partition(";")[0].strip().lower() for value in final.values("Content-Type"))
    hosts = tuple((target.scheme, target.key) for target in (parse_url(hop.url) for hop in hops))
    # What came from an origin says nothing of what a cache answers for it.
    cached = caching(final).state if name is ProbeName.COLD else None
    return name, hosts, types, final.values("Server"), size > CLIFF, cached


class Sample:
    """The first few files that are alike, and what one probe of them shows."""

    def __init__(self, name: ProbeName, shows: Shows) -> None:
        """Have nothing yet."""
        self._name = name
        self._shows = shows
        self._left = SAMPLE
        self._seen: list[Observation] = []
        self._whole = asyncio.Event()
        self._shown: bool | None = None

    def takes(self) -> bool:
        """Whether the file that asks is one of the sample; what comes of it is then to be told to `add`."""
        self._left -= 1
        return self._left >= 0

    def add(self, seen: Observation) -> None:
        """Take what came of one of the sample."""
        self._seen.append(seen)
        if len(self._seen) == SAMPLE:
            self._whole.set()

    async def shows(self) -> bool:
        """Whether the sample shows anything, once all of it is there: then every other file is asked too."""
        await self._whole.wait()
        if self._shown is None:
            self._shown = any(self._is_shown_by(seen) for seen in self._seen)
        return self._shown

    def _is_shown_by(self, seen: Observation) -> bool:
        try:
            return self._shows(seen, self._name)
        except Exception:  # noqa: BLE001 - whoever cannot tell has every file asked
            return True
