"""Files and messages judged by every rule of lint, from their bytes: inputs, and every product."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import PurePath
from types import TracebackType
from typing import Any, Self

import msgspec

from mmscheck.checks.media_types import is_other, kind_of
from mmscheck.fix.values import Found, Side
from mmscheck.judge import gate
from mmscheck.judge.engine import judge, judge_alone
from mmscheck.judge.observe import usable
from mmscheck.judge.pipeline import window
from mmscheck.judge.reports import make_report, start_clock
from mmscheck.media import MediaWorkers
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched, Observation, Timing
from mmscheck.model.report import MessageReport
from mmscheck.model.request import Changes
from mmscheck.model.rule import RuleSet
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Because, Dialect, Outcome, Severity, TargetKind

OPEN = frozenset({Outcome.FAILED, Outcome.CANT_TELL})


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One file or message with its judgement; ``other`` is a file that no message can hold."""

    report: MessageReport
    verdict: MessageVerdict
    side: Side
    seen: Observation | None = None
    kind: str = ""
    other: bool = False

    @property
    def passed(self) -> bool:
        """Whether nothing blocks."""
        return self.verdict.passed

    @property
    def unseen(self) -> str | None:
        """Why nobody looked at the bytes; None where somebody did."""
        return self.seen.sniffed.problem if isinstance(self.seen, Fetched) else None

    @property
    def unstarted(self) -> bool:
        """Whether nobody did because no process that looks at media could be started."""
        return isinstance(self.seen, Fetched) and self.seen.sniffed.lost is Because.NO_WORKER

    @property
    def failed(self) -> frozenset[str]:
        """The rules that failed, blocking or not."""
        return frozenset(each.rule for each in self.side.findings if each.outcome == Outcome.FAILED)


class Judge:
    """Judges under one set of rules; ``async with`` holds the processes that look at media."""

    def __init__(self, ruleset: RuleSet, *, strict: bool, workers: int = 2, previews: bool = False) -> None:
        """``strict`` has warnings block too; ``previews`` has likenesses made."""
        self._ruleset = ruleset
        self._strict = strict
        self._previews = previews
        self._usable = usable(ruleset)
        self._workers = MediaWorkers(workers=workers)

    async def __aenter__(self) -> Self:
        """Have the processes start."""
        await self._workers.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Kill them."""
        await self._workers.__aexit__(kind, error, where)

    async def medium(self, name: str, data: bytes) -> Judged:
        """A file of that name with these bytes, alone; nothing the bytes do raises."""
        inspected = await self._workers.inspect(
            f"file{PurePath(name).suffix}", data, preview=self._previews, usable=self._usable
        )
        seen = Fetched(
            url=name,
            hops=(),
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            timing_ms=Timing(total=0),
            sniffed=inspected.sniffed,
            decoded=inspected.decoded,
            preview=inspected.preview,
        )
        kind = kind_of(name, seen)
        report = judge_alone(self._ruleset, name, kind, seen)
        return self._judged(report, _side(report, seen), seen, kind.value, other=is_other(name, seen))

    def message(self, message: Mms, observations: Mapping[str, Observation], data: bytes) -> Judged:
        """A message with what is known of its media; its side has no findings of media."""
        report = judge(self._ruleset, message, observations, changes=Changes(), window=window())
        side = Side(
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            type="application/json" if message.dialect is Dialect.JSON else "text/xml",
            facts={"slides": len(message.slides), "subject": report.subject},
            findings=found_in(report, media=False),
        )
        return self._judged(report, side)

    def _judged(
        self,
        report: MessageReport,
        side: Side,
        seen: Observation | None = None,
        kind: str = "",
        *,
        other: bool = False,
    ) -> Judged:
        whole = make_report(self._ruleset, (report,), start_clock(), strict=self._strict, unread=())
        decided = gate.verdict(whole).messages[0]
        return Judged(report=report, verdict=decided, side=side, seen=seen, kind=kind, other=other)

    def blocking(self, judged: Judged) -> tuple[Found, ...]:
        """The findings of message and slides that block, without those that somebody waived."""
        waived = {each.rule for each in judged.verdict.waived}
        return tuple(
            each
            for each in judged.side.findings
            if each.rule not in waived and (self._strict or each.severity == Severity.ERROR)
        )


def found_in(report: MessageReport, *, media: bool = True) -> tuple[Found, ...]:
    """What failed or could not be told, in the order of the report; without ``media`` not that of media."""
    return tuple(
        Found(
            rule=item.rule,
            severity=item.severity.value,
            outcome=item.outcome.value,
            message=item.message,
            fix=item.fix,
            owner=item.owner.value,
            line=item.line,
        )
        for item in report.evaluations
        if item.outcome in OPEN and (media or item.target.kind is not TargetKind.MEDIA)
    )


def _side(report: MessageReport, seen: Fetched) -> Side:
    facts: dict[str, Any] = {} if seen.decoded is None else msgspec.to_builtins(seen.decoded)
    return Side(
        size=seen.size,
        sha256=seen.sha256,
        type=seen.sniffed.shown,
        facts={name: value for name, value in facts.items() if not isinstance(value, list | tuple | dict)},
        findings=found_in(report),
        likeness=_likeness(seen),
    )


def _likeness(seen: Fetched) -> str | None:
    drawn = seen.preview
    if drawn is None or not drawn.image:
        return None
    return f"data:{drawn.image_type};base64,{base64.b64encode(drawn.image).decode('ascii')}"
