"""Files and messages to mended copies: the one place that joins judging, mending and writing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from mmscheck.errors import ReportError
from mmscheck.fix.aims import aims, message_bounds
from mmscheck.fix.confined import Forge
from mmscheck.fix.files import put
from mmscheck.fix.log import Log
from mmscheck.fix.media import Shop, Source, Worked, demand_apart, place_of
from mmscheck.fix.messages import Document, Messages
from mmscheck.fix.names import Names
from mmscheck.fix.proof import Judge
from mmscheck.fix.values import Action, Entry, Wishes
from mmscheck.lint.assets import locate
from mmscheck.model.mms import MediaRef
from mmscheck.model.rule import RuleSet

Tell = Callable[[Entry], None]
"""Called with each entry as soon as it is settled."""

Assets = Sequence[tuple[str, Path]]

IN_MEMORY = 4
"""Files beyond the workers' that are held at a time."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a run goes: ``jobs`` files at a time, ``timeout`` seconds for one.

    ``write`` is false for a dry run; ``in_place`` takes a file away whose product has another name.
    """

    wishes: Wishes = Wishes()
    strict: bool = False
    jobs: int = 2
    timeout: float = 120.0
    write: bool = True
    in_place: bool = False
    previews: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of a run, and by what they end: verdicts that block or are open, and unread files."""

    ruleset_digest: str
    entries: tuple[Entry, ...]
    denied: int = 0
    undecided: int = 0
    unread: tuple[str, ...] = ()


async def fix(
    documents: Sequence[Document],
    media: Sequence[Source],
    ruleset: RuleSet,
    settings: Settings,
    *,
    assets: Assets = (),
    beside: Callable[[Path], Source] | None = None,
    log: Log | None = None,
    tell: Tell | None = None,
) -> Outcome:
    """Mend files and messages, and the files that ``assets`` has for the messages' URLs.

    ``beside`` says where such a file goes; without it those files are only read. Raises UsageError for
    two files that would go to one place, ReportError where something cannot be written.
    """
    places = _places(documents, assets)
    known = {source.place: source for source in media}
    named = {url: _source(place, known, beside) for url, place in places.items()}
    everything = {source.place: source for source in (*media, *named.values()) if source is not None}
    held = {source.place for source in named.values() if source is not None}
    sources = (*everything.values(), *(document.source for document in documents))
    demand_apart(sources)
    writer = _Writer(settings, log, tell, Names(source.target for source in sources))
    async with (
        Judge(ruleset, strict=settings.strict, workers=settings.jobs, previews=settings.previews) as judge,
        Forge(jobs=settings.jobs, timeout=settings.timeout) as forge,
    ):
        shop = Shop(judge, forge, aims(ruleset), settings.wishes, log)
        turn = asyncio.Semaphore(settings.jobs + IN_MEMORY)

        async def one(place: Path, source: Source) -> Worked:
            async with turn:
                worked = await shop.work(source)
                return worked if place in held else writer.settle(worked)

        done = dict(
            zip(
                everything,
                await asyncio.gather(*(one(place, source) for place, source in everything.items())),
                strict=True,
            )
        )
        messages = Messages(judge, shop, message_bounds(ruleset), named)
        done = await messages.fit(documents, done)
        for place in held:
            done[place] = writer.settle(done[place])
        for document in documents:
            writer.settle(messages.mend(document, done))
    return writer.outcome(ruleset.digest)


def _places(documents: Sequence[Document], assets: Assets) -> dict[str, Path]:
    refs: list[MediaRef] = [ref for document in documents for ref in document.message.media]
    found = {ref.url: locate(ref.url, assets) for ref in refs}
    return {url: place for url, place in found.items() if isinstance(place, Path)}


def _source(
    place: Path, known: Mapping[Path, Source], beside: Callable[[Path], Source] | None
) -> Source | None:
    own = known.get(place_of(place))
    if own is not None or beside is None:
        return own
    return beside(place)


class _Writer:
    """Writes what was settled, once each, and keeps the entries."""

    def __init__(self, settings: Settings, log: Log | None, tell: Tell | None, names: Names) -> None:
        self._settings = settings
        self._log = log
        self._tell = tell
        self._names = names
        self._entries: list[Entry] = []
        self._unread: list[str] = []
        self._denied = 0
        self._undecided = 0

    def settle(self, worked: Worked) -> Worked:
        """Write one and count it; what comes back holds no bytes any more."""
        if worked.unread or worked.entry is None:
            self._unread.append(worked.unread)
            return worked
        worked = self._free(worked)
        entry = worked.entry
        assert entry is not None  # noqa: S101 - for the type checker
        if self._settings.write and worked.data is not None and entry.target is not None:
            self._write(worked, Path(entry.target), worked.data)
        if worked.now is not None and not worked.now.passed:
            self._denied += not worked.now.verdict.undecided
            self._undecided += worked.now.verdict.undecided
        self._entries.append(entry)
        if self._tell is not None:
            self._tell(entry)
        return replace(worked, data=None)

    def _free(self, worked: Worked) -> Worked:
        """The same with a target that no other file of this run may want, whichever comes first."""
        entry, old = worked.entry, worked.source.target
        if entry is None or entry.target is None or Path(entry.target) == old:
            return worked
        suffix = Path(entry.target).suffix
        target = next(
            (name for name in self._names.of(old, suffix) if not (self._settings.in_place and name.exists())),
            None,
        )
        if target is None:
            raise ReportError(f"{entry.target} is there already; {old} stays as it is")
        return replace(worked, entry=replace(entry, target=str(target)))

    def _write(self, worked: Worked, target: Path, data: bytes) -> None:
        source = worked.source.file
        if self._settings.in_place:
            if worked.entry is not None and worked.entry.action is not Action.COPIED:
                put(target, data)
                if target != source:
                    source.unlink()
            return
        if target.exists() and target.read_bytes() != data and not (self._log and self._log.is_ours(target)):
            raise ReportError(
                f"{target} was not made by mmscheck fix, or was changed since; it stays as it is"
            )
        if self._log is not None:
            self._log.begin()
        if not target.exists() or target.read_bytes() != data:
            put(target, data)
        if self._log is not None:
            self._log.add(target, data, worked.key, worked.product)

    def outcome(self, digest: str) -> Outcome:
        """What all came to, by the files' names."""
        return Outcome(
            ruleset_digest=digest,
            entries=tuple(sorted(self._entries, key=lambda entry: entry.source)),
            denied=self._denied,
            undecided=self._undecided,
            unread=tuple(self._unread),
        )


__all__ = ["Document", "Outcome", "Settings", "Source", "Tell", "fix"]
