"""The first pass over a file of recipients: every row judged, and nothing sent."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time
from collections.abc import Callable, Mapping

import msgspec

from mmscheck.campaign.costs import CostCounter
from mmscheck.campaign.counts import RowCounts, Watcher
from mmscheck.campaign.judging import RowJudge, blamed, explain
from mmscheck.campaign.limits import StopSignal
from mmscheck.campaign.recipients import CONSENT_SOURCE, Recipient, Recipients, number_of
from mmscheck.campaign.row_store import HeldNumbers, KeptNumber, PastSends, RowDecision, RowStore
from mmscheck.campaign.variants import Variants
from mmscheck.errors import UsageError
from mmscheck.model.campaign import RowFate, RowNote
from mmscheck.model.effective import effective
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import RefusalReason, SendRecord, SendState
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.send.flow import CheckedMessage
from mmscheck.send.recipient import RecipientTerms
from mmscheck.sinch import shown_request

_AT_ONCE = 16
"""Rows that are judged before others in this process have their turn: some milliseconds."""

_TOGETHER = 256
"""Rows whose past is asked of the ledger at once."""

_OPEN = frozenset({SendState.NOT_SENT, SendState.RESOLVED_NOT_SENT, SendState.INTENDED})
"""States in which asking the ledger again says what may be done: it has the last word."""


class _RowSend(msgspec.Struct, frozen=True, kw_only=True):
    """One row's send: its number and its idempotency key, or the ``fault`` for which it is none."""

    row: Recipient
    request: SendRequest
    number: str
    key: str
    fault: str = ""


class Survey:
    """What the rows of one file come to; ``first_request`` is what ``first_good`` judged."""

    def __init__(
        self,
        judge: RowJudge,
        recipients: Recipients,
        store: RowStore,
        counts: RowCounts,
        *,
        key: Callable[[SendRequest, str | None], str],
        held: HeldNumbers,
        terms: RecipientTerms,
        costs: CostCounter | None = None,
        variants: Variants | None = None,
    ) -> None:
        """``judge`` is the full check that rows are judged on; ``key`` makes a request's idempotency key.

        ``held`` tells whose numbers are on the suppression list, ``terms`` are those of all recipients, and
        ``costs`` counts what is to be sent, ``variants`` finds the rows that stand for all.
        """
        self._held = held
        self._terms = terms
        self._judge = judge
        self._recipients = recipients
        self._store = store
        self._counts = counts
        self._key = key
        self._costs = costs
        self._variants = variants
        names = msgspec.json.encode(recipients.columns.names)
        self._digest = hashlib.sha256(names)
        self.rows = 0
        self.good = 0
        self.first_good: Report | None = None
        self.first_request: SendRequest | None = None
        self.first_denied: Report | None = None
        self.undecided = True

    async def judge_rows(self, past: PastSends, signal: StopSignal, watcher: Watcher) -> None:
        """Judge every row, or stop at the signal; raises InputError for a file that is none."""
        rows = self._recipients.rows()
        while batch := [self._send_of(row) for row in itertools.islice(rows, _TOGETHER)]:
            await past.look([send.number for send in batch], [send.key for send in batch if send.key])
            held = await self._held.look([send.number for send in batch])
            for send in batch:
                self.rows += 1
                self._digest.update(send.row.digest)
                self._store.append(send.row.digest, self._decide(send, past, held))
                if self.rows % _AT_ONCE == 0:
                    watcher.judged(self.rows)
                    await asyncio.sleep(0)
                    if signal.reason:
                        return

    @property
    def digest(self) -> bytes:
        """Over the header and every row, in order."""
        return self._digest.digest()

    def _send_of(self, row: Recipient) -> _RowSend:
        request = self._judge.request(row)
        number = number_of(row.to)
        try:
            shown_request(request, self._judge.message.dialect)
        except UsageError as error:
            return _RowSend(row=row, request=request, number=number, key="", fault=str(error))
        subject = effective(self._judge.message, row.changes).subject
        return _RowSend(row=row, request=request, number=number, key=self._key(request, subject))

    def _decide(self, send: _RowSend, past: PastSends, held: Mapping[str, str]) -> RowDecision:
        row, number, key = send.row, send.number, send.key
        if send.fault:
            self.undecided = False
            self._note(row, RowFate.DENIED, f"It cannot be written into a request: {send.fault}.")
            return RowDecision.LEAVE
        if (before := self._store.here(number)) is not None:
            self._repeated(row, before, same=before.key == key)
            return RowDecision.LEAVE
        if self._ended(send, past):
            self._vary(row)
            self._store.keep(number, key, row.line)
            return RowDecision.LEAVE
        if (decision := self._withheld(send, held)) is not None:
            return decision
        checked = self._judge.judged(send.request, first=past.is_first(number))
        if not checked.verdict.permitted:
            return self._deny(row, checked)
        self._store.keep(number, key, row.line)
        self.first_good = self.first_good or checked.report
        self.first_request = self.first_request or send.request
        self.good += 1
        self._vary(row)
        if self._costs is not None:
            self._costs.count(send.request)
        return RowDecision.SEND

    def _vary(self, row: Recipient) -> None:
        if self._variants is not None:
            self._variants.count(row)

    def _withheld(self, send: _RowSend, held: Mapping[str, str]) -> RowDecision | None:
        """What is decided for the number's own sake: the list of numbers, its country, its consent."""
        row, terms = send.row, msgspec.structs.replace(self._terms, consent=send.row.consent)
        refusal = terms.lasting(row.to, time.time())
        if refusal is not None and refusal.reason is RefusalReason.NO_CONSENT:
            self.undecided = False
            self._note(
                row, RowFate.DENIED, f"{refusal.text[0].upper()}{refusal.text[1:]}.", (CONSENT_SOURCE,)
            )
            return RowDecision.LEAVE
        text = held.get(send.number) if refusal is None else refusal.text
        if text is None:
            return None
        detail = f"{text[0].upper()}{text[1:]}."
        self._counts.withheld(RowNote(line=row.line, to=row.to, fate=RowFate.WITHHELD, detail=detail))
        self._store.keep(send.number, send.key, row.line)
        return RowDecision.LEAVE

    def _deny(self, row: Recipient, checked: CheckedMessage) -> RowDecision:
        self.first_denied = self.first_denied or checked.report
        self.undecided = self.undecided and checked.verdict.exit_code == int(Exit.UNDECIDED)
        names = blamed(self._judge, self._recipients, row, checked)
        self._note(row, RowFate.DENIED, explain(checked), names)
        return RowDecision.LEAVE

    def _repeated(self, row: Recipient, before: KeptNumber, *, same: bool) -> None:
        """The number is on an earlier line, with the same content or with other."""
        if same:
            self._note(row, RowFate.DUPLICATE, f"The same send as line {before.line}; it is made once.")
        else:
            self._other_content(row, f"is on line {before.line} as well")

    def _other_content(self, row: Recipient, where: str) -> None:
        self.undecided = False
        self._note(
            row,
            RowFate.DENIED,
            f"This number {where} with other content, and a campaign sends each number one message.",
            (self._recipients.columns.names[self._recipients.columns.to],),
        )

    def _ended(self, send: _RowSend, past: PastSends) -> bool:
        """Whether nothing is to be sent for this row, by what the ledger has of it or of its number."""
        mine = past.under(send.key)
        if mine is not None and mine.state not in _OPEN:
            self._tell(send.row, mine, f"Send {mine.id} of an earlier run")
            return True
        if (other := past.of_campaign(send.number, send.key)) is not None:
            self._other_content(send.row, f"has a message of this campaign (send {other.id} in the ledger)")
            return True
        if (had := past.of_message(send.number, send.key)) is None:
            return False
        where = had.intent.campaign
        alone = "a proof" if had.intent.proof else "a send of its own"
        source = alone if where is None else f"campaign {where}"
        if had.state is SendState.UNKNOWN:
            self._tell(send.row, had, f"Send {had.id} of this message to this number, from {source},")
            return True
        detail = f"This number has this message already, from {source} (send {had.id} in the ledger)."
        self._counts.has_it(
            RowNote(line=send.row.line, to=send.row.to, fate=RowFate.HAS_IT, detail=detail), where
        )
        return True

    def _tell(self, row: Recipient, send: SendRecord, subject: str) -> None:
        """Count how a send has ended."""
        if send.state is SendState.UNKNOWN:
            how = f"mmscheck ledger resolve {send.id} --as sent|not-sent --reason ..."
            self._note(row, RowFate.UNKNOWN, f"{subject} may have gone out; find out, then: {how}")
        elif send.state is SendState.REFUSED:
            how = f"mmscheck ledger resolve {send.id} --as not-sent --reason ..."
            self._note(row, RowFate.REFUSED, f"{subject} was refused; when its cause is mended: {how}")
        elif send.state is SendState.FAILED:
            how = "to try again, send it by itself with an --idempotency-key"
            self._note(row, RowFate.REFUSED, f"{subject} was accepted and failed later; {how}")
        else:
            self._counts.ends["recorded"] += 1

    def _note(self, row: Recipient, fate: RowFate, detail: str, columns: tuple[str, ...] = ()) -> None:
        self._counts.note(RowNote(line=row.line, to=row.to, fate=fate, detail=detail, columns=columns))
