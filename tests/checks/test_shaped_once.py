"""What several checks ask of one observation is worked out once, and never told of another one."""

from __future__ import annotations

from random import Random

import pytest

from mmscheck.checks import evidence
from mmscheck.checks.evidence import answers_evidence, later_answers
from mmscheck.model.observation import Observation, Probe, ProbeName, Reason
from tests.support.media_targets import JPEG, LENGTH, fetched, hop, not_fetched


def made(random: Random) -> Observation:
    """An observation that may well be equal to another one."""
    headers = random.choice((JPEG, LENGTH, (("Transfer-Encoding", "chunked"),), ()))
    probes = tuple(
        Probe(name=name, hops=(hop(headers=headers),)) for name in random.sample(list(ProbeName), k=2)
    )
    if random.random() < 0.3:
        return not_fetched(random.choice(list(Reason)), hop(headers=headers), probes=probes)
    return fetched(headers, probes=probes)


def test_each_observation_has_its_own_answers_in_whatever_order_they_are_asked_for() -> None:
    random = Random(15)
    for _ in range(300):
        # Made and dropped, so that the place in memory of one is soon that of another.
        few = [made(random) for _ in range(random.randint(1, 6))]
        for seen in random.choices(few, k=12):
            assert answers_evidence(seen) == answers_evidence.__wrapped__(seen)  # type: ignore[attr-defined] # what it wraps
            assert later_answers(seen) == later_answers.__wrapped__(seen)  # type: ignore[attr-defined] # the same


def test_the_checks_of_one_medium_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noting(name: str, *_: object) -> dict[str, str]:
        asked.append(name)
        return {}

    monkeypatch.setattr(evidence, "_answer_evidence", noting)
    seen = fetched(probes=(Probe(name=ProbeName.GZIP, hops=(hop(),)),))
    for _ in range(3):
        answers_evidence(seen)
    assert asked == [evidence.FIRST, ProbeName.GZIP.value]
    answers_evidence(fetched(probes=seen.probes))  # equal, and another one
    assert len(asked) == 4
