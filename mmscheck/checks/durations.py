"""Checks of how long a slide stays on the screen."""

from __future__ import annotations

import re

import msgspec

from mmscheck.base.text import quoted
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
from mmscheck.model.words import TargetKind

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
"""What this module offers to rule files."""
