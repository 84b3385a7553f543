"""The first pass over a file of recipients: every row judged, and nothing sent."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import msgspec

from mmscheck.base.phone import e164
from mmscheck.campaign.blame import blamed, explain
from mmscheck.campaign.judging import Basis
from mmscheck.campaign.past import Past
from mmscheck.campaign.progress import Watcher
from mmscheck.campaign.rows import Recipients, Row
from mmscheck.campaign.spool import Fate, Kept, Spool
from mmscheck.campaign.stopping import Halt
from mmscheck.campaign.tally import Tally
from mmscheck.errors import UsageError
from mmscheck.judge import gate
from mmscheck.model.campaign import RowFate, RowNote
from mmscheck.model.effective import effective
from mmscheck.model.ledger import SendRecord, SendState
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.sinch import redacted_xml

_AT_ONCE = 16
"""Rows that are judged before others in this process have their turn: some milliseconds."""

_TOGETHER = 256
"""Rows whose past is asked of the ledger at once."""

_OPEN = frozenset({SendState.NOT_SENT, SendState.RESOLVED_NOT_SENT, SendState.INTENDED})
"""States in which asking the ledger again says what may be done: it has the last word."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One row's send: its number and its idempotency key, or the ``fault`` for which it is none."""

    row: Row
    request: SendRequest
    number: str
    key: str
    fault: str = ""


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

    async def judge(self, past: Past, halt: Halt, watcher: Watcher) -> None:
        """Judge every row, or stop when halted; raises InputError for a file that is none."""
        rows = self._recipients.rows()
        while some := [self._asked(row) for row in itertools.islice(rows, _TOGETHER)]:
            await past.look([asked.number for asked in some], [asked.key for asked in some if asked.key])
            for asked in some:
                self.rows += 1
                self._spool.append(asked.row.digest, self._fate(asked, past))
                if self.rows % _AT_ONCE == 0:
                    watcher.judged(self.rows)
                    await asyncio.sleep(0)
                    if halt.reason:
                        return

    def _asked(self, row: Row) -> _Asked:
        request = self._basis.request(row)
        number = e164(row.to) or row.to
        try:
            redacted_xml(request)
        except UsageError as error:
            return _Asked(row=row, request=request, number=number, key="", fault=str(error))
        subject = effective(self._basis.message, row.changes).subject
        return _Asked(row=row, request=request, number=number, key=self._key(request, subject))

    def _fate(self, asked: _Asked, past: Past) -> Fate:
        row, number, key = asked.row, asked.number, asked.key
        if asked.fault:
            self.undecided = False
            self._note(row, RowFate.DENIED, f"It cannot be written into a request: {asked.fault}.")
            return Fate.LEAVE
        if (before := self._spool.here(number)) is not None:
            self._repeated(row, before, same=before.key == key)
            return Fate.LEAVE
        if self._ended(asked, past):
            self._spool.keep(number, key, row.line)
            return Fate.LEAVE
        report = self._basis.judged(asked.request)
        verdict = gate.verdict(report)
        if not verdict.permitted:
            return self._deny(row, report)
        self._spool.keep(number, key, row.line)
        self.first_good = self.first_good or report
        self.first_request = self.first_request or asked.request
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

    def _repeated(self, row: Row, before: Kept, *, same: bool) -> None:
        """The number is on an earlier line, with the same content or with other."""
        if same:
            self._note(row, RowFate.DUPLICATE, f"The same send as line {before.line}; it is made once.")
        else:
            self._other_content(row, f"is on line {before.line} as well")

    def _other_content(self, row: Row, told: str) -> None:
        self.undecided = False
        self._note(
            row,
            RowFate.DENIED,
            f"This number {told} with other content, and a campaign sends each number one message.",
            (self._recipients.columns.names[self._recipients.columns.to],),
        )

    def _ended(self, asked: _Asked, past: Past) -> bool:
        """Whether nothing is to be sent for this row, by what the ledger has of it or of its number."""
        mine = past.under(asked.key)
        if mine is not None and mine.state not in _OPEN:
            self._tell(asked.row, mine, f"Send {mine.id} of an earlier run")
            return True
        if (other := past.of_campaign(asked.number, asked.key)) is not None:
            self._other_content(asked.row, f"has a message of this campaign (send {other.id} in the ledger)")
            return True
        if (had := past.of_message(asked.number, asked.key)) is None:
            return False
        where = had.intent.campaign
        source = "a send of its own" if where is None else f"campaign {where}"
        if had.state is SendState.UNKNOWN:
            self._tell(asked.row, had, f"Send {had.id} of this message to this number, from {source},")
            return True
        detail = f"This number has this message already, from {source} (send {had.id} in the ledger)."
        self._tally.has_it(
            RowNote(line=asked.row.line, to=asked.row.to, fate=RowFate.HAS_IT, detail=detail), where
        )
        return True

    def _tell(self, row: Row, send: SendRecord, told: str) -> None:
        """Count how a send has ended."""
        if send.state is SendState.UNKNOWN:
            how = f"mmscheck ledger resolve {send.id} --as sent|not-sent --reason ..."
            self._note(row, RowFate.UNKNOWN, f"{told} may have gone out; find out, then: {how}")
        elif send.state is SendState.REFUSED:
            how = f"mmscheck ledger resolve {send.id} --as not-sent --reason ..."
            self._note(row, RowFate.REFUSED, f"{told} was refused; when its cause is mended: {how}")
        elif send.state is SendState.FAILED:
            how = "to try again, send it by itself with an --idempotency-key"
            self._note(row, RowFate.REFUSED, f"{told} was accepted and failed later; {how}")
        else:
            self._tally.counts["recorded"] += 1

    def _note(self, row: Row, fate: RowFate, detail: str, columns: tuple[str, ...] = ()) -> None:
        self._tally.note(RowNote(line=row.line, to=row.to, fate=fate, detail=detail, columns=columns))
