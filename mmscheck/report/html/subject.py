"""The subject line, with every character marked that carriers' message centres may not take."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from mmscheck.base.text import count
from mmscheck.model.report import MessageReport
from mmscheck.report.clean import clean_text
from mmscheck.report.html.markup import NOTHING, Markup, join, tag
from mmscheck.report.html.words import cut, name, point

LONGEST = 500
"""Characters of a subject that are drawn; the provider takes 80."""

MOST = 12
"""Characters that are named one by one."""

_NOT_PLAIN = re.compile(r"[^ -~]")


class Offender(msgspec.Struct, frozen=True, kw_only=True):
    """One character, or emoji of several, as the checks of subjects report it; positions count from 1."""

    codes: str
    name: str
    position: int
    suggestion: str = ""

    @property
    def length(self) -> int:
        """Characters it takes up."""
        return max(1, len(self.codes.split()))


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks said of a subject: the characters, and the subject in plain letters."""

    offenders: tuple[Offender, ...] = ()
    suggestion: str = ""


def subject_line(message: MessageReport, name: str) -> Markup:
    """The subject with its marks, below it what is marked, and what to write instead.

    ``name`` is the message's own id on the page.
    """
    if message.subject is None:
        return tag("p", tag("em", "no subject"), class_="subject")
    told = clean_text(message.subject[: LONGEST * 4])
    named = _named(message) if told == message.subject else Named()
    found = tuple(_spans(told[:LONGEST], named))
    more = len(message.subject) - LONGEST
    line = tag(
        "p",
        tag("span", "Subject ", class_="quiet"),
        tag("bdi", *_pieces(told[:LONGEST], found)),
        f" … and {count(more, 'more character')}" if more > 0 else "",
        class_="subject",
    )
    return join(line, _legend(found), _instead(named.suggestion, name)) if found else line


def _named(message: MessageReport) -> Named:
    """What the check of plain subjects said, else that of emoji; nothing where neither found any."""
    for rule in ("subject-ascii", "subject-no-emoji"):
        for item in message.evaluations:
            if item.rule == rule and item.evidence.get("offenders"):
                return _read(item.evidence)
    return Named()


def _read(evidence: dict[str, Any]) -> Named:
    try:
        return msgspec.convert(evidence, Named)
    except msgspec.ValidationError:
        return Named()


def _spans(subject: str, named: Named) -> Iterator[Offender]:
    """Every character that is not printable ASCII; those that the checks named under their names."""
    known = {each.position: each for each in named.offenders}
    place = 1
    while place <= len(subject):
        char = subject[place - 1]
        here = known.get(place)
        if here is None and _NOT_PLAIN.match(char):
            here = Offender(codes=point(char), name=name(char), position=place)
        if here is not None:
            yield here
        place += here.length if here else 1


def _pieces(subject: str, found: Iterable[Offender]) -> Iterator[str]:
    place = 0
    for at, each in enumerate(found, start=1):
        start, end = each.position - 1, each.position - 1 + each.length
        yield subject[place:start]
        drawn = subject[start:end] if _is_seen(subject[start:end]) else each.codes
        yield tag("mark", drawn, tag("sup", str(at)), title=f"{each.codes} {each.name}")
        place = end
    yield subject[place:]


def _is_seen(glyph: str) -> bool:
    """Whether it shows by itself: a letter that sits on the one before it does not, nor does a control."""
    return any(char.isprintable() and not unicodedata.combining(char) for char in glyph)


def _legend(found: tuple[Offender, ...]) -> Markup:
    items = [
        tag(
            "li", tag("code", each.codes), f" {cut(each.name, 80)}, position {each.position}: ", _advice(each)
        )
        for each in found[:MOST]
    ]
    more = len(found) - MOST
    return join(
        tag("ol", *items, class_="offenders"),
        tag("p", f"and {count(more, 'more character')}", class_="quiet") if more > 0 else NOTHING,
    )


def _advice(each: Offender) -> str:
    if not each.suggestion:
        return "remove it"
    return join("write ", tag("kbd", "space" if each.suggestion == " " else cut(each.suggestion, 40)))


def _instead(suggestion: str, name: str) -> Markup:
    if not suggestion:
        return NOTHING
    copy = tag(
        "button", "Copy", type="button", data_copy=f"{name}-plain", hidden=True, data_needs_script=True
    )
    words = tag("kbd", cut(suggestion, LONGEST), id=f"{name}-plain")
    return tag("p", tag("span", "In plain letters: "), words, copy, class_="instead")
