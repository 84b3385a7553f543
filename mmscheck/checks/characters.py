"""Characters outside printable ASCII: which, where, and what to write instead."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import msgspec

from mmscheck.base.text import code_point
from mmscheck.checks.merge_tags import masked

_CONTROLS = {
    "\t": "TAB",
    "\n": "LINE FEED",
    "\v": "LINE TABULATION",
    "\f": "FORM FEED",
    "\r": "CARRIAGE RETURN",
    "\x7f": "DELETE",
    "\x85": "NEXT LINE",
}
_NAMELESS = {
    "Cc": "control character",
    "Cs": "half of a damaged character",
    "Co": "private-use character",
    "Cn": "unassigned character",
}
_IN_WORDS = {
    "": "remove it",
    " ": "write an ordinary space",
    '"': 'write a straight quotation mark "',
    "'": "write a straight apostrophe '",
    "-": "write an ordinary hyphen -",
}


class OffendingCharacter(msgspec.Struct, frozen=True, kw_only=True):
    """One character or emoji that is not printable ASCII.

    ``position`` counts characters from 1; ``suggestion`` is ASCII, empty when it is best removed;
    ``glyph`` is empty when showing it could spoil the line it is shown in. ``german`` is what German writes
    for an umlaut.
    """

    glyph: str
    codes: str
    name: str
    position: int
    suggestion: str
    german: str = ""

    def __str__(self) -> str:
        """What it is, where it stands and what to write instead."""
        shown = f"{self.glyph} ({self.codes} {self.name})" if self.glyph else f"{self.codes} {self.name}"
        advice = _IN_WORDS.get(self.suggestion, f'write "{self.suggestion}"')
        advice += f' (in German "{self.german}")' if self.german else ""
        return f"{shown} at position {self.position}: {advice}"


def is_plain(text: str) -> bool:
    """Whether there is nothing but printable ASCII in the text."""
    return text.isascii() and text.isprintable()


def offenders(text: str) -> tuple[OffendingCharacter, ...]:
    """Every character that is not printable ASCII, in order; what stands in a merge tag is left out."""
    return tuple(_offender(text, span) for span in _spans(text))


def emoji_offenders(text: str) -> tuple[OffendingCharacter, ...]:
    """Every emoji outside merge tags, in order."""
    return tuple(_offender(text, span) for span in _spans(text) if span.emoji)


def suggested(text: str, *, german: bool | None = None) -> str:
    """The text in printable ASCII, without the holes that removed characters leave; may be empty.

    ``german`` writes ``oe`` for ``ö``; None decides by the text: only German has an ``ß``.
    """
    german = "ß" in text or "ẞ" in text if german is None else german
    pieces, place = [], 0
    for span in _spans(text):
        umlaut = _umlaut(text, span.start) if german and not span.emoji else ""
        pieces += [text[place : span.start], umlaut or _replacement(text, span)]
        place = span.end
    pieces.append(text[place:])
    return " ".join("".join(pieces).split())


def name_of(char: str) -> str:
    """The character's Unicode name, or what kind of nameless thing it is."""
    kind = _NAMELESS.get(unicodedata.category(char), "character without a name")
    return _CONTROLS[char] if char in _CONTROLS else unicodedata.name(char, kind)


_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}


def _umlaut(text: str, place: int) -> str:
    """The German way to write the letter there, in capitals among capitals; empty for any other letter."""
    written = _UMLAUTS.get(text[place], "")
    beside = text[place - 1 : place] + text[place + 1 : place + 2]
    loud = written[:1].isupper() and any(map(str.isupper, beside)) and not any(map(str.islower, beside))
    return written.upper() if loud else written


class _Span(msgspec.Struct, frozen=True, kw_only=True):
    """A slice of a text that is not printable ASCII: one emoji, or one other character."""

    start: int
    end: int
    name: str
    emoji: bool


def _spans(text: str) -> list[_Span]:
    known = masked(text)
    if is_plain(known):
        return []
    spans = [
        _Span(start=found.start, end=found.end, name=found.name, emoji=True) for found in pictures(known)
    ]
    taken = {place for span in spans for place in range(span.start, span.end)}
    spans += [
        _Span(start=place, end=place + 1, name=name_of(char), emoji=False)
        for place, char in enumerate(known)
        if place not in taken and not is_plain(char)
    ]
    return sorted(spans, key=lambda span: span.start)


def _offender(text: str, span: _Span) -> OffendingCharacter:
    found = text[span.start : span.end]
    # Letters that turn the direction of writing or sit on the one before would garble the message.
    showable = span.emoji or (found.isprintable() and not unicodedata.combining(found))
    return OffendingCharacter(
        glyph=found if showable else "",
        codes=" ".join(code_point(char) for char in found),
        name=span.name,
        position=span.start + 1,
        suggestion=_replacement(text, span),
        german=_umlaut(text, span.start),
    )


def _replacement(text: str, span: _Span) -> str:
    # A shortcode such as :thumbs_up: is what libraries offer for an emoji; nobody wants it on a phone.
    return "" if span.emoji else _ascii(text[span.start])


def _ascii(char: str) -> str:
    from anyascii import anyascii  # noqa: PLC0415 - its tables are for the rare subject that is not plain

    if char.isspace():
        return " "
    return "".join(letter for letter in anyascii(char) if is_plain(letter))


SIGNS = frozenset("\u00a9\u00ae\u203c\u2049\u2122\u2139")
"""Signs of ordinary writing that Unicode lists as emoji too: pictures only before U+FE0F."""

FLAG_LETTERS = range(0x1F1E6, 0x1F200)
"""Regional indicators; one without its partner is a picture that is in no emoji list."""

PICTURE_BLOCKS = range(0x1F300, 0x1FB00)
"""Blocks that new emoji come from, so that an unassigned code point here is a newer emoji."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """One emoji: ``start`` and ``end`` are its slice of the text, ``name`` its Unicode or CLDR name."""

    start: int
    end: int
    name: str


def pictures(text: str) -> tuple[Picture, ...]:
    """Every emoji of the text in order; digits, ``#``, ``*`` and plain copyright signs are none."""
    if text.isascii():
        return ()
    listed = tuple(_listed(text))
    taken = {index for picture in listed for index in range(picture.start, picture.end)}
    others = (
        Picture(start=index, end=index + 1, name=_name_unlisted(char))
        for index, char in enumerate(text)
        if index not in taken and _is_unlisted(char)
    )
    return tuple(sorted((*listed, *others), key=lambda picture: picture.start))


def _listed(text: str) -> Iterator[Picture]:
    import emoji  # noqa: PLC0415 - its table takes 50 ms to load, and a plain subject never needs it

    for match in emoji.emoji_list(text):
        found = str(match["emoji"])
        if found in SIGNS:
            continue
        # The table's names are written :thumbs_up:.
        name = str(emoji.EMOJI_DATA[found]["en"]).strip(":").replace("_", " ")
        if len(found) == 1:
            name = unicodedata.name(found, name)
        yield Picture(start=int(match["match_start"]), end=int(match["match_end"]), name=name)


def _is_unlisted(char: str) -> bool:
    point = ord(char)
    return point in FLAG_LETTERS or (point in PICTURE_BLOCKS and unicodedata.category(char) == "Cn")


def _name_unlisted(char: str) -> str:
    return unicodedata.name(char, "emoji newer than this program")
