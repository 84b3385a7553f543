"""What texts say: placeholders left in, characters nobody sees, shouting, words that carriers filter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

import msgspec

from mmscheck.base.text import code_point, enumerated
from mmscheck.checks.characters import name_of
from mmscheck.checks.marks import Found, Span, failed_with, texts_of
from mmscheck.checks.merge_tags import ANOTHERS, masked
from mmscheck.model.check import Check, MessageTarget, NoParams, Result, inapplicable, passed
from mmscheck.model.effective import slide_template, subject_template
from mmscheck.model.vocabulary import ListKind, WordList
from mmscheck.model.words import TargetKind

Look = Callable[[str], tuple[Span, ...]]


def judged(target: MessageTarget, look: Look, instead: Callable[[str], str] | None = None) -> Result:
    """What ``look`` finds in any text; merge tags that are left are not looked into."""
    texts = list(texts_of(target))
    if not texts:
        return inapplicable("the message has no text")
    found = [
        Found(where=where, text=text, spans=spans, instead=instead(text) if instead else "")
        for where, text in texts
        if (spans := look(masked(text)))
    ]
    return failed_with(found) if found else passed(texts=len(texts))


_NAME = r"[A-Za-z][A-Za-z0-9_.: -]{0,60}"
_PLACEHOLDERS = re.compile(
    "|".join(
        (
            r"\*\|[^|*\s][^|*]{0,80}\|\*",
            rf"%%{_NAME}%%",
            r"<%[=-]?[^<>%]{1,80}%>",
            r"\{%-?\s[^{}%]{1,80}%\}",
            r"\{\{[#/^>&!][^{}]{1,80}\}\}",
            r"#\{[A-Za-z_@][A-Za-z0-9_.@]{0,60}\}",
            r"%recipient\.[A-Za-z0-9_]{1,60}%",
            r"\[object Object\]",
        )
    )
)
"""Mailchimp's tags, those of Marketing Cloud, ERB, Liquid and Jinja, Handlebars, Ruby and Mailgun, and what
JavaScript makes of an object in a text. None of them stands in a text for people."""


_MARKS = frozenset("*%<{[#")
"""Every placeholder has one of them, and most texts have none."""


def no_placeholder(target: MessageTarget, _: NoParams) -> Result:
    """No placeholder of another program; what merge-data-complete names in a template is left to it."""
    templates = [subject_template(target.message, target.changes) or ""]
    templates += [slide_template(slide, target.changes) for slide in target.message.slides]

    def look(text: str) -> tuple[Span, ...]:
        if _MARKS.isdisjoint(text):
            return ()
        found = [match.span() for match in _PLACEHOLDERS.finditer(text)]
        beside = any(text == masked(other) for _, other in target.beside)
        found += [
            match.span()
            for match in ANOTHERS.finditer(text)
            if beside or not any(match.group() in template for template in templates)
        ]
        return tuple(Span(start=start, end=end) for start, end in sorted(found))

    return judged(target, look)


_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
_DIRECTIONS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANKS = frozenset(
    "\u00ad\u034f\u115f\u1160\u180e\u200b\u2060\u2061\u2062\u2063\u2064\u2800\u3164\ufeff\uffa0"
)
"""Characters that show nothing and are no space: nobody types one, and filters are tricked with them."""

_TO_LATIN: Mapping[str, str] = MappingProxyType(
    dict(
        zip(
            "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421"
            "\u0422\u0425\u0423\u0430\u0441\u0435\u0456\u0458\u043e\u0440\u0455\u0443"
            "\u0445\u04bb\u0501\u051b\u051d\u0391\u0392\u0395\u0396\u0397\u0399\u039a"
            "\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd\u03b9",
            "ABESIJKMHOPCTXYaceijopsyxhdqwABEZHIKMNOPTYXovi",
            strict=True,
        )
    )
)
"""Letters of Cyrillic and Greek that look like a Latin one in most fonts: Unicode Technical Standard 39,
confusables.txt, the single letters that are the same in shape."""

_WORD = re.compile(r"[^\W\d_]+")
_STYLED = (range(0x1D400, 0x1D800), range(0xFF21, 0xFF5B))
"""Mathematical and full-width letters, which stand in for A to Z where somebody wants another font."""


def _invisible(text: str) -> Iterator[Span]:
    rightward = any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)
    for at, char in enumerate(text):
        alone = char in _JOINERS and not _joins(text, at)
        if char in _BLANKS or alone or (char in _DIRECTIONS and not rightward):
            yield Span(start=at, end=at + 1, what=f"{code_point(char)} {name_of(char)}")


def _joins(text: str, at: int) -> bool:
    """Whether a joiner stands where one belongs: between parts of an emoji, or in a script that has them."""
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    return bool(before and after) and not (before.isascii() or after.isascii())


def _lookalikes(text: str) -> Iterator[Span]:
    for word in _WORD.finditer(text):
        letters = word.group()
        odd = [char for char in letters if char in _TO_LATIN]
        if odd and any(char.isascii() for char in letters):
            what = enumerated([f"{code_point(char)} {name_of(char)}" for char in dict.fromkeys(odd)])
            yield Span(start=word.start(), end=word.end(), what=what)
        elif any(ord(char) in block for char in letters for block in _STYLED) and not _is_wide(text):
            yield Span(start=word.start(), end=word.end(), what="letters of another alphabet for A to Z")


def _is_wide(text: str) -> bool:
    """Whether the text is in a script that full-width letters belong to."""
    return any(unicodedata.east_asian_width(char) == "W" and char.isalpha() for char in text)


def unmasked(text: str) -> str:
    """The text with what looks like A to Z written so, and without what nobody sees."""
    hidden = {span.start for span in _invisible(text)}
    alike = {at for span in _lookalikes(text) for at in range(span.start, span.end)}
    pieces = []
    for at, char in enumerate(text):
        if at in alike:
            pieces.append(_TO_LATIN.get(char) or unicodedata.normalize("NFKC", char))
        elif at not in hidden:
            pieces.append(char)
    return "".join(pieces)


def no_disguise(target: MessageTarget, _: NoParams) -> Result:
    """No character that shows nothing, and no word of letters of two alphabets that look alike."""

    def look(text: str) -> tuple[Span, ...]:
        return () if text.isascii() else tuple(sorted((*_invisible(text), *_lookalikes(text))))

    return judged(target, look, unmasked)


class Loudness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From how many exclamation marks in a row, and from which share of capitals among so many letters."""

    marks: int
    letters: int
    share: float


_REPLIES = "STOP|STOPP|HELP|INFO|ARRET|ARR\u00caT|AIDE|BAJA|ALTO|YES|JOIN|START"
_NOT_LOUD = re.compile(rf"(?:https?://|www\.)\S+|\b(?=\w*\d)\w+\b|\b(?:{_REPLIES})\b")
"""Links, codes, and the words to reply, which guides want in capitals (CTIA Short Code Handbook 1.8)."""


def not_shouting(target: MessageTarget, params: Loudness) -> Result:
    """Few exclamation marks in a row, and no text that is in capitals for the most part."""
    row = re.compile(rf"(?:[!\u00a1\u2757\uff01]\ufe0f?){{{params.marks},}}")

    def look(text: str) -> tuple[Span, ...]:
        found = [Span(start=m.start(), end=m.end(), what="exclamation marks") for m in row.finditer(text)]
        # What is not loud at all cannot be loud without what may be.
        if sum(map(str.isupper, text)) < params.share * params.letters:
            return tuple(found)
        plain = _NOT_LOUD.sub("", text)
        loud = sum(map(str.isupper, plain))
        letters = loud + sum(map(str.islower, plain))
        if letters >= params.letters and loud >= params.share * letters:
            told = f"{loud} of {letters} letters are capitals"
            found = [Span(start=0, end=len(text), what=told)]
        return tuple(found)

    return judged(target, look)


def no_restricted_word(target: MessageTarget, _: NoParams) -> Result:
    """No word of the lists that the configuration switches on, as a whole word."""
    lists = target.vocabulary.of(ListKind.RESTRICTED)
    if not lists:
        return inapplicable("no list of words is switched on (words, in the configuration)")

    def look(text: str) -> tuple[Span, ...]:
        spans = {
            match.span(): f"{topics.get(_entry(match.group()), 'restricted')}, list {name}"
            for name, topics, pattern in map(_compiled, map(_Same, lists))
            for match in pattern.finditer(text)
        }
        return tuple(Span(start=start, end=end, what=what) for (start, end), what in sorted(spans.items()))

    return judged(target, look)


def _entry(written: str) -> str:
    """The entry that was found; a letter such as the dotless i matches and is none of it."""
    return " ".join(written.casefold().split())


class _Same:
    """A list of words by which one it is: the same list is compiled once, and comparing two takes long."""

    __slots__ = ("words",)

    def __init__(self, words: WordList) -> None:
        self.words = words

    def __hash__(self) -> int:
        return id(self.words)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.words is self.words


@lru_cache(maxsize=64)
def _compiled(same: _Same) -> tuple[str, dict[str, str], re.Pattern[str]]:
    topics = {entry: topic for topic, entry in same.words.entries}
    longest_first = sorted(topics, key=len, reverse=True)
    choices = "|".join(r"\s".join(map(re.escape, entry.split())) for entry in longest_first)
    pattern = re.compile(rf"(?<![^\W_])(?:{choices})(?![^\W_])", re.IGNORECASE)
    return same.words.id, topics, pattern


CHECKS: tuple[Check, ...] = tuple(
    Check(name=name, target=TargetKind.MESSAGE, run=run, params=params, reports=frozenset({"found"}))
    for name, run, params in (
        ("no-placeholder", no_placeholder, NoParams),
        ("no-disguise", no_disguise, NoParams),
        ("not-shouting", not_shouting, Loudness),
        ("no-restricted-word", no_restricted_word, NoParams),
    )
)
"""Every check of the family."""
