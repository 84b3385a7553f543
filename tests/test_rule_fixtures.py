"""Every rule against its fixtures: whole messages through the real program and real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mmscheck.judge.pipeline import load_rules
from mmscheck.model.report import Evaluation, TargetKey
from mmscheck.model.words import Outcome, Severity, TargetKind
from tests.support.rule_cases import FOLDER, Case, Expect, Page, RuleCase, read_cases, read_file
from tests.support.rule_runs import problems, run_cases

CASES = read_cases()
RULES = sorted({rule.id for profile in ("send", "lint") for rule in load_rules(profile).rules})

UNDECIDED = frozenset({"cant-tell"})
URL_AS_WRITTEN = "looks at the URL as written, which is always there"
SLIDE_AS_PARSED = "a slide that was parsed shows what it holds, and one that was not is no target"
FIELD_AS_GIVEN = "looks at a field of the send as given, which is there or is not"

UNSHOWN = {
    **dict.fromkeys(
        ("url-absolute", "url-clean", "url-query-free", "url-not-a-page"), (UNDECIDED, URL_AS_WRITTEN)
    ),
    **dict.fromkeys(
        ("media-kind-accepted", "one-shot-media-advised"),
        (UNDECIDED, "looks at the name that the URL stands under"),
    ),
    "xml-well-formed": (UNDECIDED, "a document that cannot be read is what it fails for"),
    **dict.fromkeys(
        (
            *("slide-one-per-kind", "slide-no-image-with-video", "slide-no-audio-with-video"),
            *("slide-object-alone", "slide-single-object", "slide-duration-advised"),
        ),
        (UNDECIDED, SLIDE_AS_PARSED),
    ),
    **dict.fromkeys(
        (
            *("request-to", "request-from", "request-mms-id", "request-service-id"),
            *("request-operator-id", "request-ddm", "one-shot-media-fetched"),
        ),
        (UNDECIDED, FIELD_AS_GIVEN),
    ),
    "asset-present": (UNDECIDED, "a folder has a name or has not; one that cannot be listed fails too"),
    "mms-id-bound": (
        frozenset({"pass", "fail", "cant-tell"}),
        "needs a ledger, which no check has; tests/checks/ judges it with bindings made by hand",
    ),
    **dict.fromkeys(
        ("text-first-opt-out", "text-first-names-sender"),
        (
            frozenset({"pass", "fail", "cant-tell"}),
            "need a ledger, which no check has; tests/send/test_first_messages.py has real ones",
        ),
    ),
    **dict.fromkeys(
        (
            *("recipient-not-suppressed", "recipient-quiet-hours", "recipient-gap"),
            *("recipient-daily-most", "recipient-country", "recipient-consent"),
        ),
        (
            frozenset({"pass", "fail", "cant-tell"}),
            "need a ledger, which no check has; tests/cli/test_send_recipients.py has real ones",
        ),
    ),
    "media-as-saved": (
        frozenset({"pass", "fail", "cant-tell"}),
        "needs a ledger, which no check has; tests/checks/test_bound_checks.py makes bindings by hand",
    ),
}
"""Outcomes that no case of a rule can have, and why."""


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Evaluation, ...]]:
    """All cases, run once: most of the time goes into starting workers, which the cases share."""
    return asyncio.run(asyncio.wait_for(run_cases(CASES, tmp_path_factory.mktemp("rules")), 400))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_rule_judges_the_case_as_expected(
    case: RuleCase, outcomes: dict[str, tuple[Evaluation, ...]]
) -> None:
    assert not problems(case, outcomes[case.id])


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_shown_passing_failing_and_undecided(rule: str) -> None:
    kinds = ("pass", "fail", "cant-tell")
    names = [case.case.name for case in CASES if case.rule == rule]
    shown = {kind for kind in kinds if any(name.startswith(f"{kind}-") for name in names)}
    unshown, why = UNSHOWN.get(rule, (frozenset(), ""))
    assert shown == set(kinds) - unshown, why


def test_every_fixture_is_for_a_rule_that_exists() -> None:
    assert UNSHOWN.keys() <= set(RULES)
    assert {case.rule for case in CASES} <= set(RULES)
    assert {entry.name for entry in FOLDER.iterdir()} == {case.rule for case in CASES}


def judged(outcome: Outcome = Outcome.FAILED, **fields: Any) -> Evaluation:
    return Evaluation(
        rule="slide-count",
        severity=Severity.ERROR,
        outcome=outcome,
        target=TargetKey(kind=TargetKind.SLIDE, slide=2),
        message="sale.xml has 9 slides.",
        **fields,
    )


@pytest.mark.parametrize(
    ("expected", "evaluations", "agrees"),
    [
        (Expect(outcome=Outcome.FAILED), [judged()], True),
        (Expect(outcome=Outcome.FAILED, slide=2, media=0, contains=("9 slides",)), [judged()], True),
        (Expect(outcome=Outcome.FAILED, contains=("9 slides", "8 slides")), [judged()], False),
        (Expect(outcome=Outcome.FAILED, slide=1), [judged()], False),
        (Expect(outcome=Outcome.FAILED, media=1), [judged()], False),
        (Expect(outcome=Outcome.FAILED), [judged(Outcome.CANT_TELL)], False),
        (Expect(outcome=Outcome.FAILED), [], False),
        (Expect(outcome=Outcome.FAILED), [judged(), judged()], False),
        (
            Expect(outcome=Outcome.CANT_TELL),
            [judged(Outcome.CANT_TELL, crashed=True, evidence={"traceback": "..."})],
            False,
        ),
    ],
)
def test_every_difference_from_what_is_expected_is_seen(
    expected: Expect, evaluations: list[Evaluation], *, agrees: bool
) -> None:
    name = {Outcome.FAILED: "fail-it", Outcome.CANT_TELL: "cant-tell-it"}[expected.outcome]
    case = Case(name=name, message="<request/>", expect=(expected,))
    assert bool(problems(RuleCase(rule="slide-count", case=case, number=1), evaluations)) is not agrees


async def test_a_url_that_no_case_foresees_stops_the_run(tmp_path: Path) -> None:
    case = Case(
        name="pass-it",
        message="<request><slide><image><url>http://a.example/other.jpg</url></image></slide></request>",
        web=(Page(url="http://a.example/photo.jpg"),),
        expect=(Expect(outcome=Outcome.PASSED),),
    )
    with pytest.raises(AssertionError, match=r"a\.example/other\.jpg"):
        await run_cases([RuleCase(rule="slide-count", case=case, number=1)], tmp_path)


PAGE = '[[case.web]]\nurl = "http://a.example/a"\n'
GOOD = """
[[case]]
name = "fail-one"
message = "<request/>"
[[case.expect]]
outcome = "failed"
"""


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("name =", "nam =", "nam"),
        ('message = "<request/>"', "", "message"),
        ("outcome =", "result =", "result"),
        ('"failed"', '"fail"', "outcome"),
        ('"failed"', '"passed"', "name promises"),
        ("fail-one", "one", "fail-nine-slides"),
        ('[[case.expect]]\noutcome = "failed"', "expect = []", "expect"),
        ("[[case.expect]]", '[[case.web]]\nurl = "/a.jpg"\n[[case.expect]]', "absolute URL"),
        (
            "[[case.expect]]",
            '[[case.web]]\nurl = "http://a.example/a"\nbody = {}\n[[case.expect]]',
            "file, text",
        ),
        (
            "[[case.expect]]",
            '[[case.web]]\nurl = "http://a.example/a"\nframing = "raw"\n[[case.expect]]',
            "raw exactly",
        ),
    ],
)
def test_a_case_that_is_not_written_as_agreed_is_refused(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    file = tmp_path / "cases.toml"
    file.write_text(GOOD)
    assert read_file(file)
    assert old in GOOD
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ValueError, match=named) as error:
        read_file(file)
    assert str(file) in str(error.value)
