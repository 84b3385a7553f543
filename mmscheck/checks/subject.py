"""Checks of the subject as it would be sent.

Carriers' message centres drop messages whose subject holds anything but plain characters, long after
the provider accepted them. A subject with an open merge tag is never passed as known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from mmscheck.base.text import code_point, count, is_blank, listed, quoted
from mmscheck.checks import merge_tags
from mmscheck.checks.characters import (
    OffendingCharacter,
    emoji_offenders,
    is_plain,
    name_of,
    offenders,
    suggested,
)
from mmscheck.checks.evidence import MOST_KEPT
from mmscheck.checks.texts import mended, misread_as, title
from mmscheck.model.check import (
    Check,
    MessageTarget,
    NoParams,
    Result,
    advising,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.effective import subject_template
from mmscheck.model.words import Because, Owner, TargetKind

NO_SUBJECT = "there is no subject"

MEND_THE_EXPORT = (
    "Export or open the texts as UTF-8 at the place they come from, and use the suggested subject: the "
    "letters named are not what somebody wrote, but one character read as two or three."
)
"""What helps where the encoding is at fault."""

LONGEST_READ = 10_000
"""Characters of a subject that are named one by one; a longer one is no subject and must not cost minutes."""

ENCODED_WORD = re.compile(r"=\?.*?\?=|=\?.*\Z", re.DOTALL)
"""An RFC 2047 encoded word, well formed or not: phones would show it as it stands.

What begins as one and never ends is taken as a whole: to look for each one's end would take hours.
"""

_SHORTEST_WORD = len("=??=")

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""C0 and C1 control characters, DEL, and the two line breaks that Unicode adds."""

_Search = Callable[[str], tuple[OffendingCharacter, ...]]


class Longest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most characters a text may have."""

    maximum: int


def where(target: MessageTarget) -> str:
    """Which subject is meant: the stored one with its line, or the one that replaces it."""
    stored = target.message.subject
    custom = target.changes.custom_subject is not None
    line = f" (line {stored.line})" if stored and not custom else ""
    merged = target.effective.subject != subject_template(target.message, target.changes)
    return f"{'custom ' if custom else ''}subject{line}{', with its merge data put in,' if merged else ''}"


def stands(target: MessageTarget) -> dict[str, Any]:
    """Where the stored subject stands as evidence, where it is the one that is sent."""
    stored = target.message.subject
    if stored is None or target.changes.custom_subject is not None:
        return {}
    within = {"column": stored.column, "pointer": stored.pointer} if stored.column else {}
    return {"line": stored.line, **within}


def present(target: MessageTarget, _: NoParams) -> Result:
    """There is a subject and it is not blank."""
    if target.effective.subject is None:
        return failed(what=f"The message has no subject{_in_doubt(target.message.spelling)}")
    return not_blank(target, _)


def not_blank(target: MessageTarget, _: NoParams) -> Result:
    """A subject that is given is not blank."""
    subject = target.effective.subject
    if subject is None:
        return inapplicable(NO_SUBJECT)
    if not is_blank(merge_tags.certain(subject)):
        return passed(subject=quoted(subject))
    if why := merge_tags.unknown(subject):
        return cant_tell(why, Because.TAGS)
    return failed(stands(target), what=f"The {where(target)} is empty{_in_doubt(target.message.spelling)}")


def _in_doubt(spelling: str) -> str:
    """What the sources of the upper-case dialects disagree on; nothing for the modern one."""
    if spelling == "modern":
        return ""
    return (
        "; whether the provider takes it so in the upper-case dialect is not certain: its appendices have "
        "required a subject since 2014 (E304, then E314), its pages of sendMMS say that the fallback text "
        "takes its place"
    )


def length(target: MessageTarget, params: Longest) -> Result:
    """The subject has at most so many characters."""
    subject = target.effective.subject
    if subject is None:
        return inapplicable(NO_SUBJECT)
    characters, why = len(merge_tags.certain(subject)), merge_tags.unknown(subject)
    evidence = {"count": characters, "maximum": params.maximum, **stands(target)}
    if characters > params.maximum:
        return failed(
            evidence,
            where=where(target),
            length=f"{'at least ' if why else ''}{characters} characters",
            maximum=params.maximum,
            excess=count(characters - params.maximum, "character"),
        )
    return cant_tell(why, Because.TAGS, **evidence) if why else passed(**evidence)


def no_emoji(target: MessageTarget, _: NoParams) -> Result:
    """The subject holds no emoji."""
    return _all_plain(target, "emoji", "emoji", emoji_offenders)


def ascii_only(target: MessageTarget, _: NoParams) -> Result:
    """The subject holds nothing but printable ASCII."""
    return _all_plain(target, "character", "characters", offenders)


def _all_plain(target: MessageTarget, one: str, many: str, search: _Search) -> Result:
    subject = target.effective.subject
    if subject is None:
        return inapplicable(NO_SUBJECT)
    if len(subject) > LONGEST_READ and not is_plain(subject):
        why = f"it is {len(subject):,} characters long, more than can be looked at one by one"
        return cant_tell(why, Because.TOO_LONG)
    if found := search(subject):
        plain = suggested(mended(subject))
        result = failed(
            {
                "offenders": msgspec.to_builtins(found[:MOST_KEPT]),
                "suggestion": plain,
                "subject": quoted(subject),
                **stands(target),
            },
            where=where(target),
            count=count(len(found), one, many),
            characters=listed([str(offender) for offender in found]),
            advice=_advice(plain, subject),
        )
        misread = misread_as(merge_tags.masked(subject)) is not None
        return advising(result, MEND_THE_EXPORT, Owner.CONTENT) if misread else result
    if why := merge_tags.unknown(subject):
        return cant_tell(why, Because.TAGS)
    return passed(subject=quoted(subject))


def _advice(plain: str, subject: str) -> str:
    if not plain:
        return "Nothing would be left of it, so write a new subject"
    known = merge_tags.masked(subject)
    cause = ""
    if encoding := misread_as(known):
        cause = f"It is UTF-8 that was read as {title(encoding)}: mend the encoding of the export. "
    german = suggested(mended(subject), german=True)
    return f"{cause}Suggested subject: {plain}{f' (in German: {german})' if german != plain else ''}"


def plain_line(target: MessageTarget, _: NoParams) -> Result:
    """The subject is one line without control characters and without encoded words."""
    subject = target.effective.subject
    if subject is None:
        return inapplicable(NO_SUBJECT)
    known = merge_tags.masked(subject)
    found = [f"{_control(m.group(0))} at position {m.start() + 1}" for m in CONTROL.finditer(known)]
    found += [
        f'the encoded word "{quoted(m.group(0))}" at position {m.start() + 1}'
        for m in ENCODED_WORD.finditer(known)
        if m.group(0).endswith("?=") and len(m.group(0)) >= _SHORTEST_WORD
    ]
    if found:
        return failed(
            {"found": found[:MOST_KEPT], "count": len(found), **stands(target)},
            where=where(target),
            found=listed(found),
        )
    if why := merge_tags.unknown(subject):
        return cant_tell(why, Because.TAGS)
    return passed(subject=quoted(subject))


def _control(char: str) -> str:
    return f"{name_of(char)} ({code_point(char)})"


_OFFENDERS = frozenset({"where", "count", "characters", "advice"})

CHECKS: tuple[Check, ...] = (
    Check(name="subject-present", target=TargetKind.MESSAGE, run=present, reports=frozenset({"what"})),
    Check(name="subject-not-blank", target=TargetKind.MESSAGE, run=not_blank, reports=frozenset({"what"})),
    Check(
        name="subject-length",
        target=TargetKind.MESSAGE,
        run=length,
        params=Longest,
        reports=frozenset({"where", "length", "maximum", "excess"}),
    ),
    Check(name="subject-no-emoji", target=TargetKind.MESSAGE, run=no_emoji, reports=_OFFENDERS),
    Check(name="subject-ascii", target=TargetKind.MESSAGE, run=ascii_only, reports=_OFFENDERS),
    Check(
        name="subject-plain",
        target=TargetKind.MESSAGE,
        run=plain_line,
        reports=frozenset({"where", "found"}),
    ),
)
"""What this family offers to rule files."""
