"""A document to a message, with the line of every part; nothing that stands in it goes unmentioned.

Reading never fails: a document that is no stored message becomes one with a ``problem``, which a rule
then reports. Three dialects are read: the modern ``request``, the legacy ``REQUEST`` in upper case, and
the older ``REQUEST/CONTENT/SEQUENCE``. A document that begins as JSON does is read as such (``json_reader``).

What a name plainly means (another case, hyphens, a legacy or JSON spelling) is taken as that element and
listed as a stray. What nothing documents is listed as a stray, and looked through for slides and media.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec
from lxml.etree import _Element

from mmscheck.model.mms import Mms, Slide, Stray, Text, XmlProblem
from mmscheck.model.words import DocumentKind
from mmscheck.slidexml import names
from mmscheck.slidexml.decode import MAX_BYTES, Undecodable, decode, is_json
from mmscheck.slidexml.excerpt import excerpt, excerpts
from mmscheck.slidexml.markup import Tree, read
from mmscheck.slidexml.slide import Found, Notes, SlideReader, elements, key_of, name_of, text_of

_ACTIONS_WITH_SLIDES = frozenset({"savemms", "sendmms"})
_ONLY_IN_SLIDES = frozenset({*names.KINDS, names.URL, names.TEXT, names.DURATION})


_KINDS = {"sendmms": DocumentKind.ONE_SHOT}
"""By action; all else, and what nobody knows, is held to the rules of what is saved."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a document holds of a message."""

    spelling: str
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
        spelling=notes.dialect,
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


def parse(data: bytes, source: str) -> Mms:
    """The message in ``data``, XML or JSON; whatever cannot be read becomes its ``problem``.

    ``source`` names the document in reports. Values are kept exactly as written, white space and all;
    an API key in the document is in none of them.
    """
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    if is_json(data):
        from mmscheck.slidexml import json_reader  # noqa: PLC0415 - most documents are XML

        return json_reader.parse(data, source, digest)
    text = decode(data) if len(data) <= MAX_BYTES else None
    content = _content(text)
    if isinstance(content, XmlProblem):
        return Mms(source=source, digest=digest, problem=content)
    message = Mms(
        source=source,
        digest=digest,
        kind=_KINDS.get(content.action, DocumentKind.SAVED),
        spelling=content.spelling,
        action=content.action,
        name=content.name,
        subject=content.subject,
        slides=content.slides,
        strays=content.strays,
    )
    return (
        msgspec.structs.replace(message, excerpts=excerpts(text, message)) if type(text) is str else message
    )


def _content(text: str | Undecodable | None) -> Content | XmlProblem:
    """What the decoded document holds; None stands for one that is too large to be decoded."""
    if text is None:
        return XmlProblem(reason=f"the document is larger than {MAX_BYTES:,} bytes")
    if isinstance(text, Undecodable):
        return _undecodable(text)
    tree = read(text)
    if isinstance(tree, XmlProblem):
        return tree
    return build(tree) if key_of(tree.root) == "request" else _wrong_root(tree, text)


def _undecodable(problem: Undecodable) -> XmlProblem:
    shown = excerpt(problem.visible, problem.line) if problem.visible and problem.line else None
    return XmlProblem(reason=problem.reason, line=problem.line, hint=problem.hint, excerpt=shown)


def _wrong_root(tree: Tree, text: str) -> XmlProblem:
    line = tree.lines[tree.root]
    name = name_of(tree.root)
    return XmlProblem(
        reason=f"the root element is <{name}>, not <request>",
        line=line,
        hint="Give the request that stores the message, as sent to the provider's XML API",
        excerpt=excerpt(text, line),
    )
