"""How the time that a server took is held against the limits."""

from __future__ import annotations

import msgspec
import pytest

from mmscheck.model.observation import Observation, Reason, Timing
from mmscheck.model.words import Outcome
from tests.support.media_targets import fetched, hop, judge, not_fetched

FAILED, CANT_TELL, PASSED, INAPPLICABLE = (
    Outcome.FAILED,
    Outcome.CANT_TELL,
    Outcome.PASSED,
    Outcome.INAPPLICABLE,
)


def timed(first: int | None, total: int, reason: Reason | None = None) -> Observation:
    timing = Timing(first_byte=first, total=total)
    if reason is None:
        return msgspec.structs.replace(fetched(), timing_ms=timing)
    return not_fetched(reason, hop(status=None), timing_ms=timing)


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (timed(5000, 15000), PASSED),
        (timed(5001, 5002), FAILED),
        (timed(1, 15001), FAILED),
        (timed(None, 15001), CANT_TELL),
        (timed(1, 30000, Reason.TIMED_OUT), FAILED),
        (timed(6000, 6000, Reason.RESET), FAILED),
        (timed(1, 300, Reason.RESET), CANT_TELL),
        (timed(None, 30000, Reason.TIMED_OUT), CANT_TELL),
        (timed(1, 300, Reason.BAD_STATUS), CANT_TELL),
    ],
)
def test_the_times_are_held_against_their_limits(seen: Observation, outcome: Outcome) -> None:
    assert judge("response-time", seen).outcome is outcome


def test_a_local_file_was_served_by_nobody() -> None:
    local = msgspec.structs.replace(fetched(), hops=())
    assert judge("response-time", local).outcome is INAPPLICABLE


def test_what_is_late_is_said_in_seconds() -> None:
    result = judge("response-time", timed(6100, 20000))
    assert result.wording["problem"] == (
        "the first byte came after 6.1 s, more than 5 s; the whole file came after 20.0 s, more than 15 s"
    )
