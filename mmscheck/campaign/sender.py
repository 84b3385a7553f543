"""One row after the other, several at a time: permit, send through the ledger, count."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from mmscheck.campaign.counts import FAILED, RowCounts, Watcher
from mmscheck.campaign.judging import RowJudge
from mmscheck.campaign.limits import CampaignLimits, FailureRate, SendPace, StopSignal
from mmscheck.campaign.recipients import Recipient
from mmscheck.campaign.watch import MediaWatch
from mmscheck.errors import InputError, LedgerError, PermitError, ReportError, UsageError
from mmscheck.model.campaign import RowFate, RowNote
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import ABOUT_THE_NUMBER, PASSING, RefusalReason
from mmscheck.model.request import SendRequest, SendResult, SendStatus
from mmscheck.send.flow import ONCE, may_succeed_later
from mmscheck.send.order import Client, Order, Retries
from mmscheck.send.recipient import RecipientTerms
from mmscheck.send.send import SendCall
from mmscheck.sinch.codes import explain

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_FATES = {
    SendStatus.REFUSED: RowFate.REFUSED,
    SendStatus.UNKNOWN: RowFate.UNKNOWN,
    SendStatus.NOT_ATTEMPTED: RowFate.NOT_SENT,
}

_OF_THE_MESSAGE = frozenset(
    {RefusalReason.CORRUPT, RefusalReason.DELETED, RefusalReason.NOT_AS_CHECKED, RefusalReason.NOT_APPROVED}
)
"""What the ledger refuses for the message's own sake holds for every other row."""

_ELSEWHERE = 0.25
"""Seconds until a send that another process is making is asked for again."""


class SendSetup(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows of one campaign go out: its name, the ledger, the client, and how fast and how often.

    ``key`` makes the idempotency key of a request and its final subject. ``again``: also to numbers that
    have this stored message. ``terms`` are those of all recipients; ``proof`` is the digest of what is proved
    where it is one, and ``approval`` tells what must have been approved (None: nothing). ``put_off`` takes
    a row that came into quiet hours, and None: such rows are left out.
    """

    name: str | None
    again: bool
    key: Callable[[SendRequest, str | None], str]
    ledger: Ledger
    client: Client
    limits: CampaignLimits
    retries: Retries
    terms: RecipientTerms
    proof: str | None = None
    approval: Callable[[RowJudge], str] | None = None
    put_off: Callable[[Recipient], None] | None = None


class Sender:
    """Sends rows through one ledger."""

    def __init__(
        self, setup: SendSetup, watch: MediaWatch, signal: StopSignal, counts: RowCounts, watcher: Watcher
    ) -> None:
        """``watch`` has the checks that permits rest on."""
        self._setup = setup
        self._watch = watch
        self._signal = signal
        self._counts = counts
        self._watcher = watcher
        self._pace = SendPace(setup.limits.rate, signal)
        self._failure_rate = FailureRate(setup.limits)
        self._ended = 0
        self._failed = 0
        self._elsewhere: deque[Recipient] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: dict[int, Recipient] = {}

    @property
    def open(self) -> tuple[Recipient, ...]:
        """Rows that were begun and came to no end: nothing was sent to them."""
        return tuple(self._open[index] for index in sorted(self._open))

    async def send(self, rows: Iterator[Recipient]) -> None:
        """Send all of them, or until something stops it; what is in flight then is finished."""
        self._tasks = {asyncio.create_task(self._work(rows)) for _ in range(self._setup.limits.in_flight)}
        await asyncio.wait(self._tasks)
        for task in self._tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def abort(self) -> None:
        """Give up what is in flight too: it is recorded as not sent, or as unknown."""
        for task in self._tasks:
            task.cancel()

    async def _work(self, rows: Iterator[Recipient]) -> None:
        while not self._signal.stopped:
            try:
                if (row := next(rows, None)) is not None:
                    await self._row(row, first=True)
                elif self._elsewhere:
                    await self._row(self._elsewhere.popleft(), first=False)
                else:
                    return
            except (InputError, LedgerError, PermitError, ReportError, UsageError) as error:
                self._stopped_by(error)
                return
            except Exception as error:
                self._signal.stop(itself_failed(error), broken=True)
                raise

    async def _row(self, row: Recipient, *, first: bool) -> None:
        self._open[row.index] = row
        try:
            result = await self._until_ended(row, first=first)
        except (InputError, LedgerError, PermitError, ReportError, UsageError):
            # Each means that certainly nothing was sent.
            raise
        except (asyncio.CancelledError, Exception) as error:
            why = "Interrupted" if isinstance(error, asyncio.CancelledError) else "mmscheck itself failed"
            self._count(row, cut_off(row, why))
            raise
        if result is not None:
            self._count(row, result)

    def _stopped_by(self, error: Exception) -> None:
        denied = int(Exit.DENIED) if isinstance(error, PermitError) else None
        self._signal.stop(str(error), denied=denied, broken=isinstance(error, LedgerError | ReportError))

    async def _until_ended(self, row: Recipient, *, first: bool) -> SendResult | None:
        """How this row's send ended; None when it was put off, or the campaign was stopped before that."""
        tries = 0
        latest = time.monotonic() + self._setup.limits.elsewhere
        while True:
            turn = await self._pace.turn()
            result = await self._once(row)
            if result is None or not self._again(result, latest):
                return result
            if _too_fast(result):
                self._throttled(turn)
            elif result.refusal == RefusalReason.IN_FLIGHT and first:
                # Others must not wait for the one whose sends another process is making, or has left.
                self._elsewhere.append(row)
                return None
            elif result.refusal == RefusalReason.IN_FLIGHT:
                await self._signal.sleep(_ELSEWHERE)
            elif await self._held():
                return None
            elif (tries := tries + 1) > self._setup.retries.count:
                return result
            else:
                await self._signal.sleep(self._setup.retries.pause(tries))
            if self._signal.stopped:
                return None

    def _again(self, result: SendResult, latest: float) -> bool:
        """Whether it certainly was not sent by this call, and asking again may help."""
        if result.refusal is not None:
            return result.refusal == RefusalReason.IN_FLIGHT and time.monotonic() < latest
        return may_succeed_later(result) and not result.recorded

    async def _once(self, row: Recipient) -> SendResult | None:
        """Judge the row as it is now, and send it with the permit."""
        judge = await self._watch.current()
        if judge is None:
            return None
        request = judge.request(row)
        # The first pass judged this row on the first look at the media, hours ago in a long campaign. By now
        # they may have been looked at again, a URL's signature may have run out, and a permit lives no longer
        # than ten minutes after the look it rests on: so what is sent is judged on the latest one.
        report = judge.report(request)
        order = Order(
            report=report,
            request=request,
            permit=judge.permit(report, request, time.time()),
            key=self._setup.key(request, report.messages[0].subject),
            campaign=self._setup.name,
            row=row.line,
            again=self._setup.again,
            proof=self._setup.proof,
            terms=msgspec.structs.replace(
                self._setup.terms,
                consent=row.consent,
                approval=self._setup.approval(judge) if self._setup.approval else "",
            ),
        )
        # A campaign repeats by itself, so that a pause is everybody's.
        return await SendCall(self._setup.ledger, self._setup.client, order).make(ONCE)

    def _throttled(self, turn: float) -> None:
        self._pace.too_fast(turn)
        since = self._pace.throttled_since
        self._watcher.waiting("the provider says that it is too fast")
        if since is not None and time.monotonic() - since > self._setup.limits.throttled:
            self._signal.stop(
                f"the provider has taken nothing for {self._setup.limits.throttled:g} s: too fast"
            )

    async def _held(self) -> bool:
        """Whether the kill switch is pulled; then the campaign stops."""
        if held := await self._setup.ledger.held():
            self._signal.stop("; ".join(f"held by {hold.who}: {hold.reason}" for hold in held))
        return bool(held)

    def _count(self, row: Recipient, result: SendResult) -> None:
        failed = False
        del self._open[row.index]
        if result.status is SendStatus.ACCEPTED:
            self._counts.ends["recorded" if result.recorded else "accepted"] += 1
            self._pace.accepted()
        elif result.refusal == RefusalReason.QUIET_HOURS and self._setup.put_off is not None:
            self._setup.put_off(row)
            return
        elif result.refusal in ABOUT_THE_NUMBER:
            self._withheld(row, result)
        elif result.refusal == RefusalReason.HAS_IT:
            note = RowNote(line=row.line, to=row.to, fate=RowFate.HAS_IT, detail=result.detail)
            self._counts.has_it(note, result.campaign)
        else:
            fate = _FATES[result.status]
            failed = fate in FAILED
            self._counts.note(RowNote(line=row.line, to=row.to, fate=fate, detail=result.detail))
        if result.refusal in _OF_THE_MESSAGE:
            self._signal.stop(result.detail.rstrip("."), denied=int(Exit.DENIED))
        self._ended += 1
        self._failed += failed
        if reason := self._failure_rate.count(failed=failed):
            self._signal.stop(reason)
        self._watcher.ended(self._ended, self._failed)

    def _withheld(self, row: Recipient, result: SendResult) -> None:
        """Count a row that was not sent for its number's sake: no failure of the campaign."""
        passing = result.refusal in PASSING
        fate = RowFate.NOT_NOW if passing else RowFate.WITHHELD
        note = RowNote(line=row.line, to=row.to, fate=fate, detail=result.detail)
        (self._counts.note if passing else self._counts.withheld)(note)


def _too_fast(result: SendResult) -> bool:
    """Whether the provider says that this account calls too often."""
    code = explain(result.error_code or "")
    return code is not None and code.too_fast


def cut_off(row: Recipient, why: str) -> SendResult:
    """What is known of a row that was given up while it was being sent."""
    return SendResult(
        status=SendStatus.UNKNOWN,
        detail=f"{why} (line {row.line}): it may have been sent. See: mmscheck ledger list",
    )


def itself_failed(error: Exception) -> str:
    """A failure that nobody foresaw, as the reason for which a campaign stops."""
    return f"mmscheck itself failed ({type(error).__name__})"
