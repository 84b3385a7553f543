"""Checks of a stored message as a document: can it be read, is it named, how long and how large is it."""

from __future__ import annotations

from typing import Any

import msgspec

from mmscheck.base.redact import redact_text
from mmscheck.base.text import count, is_blank, listed, quoted
from mmscheck.checks import merge_tags
from mmscheck.checks.evidence import MOST_KEPT
from mmscheck.model.check import Check, MessageTarget, NoParams, Result, failed, inapplicable, passed
from mmscheck.model.effective import slide_template, subject_template
from mmscheck.model.mms import Stray, XmlProblem
from mmscheck.model.words import TargetKind

HINT_SHOWN = 400
"""Characters of the reader's hint, which may repeat a whole line of the document."""


class SlideCount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many slides a message may have."""

    minimum: int
    maximum: int


def well_formed(target: MessageTarget, _: NoParams) -> Result:
    """The document was read; else the reason, the line and a hint as they were found."""
    problem = target.message.problem
    if problem is None:
        return passed(dialect=target.message.spelling, digest=target.message.digest)
    evidence: dict[str, Any] = {
        "line": problem.line,
        **({"column": problem.column, "pointer": problem.pointer} if problem.column else {}),
        "reason": quoted(problem.reason),
        "hint": _hint(problem),
        "excerpt": _excerpt(problem),
    }
    return failed(evidence, problem=_in_words(problem))


def _in_words(problem: XmlProblem) -> str:
    column = f", column {problem.column}" if problem.column else ""
    within = f" ({quoted(problem.pointer)})" if problem.pointer else ""
    where = f"line {problem.line}{column}{within}: " if problem.line is not None else ""
    sentences = [where + quoted(problem.reason).rstrip(".")]
    if hint := _hint(problem):
        sentences.append(hint[:1].upper() + hint[1:].rstrip("."))
    if excerpt := _excerpt(problem):
        sentences.append(f"The line reads: {excerpt}")
    return ". ".join(sentences)


def _hint(problem: XmlProblem) -> str:
    return quoted(redact_text(problem.hint.strip()), HINT_SHOWN) if problem.hint else ""


def _excerpt(problem: XmlProblem) -> str:
    # Redacted before it is cut: half of a signed URL is still a secret.
    return quoted(redact_text(problem.excerpt.strip())) if problem.excerpt else ""


class Strays(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which oddities count: those with content that no rule looks at, or the others."""

    overlooked: bool


def no_strays(target: MessageTarget, params: Strays) -> Result:
    """No element or attribute is other than the provider documents it, as far as ``params`` counts it."""
    strays = tuple(stray for stray in target.message.strays if stray.overlooked is params.overlooked)
    if not strays:
        return passed()
    first = strays[0]
    place = {"line": first.line, "column": first.column, "pointer": quoted(first.pointer)}
    evidence: dict[str, Any] = {
        **(place if first.column else {}),
        "strays": [_as_seen(stray) for stray in strays[:MOST_KEPT]],
        "count": len(strays),
    }
    return failed(evidence, elements=listed([_stray(stray) for stray in strays]))


def _as_seen(stray: Stray) -> dict[str, Any]:
    expected = quoted(stray.expected) if stray.expected else None
    place = {"column": stray.column, "pointer": quoted(stray.pointer)} if stray.column else {}
    return {"name": quoted(stray.name), "line": stray.line, "expected": expected, **place}


def _stray(stray: Stray) -> str:
    # The reader may say in brackets why it minds an element that is spelled right.
    name, _, note = stray.name.partition(" (")
    said = quoted(note.removesuffix(")")) or (
        "" if stray.expected else "the provider documents no such thing"
    )
    advice = f'write "{quoted(stray.expected)}"' if stray.expected else ""
    column = f", column {stray.column}" if stray.column else ""
    return f'"{quoted(name)}" on line {stray.line}{column} ({", ".join(filter(None, [said, advice]))})'


def name_present(target: MessageTarget, _: NoParams) -> Result:
    """The message has a name that is not blank."""
    name = target.message.name
    if name is None:
        return failed(what="has no name element")
    if is_blank(name.value):
        return failed({"line": name.line}, what=f"has an empty name on line {name.line}")
    return passed(name=quoted(name.value))


def slide_count(target: MessageTarget, params: SlideCount) -> Result:
    """The number of slides is within what the provider takes."""
    number = len(target.message.slides)
    if params.minimum <= number <= params.maximum:
        return passed(count=number, minimum=params.minimum, maximum=params.maximum)
    slides = count(number, "slide") if number else "no slides"
    return failed(
        {"count": number}, slides=slides, count=number, minimum=params.minimum, maximum=params.maximum
    )


def merge_data(target: MessageTarget, _: NoParams) -> Result:
    """Every merge tag of subject and slide texts is well formed and has one value or a default."""
    templates = _templates(target)
    data = merge_tags.gathered(target.changes.data)
    faults = [
        f"{place}: {fault}"
        for place, template, _sent in templates
        for fault in merge_tags.faults(template, data)
    ]
    faults = faults or [
        f"{place}: after merging, {why}"
        for place, _template, sent in templates
        if (why := merge_tags.unknown(sent))
    ]
    if faults:
        return failed({"faults": faults[:MOST_KEPT], "count": len(faults)}, faults=listed(faults))
    if not any(merge_tags.has_tags(template) for _, template, _ in templates):
        return inapplicable("the message has no merge tags")
    return passed(names=[quoted(name) for name in sorted(data)])


def _templates(target: MessageTarget) -> list[tuple[str, str, str]]:
    """Each text that is merged: where it stands, as written, and as it would be sent."""
    subject = subject_template(target.message, target.changes)
    texts = [
        (f"slide {slide.number}", slide_template(slide, target.changes), target.effective.texts[slide.number])
        for slide in target.message.slides
    ]
    if subject is None:
        return texts
    return [("subject", subject, target.effective.subject or ""), *texts]


CHECKS: tuple[Check, ...] = (
    Check(
        name="xml-well-formed",
        target=TargetKind.MESSAGE,
        run=well_formed,
        reports=frozenset({"problem"}),
        reads_unreadable=True,
    ),
    Check(
        name="no-strays",
        target=TargetKind.MESSAGE,
        run=no_strays,
        params=Strays,
        reports=frozenset({"elements"}),
    ),
    Check(name="name-present", target=TargetKind.MESSAGE, run=name_present, reports=frozenset({"what"})),
    Check(
        name="slide-count",
        target=TargetKind.MESSAGE,
        run=slide_count,
        params=SlideCount,
        reports=frozenset({"slides", "count", "minimum", "maximum"}),
    ),
    Check(
        name="merge-data-complete",
        target=TargetKind.MESSAGE,
        run=merge_data,
        reports=frozenset({"faults"}),
    ),
)
"""Every check of the family."""
