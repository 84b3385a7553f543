"""``fix`` of what was uploaded: mended by confined processes, judged again, and packed into one file.

Nothing touches a disk, and a name is never opened: it is made harmless once, for whoever unpacks the file.
"""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from mmscheck.fix import Document, Entry, Settings, Shape, Source, Wishes, fix
from mmscheck.fix.values import Result
from mmscheck.model.exits import Exit
from mmscheck.model.rule import RuleSet
from mmscheck.serve.bodies import Named
from mmscheck.serve.checker import Done, Tell
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.settings import Caps
from mmscheck.serve.uploads import distinct, name_for
from mmscheck.serve.words import MendOptions, Outcome
from mmscheck.serve.work import Work
from mmscheck.slidexml import parse

_NOWHERE = Path("/mmscheck-uploads")
"""Where uploads seem to be: names below it tell them apart, and none is opened."""

_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*]')
"""What no file of Windows can have in its name, or no terminal should show."""

_LONGEST_PART = 120
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_DOCUMENTS = (".xml", ".json")


async def mend(work: Work, ruleset: RuleSet, caps: Caps, *, strict: bool, tell: Tell) -> Done:
    """Mend what was uploaded; raises the problem of what takes too long, or becomes too large."""
    documents, files = _sources(work)
    total, kept = len(documents) + len(files), _Kept(caps.body)
    done = 0

    def one_more(_entry: Entry) -> None:
        nonlocal done
        done += 1
        tell(done, total)

    tell(0, total)
    by_name = {str(source.target): source for source in files}
    placed = {ref.url: name_for(ref.url, by_name) for each in documents for ref in each.meant.media}
    try:
        async with asyncio.timeout(caps.mend_seconds):
            came = await fix(
                documents,
                files,
                ruleset,
                _settings(work.mending, strict=strict),
                placed={url: by_name[name] for url, name in placed.items() if name is not None},
                tell=one_more,
                take=kept.take,
            )
    except TimeoutError:
        raise ProblemError(
            "ended", f"It took longer than {caps.mend_seconds:g} seconds; give fewer files."
        ) from None
    # What is left of a fault is for whoever runs the service, and no client is told where it runs.
    entries = tuple(replace(entry, fault="") for entry in came.entries)
    result = Result(
        tool_version=version("mmscheck"),
        ruleset_digest=came.ruleset_digest,
        entries=entries,
        dry=False,
        strict=strict,
        passed=came.exit is Exit.PERMITTED,
        exit_code=int(came.exit),
        unread=came.unread,
    )
    outcome = Outcome(verdict="pass-offline" if result.passed else "deny", exit_code=result.exit_code)
    return Done(outcome=outcome, mended=result, files=kept.packed())


def unpacked_files(packed: bytes) -> tuple[tuple[Named, ...], tuple[Named, ...]]:
    """Documents and files of what ``mend`` has packed."""
    with zipfile.ZipFile(io.BytesIO(packed)) as pack:
        every = [Named(name=name, data=pack.read(name)) for name in pack.namelist()]
    documents = tuple(one for one in every if one.name.endswith(_DOCUMENTS))
    return documents, tuple(one for one in every if not one.name.endswith(_DOCUMENTS))


class _Kept:
    """What was kept, by its name; ``most`` bytes in all."""

    def __init__(self, most: int) -> None:
        self._files: dict[str, bytes] = {}
        self._most = most

    def take(self, target: Path, data: bytes) -> None:
        self._files[target.as_posix()] = data
        if sum(map(len, self._files.values())) > self._most:
            raise ProblemError("too-large", f"What was mended has more than {self._most:,} bytes.")

    def packed(self) -> bytes:
        """All of it as a zip file, the same for the same; media are as small as they can be already."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as pack:
            for name, data in sorted(self._files.items()):
                pack.writestr(zipfile.ZipInfo(name, _NO_TIME), data)
        return out.getvalue()


def _sources(work: Work) -> tuple[tuple[Document, ...], tuple[Source, ...]]:
    named = [_document(one) for one in work.documents] + [_harmless(one) for one in work.files]
    told = [one.name for one in (*work.documents, *work.files)]
    sources = [
        Source(name=name, file=_NOWHERE / target, target=Path(target), data=one.data)
        for name, (target, one) in zip(told, distinct(named).items(), strict=True)
    ]
    documents = sources[: len(work.documents)]
    return tuple(_parsed(documents)), tuple(sources[len(documents) :])


def _parsed(sources: Sequence[Source]) -> Iterator[Document]:
    for source in sources:
        data = source.data or b""
        yield Document(source=source, data=data, message=parse(data, source.name))


def _document(one: Named) -> Named:
    plain = _harmless(one)
    return plain if plain.name.endswith(_DOCUMENTS) else replace(plain, name=f"{plain.name}{_DOCUMENTS[0]}")


def _harmless(one: Named) -> Named:
    """The same under a name that leads nowhere but below the folder it is unpacked in."""
    parts = [_NOT_IN_NAMES.sub("_", part)[-_LONGEST_PART:].rstrip(". ") for part in one.name.split("/")]
    return replace(one, name=str(PurePosixPath(*filter(None, parts)) if any(parts) else "file"))


def _settings(asked: MendOptions, *, strict: bool) -> Settings:
    red, green, blue = bytes.fromhex(asked.background)
    shape = asked.shape or (Shape.EXTEND if strict else Shape.KEEP)
    wishes = Wishes(shape=shape, background=(red, green, blue), still=asked.still, trim=asked.trim)
    return Settings(wishes=wishes, strict=strict, previews=True)
