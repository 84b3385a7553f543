"""Messages and media files judged without a network, as far as that goes; nothing is ever permitted."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from mmscheck import media
from mmscheck.checks.media_types import is_other, kind_of
from mmscheck.fetch import Inspector
from mmscheck.judge.engine import judge, judge_alone
from mmscheck.judge.observe import usable
from mmscheck.judge.pipeline import window
from mmscheck.judge.reports import make_report, start_clock
from mmscheck.judge.shared import SharedMedia
from mmscheck.lint.assets import MAX_BYTES, Missing, TooLarge, locate, read_local
from mmscheck.model.facts import Usable
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched, NotFetched, Observation, Reason, Timing
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.request import Changes
from mmscheck.model.rule import RuleSet

AT_ONCE = 8
"""Files held in memory at a time."""

Assets = Sequence[tuple[str, Path]]
"""URL prefixes and the local folders they will be uploaded from; the first that matches counts."""


async def lint(
    messages: Sequence[Mms],
    files: Sequence[str],
    ruleset: RuleSet,
    *,
    assets: Assets = (),
    changes: Changes | None = None,
    strict: bool = False,
    unread: tuple[str, ...] = (),
    previews: bool = False,
    left_out: int = 0,
) -> Report:
    """Judge messages with what ``assets`` has for their URLs, and each of ``files`` as an entry of its own.

    A file that cannot be read joins ``unread``, sentences that make the run fail. The messages are taken to
    go out within an hour. ``left_out`` counts XML files that were not taken for messages. ``previews`` has
    likenesses of the media made, for formats that show them.
    """
    clock, sending, shared = start_clock(), window(), SharedMedia(messages)
    places = {ref.url: locate(ref.url, assets) for message in messages for ref in message.media}
    found = {url: place for url, place in places.items() if isinstance(place, Path)}
    looked = await _look([*found.values(), *map(Path, files)], usable(ruleset), previews=previews)
    seen = {url: _placed(url, place, looked) for url, place in places.items()}
    given = {path: msgspec.structs.replace(looked[Path(path)], url=path) for path in files}
    lost = tuple(sentence for path, each in given.items() for sentence in _lost(path, each))
    return make_report(
        ruleset,
        (
            *(
                judge(ruleset, message, seen, changes=changes or Changes(), window=sending, shared=shared)
                for message in messages
            ),
            *_entries(ruleset, given),
        ),
        clock,
        strict=strict,
        unread=(*unread, *lost),
        left_out=left_out,
    )


def _entries(ruleset: RuleSet, given: Mapping[str, Observation]) -> Iterable[MessageReport]:
    for path, seen in given.items():
        if not any(_lost(path, seen)):
            yield judge_alone(ruleset, path, kind_of(path, seen), seen)


def _lost(path: str, seen: Observation) -> Iterable[str]:
    if isinstance(seen, NotFetched) and seen.reason is Reason.NO_LOCAL_FILE:
        yield f"{path}: {seen.detail}"
    if isinstance(seen, Fetched) and is_other(path, seen):
        yield f"{path}: this is {seen.sniffed.type}, and neither slide XML nor a file that a message can hold"


def _placed(url: str, place: Path | Missing | None, looked: Mapping[Path, Observation]) -> Observation:
    if isinstance(place, Path):
        return msgspec.structs.replace(looked[place], url=url)
    if isinstance(place, Missing):
        return NotFetched(url=url, reason=Reason.NO_LOCAL_FILE, detail=place.problem)
    return NotFetched(url=url, reason=Reason.OFFLINE)


async def _look(paths: Iterable[Path], wanted: Usable, *, previews: bool) -> dict[Path, Observation]:
    """What is in each distinct file; worker processes start only when there is one."""
    distinct = tuple(dict.fromkeys(paths))
    if not distinct:
        return {}
    turn = asyncio.Semaphore(AT_ONCE)
    async with media.MediaWorkers(workers=min(media.worker_count(), len(distinct))) as workers:
        inspect = partial(workers.inspect, preview=previews, usable=wanted)
        seen = await asyncio.gather(*(_look_at(path, inspect, turn) for path in distinct))
    return dict(zip(distinct, seen, strict=True))


async def _look_at(path: Path, inspect: Inspector, turn: asyncio.Semaphore) -> Observation:
    async with turn:
        url, data = str(path), read_local(path)
        if isinstance(data, Missing):
            return NotFetched(url=url, reason=Reason.NO_LOCAL_FILE, detail=data.problem)
        if isinstance(data, TooLarge):
            detail = f"more than {MAX_BYTES} bytes"
            return NotFetched(url=url, reason=Reason.TOO_LARGE, detail=detail, received=data.size)
        # Only the end of the name matters, and as a URL the rest of it could be misread.
        inspected = await inspect(f"file{path.suffix}", data)
    return Fetched(
        url=url,
        hops=(),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        timing_ms=Timing(total=0),
        sniffed=inspected.sniffed,
        decoded=inspected.decoded,
        preview=inspected.preview,
    )
