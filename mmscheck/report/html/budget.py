"""What a message weighs on the wire, as a bar against each number that a carrier takes or advises."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mmscheck.base.text import count
from mmscheck.model.report import MessageReport
from mmscheck.model.rule import OF_FILES
from mmscheck.model.words import Outcome
from mmscheck.report.html.markup import NOTHING, Markup, tag
from mmscheck.report.html.words import cut, size

RULES = (("message-size", "taken by"), ("message-size-advised", "advised for"))
"""The rules that weigh a message, and how their numbers belong to a carrier."""

_WORDS = {Outcome.PASSED: "fits", Outcome.CANT_TELL: "not known whether it fits"}


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """One number in bytes and whose it is; nobody's in particular is everybody's."""

    maximum: int
    outcome: Outcome
    carriers: tuple[str, ...] = ()
    unit: str = ""
    total: int | None = None


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One file or text: what it is and its bytes before packing."""

    what: str
    bytes: int
    unknown: str = ""


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule about size saw: the sum on the wire, the numbers, the parts."""

    total: int
    at_least: bool
    limits: tuple[Bound, ...]
    parts: tuple[Piece, ...] = ()


def budget(message: MessageReport) -> Markup:
    """The bars, then the parts by size; nothing where nobody weighed the message."""
    weights = [(word, found) for rule, word in RULES if (found := _weight(message, rule))]
    if not weights:
        return NOTHING
    first = weights[0][1]
    about = f"{'at least ' if first.at_least else ''}{size(first.total)} packed for sending"
    bars = [row for word, found in weights for row in _bars(found, word)]
    return tag(
        "section",
        tag("h3", "Size budget"),
        tag(
            "p",
            tag("strong", f"{about[:1].upper()}{about[1:]}"),
            " (base64 and part headers counted; texts too).",
        ),
        tag("ul", *bars, class_="bars"),
        _parts(first),
        class_="budget",
    )


def _weight(message: MessageReport, rule: str) -> Weight | None:
    for item in message.evaluations:
        if item.rule == rule and item.evidence:
            try:
                return msgspec.convert(item.evidence, Weight)
            except msgspec.ValidationError:
                return None
    return None


def _bars(found: Weight, word: str) -> Iterator[Markup]:
    for bound in found.limits:
        whose = ", ".join(cut(name, 60) for name in bound.carriers) or "every carrier"
        seen = found.total if bound.total is None else bound.total
        verdict = _WORDS.get(bound.outcome, f"{size(seen - bound.maximum)} too much")
        of_files = " of files" if bound.unit == OF_FILES else ""
        about = f"{'at least ' if found.at_least else ''}{size(seen)}{of_files}"
        text = f"{about[:1].upper()}{about[1:]} of the {size(bound.maximum)} {word} {whose}: "
        yield tag(
            "li",
            tag("span", text, tag("strong", verdict)),
            _bar(seen, bound.maximum),
            class_=f"bar {bound.outcome.value} {word.partition(' ')[0]}",
        )


def _bar(total: int, maximum: int) -> Markup:
    """A bar whose frame is the larger of the two numbers; the line in it is the limit."""
    whole = max(total, maximum, 1)
    used, line = (round(each / whole * 1_000) for each in (total, maximum))
    within = min(used, line)
    return tag(
        "svg",
        tag("rect", class_="frame", width=1_000, height=14),
        tag("rect", class_="used", width=within, height=14),
        tag("rect", class_="over", x=within, width=used - within, height=14) if used > within else None,
        tag("rect", class_="limit", x=max(line - 4, 0), width=4, height=14),
        viewBox="0 0 1000 14",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _parts(found: Weight) -> Markup:
    largest = sorted(found.parts, key=lambda part: -part.bytes)
    items = [
        tag("li", tag("bdi", cut(part.what, 300)), f": {size(part.bytes)}", _unknown(part))
        for part in largest[:20]
    ]
    more = len(largest) - len(items)
    return tag(
        "details",
        tag("summary", f"{count(len(largest), 'part')}, the largest first"),
        tag("ul", *items),
        tag("p", f"and {count(more, 'more part')}") if more else None,
    )


def _unknown(part: Piece) -> str:
    return f", may be more ({cut(part.unknown, 200)})" if part.unknown else ""
