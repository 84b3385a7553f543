"""The texts that people read, each with where it stands, and quotations of them with marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from mmscheck.base.text import escaped, listed
from mmscheck.checks.evidence import MOST_KEPT
from mmscheck.model.check import MessageTarget, Result, failed

SUBJECT = "the subject"

AROUND = 24
"""Characters quoted on each side of what is marked (a judgement): enough to find it by."""

MOST_MARKED = 8
"""Places of one text that a message marks before it only counts the rest (a judgement)."""

OPENING, CLOSING = "»", "«"
"""What stands around the part that is meant; no language opens a quotation with the first but German."""


class Span(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A slice of a text and, where there is more to say of it, ``what`` it is."""

    start: int
    end: int
    what: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one text; ``instead`` is how the whole text should read, empty where nobody knows."""

    where: str
    text: str
    spans: tuple[Span, ...]
    instead: str = ""

    def __str__(self) -> str:
        """Where it is and the marked text."""
        told = f'{self.where}: "{marked(self.text, self.spans)}"'
        notes = listed(list(dict.fromkeys(span.what for span in self.spans if span.what)), ", ", MOST_MARKED)
        told += f" ({notes})" if notes else ""
        return f'{told}; write "{escaped(self.instead)}"' if self.instead else told


def texts_of(target: MessageTarget) -> Iterator[tuple[str, str]]:
    """Every text that somebody may read, as it would be sent, with what it is; blank ones are none."""
    if target.effective.subject:
        yield SUBJECT, target.effective.subject
    for number, text in target.effective.texts.items():
        if text:
            yield f"the text of slide {number}", text
    yield from target.beside


def marked(text: str, spans: Sequence[Span]) -> str:
    """The text on one line with marks around the spans, cut to what stands beside them."""
    shown: list[str] = []
    place = 0
    for at, span in enumerate(spans[:MOST_MARKED]):
        gap = text[place : span.start]
        if at == 0:
            gap = gap if len(gap) <= AROUND else f"…{gap[-AROUND:]}"
        elif len(gap) > 2 * AROUND:
            gap = f"{gap[:AROUND]}…{gap[-AROUND:]}"
        shown += [escaped(gap), OPENING, escaped(text[span.start : span.end]), CLOSING]
        place = span.end
    rest = text[place:]
    shown.append(escaped(rest if len(rest) <= AROUND else f"{rest[:AROUND]}…"))
    more = len(spans) - MOST_MARKED
    return "".join(shown) + (f" and {more} more" if more > 0 else "")


def failed_with(found: Iterable[Found]) -> Result:
    """A failure that quotes all that was found; the evidence has positions from 1."""
    found = tuple(found)
    evidence = {
        "texts": [
            {
                "where": one.where,
                "found": [
                    {"position": span.start + 1, "text": one.text[span.start : span.end], "what": span.what}
                    for span in one.spans[:MOST_KEPT]
                ],
                "instead": one.instead,
            }
            for one in found[:MOST_KEPT]
        ]
    }
    return failed(evidence, found=listed([str(one) for one in found]))
