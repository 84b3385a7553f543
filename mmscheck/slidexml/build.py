"""Element tree to the values of a stored message; nothing that stands in the tree goes unmentioned.

What a name plainly means (another case, hyphens, a legacy or JSON spelling) is taken as that element and
listed as a stray. What nothing documents is listed as a stray, and looked through for slides and media.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from lxml.etree import _Element

from mmscheck.model.mms import Slide, Stray, Text
from mmscheck.slidexml import names
from mmscheck.slidexml.markup import Tree
from mmscheck.slidexml.notes import Found, Notes, elements, name_of, text_of
from mmscheck.slidexml.slide import SlideReader

_ACTIONS_WITH_SLIDES = frozenset({"savemms", "sendmms"})
_ONLY_IN_SLIDES = frozenset({*names.KINDS, names.URL, names.TEXT, names.DURATION})


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a document holds of a message."""

    dialect: str
    action: str
    name: Text | None
    subject: Text | None
    slides: tuple[Slide, ...]
    strays: tuple[Stray, ...]


def build(tree: Tree) -> Content:
    """Read a tree whose root is a request in some spelling."""
    notes = Notes(tree)
    notes.meet(tree.root)
    reader = _RequestReader(notes, tree.root)
    slides = tuple(_numbered(reader.slides))
    name, subject = notes.only(reader.names), notes.only(reader.subjects)
    strays = tuple(sorted(notes.strays, key=lambda stray: stray.line))
    return Content(
        dialect=notes.dialect,
        action=reader.action,
        name=name,
        subject=subject,
        slides=slides,
        strays=strays,
    )


def _numbered(readers: list[SlideReader]) -> Iterator[Slide]:
    media = 0
    for number, reader in enumerate(_flat(readers), start=1):
        slide = reader.slide(number, media)
        media += len(slide.media)
        yield slide


def _flat(readers: list[SlideReader]) -> Iterator[SlideReader]:
    for reader in readers:
        yield reader
        yield from _flat(reader.nested)


class _RequestReader:
    """Collects names, subjects and slides below the root."""

    def __init__(self, notes: Notes, root: _Element) -> None:
        self._notes = notes
        self.names: list[Found] = []
        self.subjects: list[Found] = []
        self.slides: list[SlideReader] = []
        self.action = ""
        notes.loose_text(root)
        self._children(root, within=None)

    def _children(self, parent: _Element, within: str | None) -> None:
        for child in elements(parent):
            self._child(child, self._notes.meet(child), within)

    def _child(self, child: _Element, key: str, within: str | None) -> None:
        if key == names.SLIDE:
            self.slides.append(SlideReader(self._notes, child))
        elif key in names.CONTAINERS:
            self._notes.loose_text(child)
            self._children(child, within)
        elif key in {names.NAME, names.SUBJECT} and within is None:
            found = self.names if key == names.NAME else self.subjects
            found.append((name_of(child), self._notes.scalar(child)))
        else:
            self._other(child, key, within)

    def _other(self, child: _Element, key: str, within: str | None) -> None:
        name = name_of(child)
        if key in {names.NAME, names.SUBJECT}:
            self._notes.add(child, f"{name} (inside {within}, so it is not read)", overlooked=True)
        elif key in _ONLY_IN_SLIDES:
            self._notes.add(child, f"{name} (outside a slide, so it is not read)", overlooked=True)
        elif key == "action" and within is None:
            self._action(child, name)
        self._children(child, within=name)

    def _action(self, child: _Element, name: str) -> None:
        action = text_of(child).strip().lower()
        if action not in _ACTIONS_WITH_SLIDES:
            self._notes.add(child, f"{name} (neither saveMMS nor sendMMS)")
        # Of two different ones nobody knows which counts, so neither excuses anything.
        self.action = action if self.action in {"", action} else "several"
