"""Report -> Verdict -> Permit -> call: the one place that decides, and the only maker of permits.

The verdict is an allow-list. It works out by itself, from the rules that were selected and the targets
the parser found, which pairs must have been evaluated; what is missing, doubled or unexpected denies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from mmscheck.base.redact import redact_url
from mmscheck.errors import PermitError, UsageError
from mmscheck.judge.waivers import WaiverRun
from mmscheck.model.exits import Exit
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import UNSEEN, Fetched, NotFetched
from mmscheck.model.report import (
    LINT,
    MEDIA,
    PERMITS_NOTHING,
    SAVE,
    Evaluation,
    MessageReport,
    Report,
    TargetKey,
)
from mmscheck.model.request import OneShotRequest, SaveRequest, SendRequest, SendResult
from mmscheck.model.rule import FLOOR, FLOOR_OF_MESSAGES, NEVER_WAIVED, SECOND_GATE, RuleSet
from mmscheck.model.series import joined
from mmscheck.model.verdict import MessageVerdict, Permit, Verdict, Waived, mint_permit
from mmscheck.model.words import ONE_SHOT, Document, Outcome, Severity, TargetKind

PERMIT_LIFE = 600.0
"""Seconds a permit lives: after that the media may no longer be what was checked (design section 9)."""

ONE_SHOT_LIFE = 60.0
"""The same of a send at once, for which the provider fetches the media itself: a judgement, and as long as a
send is tried again by itself."""


R = TypeVar("R", bound=SendRequest | SaveRequest)


def verdict(report: Report) -> Verdict:
    """Decide over the whole report; everything that shows a decision uses this one function."""
    if report.parts:
        return _joined(report)
    waivers, lists = WaiverRun(report), False
    decided: list[MessageVerdict] = []
    # Once through, one at a time: there may be more than memory holds.
    for message in report.messages:
        decided.append(_message_verdict(report, message, waivers.waived(message)))
        lists = lists or message.is_list
    messages = tuple(decided)
    reasons = tuple(_report_reasons(report))
    clean = not reasons and not any(message.reasons for message in messages)
    return Verdict(
        **_as(report.profile, clean=clean, lists=lists),
        exit_code=_exit_code(report, messages, reasons),
        messages=messages,
        reasons=reasons,
        waivers=waivers.uses,
        untold=_untold(report, reasons),
    )


def _joined(report: Report) -> Verdict:
    """The decision over parts, each by its own rules; the report must hold their messages and no others."""
    parts = tuple(map(verdict, report.parts))
    messages = tuple(message for part in parts for message in part.messages)
    held = joined([part.messages for part in report.parts])
    reasons = tuple(
        dict.fromkeys((*(reason for part in parts for reason in part.reasons), *_report_reasons(report)))
    )
    if held != report.messages or any(part.profile != report.profile for part in report.parts):
        reasons = (*reasons, "the report does not hold what its parts hold")
    clean = not reasons and not any(message.reasons for message in messages)
    return Verdict(
        **_as(report.profile, clean=clean, lists=any(message.is_list for message in report.heads)),
        exit_code=_exit_code(report, messages, reasons),
        messages=messages,
        reasons=reasons,
        waivers=tuple(use for part in parts for use in part.waivers),
        untold=_untold(report, reasons),
    )


def _as(profile: str, *, clean: bool, lists: bool) -> dict[str, bool]:
    """What nothing in the way comes to: only rules about the whole message as it will be can permit.

    ``lists``: a bare list of URLs is among them, and such a run permits nothing.
    """
    return {
        "permitted": clean and profile not in PERMITS_NOTHING and not lists,
        "passed_offline": clean and profile == LINT,
        "passed_media": clean and (profile == MEDIA or (lists and profile != LINT)),
    }


def _report_reasons(report: Report) -> Iterable[str]:
    if not report.messages:
        yield "there was no message to check"
    if not report.rules:
        yield "no rules were loaded"
    guarding = _guarding(report)
    needed = FLOOR - FLOOR_OF_MESSAGES if report.profile == MEDIA else FLOOR
    if (missing := sorted(needed - guarding)) and report.profile != LINT:
        yield f"rules that may never be left out were not guarding the gate: {', '.join(missing)}"
    if weak := sorted(rule.id for rule in report.rules if rule.id in SECOND_GATE - guarding):
        yield f"rules that what is sent is what was saved were made advice: {', '.join(weak)}"
    yield from _unread(report)
    if left := len(report.not_checked):
        were = "messages were" if left > 1 else "message was"
        yield f"{left:,} {were} not checked, because the run ended at the first that was denied"


def _unread(report: Report) -> Iterable[str]:
    return (f"not read: {sentence}" for sentence in report.unread)


def _untold(report: Report, reasons: Iterable[str]) -> tuple[str, ...]:
    about_inputs = set(_unread(report))
    return tuple(reason for reason in reasons if reason not in about_inputs)


def _guarding(rules: Report | RuleSet) -> set[str]:
    """The rules that deny when they fail, without --strict too."""
    return {rule.id for rule in rules.rules if rule.severity is Severity.ERROR}


def require_second_gate(rules: Report | RuleSet) -> None:
    """Raise UsageError where rules do not hold what is sent to what was saved: lacking, or mere advice.

    Whoever sends through a ledger must pass this. Without a ledger nothing is known of saves, so a verdict
    by itself demands only that the second gate was not weakened.
    """
    if missing := sorted(SECOND_GATE - _guarding(rules)):
        raise UsageError(f"profile {rules.profile} does not judge sends: it lacks {', '.join(missing)}")


def _exit_code(report: Report, messages: tuple[MessageVerdict, ...], reasons: tuple[str, ...]) -> int:
    # 2 first: a script that mends documents on 1 would leave out what nobody could read.
    if not report.messages or report.unread:
        return int(Exit.NOTHING_CHECKED)
    if any(message.reasons and not message.undecided for message in messages):
        return int(Exit.DENIED)
    undecided = reasons or any(message.undecided for message in messages)
    return int(Exit.UNDECIDED if undecided else Exit.PERMITTED)


def _message_verdict(report: Report, message: MessageReport, waived: tuple[Waived, ...]) -> MessageVerdict:
    blocking = {rule.id for rule in report.rules if report.blocks(rule.severity)}
    guards = [item for item in message.evaluations if item.rule in blocking]
    known = {(item.rule, item.target) for item in waived if item.waiver.baseline}
    let_through = known | {(item.rule, item.target) for item in waived if item.rule not in NEVER_WAIVED}
    failed = [
        _name(item)
        for item in guards
        if item.outcome is Outcome.FAILED and (item.rule, item.target) not in let_through
    ]
    undecided = [
        _name(item)
        for item in guards
        if not item.outcome.settled
        and item.outcome is not Outcome.FAILED
        and (item.rule, item.target) not in known
    ]
    gaps = tuple(_gaps(report, message))
    idle = () if any(item.outcome is Outcome.PASSED for item in guards) else ("no blocking rule passed",)
    reasons = (
        *(f"{name} failed" for name in failed),
        *(f"{name} could not be decided" for name in undecided),
        *gaps,
        *idle,
    )
    return MessageVerdict(
        source=message.source,
        **_as(report.profile, clean=not reasons, lists=message.is_list),
        undecided=bool(reasons) and not failed,
        reasons=reasons,
        waived=waived,
        # Where every rule failed or is open, it is no news that none passed.
        untold=gaps if failed or undecided else (*gaps, *idle),
    )


def _gaps(report: Report, message: MessageReport) -> Iterable[str]:
    """What should be there and is not, or is there and should not be."""
    keys = {*message.targets, *map(_media_key, message.media)}
    if report.profile != LINT or not _is_file(message):
        keys.add(TargetKey(kind=TargetKind.MESSAGE))
    if message.request_digest is not None:
        keys.add(TargetKey(kind=TargetKind.REQUEST))
    # Both ways: a pair too few is a check that never ran, and one too many may be another message's pass.
    expected = {(rule.id, key) for rule in report.rules for key in keys if rule.target is key.kind}
    evaluated = Counter((item.rule, item.target) for item in message.evaluations)
    yield from (f"{rule} was not evaluated on {key}" for rule, key in sorted(expected - evaluated.keys()))
    yield from (f"{rule} was not expected on {key}" for rule, key in sorted(evaluated.keys() - expected))
    yield from (
        f"{rule} was evaluated more than once on {key}" for (rule, key), n in evaluated.items() if n > 1
    )
    yield from (
        f"nothing is known of medium {ref.index} on slide {ref.slide}"
        for ref in message.media
        if ref.url not in message.observations
    )
    if report.profile != LINT:
        yield from _unserved(message)


def _unserved(message: MessageReport) -> Iterable[str]:
    """What only a run without a network can leave behind, whichever rules were selected."""
    for observation in message.observations.values():
        if isinstance(observation, Fetched) and not observation.hops:
            yield f"{redact_url(observation.url)} is a local file, and not what a server answered"
        if isinstance(observation, NotFetched) and observation.reason in UNSEEN:
            yield f"{redact_url(observation.url)} was not looked at: offline"


def _is_file(message: MessageReport) -> bool:
    """Whether the entry is a media file of its own, without a message around it."""
    return bool(message.media) and all(ref.is_alone for ref in message.media)


def _media_key(ref: MediaRef) -> TargetKey:
    return TargetKey(kind=TargetKind.MEDIA, slide=ref.slide, media=ref.index)


def _name(item: Evaluation) -> str:
    return f"{item.rule} ({item.target})"


def permit(
    report: Report, request: SendRequest | SaveRequest, now: float, *, life: float | None = None
) -> Permit:
    """Make the permit for one send or one save; raises PermitError unless this report permits this very one.

    ``now`` is seconds since the epoch, ``life`` seconds, by default those of such a call. A permit for a save
    is none for a send, and one for what is stored none for a send at once.
    """
    if life is None:
        life = ONE_SHOT_LIFE if isinstance(request, OneShotRequest) else PERMIT_LIFE
    message = _permitted(report)
    if isinstance(request, SendRequest):
        _demand_send(report, message, request)
    else:
        _demand_save(message, request)
    media = {ref.url: message.observations[ref.url] for ref in message.media}
    digests = tuple((url, item.sha256) for url, item in media.items() if isinstance(item, Fetched))
    # By URL on both sides: a file that stands on two slides is fetched once.
    if len(digests) != len(media):
        raise PermitError("not every medium was fetched whole")
    if any(isinstance(item, Fetched) and item.cached_at for item in media.values()):
        raise PermitError("a medium was not fetched now, but taken from a cache")
    return mint_permit(
        message_digest=message.digest,
        media_digests=digests,
        request_digest=request.digest,
        ruleset_digest=report.ruleset_digest,
        expires=now + life,
        life=life,
    )


def _permitted(report: Report) -> MessageReport:
    """The one message of a report that permits."""
    if report.parts:
        raise PermitError("a report over several configurations permits no send")
    if report.profile == LINT:
        raise PermitError("lint is offline, and its reports permit nothing")
    if report.profile == MEDIA:
        raise PermitError("media without their message permit nothing")
    # Decided here once more: a verdict that is handed in could be that of another report.
    decision = verdict(report)
    if not decision.permitted:
        raise PermitError("the report denies: " + "; ".join(decision.all_reasons))
    if len(report.messages) != 1:
        raise PermitError(f"a permit is for one message, and the report holds {len(report.messages)}")
    if report.messages[0].document is Document.OTHER:
        raise PermitError("a message for another provider is checked, and never sent")
    return report.messages[0]


def _demand_send(report: Report, message: MessageReport, request: SendRequest) -> None:
    if message.request_digest != request.digest:
        raise PermitError("the report is about another request")
    if report.profile == SAVE:
        raise PermitError("a report of profile save judges no send, so it permits none")
    # Rules that hold an id to its content say nothing of a document sent at once, so the kinds must agree.
    if not isinstance(request, OneShotRequest):
        if message.document in ONE_SHOT:
            raise PermitError(
                "the report is about a message that is sent at once, and not about a stored one"
            )
        return
    if message.document not in ONE_SHOT:
        raise PermitError("the report is about a stored message, and not about one sent at once")
    if message.digest != request.message_digest:
        raise PermitError("the report is about another document")
    if message.changed or request.mms_id is not None:
        raise PermitError("a send at once has no mms-id, and no other texts than its document")


def _demand_save(message: MessageReport, save: SaveRequest) -> None:
    if message.request_digest is not None:
        raise PermitError("the report is about a send, and not about a save")
    if message.changed:
        raise PermitError("the report is about other texts or merge data, and not about what is saved")
    if message.digest != save.message_digest:
        raise PermitError("the report is about another document")


async def guarded_call(
    permit_: Permit, request: R, call: Callable[[Permit, R], Awaitable[SendResult]]
) -> SendResult:
    """Hand permit and request to what makes the one POST, and redeems the permit before it opens a socket.

    Raises PermitError when the permit is not one, is spent, or is for another request.
    """
    if not isinstance(permit_, Permit):
        raise PermitError("a call needs a permit from the gate")
    return await call(permit_, request)
