from __future__ import annotations

import datetime as dt
import itertools

import pytest
from msgspec.structs import replace

from mmscheck.diff.changes import Kind
from mmscheck.model.report import Evaluation
from mmscheck.model.verdict import Waived
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Outcome, Severity
from mmscheck.report import View
from tests.support.compared import HOST, difference, one, picture, told, view
from tests.support.reports import REQUEST, evaluation, medium, slide

PASSED, FAILED, OPEN, APART = Outcome.PASSED, Outcome.FAILED, Outcome.CANT_TELL, Outcome.INAPPLICABLE
RULE = "subject-ascii"

TABLE = {
    (PASSED, PASSED): (None, 0),
    (PASSED, FAILED): (Kind.NEW, 1),
    (PASSED, OPEN): (Kind.UNDECIDED, 3),
    (PASSED, APART): (None, 0),
    (PASSED, None): (None, 3),
    (FAILED, PASSED): (Kind.FIXED, 0),
    (FAILED, FAILED): (Kind.REMAINS, 0),
    (FAILED, OPEN): (Kind.UNDECIDED, 3),
    (FAILED, APART): (Kind.ENDED, 0),
    (FAILED, None): (Kind.NOT_COMPARED, 3),
    (OPEN, PASSED): (Kind.FIXED, 0),
    (OPEN, FAILED): (Kind.NEW, 1),
    (OPEN, OPEN): (Kind.REMAINS, 0),
    (OPEN, APART): (Kind.ENDED, 0),
    (OPEN, None): (Kind.NOT_COMPARED, 3),
    (APART, PASSED): (None, 0),
    (APART, FAILED): (Kind.NEW, 1),
    (APART, OPEN): (Kind.UNDECIDED, 3),
    (APART, APART): (None, 0),
    (APART, None): (None, 3),
    (None, PASSED): (None, 0),
    (None, FAILED): (Kind.NEW, 1),
    (None, OPEN): (Kind.UNDECIDED, 3),
    (None, APART): (None, 0),
}


def run(outcome: Outcome | None, severity: Severity = Severity.ERROR, *, strict: bool = False) -> View:
    found = () if outcome is None else (evaluation(RULE, outcome, severity=severity),)
    return view(one(*found), strict=strict)


def test_the_table_names_every_pair() -> None:
    every = [*Outcome, None]
    assert TABLE.keys() == set(itertools.product(every, every)) - {(None, None)}


@pytest.mark.parametrize("pair", TABLE, ids=lambda pair: "-".join(str(item) for item in pair))
def test_what_became_of_a_blocking_rule(pair: tuple[Outcome | None, Outcome | None]) -> None:
    kind, code = TABLE[pair]
    found = difference(run(pair[0]), run(pair[1]))
    blocking = kind in {Kind.NEW, Kind.UNDECIDED, Kind.NOT_COMPARED, Kind.REMAINS}
    assert told(found) == ([] if kind is None else [(str(kind), RULE, blocking)])
    assert found.exit_code == code
    assert bool(found.worse) is bool(code)


@pytest.mark.parametrize("pair", TABLE, ids=lambda pair: "-".join(str(item) for item in pair))
def test_advice_is_told_and_changes_no_exit_code(pair: tuple[Outcome | None, Outcome | None]) -> None:
    kind, _ = TABLE[pair]
    found = difference(run(pair[0], Severity.WARNING), run(pair[1], Severity.WARNING))
    assert told(found) == ([] if kind is None else [(str(kind), RULE, False)])
    assert found.exit_code == 0


@pytest.mark.parametrize(("outcome", "code"), [(FAILED, 1), (OPEN, 3)])
def test_advice_that_blocks_now_got_worse(outcome: Outcome, code: int) -> None:
    before = run(outcome, Severity.WARNING)
    for after in (run(outcome), run(outcome, Severity.WARNING, strict=True)):
        found = difference(before, after)
        assert found.exit_code == code
        assert found.changes[0].note == "was advice before, and blocks now"
        back = difference(after, before)
        assert (told(back), back.exit_code) == ([("remains", RULE, False)], 0)
        assert back.changes[0].note == "blocked before, and is advice now"


def waived(outcome: Evaluation) -> View:
    waiver = Waiver(rule=RULE, reason="so", who="A. Person", expires=dt.date(2027, 1, 31))
    plain = view(one(outcome))
    verdict = replace(
        plain.verdict.messages[0],
        permitted=True,
        reasons=(),
        waived=(Waived(rule=outcome.rule, target=outcome.target, waiver=waiver),),
    )
    return replace(plain, verdict=replace(plain.verdict, permitted=True, exit_code=0, messages=(verdict,)))


def test_a_waiver_fixes_nothing_and_its_end_makes_it_worse() -> None:
    failed = evaluation(RULE, FAILED)
    let_through = difference(run(FAILED), waived(failed))
    assert (told(let_through), let_through.exit_code) == ([("remains", RULE, False)], 0)
    assert "A. Person" in let_through.changes[0].note
    ended = difference(waived(failed), run(FAILED))
    assert (told(ended), ended.exit_code) == ([("new", RULE, True)], 1)
    assert ended.changes[0].note == "was waived before"
    fresh = difference(run(PASSED), waived(failed))
    assert (told(fresh), fresh.exit_code) == ([("new", RULE, False)], 0)


def test_a_rule_that_only_one_run_evaluated_is_named_with_its_numbers() -> None:
    old = view(*(one(evaluation(RULE, PASSED), source=f"{name}.xml") for name in "abc"))
    new = view(*(one(evaluation("subject-plain", PASSED), source=f"{name}.xml") for name in "abc"))
    found = difference(old, new)
    assert [(item.rule, item.only, item.evaluations, item.messages) for item in found.not_compared] == [
        ("subject-plain", "new", 3, 3),
        (RULE, "old", 3, 3),
    ]
    assert (found.changes, found.exit_code) == ([], 3)
    assert RULE in found.worse[0]


def test_a_run_without_a_send_says_nothing_about_the_request() -> None:
    asked = one(evaluation("request-to", FAILED, REQUEST), request_digest="sha256:" + "33" * 32)
    found = difference(view(asked), view(one()))
    assert (told(found), found.exit_code) == ([("not-compared", "request-to", True)], 3)


def test_what_is_gone_with_its_picture_is_not_fixed() -> None:
    lost = evaluation("content-length", FAILED, medium(1, 1))
    found = difference(view(one(lost, media=(picture(f"{HOST}/a.jpg", 1, 1),))), view(one()))
    assert (told(found), found.exit_code) == ([("ended", "content-length", False)], 0)
    assert found.changes[0].url == f"{HOST}/a.jpg"


def test_behind_broken_xml_nothing_is_gone() -> None:
    lost = evaluation("content-length", FAILED, medium(1, 1))
    text = evaluation("slide-text-length", FAILED, slide(2))
    broken = one(evaluation("xml-well-formed", FAILED))
    found = difference(view(one(lost, text, media=(picture(f"{HOST}/a.jpg", 1, 1),))), view(broken))
    assert told(found) == [
        ("new", "xml-well-formed", True),
        ("not-compared", "content-length", True),
        ("not-compared", "slide-text-length", True),
    ]
    assert found.exit_code == 1


def test_doubled_evaluations_never_make_it_look_better() -> None:
    twice = one(evaluation(RULE, FAILED), evaluation(RULE, PASSED))
    assert difference(run(PASSED), view(twice)).exit_code == 1
    assert told(difference(view(twice), run(FAILED))) == [("new", RULE, True)]
