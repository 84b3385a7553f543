"""Checks of one slide: what may stand on it together, and how much text."""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from mmscheck.base.text import count, enumerated, is_blank, quoted
from mmscheck.checks import merge_tags
from mmscheck.model.check import (
    Check,
    NoParams,
    Result,
    SlideTarget,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.words import Because, MediaKind, TargetKind

_NAMES = {
    MediaKind.IMAGE: ("an image", "images"),
    MediaKind.AUDIO: ("an audio file", "audio files"),
    MediaKind.VIDEO: ("a video", "videos"),
    MediaKind.VCARD: ("a contact card (vcard)", "contact cards (vcard)"),
    MediaKind.ICAL: ("a calendar entry (ical)", "calendar entries (ical)"),
    MediaKind.PDF: ("a PDF", "PDFs"),
    MediaKind.PASSBOOK: ("a pass (passbook)", "passes (passbook)"),
}


class Kinds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Kinds of media that count as one."""

    kinds: tuple[MediaKind, ...]


class Apart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Kinds of media that must not stand beside any of the ``others``."""

    kinds: tuple[MediaKind, ...]
    others: tuple[MediaKind, ...]


class LongestText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most characters a slide's text may have."""

    maximum: int


def counted(target: SlideTarget) -> Counter[MediaKind]:
    """How many media of each kind the slide has."""
    return Counter(ref.kind for ref in target.slide.media)


def in_words(kinds: Counter[MediaKind]) -> str:
    """The media as people enumerate them: ``an image and 2 audio files``."""
    return enumerated([_NAMES[kind][0] if n == 1 else f"{n} {_NAMES[kind][1]}" for kind, n in kinds.items()])


def not_empty(target: SlideTarget, _: NoParams) -> Result:
    """The slide has text that is not blank, a medium with a URL, or a picture that nobody can look at."""
    if target.slide.unseen:
        return passed(unseen=target.slide.unseen)
    media = [ref for ref in target.slide.media if not is_blank(ref.url)]
    if media or not is_blank(merge_tags.certain(target.text)):
        return passed(media=len(media), characters=len(target.text))
    if why := merge_tags.unknown(target.text):
        return cant_tell(why, Because.TAGS)
    return failed(what="an empty text" if target.slide.texts else "no text")


def one_per_kind(target: SlideTarget, _: NoParams) -> Result:
    """No kind of media, and no text, is on the slide twice."""
    twice = [f"{n} {_NAMES[kind][1]}" for kind, n in counted(target).items() if n > 1]
    # Text is a media type like the others, and the 2015 schema takes one text element to a slide.
    if len(target.slide.texts) > 1:
        twice.append(f"{len(target.slide.texts)} texts")
    return failed(content=enumerated(twice)) if twice else passed()


def single(target: SlideTarget, params: Kinds) -> Result:
    """Of all these kinds together the slide has at most one."""
    kinds = Counter({kind: n for kind, n in counted(target).items() if kind in params.kinds})
    if kinds.total() > 1:
        return failed(count=kinds.total(), content=in_words(kinds))
    return passed(count=kinds.total())


def apart(target: SlideTarget, params: Apart) -> Result:
    """The slide does not hold media from both groups."""
    kinds = counted(target)
    first = Counter({kind: n for kind, n in kinds.items() if kind in params.kinds})
    second = Counter({kind: n for kind, n in kinds.items() if kind in params.others})
    if first and second:
        return failed(first=in_words(first), second=in_words(second))
    return passed(kinds=sorted(kinds))


def text_length(target: SlideTarget, params: LongestText) -> Result:
    """The text has at most so many characters, whichever way the provider counts them."""
    if not target.text:
        return inapplicable("the slide has no text")
    known, why = merge_tags.certain(target.text), merge_tags.unknown(target.text)
    characters, units = len(known), len(known.encode("utf-16-le", "surrogatepass")) // 2
    evidence = {"count": characters, "utf16_units": units, "maximum": params.maximum}
    if characters > params.maximum:
        return failed(
            evidence,
            length=f"{'at least ' if why else ''}{characters:,} characters",
            maximum=f"{params.maximum:,}",
            excess=count(characters - params.maximum, "character"),
        )
    if units > params.maximum:
        counts = f"it has {characters:,} characters, but {units:,} when each emoji counts as two"
        return cant_tell(f"{counts}, and the provider does not say how it counts", **evidence)
    return cant_tell(why, Because.TAGS, **evidence) if why else passed(**evidence)


WHOLE = re.compile(r"[0-9]+\Z")
"""A non-negative integer in ASCII digits, with no sign and no white space."""

LONGEST_NUMBER = 9
"""Digits: nobody documents what becomes of a larger number."""


class LongestTime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The longest time, in seconds, that a slide should stay."""

    maximum: int


def duration(target: SlideTarget, _: NoParams) -> Result:
    """The duration, where there is one, is a whole number of seconds and not negative."""
    given = target.slide.duration
    if given is None:
        return inapplicable("the slide gives no duration, so the provider takes its own")
    evidence = {"duration": quoted(given.value), "line": given.line}
    if not WHOLE.match(given.value):
        return failed(evidence, duration=quoted(given.value, 40), where=f"line {given.line}")
    if len(given.value.lstrip("0")) > LONGEST_NUMBER:
        return cant_tell("it is a larger number than any the provider's documents speak of", **evidence)
    return passed(**evidence)


def duration_advised(target: SlideTarget, params: LongestTime) -> Result:
    """The duration is not longer than advised."""
    given = target.slide.duration
    if given is None:
        return inapplicable("the slide gives no duration, so the provider takes its own")
    if not WHOLE.match(given.value):
        return inapplicable("the duration is no whole number of seconds, which another rule reports")
    digits = given.value.lstrip("0") or "0"
    # Python refuses to turn thousands of digits into a number.
    if len(digits) > LONGEST_NUMBER or int(digits) > params.maximum:
        return failed({"line": given.line}, duration=quoted(digits, 40), maximum=params.maximum)
    return passed(duration=int(digits), maximum=params.maximum)


CHECKS: tuple[Check, ...] = (
    Check(name="slide-not-empty", target=TargetKind.SLIDE, run=not_empty, reports=frozenset({"what"})),
    Check(
        name="slide-one-per-kind", target=TargetKind.SLIDE, run=one_per_kind, reports=frozenset({"content"})
    ),
    Check(
        name="slide-single",
        target=TargetKind.SLIDE,
        run=single,
        params=Kinds,
        reports=frozenset({"count", "content"}),
    ),
    Check(
        name="slide-apart",
        target=TargetKind.SLIDE,
        run=apart,
        params=Apart,
        reports=frozenset({"first", "second"}),
    ),
    Check(
        name="slide-text-length",
        target=TargetKind.SLIDE,
        run=text_length,
        params=LongestText,
        reports=frozenset({"length", "maximum", "excess"}),
    ),
    Check(
        name="slide-duration",
        target=TargetKind.SLIDE,
        run=duration,
        reports=frozenset({"duration", "where"}),
    ),
    Check(
        name="slide-duration-advised",
        target=TargetKind.SLIDE,
        run=duration_advised,
        params=LongestTime,
        reports=frozenset({"duration", "maximum"}),
    ),
)
"""Every check of the family."""
