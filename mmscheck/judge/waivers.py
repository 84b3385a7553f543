"""Waivers applied to a report: which failed evaluations they let through, and what became of each.

Only the gate asks; everything that shows a waiver shows what the gate's verdict says of it. A waiver
concerns evaluations that failed and nothing else: what could not be decided, a check that broke and a
rule that was never evaluated are let through by nobody. What a baseline knows is let through in lint alone,
which permits nothing: faults that failed, and what could not be decided because of one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from mmscheck.model.report import LINT, Evaluation, MessageReport, Report
from mmscheck.model.rule import NEVER_KNOWN, NEVER_WAIVED
from mmscheck.model.verdict import Waived
from mmscheck.model.waiver import Waiver, WaiverState, WaiverUse
from mmscheck.model.words import Outcome


class WaiverRun:
    """The waivers of a report, applied to its messages one after the other.

    They hold on the day the run started. Where two are about one evaluation, both are used and the first is
    named.
    """

    def __init__(self, report: Report) -> None:
        """Nothing is let through yet."""
        today = _day(report.started)
        self._report = report
        self._states = tuple(_state(waiver, today) for waiver in report.waivers)
        pairs = zip(report.waivers, self._states, strict=True)
        self._live = tuple(waiver for waiver, state in pairs if state is None)
        self._matches = [0] * len(report.waivers)

    def waived(self, message: MessageReport) -> tuple[Waived, ...]:
        """What is let through of the next message."""
        for at, waiver in enumerate(self._report.waivers):
            self._matches[at] += sum(_covers(waiver, message, item) for item in message.evaluations)
        return (*_waived(message, self._live), *_known(self._report, message, self._live))

    @property
    def uses(self) -> tuple[WaiverUse, ...]:
        """What became of each waiver in the messages so far, in the report's order."""
        each = zip(self._report.waivers, self._states, self._matches, strict=True)
        return tuple(_use(waiver, state, matches) for waiver, state, matches in each)


def _day(started: str) -> dt.date | None:
    """The UTC day of an RFC 3339 time; None for a text that is none, on which no waiver holds."""
    try:
        moment = dt.datetime.fromisoformat(started)
    except ValueError:
        return None
    return moment.astimezone(dt.UTC).date() if moment.tzinfo else None


def _state(waiver: Waiver, today: dt.date | None) -> WaiverState | None:
    """Why the waiver is not to be applied; None when it is."""
    if waiver.rule in NEVER_WAIVED:
        return WaiverState.REFUSED
    return WaiverState.EXPIRED if today is None or waiver.expires < today else None


def _use(waiver: Waiver, state: WaiverState | None, matches: int) -> WaiverUse:
    matched = WaiverState.USED if matches else WaiverState.UNUSED
    return WaiverUse(waiver=waiver, state=state or matched, matches=matches)


def _waived(message: MessageReport, live: tuple[Waiver, ...]) -> Iterator[Waived]:
    for item in message.evaluations:
        waiver = next((each for each in live if _covers(each, message, item)), None)
        if waiver is not None:
            yield Waived(rule=item.rule, target=item.target, waiver=waiver)


def _known(report: Report, message: MessageReport, live: tuple[Waiver, ...]) -> Iterator[Waived]:
    """What the baseline of lint knows and no waiver is about: causes that failed, and what follows."""
    if report.profile != LINT or not report.known:
        return
    failed = {
        (item.rule, item.target)
        for item in message.evaluations
        if item.outcome is Outcome.FAILED and not item.crashed and item.rule not in NEVER_KNOWN
    }
    known = {(each.rule, each.target): each.cause for each in report.known if each.source == message.source}
    for item in message.evaluations:
        if item.crashed or known.get((item.rule, item.target)) not in failed:
            continue
        if not any(_covers(each, message, item) for each in live):
            yield Waived(rule=item.rule, target=item.target, waiver=_leave(item.rule, report.baseline or ""))


def _leave(rule: str, baseline: str) -> Waiver:
    return Waiver(rule=rule, reason="known before", who=baseline, expires=dt.date.max, baseline=True)


def _covers(waiver: Waiver, message: MessageReport, item: Evaluation) -> bool:
    """True when the evaluation failed and the waiver is about its rule, document, URL and slide."""
    return (
        item.outcome is Outcome.FAILED
        and not item.crashed
        and item.rule == waiver.rule
        and waiver.source in (None, message.source)
        and waiver.slide in (None, item.target.slide)
        and (waiver.url is None or waiver.url == _url(message, item))
    )


def _url(message: MessageReport, item: Evaluation) -> str | None:
    """The URL as written of the medium judged; None for other targets. The evaluation's own is redacted."""
    key = item.target
    media = (ref for ref in message.media if (ref.slide, ref.index) == (key.slide, key.media))
    return next((ref.url for ref in media), None)
