"""``lint`` of what was uploaded: documents, and files that stand for what their URLs will lead to.

Everything stays in memory, so a name is only ever text: none is opened, joined or made on a disk.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from mmscheck.checks.media_types import is_other, kind_of
from mmscheck.judge.engine import judge, judge_alone
from mmscheck.judge.observe import usable
from mmscheck.judge.pipeline import window
from mmscheck.judge.reports import make_report, start_clock
from mmscheck.media import MediaWorkers
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched, NotFetched, Observation, Reason, Timing
from mmscheck.model.report import Report
from mmscheck.model.request import Changes
from mmscheck.model.rule import RuleSet
from mmscheck.serve.bodies import Named


async def lint_uploads(
    messages: Sequence[Mms],
    files: Sequence[Named],
    ruleset: RuleSet,
    workers: MediaWorkers,
    *,
    changes: Changes,
    strict: bool,
    on_done: Callable[[], None],
) -> Report:
    """Judge messages with the files that their URLs name, and each file as an entry of its own.

    ``on_done`` is called for each file that was looked at. Nothing is ever permitted by it.
    """
    clock, sending = start_clock(), window()
    names = distinct(files)
    seen_one = partial(_look, ruleset=ruleset, workers=workers, on_done=on_done)
    seen_all = await asyncio.gather(*(seen_one(name, one) for name, one in names.items()))
    looked = dict(zip(names, seen_all, strict=True))
    seen = {ref.url: _placed(ref.url, looked) for message in messages for ref in message.media}
    lost = tuple(sentence for name, each in looked.items() for sentence in _lost(name, each))
    return make_report(
        ruleset,
        (
            *(judge(ruleset, message, seen, changes=changes, window=sending) for message in messages),
            *(
                judge_alone(ruleset, name, kind_of(name, each), each)
                for name, each in looked.items()
                if not any(_lost(name, each))
            ),
        ),
        clock,
        strict=strict,
        unread=lost,
    )


def distinct(files: Sequence[Named]) -> dict[str, Named]:
    """The files by their names; one that comes again under a name is told apart by a number."""
    found: dict[str, Named] = {}
    for one in files:
        name, number = one.name, 1
        while name in found:
            number += 1
            path = PurePosixPath(one.name)
            name = str(path.with_name(f"{path.stem} ({number}){path.suffix}")) if path.name else f"{number}"
        found[name] = one
    return found


async def _look(
    name: str, one: Named, *, ruleset: RuleSet, workers: MediaWorkers, on_done: Callable[[], None]
) -> Observation:
    # Only the end of the name matters, and as a URL the rest of it could be misread.
    inspected = await workers.inspect(
        f"file{PurePosixPath(name).suffix}", one.data, preview=True, usable=usable(ruleset)
    )
    on_done()
    return Fetched(
        url=name,
        hops=(),
        size=len(one.data),
        sha256=hashlib.sha256(one.data).hexdigest(),
        timing_ms=Timing(total=0),
        sniffed=inspected.sniffed,
        decoded=inspected.decoded,
        preview=inspected.preview,
    )


def _placed(url: str, looked: Mapping[str, Observation]) -> Observation:
    """What was uploaded for a URL."""
    name = name_for(url, looked)
    return NotFetched(url=url, reason=Reason.OFFLINE) if name is None else replace(looked[name], url=url)


def name_for(url: str, names: Iterable[str]) -> str | None:
    """The one file for a URL: whose path ends as the URL's does, for longest; None where there is no such."""
    wanted = _parts(unquote(_path(url)))
    best: list[str] = []
    most = 0
    for name in names:
        same = _common_end(wanted, _parts(name))
        if same > most:
            best, most = [name], same
        elif same and same == most:
            best.append(name)
    return best[0] if len(best) == 1 else None


def _path(url: str) -> str:
    try:
        return urlsplit(url.strip()).path
    except ValueError:
        return ""


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def _common_end(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    same = 0
    for mine, theirs in zip(reversed(one), reversed(other), strict=False):
        if mine != theirs:
            break
        same += 1
    return same


def _lost(name: str, seen: Observation) -> Iterator[str]:
    if isinstance(seen, Fetched) and is_other(name, seen):
        kind = seen.sniffed.type
        yield f"{name}: this is {kind}, and neither slide XML nor a file that a message can hold"
