"""A message in JSON mended where that can be done without guessing; layout and order of the file stay.

Each change is made at the place that the reader tells, and all around it stays byte for byte.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from mmscheck.base.json_text import JsonError, Kind, Member, Node, read
from mmscheck.base.text import quoted as shown
from mmscheck.base.xml import folded
from mmscheck.fix.markup import Edit, applied
from mmscheck.fix.wording import renewed
from mmscheck.slidexml import json_names as names
from mmscheck.slidexml.names import NAME, SUBJECT, TEXT, URL

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TOP = {folded(name): name for name in names.TYPES}
_IN_SLIDES = {
    **{folded(name): name for name in (*names.MEDIA, names.TEXT)},
    **{folded(name): meant for name, meant in names.XML_MEDIA.items() if meant in names.MEDIA},
}
_IN_MEDIA = {names.URL: names.URL}
_WORDS = {names.SUBJECT: SUBJECT, names.NAME: NAME, names.TEXT: TEXT, names.URL: URL}


def mended(data: bytes, urls: Mapping[str, str]) -> tuple[bytes, list[str]]:
    """The document with every fault mended that has one right answer, and what was done, a clause each.

    ``urls`` has the new URL of each whose file got another name. The same bytes where nothing is to be done.
    """
    done: list[str] = []
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        root = read(text)
    except (UnicodeDecodeError, JsonError):
        return data, []
    if data.startswith(codecs.BOM_UTF8):
        done.append("the byte order mark removed, which JSON must not have")
    edits = tuple(_Mender(text, urls, done).top(root))
    return (applied(text, edits).encode("utf-8", "surrogatepass"), done) if done else (data, [])


class _Mender:
    """The edits of one document; ``done`` is told what they are."""

    def __init__(self, text: str, urls: Mapping[str, str], done: list[str]) -> None:
        self._text = text
        self._urls = urls
        self._done = done

    def top(self, root: Node) -> Iterator[Edit]:
        """Those of the whole document."""
        for member, meant in self._meant(root, _TOP):
            yield from self._named(member, meant)
            if meant == names.SLIDE:
                for slide in member.node.items:
                    yield from self._slide(slide)
            else:
                yield from self._value(member.node, meant)

    def _slide(self, slide: Node) -> Iterator[Edit]:
        for member, meant in self._meant(slide, _IN_SLIDES):
            yield from self._named(member, meant)
            yield from self._value(member.node, meant)
            for inner, name in self._meant(member.node, _IN_MEDIA):
                yield from self._named(inner, name)
                yield from self._value(inner.node, name)

    def _meant(self, node: Node, known: Mapping[str, str]) -> Sequence[tuple[Member, str]]:
        """The members that are documented, with the name that they should have."""
        given = {member.name for member in node.members}
        pairs = ((member, known.get(folded(member.name), "")) for member in node.members)
        return [
            (member, name) for member, name in pairs if name and (member.name == name or name not in given)
        ]

    def _named(self, member: Member, name: str) -> Iterator[Edit]:
        if member.name != name:
            self._done.append(f'"{shown(member.name)}" spelled "{name}"')
            written = _STRING.match(self._text, member.at)
            assert written is not None  # noqa: S101 - for the type checker: the reader found a name there
            yield Edit(member.at, written.end(), f'"{name}"')

    def _value(self, node: Node, name: str) -> Iterator[Edit]:
        key = _WORDS.get(name)
        if key is None or node.kind is not Kind.TEXT:
            return
        new = renewed(key, node.text, self._urls, self._done)
        if new != node.text:
            # Whoever writes ASCII alone goes on doing so.
            yield Edit(node.at, node.end, json.dumps(new, ensure_ascii=self._text.isascii()))
