"""The engine: every rule on every target, and nothing a check does can hide an outcome."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mmscheck.judge.engine import judge
from mmscheck.model.check import Check, NoParams, Result, failed, inapplicable, passed
from mmscheck.model.mms import MediaRef, Mms, Slide, Text, XmlProblem
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.report import MessageReport, TargetKey
from mmscheck.model.request import Changes, SendRequest
from mmscheck.model.rule import Rule, RuleSet, Wording
from mmscheck.model.words import MediaKind, Outcome, Owner, Severity, TargetKind

URL = "https://media.example/a.jpg?X-Amz-Signature=0123456789abcdef0123456789abcdef"


def rule(run: Any, *, id_: str = "some-rule", target: TargetKind = TargetKind.MESSAGE, **check: Any) -> Rule:
    return Rule(
        id=id_,
        title="Something holds",
        severity=Severity.ERROR,
        target=target,
        owner=Owner.CONTENT,
        check=Check(name="some-check", target=target, run=run, **check),
        params=NoParams(),
        text=Wording(why="why", fix="fix", failed="{url} on {slide}: {seen}", cant_tell="unknown: {reason}"),
        source="test",
    )


def message(**fields: Any) -> Mms:
    ref = MediaRef(url=URL, kind=MediaKind.IMAGE, slide=1, index=1, line=7)
    again = MediaRef(url=URL, kind=MediaKind.IMAGE, slide=2, index=2, line=11)
    slides = (
        Slide(number=1, line=5, media=(ref,), texts=(Text(value="Hi {$name|you}", line=6),)),
        Slide(number=2, line=9, media=(again,)),
    )
    given: dict[str, Any] = {"source": "sale.xml", "digest": "sha256:00", "slides": slides, **fields}
    return Mms(**given)


def judged(*rules: Rule, on: Mms | None = None, request: SendRequest | None = None) -> MessageReport:
    ruleset = RuleSet(profile="send", rules=rules, digest="sha256:11", sender="any")
    seen: dict[str, Observation] = {URL: NotFetched(url=URL, reason=Reason.TIMED_OUT)}
    return judge(ruleset, on or message(), seen, changes=Changes(), request=request)


def test_every_rule_meets_every_target_of_its_kind_in_order() -> None:
    rules = [rule(lambda t, p: passed(), id_=f"r-{kind}", target=kind) for kind in TargetKind]
    report = judged(*rules, request=SendRequest(to="15550100000"))
    assert [(item.rule, item.target.slide, item.target.media) for item in report.evaluations] == [
        ("r-message", 0, 0),
        ("r-request", 0, 0),
        ("r-slide", 1, 0),
        ("r-media", 1, 1),
        ("r-slide", 2, 0),
        ("r-media", 2, 2),
    ]
    assert TargetKey(kind=TargetKind.REQUEST) in report.targets


def test_without_a_request_no_request_rule_is_asked() -> None:
    report = judged(rule(lambda t, p: passed(), target=TargetKind.REQUEST))
    assert report.evaluations == ()
    assert all(key.kind is not TargetKind.REQUEST for key in report.targets)


def raising(_target: object, _params: object) -> Result:
    raise RuntimeError("the check broke")


@pytest.mark.parametrize(
    "run",
    [
        raising,
        lambda t, p: None,
        lambda t, p: True,
        lambda t, p: failed(),  # reports no {seen}
        lambda t, p: passed(evidence=object()),  # no JSON value
        lambda t, p: Result(outcome=Outcome.CANT_TELL),  # gives no reason
        lambda t, p: msgspec.structs.replace(passed(), outcome="passed"),  # a word, not an outcome
    ],
)
def test_a_broken_check_is_undecided_with_its_traceback_and_the_rest_stays_whole(run: Any) -> None:
    report = judged(rule(run), rule(lambda t, p: passed(), id_="other"))
    broken, other = report.evaluations
    assert broken.outcome is Outcome.CANT_TELL
    assert broken.crashed
    assert "Traceback" in broken.evidence["traceback"]
    assert other.outcome is Outcome.PASSED


def test_no_rule_is_passed_on_a_message_that_could_not_be_read() -> None:
    unreadable = message(slides=(), problem=XmlProblem(reason="not XML", line=3))
    reads = rule(lambda t, p: failed(seen=t.message.problem.reason), id_="reads", reads_unreadable=True)
    first, second = judged(reads, rule(lambda t, p: passed()), on=unreadable).evaluations
    assert (first.outcome, first.line) == (Outcome.FAILED, 3)
    assert second.outcome is Outcome.CANT_TELL


def test_a_url_without_an_observation_is_judged_as_not_looked_at() -> None:
    seen: list[Reason] = []

    def run(target: Any, _params: Any) -> Result:
        seen.append(target.observation.reason)
        return inapplicable("recorded")

    ruleset = RuleSet(profile="send", rules=(rule(run, target=TargetKind.MEDIA),), digest="", sender="any")
    judge(ruleset, message(), {}, changes=Changes())
    assert seen == [Reason.NOT_LOOKED, Reason.NOT_LOOKED]


def test_secrets_of_urls_reach_no_words() -> None:
    report = judged(rule(lambda t, p: failed(seen=f"saw {URL}"), target=TargetKind.MEDIA))
    item = report.evaluations[0]
    assert "0123456789abcdef" not in item.message + str(item.url)
    assert "https://media.example/a.jpg?…" in item.message


def test_checks_see_the_text_as_it_would_be_sent() -> None:
    texts: list[str] = []

    def run(target: Any, _params: Any) -> Result:
        texts.append(target.text)
        return passed()

    request = SendRequest(changes=Changes(data=(("NAME", "Ana"),)))
    ruleset = RuleSet(profile="send", rules=(rule(run, target=TargetKind.SLIDE),), digest="", sender="any")
    judge(ruleset, message(), {}, changes=request.changes, request=request)
    assert texts == ["Hi Ana", ""]
