"""One medium: judged, mended where it needs it, and judged again before it is kept."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.errors import UsageError
from mmscheck.fix.confined import Forge
from mmscheck.fix.log import Log, key_of
from mmscheck.fix.plan import Keep, Rename, step, suffix_fits
from mmscheck.fix.proof import Judge, Judged
from mmscheck.fix.values import Action, Aims, Broken, Entry, Job, Mended, Unmended, Wishes
from mmscheck.lint.assets import Missing, TooLarge, read_local

MOST_TOLD = 3
"""Findings of a product that are named where it was not kept."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be mended: its name for people, where it is, and where it goes (its ending may change).

    ``data`` are its bytes where it is on no disk; ``file`` tells it from others then, and is not opened.
    """

    name: str
    file: Path
    target: Path
    data: bytes | None = None

    @property
    def place(self) -> Path:
        """Where the file is, however its path was written."""
        return place_of(self.file)


def place_of(file: Path) -> Path:
    """The path with its folder as it really is; a link that is named is a file of its own."""
    return Path(os.path.realpath(file.parent)) / file.name


def demand_apart(sources: Iterable[Source]) -> None:
    """Refuse two files that would go to one place. Raises UsageError naming both."""
    owners: dict[Path, Source] = {}
    for source in sources:
        other = owners.setdefault(source.target, source)
        if other.place != source.place:
            raise UsageError(
                f"{other.name} and {source.name} would both become {source.target}:"
                " name a folder that holds both, or run twice"
            )


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one file: the bytes that go to ``entry.target``, None where nothing is written.

    ``now`` is the judgement of what there is in the end, ``before`` of the input; None where that could not
    be read, which ``unread`` says.
    """

    source: Source
    entry: Entry | None = None
    data: bytes | None = None
    before: Judged | None = None
    now: Judged | None = None
    key: str = ""
    product: Mended | None = None
    unread: str = ""


class Shop:
    """Where media are worked on: a judge, confined processes, and what was made before."""

    def __init__(self, judge: Judge, forge: Forge, aims: Aims, wishes: Wishes, log: Log | None) -> None:
        """``log`` is None where nothing is kept from run to run."""
        self._judge = judge
        self._forge = forge
        self.aims = aims
        self._wishes = wishes
        self._log = log

    async def work(self, source: Source, most: int | None = None) -> Worked:
        """What comes of a file; ``most`` are bytes that its message leaves it."""
        data = read_local(source.file) if source.data is None else source.data
        if isinstance(data, Missing):
            return Worked(source=source, unread=f"{source.name}: {data.problem}")
        if isinstance(data, TooLarge):
            return Worked(source=source, unread=f"{source.name}: {data.size:,} bytes are too many to read")
        before = await self._judge.medium(source.name, data)
        if before.other:
            unread = f"{source.name}: this is {before.side.type}, and nothing that a message can hold"
            return Worked(source=source, unread=unread)
        todo = step(before, source.name, data, aims=self.aims, wishes=self._wishes, most=most)
        if isinstance(todo, Rename):
            return await self._renamed(source, data, before, todo)
        if isinstance(todo, Keep):
            return _kept(source, data, before, todo)
        return await self._mended(source, data, before, todo)

    async def _renamed(self, source: Source, data: bytes, before: Judged, todo: Rename) -> Worked:
        target = source.target.with_suffix(todo.suffix)
        after = await self._judge.medium(target.name, data)
        if not after.passed:
            return _kept(source, data, before, Keep(why=_told(after), owner="content"))
        done = (f"named {todo.suffix}, as its bytes are {before.side.type}",)
        entry = _entry(source, target, Action.RENAMED, before, after=after.side, done=done)
        return Worked(source=source, entry=entry, data=data, before=before, now=after)

    async def _mended(self, source: Source, data: bytes, before: Judged, job: Job) -> Worked:
        key = key_of(job, version("mmscheck"))
        earlier = self._log.product(key) if self._log is not None else None
        answer = earlier or await self._forge.work(job)
        if isinstance(answer, Unmended):
            return _kept(source, data, before, Keep(why=answer.why, owner=answer.owner.value))
        if isinstance(answer, Broken):
            why = f"it could not be worked on: {answer.why}"
            owner = "sender" if answer.unstarted else "content"
            return _kept(source, data, before, Keep(why=why, owner=owner), fault=answer.fault)
        target = source.target
        if not suffix_fits(target.name, answer.suffix):
            target = target.with_suffix(answer.suffix)
        after = await self._judge.medium(target.name, answer.data)
        if after.unseen is not None:
            why = f"what was made of it could not be judged, and is not kept: {after.unseen}"
            return _kept(source, data, before, Keep(why=why, owner="sender"))
        new = after.failed - before.failed
        if not after.passed or new:
            why = f"what was made of it was not kept, as it fails itself: {_told(after)}"
            return _kept(source, data, before, Keep(why=why, owner="content"))
        entry = _entry(
            source,
            target,
            Action.MENDED,
            before,
            after=after.side,
            done=answer.done,
            measure=answer.measure,
            reused=earlier is not None,
        )
        worked = Worked(source=source, entry=entry, data=answer.data, before=before, now=after)
        return msgspec.structs.replace(worked, key=key, product=answer)


def _kept(source: Source, data: bytes, before: Judged, keep: Keep, fault: str = "") -> Worked:
    """The input as it is: copied where nothing in it blocks, and not written where something does."""
    if before.passed:
        why = keep.why if before.side.findings else ""
        entry = _entry(source, source.target, Action.COPIED, before, why=why, fault=fault)
        return Worked(source=source, entry=entry, data=data, before=before, now=before)
    told = keep.why or _told(before)
    entry = _entry(source, None, Action.LEFT, before, why=told, owner=keep.owner, fault=fault)
    return Worked(source=source, entry=entry, before=before, now=before)


def _entry(source: Source, target: Path | None, action: Action, before: Judged, **more: Any) -> Entry:
    place = None if target is None else str(target)
    return Entry(source=source.name, target=place, action=action, before=before.side, **more)


def _told(judged: Judged) -> str:
    found = [each for each in judged.side.findings if each.severity == "error"] or judged.side.findings
    more = f" and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    return " ".join(each.message for each in found[:MOST_TOLD]) + more
