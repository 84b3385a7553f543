"""How long the server took."""

from __future__ import annotations

import msgspec

from mmscheck.checks.observed import unanswered
from mmscheck.model.check import Check, MediaTarget, Result, failed, inapplicable, passed
from mmscheck.model.observation import Fetched, Timing
from mmscheck.model.words import TargetKind


class ResponseTime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds from the start of an attempt, redirects included, to the first byte and to the whole file."""

    first_byte: float
    total: float


def response_time(target: MediaTarget, params: ResponseTime) -> Result:
    """First byte and whole file came in time; what never came whole may still be known to be too late."""
    observation = target.observation
    if isinstance(observation, Fetched) and not observation.hops:
        return inapplicable("the file was not fetched")
    measured = observation.timing_ms
    if measured is None or measured.first_byte is None:
        return unanswered(observation)
    seen = {
        "first_byte_ms": measured.first_byte,
        "total_ms": measured.total,
        "whole": isinstance(observation, Fetched),
        "limits_s": {"first_byte": params.first_byte, "total": params.total},
    }
    late = _late(measured, params, whole=isinstance(observation, Fetched))
    if late:
        return failed(seen, problem="; ".join(late))
    return passed(**seen) if isinstance(observation, Fetched) else unanswered(observation)


def _late(measured: Timing, params: ResponseTime, *, whole: bool) -> list[str]:
    problems = []
    first, total = (measured.first_byte or 0) / 1000, measured.total / 1000
    if first > params.first_byte:
        problems.append(f"the first byte came after {first:.1f} s, more than {params.first_byte:g} s")
    if total > params.total:
        what = "the whole file came after" if whole else "it had not come whole after"
        problems.append(f"{what} {total:.1f} s, more than {params.total:g} s")
    return problems


CHECKS: tuple[Check, ...] = (
    Check(
        name="response-time",
        target=TargetKind.MEDIA,
        run=response_time,
        params=ResponseTime,
        reports=frozenset({"problem"}),
    ),
)
"""What this module offers to rule files."""
