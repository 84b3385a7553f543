"""What the engine makes of a recognised server: advice below findings only, and never in the way of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mmscheck.judge.engine import judge
from mmscheck.model.check import (
    Check,
    NoParams,
    Result,
    advising,
    cant_tell,
    failed,
    inapplicable,
    passed,
    saying,
)
from mmscheck.model.mms import MediaRef, Mms, Slide
from mmscheck.model.observation import Fetched, NotFetched
from mmscheck.model.report import Evaluation, MessageReport
from mmscheck.model.request import Changes
from mmscheck.model.rule import Rule, RuleSet, Wording
from mmscheck.model.server import Condition, Detected, Mark, Remedy, Server, ServerKind
from mmscheck.model.words import MediaKind, Outcome, Owner, Severity, TargetKind
from tests.support.media_targets import URL, fetched


def server(kind: ServerKind = ServerKind.SERVER, looks_like: str = "") -> Server:
    remedy = Remedy(
        rules=("some-rule",),
        cause="",
        cause_evidence=Mark.MEASURED,
        fix="Mend this.",
        fix_evidence=Mark.MEASURED,
        source="test",
    )
    return Server(
        id="a",
        name="A",
        kind=kind,
        signs=(Condition(status=(200,)),),
        evidence=Mark.MEASURED,
        source="test",
        looks_like=looks_like,
        remedies=(remedy,),
    )


WALL = server(ServerKind.WALL, "a wall")


def judged(run: Callable[[Any, Any], Result], who: Server, seen: Fetched | NotFetched) -> MessageReport:
    rule = Rule(
        id="some-rule",
        title="It holds",
        severity=Severity.ERROR,
        target=TargetKind.MEDIA,
        owner=Owner.HOSTING,
        check=Check(name="some-check", target=TargetKind.MEDIA, run=run),
        params=NoParams(),
        text=Wording(why="why", fix="General.", failed="It does not.", cant_tell="Unknown: {reason}."),
        source="test",
    )
    ref = MediaRef(url=URL, kind=MediaKind.IMAGE, slide=1, index=1, line=2)
    message = Mms(source="a.xml", digest="sha256:0", slides=(Slide(number=1, line=1, media=(ref,)),))
    ruleset = RuleSet(profile="send", rules=(rule,), digest="sha256:1", sender="any", servers=(who,))
    return judge(ruleset, message, {URL: seen}, changes=Changes())


def only(report: MessageReport) -> Evaluation:
    (found,) = report.evaluations
    return found


def raising(_target: object, _params: object) -> Result:
    raise RuntimeError("broke")


@pytest.mark.parametrize(
    ("run", "who", "fix", "message"),
    [
        (lambda t, p: failed(), server(), "General.\nFor A: Mend this.", "It does not."),
        (lambda t, p: failed(), WALL, "General.\nFor A: Mend this.", "It does not. It looks like a wall."),
        (lambda t, p: cant_tell("x"), server(), "General.", "Unknown: x."),
        (
            lambda t, p: cant_tell("x"),
            WALL,
            "General.\nFor A: Mend this.",
            "Unknown: x. It looks like a wall.",
        ),
        (lambda t, p: passed(), WALL, "General.", "It holds."),
        (lambda t, p: inapplicable("x"), WALL, "General.", "It holds: does not apply (x)."),
    ],
)
def test_advice_stands_below_findings_only(
    run: Callable[[Any, Any], Result], who: Server, fix: str, message: str
) -> None:
    found = only(judged(run, who, fetched()))
    assert (found.fix, found.message) == (fix, message)


@pytest.mark.parametrize(
    ("run", "fix", "owner", "message"),
    [
        (lambda t, p: mending(failed()), "Mend that.\nFor A: Mend this.", Owner.SENDER, "It does not."),
        (lambda t, p: mending(cant_tell("x")), "Mend that.", Owner.SENDER, "Unknown: x."),
        (lambda t, p: advising(failed(), "", Owner.SENDER), "General.\nFor A: Mend this.", None, None),
        (lambda t, p: saying(passed(), "Not looked at."), "General.", Owner.HOSTING, "Not looked at."),
        (lambda t, p: saying(inapplicable("x"), "No."), "General.", Owner.HOSTING, "No."),
        (lambda t, p: saying(failed(), "Fine."), None, Owner.HOSTING, "It does not."),
        (lambda t, p: saying(cant_tell("x"), "Fine."), None, Owner.HOSTING, "Unknown: x."),
        (
            lambda t, p: saying(passed(), f"Seen at {URL}?sig=geheim."),
            None,
            None,
            f"Seen at {URL}?…577c79b97721.",
        ),
    ],
)
def test_what_a_check_advises_and_says_stands_in_place_of_the_rules_own(
    run: Callable[[Any, Any], Result], fix: str | None, owner: Owner | None, message: str | None
) -> None:
    found = only(judged(run, server(), fetched()))
    assert not found.crashed
    assert found.fix == fix or fix is None
    assert found.owner is owner or owner is None
    assert found.message == message or message is None


def mending(result: Result) -> Result:
    return advising(result, "Mend that.", Owner.SENDER)


def test_a_check_that_broke_is_not_put_down_to_a_server() -> None:
    found = only(judged(raising, WALL, fetched()))
    assert found.crashed
    assert found.outcome is Outcome.CANT_TELL
    assert found.fix == "Send the traceback in the evidence to the makers of mmscheck."
    assert "wall" not in found.message


def test_advice_that_breaks_hides_no_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_more: object) -> tuple[str, ...]:
        raise RuntimeError("broke")

    monkeypatch.setattr("mmscheck.judge.evaluation.advice", broken)
    found = only(judged(lambda t, p: failed(), server(), fetched()))
    assert found.outcome is Outcome.CANT_TELL
    assert found.crashed


def test_the_report_says_who_was_recognised_by_the_url_as_written() -> None:
    assert judged(lambda t, p: passed(), server(), fetched()).servers == {
        URL: Detected(names=("A",), phrase="A")
    }
    nobody = fetched((), size=0)
    unknown = server()
    away = Server(
        id="b",
        name="B",
        kind=unknown.kind,
        signs=(Condition(status=(404,)),),
        evidence=Mark.MEASURED,
        source="t",
    )
    assert judged(lambda t, p: passed(), away, nobody).servers == {}
