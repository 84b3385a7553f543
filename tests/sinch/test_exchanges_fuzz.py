"""Answers and notifications that nobody meant: a short run of ``tests.fuzz.fuzz_exchanges``."""

from __future__ import annotations

from collections import Counter
from random import Random

from mmscheck.model.request import SendStatus
from mmscheck.sinch import parse_answer
from mmscheck.sinch.outcome import judge
from tests.fuzz.exchanges import KEY, REQUEST, xml_answer
from tests.fuzz.fuzz_exchanges import tried

SEEDS = 3_000


def test_no_answer_and_no_notification_breaks_a_promise() -> None:
    assert [told for number in range(SEEDS) for told in tried(f"suite/{number}")] == []


def test_the_answers_tried_are_accepted_refused_and_unknown() -> None:
    ends: Counter[SendStatus] = Counter()
    for number in range(500):
        data, status = xml_answer(Random(f"mix/{number}"))
        ends[judge(parse_answer(data), status, REQUEST, KEY).status] += 1
    assert min(ends[one] for one in (SendStatus.ACCEPTED, SendStatus.REFUSED, SendStatus.UNKNOWN)) > 20
