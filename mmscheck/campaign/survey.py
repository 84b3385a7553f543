"""The first pass over a file of recipients: every row judged, and nothing sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from mmscheck import gate
from mmscheck.campaign.blame import blamed, explain
from mmscheck.campaign.judging import Basis
from mmscheck.campaign.progress import Watcher
from mmscheck.campaign.rows import Recipients, Row
from mmscheck.campaign.spool import Earlier, Fate, Spool
from mmscheck.campaign.stopping import Halt
from mmscheck.campaign.tally import Tally
from mmscheck.errors import UsageError
from mmscheck.model.campaign import RowFate, RowNote
from mmscheck.model.effective import effective
from mmscheck.model.ledger import NEVER_ARRIVED, SendState
from mmscheck.model.phone import e164
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.sinch import redacted_xml

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_AT_ONCE = 16
"""Rows that are judged before others in this process have their turn: some milliseconds."""

_OPEN = frozenset({SendState.NOT_SENT, SendState.RESOLVED_NOT_SENT, SendState.INTENDED})
"""States in which asking the ledger again says what may be done: it has the last word."""


class Survey:
    """What the rows of one file come to; ``first_request`` is what ``first_good`` judged."""

    def __init__(
        self,
        basis: Basis,
        recipients: Recipients,
        spool: Spool,
        tally: Tally,
        key: Callable[[SendRequest, str | None], str],
    ) -> None:
        """``basis`` is the full check that rows are judged on; ``key`` makes a request's idempotency key."""
        self._basis = basis
        self._recipients = recipients
        self._spool = spool
        self._tally = tally
        self._key = key
        self.rows = 0
        self.good = 0
        self.first_good: Report | None = None
        self.first_request: SendRequest | None = None
        self.first_denied: Report | None = None
        self.undecided = True

    async def recall(self, ledger: Ledger, campaign: str) -> None:
        """Keep who got something of this campaign in earlier runs."""
        # The ledger brings SQLAlchemy.
        from mmscheck.ledger import Filter  # noqa: PLC0415

        async for send in ledger.sends(Filter(campaign=campaign)):
            number = _number(send.intent.to)
            known = self._spool.earlier(number)
            if known is None or known.state in NEVER_ARRIVED or send.state not in NEVER_ARRIVED:
                line = send.intent.row or 0
                earlier = Earlier(key=send.intent.key, line=line, send_id=send.id, state=send.state)
                self._spool.remember(number, earlier)

    async def judge(self, halt: Halt, watcher: Watcher) -> None:
        """Judge every row, or stop when halted; raises InputError for a file that is none."""
        for row in self._recipients.rows():
            self.rows += 1
            self._spool.append(row.digest, self._fate(row))
            if self.rows % _AT_ONCE == 0:
                watcher.judged(self.rows)
                await asyncio.sleep(0)
                if halt.reason:
                    return

    def _fate(self, row: Row) -> Fate:
        request = self._basis.request(row)
        number = _number(row.to)
        try:
            redacted_xml(request)
        except UsageError as error:
            self.undecided = False
            self._note(row, RowFate.DENIED, f"It cannot be written into a request: {error}.")
            return Fate.LEAVE
        subject = effective(self._basis.message, row.changes).subject
        key = self._key(request, subject)
        if self._repeated(row, key, self._spool.here(number), "is on line {line} as well"):
            return Fate.LEAVE
        if self._ended(row, number, key):
            self._spool.keep(number, key, row.line)
            return Fate.LEAVE
        report = self._basis.judged(request)
        verdict = gate.verdict(report)
        if not verdict.permitted:
            return self._deny(row, report)
        self._spool.keep(number, key, row.line)
        self.first_good = self.first_good or report
        self.first_request = self.first_request or request
        self.good += 1
        return Fate.SEND

    def _deny(self, row: Row, report: Report) -> Fate:
        verdict = gate.verdict(report)
        self.first_denied = self.first_denied or report
        self.undecided = self.undecided and verdict.exit_code == gate.EXIT_UNDECIDED
        columns = self._recipients.columns
        names = blamed(self._basis, columns, self._recipients.common, row, report)
        self._note(row, RowFate.DENIED, explain(report, verdict), names)
        return Fate.LEAVE

    def _repeated(self, row: Row, key: str, before: Earlier | None, where: str) -> bool:
        """Whether the number had its message in this campaign, with the same content or with other."""
        if before is None:
            return False
        if before.key == key:
            self._note(row, RowFate.DUPLICATE, f"The same send as line {before.line}; it is made once.")
            return True
        self.undecided = False
        told = where.format(line=before.line)
        self._note(
            row,
            RowFate.DENIED,
            f"This number {told} with other content, and a campaign sends each number one message.",
            (self._recipients.columns.names[self._recipients.columns.to],),
        )
        return True

    def _ended(self, row: Row, number: str, key: str) -> bool:
        """Whether an earlier run has ended this row's send, or sent the number something else."""
        earlier = self._spool.earlier(number)
        if earlier is None or earlier.state is None:
            return False
        if earlier.key != key:
            got = f"has a message of this campaign (send {earlier.send_id} in the ledger)"
            return earlier.state not in NEVER_ARRIVED and self._repeated(row, key, earlier, got)
        if earlier.state in _OPEN:
            return False
        told = f"Send {earlier.send_id} of an earlier run"
        if earlier.state is SendState.UNKNOWN:
            how = f"mmscheck ledger resolve {earlier.send_id} --as sent|not-sent --reason ..."
            self._note(row, RowFate.UNKNOWN, f"{told} may have gone out; find out, then: {how}")
        elif earlier.state is SendState.REFUSED:
            how = f"mmscheck ledger resolve {earlier.send_id} --as not-sent --reason ..."
            self._note(row, RowFate.REFUSED, f"{told} was refused; when its cause is mended: {how}")
        elif earlier.state is SendState.FAILED:
            how = "to try again, send it by itself with an --idempotency-key"
            self._note(row, RowFate.REFUSED, f"{told} was accepted and failed later; {how}")
        else:
            self._tally.counts["recorded"] += 1
        return True

    def _note(self, row: Row, fate: RowFate, detail: str, columns: tuple[str, ...] = ()) -> None:
        self._tally.note(RowNote(line=row.line, to=row.to, fate=fate, detail=detail, columns=columns))


def _number(to: str) -> str:
    return e164(to) or to
