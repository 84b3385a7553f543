"""The header row of a file of recipients: what each column is for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from mmscheck.base.text import is_blank
from mmscheck.errors import InputError
from mmscheck.model.effective import NAME, key_of
from mmscheck.model.request import Changes, CustomText

TO, SUBJECT = "to", "custom-subject"
_TEXT = re.compile(r"custom-text-([1-9][0-9]{0,3})")
_NEARLY = re.compile(r"custom[-_ ]?(subject|text).*")


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """The names in order as written, and by index what they hold; ``texts`` pairs slide and index."""

    names: tuple[str, ...]
    to: int
    subject: int | None
    texts: tuple[tuple[int, int], ...]
    data: tuple[tuple[str, int], ...]

    @property
    def filling(self) -> tuple[str, ...]:
        """The names of the merge data."""
        return tuple(name for name, _ in self.data)

    @property
    def rewrites(self) -> bool:
        """Whether rows may have texts of their own."""
        return bool(self.texts) or self.subject is not None

    def changes(self, values: Sequence[str], common: Changes) -> Changes:
        """What one row changes in the message, beside what all have in common.

        An empty cell is nothing, and so is one of blanks: the stored text, or a tag's default, counts then.
        """
        given = ["" if is_blank(value) else value for value in values]
        subject = given[self.subject] if self.subject is not None else ""
        texts = [CustomText(slide=slide, value=given[at]) for slide, at in self.texts if given[at]]
        return Changes(
            custom_subject=subject or common.custom_subject,
            custom_texts=(*common.custom_texts, *texts),
            data=(*common.data, *((name, given[at]) for name, at in self.data if given[at])),
        )


def read_columns(file: str, header: Sequence[str], common: Changes) -> Columns:
    """What a header says; raises InputError for all that is wrong with it, naming file and column.

    ``common`` are the changes that hold for every row: no column may give them a second time.
    """
    names = tuple(name.strip() for name in header)
    faults = [*_unnamed(names), *_doubled(names), *_misspelt(names), *_given_twice(names, common)]
    lower = [name.lower() for name in names]
    if TO not in lower:
        faults.append(_without_to(names))
    if faults:
        raise InputError(f"{file}, line 1: {'; '.join(faults)}")
    texts = [(int(found[1]), at) for at, name in enumerate(lower) if (found := _TEXT.fullmatch(name))]
    special = {lower.index(TO), *(at for _, at in texts)}
    subject = lower.index(SUBJECT) if SUBJECT in lower else None
    data = [(name, at) for at, name in enumerate(names) if at not in special and at != subject]
    return Columns(names=names, to=lower.index(TO), subject=subject, texts=tuple(texts), data=tuple(data))


def _without_to(names: Sequence[str]) -> str:
    hint = ""
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        hint = "; columns are separated by commas"
    return f"expected a column named to, and found {', '.join(map(repr, names))[:200]}{hint}"


def _unnamed(names: Sequence[str]) -> list[str]:
    return [f"column {at + 1} has no name" for at, name in enumerate(names) if not name]


def _doubled(names: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    again = []
    for name in names:
        if name and key_of(name) in seen:
            again.append(f"column {name!r} is there twice (names are matched without regard to case)")
        seen.add(key_of(name))
    return again


def _misspelt(names: Sequence[str]) -> list[str]:
    faults = []
    for name in filter(None, names):
        lower = name.lower()
        if lower in {TO, SUBJECT} or _TEXT.fullmatch(lower):
            continue
        if _NEARLY.fullmatch(lower):
            faults.append(f"column {name!r}: expected custom-subject, or custom-text-N with a slide number")
        elif not NAME.match(name):
            faults.append(
                f"column {name!r}: the name of merge data is a letter followed by letters, digits, _ . or -"
            )
    return faults


def _given_twice(names: Sequence[str], common: Changes) -> list[str]:
    known = {key_of(name): f"--data {name}" for name, _ in common.data}
    known |= {f"custom-text-{text.slide}": f"--custom-text {text.slide}" for text in common.custom_texts}
    if common.custom_subject is not None:
        known[SUBJECT] = "--custom-subject"
    return [
        f"column {name!r} is given by {known[key_of(name)]} as well"
        for name in names
        if key_of(name) in known
    ]
