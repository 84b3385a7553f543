"""The gate: an allow-list over expected pairs, and permits that work once for one request."""

from __future__ import annotations

import ast
import copy
import dataclasses
import datetime as dt
import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.errors import PermitError
from mmscheck.judge import gate
from mmscheck.judge.waivers import WaiverRun
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched, Hop, NotFetched, Reason, Sniffed, Timing
from mmscheck.model.report import Evaluation, MessageReport, Report, RuleKey, TargetKey
from mmscheck.model.request import SendRequest, SendResult, SendStatus
from mmscheck.model.rule import FLOOR, NEVER_WAIVED, SECOND_GATE
from mmscheck.model.verdict import Permit, Waived
from mmscheck.model.waiver import Waiver, WaiverState, WaiverUse
from mmscheck.model.words import MediaKind, Outcome, Severity, TargetKind

URL = "http://media.example/a.jpg"
REQUEST = SendRequest(to="15550100000")
RULES = (
    *(RuleKey(id=name, severity=Severity.ERROR, target=TargetKind.MEDIA) for name in sorted(FLOOR)),
    RuleKey(id="media-size", severity=Severity.ERROR, target=TargetKind.MEDIA),
    RuleKey(id="advice", severity=Severity.WARNING, target=TargetKind.MESSAGE),
    RuleKey(id="request-to", severity=Severity.ERROR, target=TargetKind.REQUEST),
)
KEYS = (
    TargetKey(kind=TargetKind.MESSAGE),
    TargetKey(kind=TargetKind.REQUEST),
    TargetKey(kind=TargetKind.MEDIA, slide=1, media=1),
)


REPORT_FIELDS = ("rules", "strict", "unread", "messages", "waivers", "started", "profile")


def fetched(sha256: str = "ab") -> Fetched:
    hops = (Hop(url=URL, status=200),)
    return Fetched(
        url=URL,
        hops=hops,
        size=1,
        sha256=sha256,
        timing_ms=Timing(total=1),
        sniffed=Sniffed(type="image/jpeg"),
    )


def evaluation(rule: RuleKey, key: TargetKey, outcome: Outcome = Outcome.PASSED) -> Evaluation:
    return Evaluation(rule=rule.id, severity=rule.severity, outcome=outcome, target=key, message="words")


def report(*, outcomes: dict[str, Outcome] | None = None, **changes: Any) -> Report:
    """A report that permits, apart from the outcomes and fields that are given."""
    wanted = outcomes or {}
    evaluations = tuple(
        evaluation(rule, key, wanted.get(rule.id, Outcome.PASSED))
        for key in KEYS
        for rule in RULES
        if rule.target is key.kind
    )
    fields: dict[str, Any] = {
        "source": "sale.xml",
        "digest": "sha256:00",
        "name": "n",
        "subject": "s",
        "targets": KEYS,
        "media": (MediaRef(url=URL, kind=MediaKind.IMAGE, slide=1, index=1, line=1),),
        "observations": {URL: fetched()},
        "evaluations": evaluations,
        "request_digest": REQUEST.digest,
    }
    of_report: dict[str, Any] = {name: changes.pop(name) for name in REPORT_FIELDS if name in changes}
    message = MessageReport(**{**fields, **changes})
    given: dict[str, Any] = {
        "tool_version": "1",
        "ruleset_digest": "sha256:11",
        "profile": "send",
        "rules": RULES,
        "overrides": (),
        "started": "2026-11-01T00:00:00.000Z",
        "duration_ms": 1,
        "messages": (message,),
        **of_report,
    }
    return Report(**given)


def test_it_permits_when_every_expected_pair_passed() -> None:
    decision = gate.verdict(report())
    assert (decision.permitted, decision.exit_code) == (True, 0)
    assert decision.messages[0].reasons == ()


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.severity is Severity.ERROR], ids=lambda rule: rule.id
)
@pytest.mark.parametrize(("outcome", "code"), [(Outcome.FAILED, 1), (Outcome.CANT_TELL, 3)])
def test_any_blocking_rule_denies_when_it_failed_or_could_not_tell(
    rule: RuleKey, outcome: Outcome, code: int
) -> None:
    decision = gate.verdict(report(outcomes={rule.id: outcome}))
    assert (decision.permitted, decision.exit_code) == (False, code)
    assert rule.id in decision.messages[0].reasons[0]


def test_failed_outranks_undecided() -> None:
    both = {"content-length": Outcome.FAILED, "not-chunked": Outcome.CANT_TELL}
    assert gate.verdict(report(outcomes=both)).exit_code == 1


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANT_TELL])
def test_a_warning_blocks_only_under_strict(outcome: Outcome) -> None:
    assert gate.verdict(report(outcomes={"advice": outcome})).exit_code == 0
    assert not gate.verdict(report(outcomes={"advice": outcome}, strict=True)).permitted


def test_the_severity_that_counts_is_the_rule_sets_and_not_the_evaluations() -> None:
    good = report(outcomes={"content-length": Outcome.FAILED}).messages[0].evaluations
    softened = tuple(msgspec.structs.replace(item, severity=Severity.WARNING) for item in good)
    assert not gate.verdict(report(evaluations=softened)).permitted


@pytest.mark.parametrize("missing", range(len(RULES)))
def test_a_missing_evaluation_denies(missing: int) -> None:
    evaluations = list(report().messages[0].evaluations)
    gone = evaluations.pop(missing)
    decision = gate.verdict(report(evaluations=tuple(evaluations)))
    assert (decision.permitted, decision.exit_code) == (False, 3)
    assert any(gone.rule in reason and "not evaluated" in reason for reason in decision.messages[0].reasons)


def test_a_doubled_or_an_unexpected_evaluation_denies() -> None:
    evaluations = report().messages[0].evaluations
    stranger = evaluation(RULES[0], TargetKey(kind=TargetKind.MEDIA, slide=9, media=9))
    assert not gate.verdict(report(evaluations=(*evaluations, evaluations[0]))).permitted
    assert not gate.verdict(report(evaluations=(*evaluations, stranger))).permitted


@pytest.mark.parametrize(
    "changes",
    [
        {"targets": KEYS[:2], "evaluations": ()},  # the medium was never made a target
        {"observations": {}},
        {"evaluations": ()},
        {"rules": ()},
        {"rules": (), "evaluations": ()},
        {"messages": ()},
        {"unread": ("gone.xml: no such file",)},
        {"rules": tuple(rule for rule in RULES if rule.id != "content-length")},
    ],
    ids=str,
)
def test_nothing_known_is_no_permit(changes: dict[str, Any]) -> None:
    decision = gate.verdict(report(**changes))
    assert not decision.permitted
    assert decision.exit_code != 0


def test_a_medium_left_out_of_the_targets_is_still_expected() -> None:
    kept = tuple(
        item for item in report().messages[0].evaluations if item.target.kind is not TargetKind.MEDIA
    )
    assert not gate.verdict(report(targets=KEYS[:2], evaluations=kept)).permitted


def test_all_inapplicable_is_no_permit() -> None:
    nothing = {rule.id: Outcome.INAPPLICABLE for rule in RULES}
    decision = gate.verdict(report(outcomes=nothing))
    assert (decision.permitted, decision.exit_code) == (False, 3)


def test_a_permit_names_message_media_request_and_rules() -> None:
    made = gate.permit(report(), REQUEST, now=100.0)
    assert (made.message_digest, made.ruleset_digest) == ("sha256:00", "sha256:11")
    assert made.media_digests == ((URL, "ab"),)
    assert made.request_digest == REQUEST.digest
    assert made.expires == 100.0 + gate.PERMIT_LIFE


@pytest.mark.parametrize(
    "bad",
    [
        report(outcomes={"content-length": Outcome.FAILED}),
        report(request_digest="sha256:other"),
        report(messages=(*report().messages, *report().messages)),
        report(observations={URL: NotFetched(url=URL, reason=Reason.TIMED_OUT)}),
    ],
)
def test_no_permit_from_a_report_that_does_not_permit_this_request(bad: Report) -> None:
    with pytest.raises(PermitError):
        gate.permit(bad, REQUEST, now=0.0)


def test_no_permit_for_what_a_cache_remembers() -> None:
    kept = msgspec.structs.replace(fetched(), cached_at="2026-11-01T00:00:00Z")
    with pytest.raises(PermitError, match="cache"):
        gate.permit(report(observations={URL: kept}), REQUEST, now=0.0)


def test_a_permit_works_once_and_only_for_its_request_and_its_life() -> None:
    made = gate.permit(report(), REQUEST, now=0.0, life=10.0)
    with pytest.raises(PermitError, match="another request"):
        made.redeem("sha256:other", now=1.0)
    with pytest.raises(PermitError, match="expired"):
        made.redeem(REQUEST.digest, now=10.0)
    made.redeem(REQUEST.digest, now=9.9)
    with pytest.raises(PermitError, match="used"):
        made.redeem(REQUEST.digest, now=9.9)


def test_a_permit_cannot_be_made_copied_or_changed_elsewhere() -> None:
    made = gate.permit(report(), REQUEST, now=0.0)
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(made, request_digest="sha256:other")  # type: ignore[call-arg]  # the attack
    for duplicate in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            duplicate(made)
    with pytest.raises(PermitError):
        Permit(
            message_digest="",
            media_digests=(),
            request_digest="",
            ruleset_digest="",
            expires=1e12,
            mint=object(),
        )
    shared = copy.copy(made)
    made.redeem(REQUEST.digest, now=1.0)
    with pytest.raises(PermitError, match="used"):
        shared.redeem(REQUEST.digest, now=1.0)


async def test_the_sender_is_not_called_without_a_permit() -> None:
    calls: list[object] = []

    async def sender(permit: Permit, request: SendRequest) -> SendResult:
        calls.append(permit)
        return SendResult(status=SendStatus.ACCEPTED, detail="")

    with pytest.raises(PermitError):
        await gate.guarded_call(None, REQUEST, sender)  # type: ignore[arg-type]  # what a careless caller does
    assert calls == []
    made = gate.permit(report(), REQUEST, now=0.0)
    assert (await gate.guarded_call(made, REQUEST, sender)).status is SendStatus.ACCEPTED


def test_only_the_gate_imports_the_mint() -> None:
    for file in Path("mmscheck").rglob("*.py"):
        names = {
            alias.name
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert names.isdisjoint({"mint_permit", "_MINT"}) or file == Path("mmscheck/judge/gate.py"), file


# --- waivers (which of them match: test_waivers.py)

FAILED_SIZE = {"media-size": Outcome.FAILED}


def waiver(rule: str = "media-size", **values: Any) -> Waiver:
    given: dict[str, Any] = {
        "reason": "agreed",
        "who": "A. Person",
        "expires": dt.date(2026, 11, 1),
        **values,
    }
    return Waiver(rule=rule, **given)


def test_a_waiver_lets_a_failed_rule_through_and_the_verdict_says_so() -> None:
    good = report(outcomes=FAILED_SIZE, waivers=(waiver(),))
    decision = gate.verdict(good)
    assert (decision.permitted, decision.exit_code) == (True, 0)
    assert decision.messages[0].reasons == ()
    assert decision.messages[0].waived == (Waived(rule="media-size", target=KEYS[2], waiver=waiver()),)
    assert decision.waivers == (WaiverUse(waiver=waiver(), state=WaiverState.USED, matches=1),)
    assert gate.permit(good, REQUEST, now=0.0).ruleset_digest == "sha256:11"


def test_a_waiver_lets_a_warning_through_under_strict() -> None:
    failed = {"advice": Outcome.FAILED}
    assert gate.verdict(report(outcomes=failed, strict=True, waivers=(waiver("advice"),))).permitted
    assert not gate.verdict(report(outcomes=failed, strict=True, waivers=(waiver(),))).permitted


@pytest.mark.parametrize("rule", sorted(NEVER_WAIVED))
def test_what_nobody_can_waive_denies_although_a_waiver_came_with_the_report(rule: str) -> None:
    other = "xml-well-formed" if rule in FLOOR else rule
    key = RuleKey(id=other, severity=Severity.ERROR, target=TargetKind.MEDIA)
    more = (*report().messages[0].evaluations, evaluation(key, KEYS[2]))
    evaluations = tuple(
        msgspec.structs.replace(item, outcome=Outcome.FAILED) if item.rule == rule else item for item in more
    )
    bad = report(rules=(*RULES, key), evaluations=evaluations, waivers=(waiver(rule),))
    decision = gate.verdict(bad)
    assert (decision.permitted, decision.exit_code) == (False, 1)
    assert decision.messages[0].waived == ()
    assert decision.waivers == (WaiverUse(waiver=waiver(rule), state=WaiverState.REFUSED, matches=1),)
    with pytest.raises(PermitError):
        gate.permit(bad, REQUEST, now=0.0)


@pytest.mark.parametrize("rule", sorted(SECOND_GATE))
def test_a_second_gate_that_was_made_advice_denies_whatever_it_says(rule: str) -> None:
    key = RuleKey(id=rule, severity=Severity.WARNING, target=TargetKind.MEDIA)
    evaluations = (*report().messages[0].evaluations, evaluation(key, KEYS[2]))
    weak = report(rules=(*RULES, key), evaluations=evaluations)
    decision = gate.verdict(weak)
    assert not decision.permitted
    assert decision.reasons == (f"rules that what is sent is what was saved were made advice: {rule}",)


@pytest.mark.parametrize("rule", sorted(FLOOR))
def test_the_gate_holds_the_floor_even_when_what_applies_waivers_does_not(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waived = (Waived(rule=rule, target=KEYS[2], waiver=waiver(rule)),)
    monkeypatch.setattr(WaiverRun, "waived", lambda *_: waived)
    assert gate.verdict(report(outcomes={rule: Outcome.FAILED})).exit_code == 1


def test_nobody_waives_what_could_not_be_decided() -> None:
    decision = gate.verdict(report(outcomes={"media-size": Outcome.CANT_TELL}, waivers=(waiver(),)))
    assert (decision.permitted, decision.exit_code) == (False, 3)
    assert decision.waivers[0].state is WaiverState.UNUSED


def test_an_undecided_rule_beside_a_waived_one_is_exit_3() -> None:
    outcomes = {**FAILED_SIZE, "not-chunked": Outcome.CANT_TELL}
    assert gate.verdict(report(outcomes=outcomes, waivers=(waiver(),))).exit_code == 3


def test_nobody_waives_a_check_that_broke() -> None:
    items = report(outcomes=FAILED_SIZE).messages[0].evaluations
    broken = tuple(msgspec.structs.replace(item, crashed=item.rule == "media-size") for item in items)
    assert gate.verdict(report(evaluations=broken, waivers=(waiver(),))).exit_code == 1


def test_nobody_waives_a_missing_a_doubled_or_an_unexpected_evaluation() -> None:
    items = report(outcomes=FAILED_SIZE).messages[0].evaluations
    (failed,) = (item for item in items if item.rule == "media-size")
    elsewhere = msgspec.structs.replace(failed, target=TargetKey(kind=TargetKind.MEDIA, slide=9, media=9))
    without = tuple(item for item in items if item is not failed)
    for evaluations in (without, (*items, failed), (*items, elsewhere)):
        decision = gate.verdict(report(evaluations=evaluations, waivers=(waiver(),)))
        assert (decision.permitted, decision.exit_code) == (False, 3)


def test_what_was_waived_did_not_pass() -> None:
    outcomes = {rule.id: Outcome.INAPPLICABLE for rule in RULES} | FAILED_SIZE
    decision = gate.verdict(report(outcomes=outcomes, waivers=(waiver(),)))
    assert (decision.permitted, decision.exit_code) == (False, 3)
    assert decision.messages[0].reasons == ("no blocking rule passed",)


def test_the_verdict_on_a_report_that_went_through_json_is_the_same() -> None:
    whole = report(outcomes=FAILED_SIZE, waivers=(waiver(), waiver(source="other.xml")))
    again = msgspec.json.decode(msgspec.json.encode(whole), type=Report)
    assert gate.verdict(again) == gate.verdict(whole)


LOCAL = msgspec.structs.replace(fetched(), hops=())
UNLOOKED = [NotFetched(url=URL, reason=reason) for reason in (Reason.OFFLINE, Reason.NO_LOCAL_FILE)]


@pytest.mark.parametrize("seen", [LOCAL, *UNLOOKED])
@pytest.mark.parametrize("profile", ["send", "save", "our-own", "Lint"])
def test_what_no_server_answered_denies_whatever_the_rules_say(
    seen: Fetched | NotFetched, profile: str
) -> None:
    offline = report(observations={URL: seen}, profile=profile)
    decision = gate.verdict(offline)
    assert (decision.permitted, decision.passed_offline, decision.exit_code) == (False, False, 3)
    with pytest.raises(PermitError, match=r"offline|local file"):
        gate.permit(offline, REQUEST, 0.0)


def test_an_offline_observation_that_no_medium_refers_to_denies_too() -> None:
    other = {"http://media.example/b.jpg": NotFetched(url=URL, reason=Reason.OFFLINE)}
    assert not gate.verdict(report(observations={URL: fetched(), **other})).permitted


@pytest.mark.parametrize("seen", [fetched(), LOCAL, *UNLOOKED])
def test_lint_passes_and_permits_nothing(seen: Fetched | NotFetched) -> None:
    linted = report(observations={URL: seen}, profile="lint")
    decision = gate.verdict(linted)
    assert (decision.permitted, decision.passed_offline, decision.exit_code) == (False, True, 0)
    assert [(each.permitted, each.passed_offline) for each in decision.messages] == [(False, True)]
    with pytest.raises(PermitError, match="lint"):
        gate.permit(linted, REQUEST, 0.0)


def test_lint_does_without_the_floor_and_nobody_else_does() -> None:
    few = tuple(rule for rule in RULES if rule.id not in FLOOR)
    evaluations = tuple(evaluation(rule, key) for key in KEYS for rule in few if rule.target is key.kind)
    assert gate.verdict(report(rules=few, evaluations=evaluations, profile="lint")).passed_offline
    assert not gate.verdict(report(rules=few, evaluations=evaluations)).permitted


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.FAILED, 1), (Outcome.CANT_TELL, 3)])
def test_lint_fails_as_any_other_run(outcome: Outcome, code: int) -> None:
    decision = gate.verdict(report(outcomes={"media-size": outcome}, profile="lint"))
    assert (decision.permitted, decision.passed_offline, decision.exit_code) == (False, False, code)


def alone(profile: str) -> Report:
    """A media file as lint reports it: no message around it."""
    key = TargetKey(kind=TargetKind.MEDIA, slide=0, media=1)
    ref = MediaRef(url="a.jpg", kind=MediaKind.IMAGE, slide=0, index=1, line=0)
    return report(
        targets=(key,),
        media=(ref,),
        observations={"a.jpg": LOCAL},
        evaluations=tuple(evaluation(rule, key) for rule in RULES if rule.target is TargetKind.MEDIA),
        request_digest=None,
        profile=profile,
    )


def test_a_media_file_by_itself_owes_no_rule_about_messages_to_lint_alone() -> None:
    assert gate.verdict(alone("lint")).passed_offline
    reasons = gate.verdict(alone("send")).messages[0].reasons
    assert "advice was not evaluated on message" in reasons
    (message,) = alone("lint").messages
    lacking = msgspec.structs.replace(message, evaluations=message.evaluations[1:])
    assert not gate.verdict(msgspec.structs.replace(alone("lint"), messages=(lacking,))).passed_offline


def test_a_clock_that_is_set_back_gives_no_permit_a_longer_life() -> None:
    an_hour_before = -3600.0
    assert gate.permit(report(), REQUEST, now=0.0, life=10.0).left(an_hour_before) <= 10.0
    made = gate.permit(report(), REQUEST, now=0.0, life=0.0)
    with pytest.raises(PermitError, match="expired"):
        made.redeem(REQUEST.digest, now=an_hour_before)
