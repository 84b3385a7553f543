"""One run, every format: whoever reads whichever of them must come to the same answer."""

from __future__ import annotations

import pytest

from mmscheck.model.words import Outcome
from mmscheck.report import FORMATS, View
from tests.support.agreeing import CASES, EVERY, RUNS, STRICT, effects
from tests.support.readers import COMPLETE, READERS, read

MIXED = tuple(name for name, view in RUNS.items() if len(view.report.messages) > 1)


def verdict_word(view: View) -> str:
    if view.verdict.permitted:
        return "permit"
    return "pass-offline" if view.verdict.passed_offline else "deny"


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("run", MIXED)
def test_every_format_tells_the_same_outcome_and_effect_of_every_evaluation(run: str, name: str) -> None:
    told = read(name, RUNS[run])
    expected = effects(strict=run in STRICT)
    assert told.found == {rule: each for rule, each in expected.items() if each[1] != "none"}
    if name in COMPLETE:
        assert told.rest is not None
        assert {rule: told.rest[rule] for rule, each in expected.items() if each[1] == "none"} == {
            each.rule: each.outcome.value for each in CASES if each.effect == "none"
        }
        assert set(told.rest.values()) <= {"passed", "inapplicable"}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("run", EVERY)
def test_every_format_tells_the_verdict_as_it_was_given(run: str, name: str) -> None:
    view = EVERY[run]
    told = read(name, view)
    if told.word is not None:
        assert told.word == verdict_word(view)
    else:
        assert name in {"csv", "gitlab"}
        assert verdict_word(view) != "deny"


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("run", EVERY)
def test_a_pipeline_that_goes_by_a_format_stops_exactly_where_the_exit_status_says_so(
    run: str, name: str
) -> None:
    view = EVERY[run]
    assert read(name, view).red is (view.verdict.exit_code != 0)


@pytest.mark.parametrize("name", sorted(COMPLETE))
@pytest.mark.parametrize("run", EVERY)
def test_complete_formats_have_every_evaluation(run: str, name: str) -> None:
    told = read(name, EVERY[run])
    rules = {item.rule for message in EVERY[run].report.messages for item in message.evaluations}
    assert told.rest is not None
    assert {*told.found, *told.rest} == rules


def test_the_runs_hold_everything_there_is() -> None:
    assert {case.outcome for case in CASES} == set(Outcome)
    assert {(case.outcome, case.severity) for case in CASES} >= {
        (outcome, severity) for outcome in Outcome for severity in {case.severity for case in CASES}
    }
    assert {use.state.value for use in RUNS["lax"].verdict.waivers} == {
        "used",
        "unused",
        "expired",
        "refused",
    }


def test_every_machine_format_has_a_reader() -> None:
    assert set(FORMATS) == set(READERS)
