"""Which findings of a message explain which others on the same target: people are told a cause once.

What follows from what is data: each rule names what it ``follows``. That is what is certain from what the
rules look at, and nothing that is merely likely: a sign-in page is no picture, and what is sent in chunks
states no length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from mmscheck.model.observation import REASONS, NotFetched, Observation
from mmscheck.model.report import Evaluation, Pair, TargetKey
from mmscheck.model.rule import LEADERS, REACHABLE, Follow, Rule
from mmscheck.model.words import Because, Outcome, Severity, TargetKind

Came = Mapping[TargetKey, Observation | None]
"""What came for each medium, in the message's order."""


def with_causes(
    evaluations: Sequence[Evaluation], rules: Iterable[Rule], came: Came
) -> tuple[Evaluation, ...]:
    """The evaluations of one message, each finding with those that explain it; it changes no outcome.

    Crashes stand by themselves, and explain nothing.
    """
    findings = {
        (item.rule, item.target): item for item in evaluations if item.is_finding and not item.crashed
    }
    if not findings:
        return tuple(evaluations)
    follows = {rule.id: rule.follows for rule in rules}
    causes = {
        pair: tuple(_causes(item, follows.get(item.rule, ()), findings, came))
        for pair, item in findings.items()
    }
    return tuple(
        replace(item, causes=found) if (found := causes.get((item.rule, item.target))) else item
        for item in evaluations
    )


def _causes(
    item: Evaluation, follows: Iterable[Follow], findings: Mapping[Pair, Evaluation], came: Came
) -> Iterator[Pair]:
    yield from (pair for pair in _leaders(item, came) if pair in findings)
    seen = came.get(item.target)
    words = {item.outcome.value, item.because, REASONS[seen.reason] if isinstance(seen, NotFetched) else None}
    for follow in follows:
        cause = findings.get((follow.rule, item.target))
        if cause is None or cause.outcome is not Outcome.FAILED:
            continue
        # No error is told below advice.
        no_worse = item.severity is not Severity.ERROR or cause.severity is Severity.ERROR
        if no_worse and (not follow.when or not words.isdisjoint(follow.when)):
            yield cause.rule, cause.target


def _leaders(item: Evaluation, came: Came) -> Iterator[Pair]:
    """Where there was nothing to look at: what says so, of the document or of each file that did not come."""
    leader = LEADERS.get(item.because) if item.because else None
    if item.outcome is Outcome.FAILED or leader is None or item.rule in LEADERS.values():
        return
    if item.because is Because.FILE and item.target.kind is TargetKind.MESSAGE:
        yield from ((REACHABLE, key) for key, seen in came.items() if isinstance(seen, NotFetched))
    else:
        yield leader, item.target
