"""A JSON document (savemms, sendmms) to a message, with line, column and pointer of every part.

As with XML reading never fails, and nothing that stands in it goes unmentioned: what is no JSON, or no such
document, is a ``problem``; a value of another type than its field takes is a misfit; what the provider does
not document, or writes otherwise, is a stray, which says where it may hold what no rule looks at.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from mmscheck.base.json_text import JsonError, Kind, Lines, Member, Node, read
from mmscheck.base.text import escaped
from mmscheck.base.xml import folded
from mmscheck.model.mms import Field, MediaRef, Misfit, Mms, Slide, Stray, Text, XmlProblem
from mmscheck.model.words import Dialect, DocumentKind, MediaKind
from mmscheck.slidexml import json_names as names
from mmscheck.slidexml.decode import MAX_BYTES, Undecodable, decode_json
from mmscheck.slidexml.excerpt import cut
from mmscheck.slidexml.json_excerpt import excerpt, shown_line

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""Characters that no text of a message has: XML, in which the same messages are kept, cannot write them."""

_CLOSE = 0.8  # of 1.0 by difflib, as for the elements of XML
_NAME_WIDTH = 60  # characters
_KINDS = {names.SEND: DocumentKind.ONE_SHOT}
_ACTIONS = f'"{names.SAVE}" or "{names.SEND}"'
_SAVED_ONLY = f"of {names.SEND_SAVED}, which sends what is stored"


def parse(data: bytes, source: str, digest: str) -> Mms:
    """The message in a document that begins as JSON does."""
    text = decode_json(data) if len(data) <= MAX_BYTES else None
    if not isinstance(text, str):
        return _unread(source, digest, _undecodable(text))
    lines = Lines(text)
    try:
        root = read(text)
    except JsonError as fault:
        return _unread(source, digest, _problem(text, lines, fault))
    if (problem := _no_message(root)) is not None:
        return _unread(source, digest, _problem(text, lines, problem))
    reader = _DocumentReader(lines, root)
    message = Mms(
        source=source,
        digest=digest,
        dialect=Dialect.JSON,
        kind=_KINDS.get(reader.action, DocumentKind.SAVED),
        action=reader.action,
        name=reader.texts.get(names.NAME),
        subject=reader.texts.get(names.SUBJECT),
        slides=tuple(reader.slides()),
        fields=tuple(reader.fields),
        strays=tuple(sorted(reader.notes.strays, key=_place)),
        misfits=tuple(sorted(reader.notes.misfits, key=_place)),
    )
    return msgspec.structs.replace(message, excerpts=_excerpts(text, message))


def _place(each: Stray | Misfit) -> tuple[int, int]:
    return each.line, each.column


def _unread(source: str, digest: str, problem: XmlProblem) -> Mms:
    return Mms(source=source, digest=digest, dialect=Dialect.JSON, problem=problem)


def _undecodable(found: Undecodable | None) -> XmlProblem:
    if found is None:
        return XmlProblem(reason=f"the document is larger than {MAX_BYTES:,} bytes")
    shown = excerpt(found.visible, found.line, 1) if found.visible and found.line else None
    return XmlProblem(reason=found.reason, line=found.line, hint=found.hint, excerpt=shown)


def _problem(text: str, lines: Lines, fault: JsonError) -> XmlProblem:
    line, column = lines.place(fault.at)
    return XmlProblem(
        reason=fault.reason,
        line=line,
        column=column,
        pointer=_shown(fault.pointer),
        hint=fault.hint or None,
        excerpt=excerpt(text, line, column),
    )


def _no_message(root: Node) -> JsonError | None:
    """Why it is neither a savemms nor a sendmms, where that is certain."""
    if root.kind is not Kind.OBJECT:
        return JsonError(f"the document is {root.kind}, and not an object", root.at, _GIVE)
    members = {folded(each.name): each for each in root.members}
    action = members.get(folded(names.ACTION))
    said = action.node.text.strip().lower() if action else ""
    if action is not None and said == names.SEND_SAVED:
        reason = "this is a sendsavedmms, which names a stored message and holds none"
        return JsonError(reason, action.node.at, "Give the savemms that stored it", action.node.pointer)
    if action is None and folded(names.SLIDE) not in members:
        return JsonError("this object has neither an action nor slides", root.at, _GIVE)
    return None


_GIVE = "Give the object that is posted to the provider's JSON API: a savemms or a sendmms"


class _Notes:
    """What is odd; the only thing that changes while a document is read."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.strays: list[Stray] = []
        self.misfits: list[Misfit] = []

    def place(self, at: int) -> tuple[int, int]:
        return self._lines.place(at)

    def stray(
        self, member: Member, note: str = "", expected: str | None = None, *, overlooked: bool = False
    ) -> None:
        line, column = self.place(member.at)
        name = _shown(member.name)
        pointer = _shown(member.node.pointer)
        said = f"{name} ({note})" if note else name
        self.strays.append(
            Stray(
                name=said,
                line=line,
                column=column,
                pointer=pointer,
                expected=expected,
                overlooked=overlooked,
            )
        )

    def misfit(self, node: Node, expected: str, what: str = "", *, at: int | None = None) -> None:
        line, column = self.place(node.at if at is None else at)
        pointer = _shown(node.pointer)
        self.misfits.append(
            Misfit(
                what=what or f"is {node.kind}", expected=expected, line=line, column=column, pointer=pointer
            )
        )

    def misnamed(self, member: Member, name: str) -> None:
        """Note a name that is not the documented one: names in JSON are told apart by every letter."""
        if member.name != name:
            self.misfit(member.node, f'"{name}"', "is called otherwise in the JSON API", at=member.at)

    def unknown(self, member: Member, known: Iterable[str]) -> None:
        """Note a name that nothing documents: as a misfit where it is nearly one that is."""
        if (guess := _likely(member.name, tuple(known))) is not None:
            self.misfit(member.node, f'"{guess}"', "is nothing that the JSON API documents", at=member.at)
        hidden = _holds_content(member.node)
        self.stray(member, "holds what no rule looks at" if hidden else "", guess, overlooked=hidden)

    def text(self, node: Node) -> Text:
        """The node's text as written, also where it is a number; a misfit where it is no text."""
        line, column = self.place(node.at)
        if node.kind is not Kind.TEXT:
            self.misfit(node, str(Kind.TEXT))
        elif found := _UNFIT.search(node.text):
            self.misfit(node, "letters, signs and line breaks", f"holds U+{ord(found.group()):04X}")
        value = node.text if node.kind in {Kind.TEXT, Kind.NUMBER} else ""
        return Text(value=value, line=line, column=column, pointer=_shown(node.pointer))


class _DocumentReader:
    """The top of a document: texts by name, fields, slides."""

    def __init__(self, lines: Lines, root: Node) -> None:
        self.notes = _Notes(lines)
        self.texts: dict[str, Text] = {}
        self.fields: list[Field] = []
        self.action = ""
        self._slides: list[Node] = []
        meant = {each.name: _meant(each.name, names.TYPES) for each in root.members}
        action = next((each for each in root.members if meant[each.name] == names.ACTION), None)
        if action is None:
            self.notes.misfit(root, _ACTIONS, "has no action")
        else:
            self._action(action)
        for member in root.members:
            self._member(member, meant[member.name], {*meant} - {member.name})

    def _action(self, member: Member) -> None:
        self.action = self.notes.text(member.node).value.strip().lower()
        if self.action not in names.FIELDS:
            self.notes.misfit(member.node, _ACTIONS, "is another action")
        elif member.node.text != self.action:
            self.notes.misfit(member.node, f'"{self.action}", in small letters', "is written otherwise")

    def _member(self, member: Member, meant: str | None, others: set[str]) -> None:
        if folded(member.name) in names.KEYS:
            self.notes.stray(member, "the key belongs into the header x-api-key, never into the document")
            return
        if meant is None or (meant != member.name and meant in others):
            self.notes.unknown(member, names.TYPES)
            return
        self.notes.misnamed(member, meant)
        if meant == names.SLIDE:
            self._take_slides(member.node)
        elif meant in {names.NAME, names.SUBJECT}:
            self.texts[meant] = self.notes.text(member.node)
        elif meant != names.ACTION:
            self._field(member, meant)

    def _field(self, member: Member, meant: str) -> None:
        node = member.node
        takes = names.FIELDS.get(self.action, names.FIELDS[names.SAVE])
        if meant not in takes:
            # A text for a slide would be shown in place of the one that was checked.
            owner = names.SEND if meant in names.FIELDS[names.SEND] else _SAVED_ONLY
            what = f"a field {owner}" if owner is _SAVED_ONLY else f"a field of {owner}, which sends at once"
            self.notes.stray(member, what, overlooked=meant == "custom-slides")
        if node.kind is not names.TYPES[meant]:
            self.notes.misfit(node, str(names.TYPES[meant]))
        if node.kind in {Kind.TEXT, Kind.NUMBER}:
            value: str | bool = node.text if node.kind is Kind.NUMBER else self.notes.text(node).value
        elif node.kind is Kind.BOOLEAN:
            value = node.flag
        else:
            return
        line, column = self.notes.place(node.at)
        self.fields.append(
            Field(name=meant, value=value, line=line, column=column, pointer=_shown(node.pointer))
        )

    def _take_slides(self, node: Node) -> None:
        if node.kind is not Kind.ARRAY:
            self.notes.misfit(node, "an array of objects, one for each slide")
        for item in node.items if node.kind is Kind.ARRAY else (node,):
            if item.kind is Kind.OBJECT:
                self._slides.append(item)
            elif node.kind is Kind.ARRAY:
                self.notes.misfit(item, str(Kind.OBJECT))

    def slides(self) -> Iterator[Slide]:
        """The slides in order, their media numbered on."""
        media = 0
        for number, node in enumerate(self._slides, start=1):
            slide = _SlideReader(self.notes, node, number, media).slide
            media += len(slide.media)
            yield slide


class _SlideReader:
    """One object of ``slide``."""

    def __init__(self, notes: _Notes, node: Node, number: int, media_before: int) -> None:
        self._notes = notes
        self._number, self._index = number, media_before
        self._media: list[MediaRef] = []
        self._texts: list[Text] = []
        self._duration: Text | None = None
        given = {each.name for each in node.members}
        for member in node.members:
            self._member(member, given - {member.name})
        line, column = notes.place(node.at)
        self.slide = Slide(
            number=number,
            line=line,
            column=column,
            pointer=_shown(node.pointer),
            texts=tuple(self._texts),
            media=tuple(self._media),
            duration=self._duration,
        )

    def _member(self, member: Member, others: set[str]) -> None:
        meant = _meant(member.name, _IN_SLIDES)
        if meant is None or (meant != member.name and meant in others):
            self._notes.unknown(member, _IN_SLIDES)
            return
        if meant in names.XML_MEDIA:
            self._notes.misnamed(member, names.XML_MEDIA[meant])
            self._medium(member.node, MediaKind(meant))
            return
        self._notes.misnamed(member, meant)
        if meant == names.TEXT:
            self._texts.append(self._notes.text(member.node))
        elif meant == names.DURATION:
            self._notes.stray(member, "documented for the provider's XML API only")
            self._duration = self._seconds(member.node)
        else:
            self._medium(member.node, names.MEDIA[meant])

    def _seconds(self, node: Node) -> Text:
        if node.kind is not Kind.NUMBER:
            return self._notes.text(node)
        line, column = self._notes.place(node.at)
        return Text(value=node.text, line=line, column=column, pointer=_shown(node.pointer))

    def _medium(self, node: Node, kind: MediaKind) -> None:
        if node.kind is not Kind.OBJECT:
            self._notes.misfit(node, f"an object with {names.URL}")
            self._refer(node, kind)
            return
        found = False
        given = {each.name for each in node.members}
        for member in node.members:
            if folded(member.name) != names.URL or (member.name != names.URL and names.URL in given):
                self._notes.unknown(member, (names.URL,))
                continue
            self._notes.misnamed(member, names.URL)
            if member.node.kind is not Kind.TEXT:
                self._notes.misfit(member.node, str(Kind.TEXT))
            self._refer(member.node, kind)
            found = True
        if not found:
            self._refer(node, kind)

    def _refer(self, node: Node, kind: MediaKind) -> None:
        """A reference with the URL that the node is; with none, where it is something else."""
        self._index += 1
        line, column = self._notes.place(node.at)
        if node.kind is Kind.TEXT and (found := _UNFIT.search(node.text)):
            self._notes.misfit(node, "a URL", f"holds U+{ord(found.group()):04X}")
        self._media.append(
            MediaRef(
                url=node.text if node.kind is Kind.TEXT else "",
                kind=kind,
                slide=self._number,
                index=self._index,
                line=line,
                column=column,
                pointer=_shown(node.pointer),
            )
        )


_IN_SLIDES = frozenset({*names.MEDIA, *names.XML_MEDIA, names.TEXT, names.DURATION})
_SYNONYMS = {"subject": names.SUBJECT, "slides": names.SLIDE, "text": names.TEXT}


def _meant(name: str, known: Mapping[str, object] | frozenset[str]) -> str | None:
    """The documented name that a name plainly stands for in another spelling; None where there is none."""
    if name in known:
        return name
    key = folded(name)
    found = next((each for each in known if folded(each) == key), None)
    synonym = _SYNONYMS.get(key)
    return found or (synonym if synonym in known else None)


def _likely(name: str, known: Iterable[str]) -> str | None:
    keys = {folded(each): each for each in known}
    close = difflib.get_close_matches(folded(name)[:_NAME_WIDTH], keys, 1, _CLOSE)
    return keys[close[0]] if close else None


def _holds_content(node: Node) -> bool:
    """Whether it may hold a file or texts that the provider would use."""
    if node.kind is Kind.TEXT:
        return "//" in node.text
    return any(_holds_content(each) for each in (*node.items, *(member.node for member in node.members)))


def _shown(name: str) -> str:
    return (
        cut(escaped(name), width=_NAME_WIDTH)
        if len(name) > _NAME_WIDTH or not name.isascii()
        else escaped(name)
    )


def _excerpts(text: str, message: Mms) -> dict[int, str]:
    """The lines on which parts of the message begin, by number (from 1)."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    named = sorted({line for line in _lines(message) if 0 < line <= len(starts)})
    return {line: shown_line(text, starts[line - 1]) for line in named}


def _lines(message: Mms) -> Iterator[int]:
    yield from (each.line for each in (message.name, message.subject) if each is not None)
    for parts in (message.strays, message.misfits, message.fields, message.media):
        yield from (each.line for each in parts)
    for slide in message.slides:
        yield slide.line
        yield from (each.line for each in (*slide.texts, *((slide.duration,) if slide.duration else ())))
