"""A campaign from the first look at its media to its last send."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import IO, TYPE_CHECKING

import msgspec

from mmscheck.base.names import LONGEST_NAME, usable_name
from mmscheck.base.text import count
from mmscheck.campaign.costs import CostCounter
from mmscheck.campaign.counts import RowCounts, Watcher
from mmscheck.campaign.judging import MERGE_DATA_USED, RowJudge, blocking, may_be_the_row
from mmscheck.campaign.limits import CampaignLimits, StopSignal
from mmscheck.campaign.proof import ProofPlan
from mmscheck.campaign.proving import ProofStep
from mmscheck.campaign.recipients import Recipient, Recipients
from mmscheck.campaign.row_store import HeldNumbers, PastSends, RowDecision, RowStore
from mmscheck.campaign.sender import Sender, SendSetup, itself_failed
from mmscheck.campaign.survey import Survey
from mmscheck.campaign.variants import Variants
from mmscheck.campaign.watch import Canaries, MediaWatch
from mmscheck.errors import InputError, MmscheckError, ReportError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.judge.pipeline import CheckOptions, window
from mmscheck.model.campaign import CampaignResult, RowFate
from mmscheck.model.exits import Exit
from mmscheck.model.mms import Mms
from mmscheck.model.prices import Prices, money
from mmscheck.model.recipient import RecipientRules
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.model.rule import RuleSet
from mmscheck.send.flow import CheckedMessage, check_message, note_denial
from mmscheck.send.order import Client, Retries, account_of, demand_api, demand_stored, own_key, stored_at
from mmscheck.send.recipient import terms_of

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


_LOOK = 60.0
"""Seconds between two looks at the clock while rows wait: it may be set."""


class CampaignPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent to everybody, and how.

    ``name`` is what the ledger calls the campaign; when it is ``named`` by somebody, another one may send the
    same to the same numbers once more. ``common`` is the request without ``to``, with the changes that hold
    for every row. ``within`` is how many seconds signed URLs must outlive a send. ``api_url`` is where the
    provider is when no client tells it: a dry run must find what an earlier run has sent; ``account`` is
    where ids are used (``mmscheck.send.order``), by default the client's. ``again``: also to numbers that
    have this stored message; the campaign must be ``named`` then, and each gets it once under its name.
    ``prices`` tell what it costs at most; above ``max_cost``, in their currency, nothing is sent.
    ``recipients`` is what all numbers are held to. ``proof`` is what is asked of a proof before it.
    """

    name: str
    named: bool = False
    message: Mms
    ruleset: RuleSet
    policy: FetchPolicy
    common: SendRequest
    strict: bool = False
    within: float | None = None
    api_url: str | None = None
    account: str | None = None
    again: bool = False
    recipients: RecipientRules = RecipientRules()
    cache_bust: bool = True
    skip_bad: bool = False
    retries: Retries = Retries()
    limits: CampaignLimits = CampaignLimits()
    prices: Prices | None = None
    max_cost: Decimal | None = None
    proof: ProofPlan = ProofPlan()


class CampaignOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended; ``report`` is that of one send, the first that was denied where that stopped it.

    ``first`` is the request of the first row that is to be sent, None when there is none or the gate
    denied. ``denied`` is the gate's exit code where the gate stopped it, ``broken`` why the ledger, the list
    of rows or mmscheck itself failed, and ``failure`` what it failed with where nobody foresaw it.
    """

    report: Report
    result: CampaignResult
    first: SendRequest | None = None
    denied: int | None = None
    broken: str | None = None
    failure: Exception | None = None


class CampaignRun:
    """One run; the same campaign may be run again until nothing is left."""

    def __init__(
        self,
        plan: CampaignPlan,
        recipients: Recipients,
        *,
        client: Client | None,
        ledger: Ledger,
        watcher: Watcher | None = None,
        log: IO[str] | None = None,
        before_sending: Callable[[Report], Awaitable[None]] | None = None,
    ) -> None:
        """Without a client every row is judged, and nothing is sent.

        ``log`` takes the noted rows. ``before_sending`` is called once with the report of the first
        send; what it raises ends the run, and nothing was sent.
        """
        self._plan = _usable(plan)
        self._recipients = recipients
        self._client = client
        self._ledger = ledger
        self._watcher = watcher or Watcher()
        self._counts = RowCounts(log)
        self._signal = StopSignal()
        self._before_sending = before_sending
        self._costs = CostCounter(plan.prices, plan.ruleset) if plan.prices else None
        self._sender: Sender | None = None
        self._proof: ProofStep | None = None
        self._variants: Variants | None = None
        self._terms = terms_of(plan.recipients)
        self._opens = math.inf
        self._begun = False
        self._asked = False

    @property
    def sending(self) -> bool:
        """Whether something may have been sent."""
        return self._begun

    def stop(self, why: str) -> None:
        """Send nothing more; what is in flight is finished. Asked again, it is given up."""
        if self._asked and self._sender is not None:
            self._sender.abort()
        self._asked = True
        self._signal.stop(why)

    async def run(self) -> CampaignOutcome:
        """Check, judge every row, send; raises InputError for a file that is none; nothing is sent then.

        Whatever is raised, nothing was sent: from the first send on, all that goes wrong is in the outcome.
        """
        if (first := next(self._recipients.rows(), None)) is None:
            raise InputError(f"{self._recipients.file}: it has a header and no rows")
        judge = await self._look(first)
        checked = judge.checked
        shared = not may_be_the_row(checked) or self._is_the_file(checked)
        if not checked.verdict.permitted and shared:
            await note_denial(self._ledger, checked, "campaign")
            denied = checked.verdict.exit_code
            return CampaignOutcome(report=checked.report, result=self._result(0, 0, 0.0), denied=denied)
        await self._ready_to_prove()
        with RowStore() as store:
            survey = Survey(
                judge,
                self._recipients,
                store,
                self._counts,
                key=self._key,
                held=self._held(),
                terms=self._terms,
                costs=self._costs,
                variants=self._variants,
            )
            watch = MediaWatch(judge, lambda: self._look(first), self._plan.limits.recheck, self._signal)
            async with _kept(watch):
                return await self._surveyed(judge, survey, watch, store)

    async def _ready_to_prove(self) -> None:
        """Whether there has to be a proof; a campaign that one was begun of needs it approved ever after."""
        plan = self._plan
        asked = plan.proof.phones or plan.proof.approver or plan.recipients.require_proof
        if asked or await self._ledger.proofs(campaign=plan.name):
            account = account_of(plan.common, self._client or plan)
            self._variants = Variants(self._recipients.columns)
            self._proof = ProofStep(
                plan.proof, self._ledger, self._signal, campaign=plan.name, account=account
            )

    async def _look(self, row: Recipient) -> RowJudge:
        """One full check of the message, as the first row would be sent."""
        plan = self._plan
        request = msgspec.structs.replace(plan.common, to=row.to, changes=row.changes)
        options = CheckOptions(
            policy=plan.policy,
            request=request,
            strict=plan.strict,
            sending=window(None, plan.within),
            cache_bust=plan.cache_bust,
            columns=self._recipients.columns.filling,
        )
        if self._client is not None:
            demand_api(plan.message.document, self._client)
        account = plan.account or stored_at(self._client or plan)
        checked = await check_message(self._ledger, plan.message, plan.ruleset, options, account)
        return RowJudge(
            ruleset=plan.ruleset,
            message=plan.message,
            common=plan.common,
            checked=checked,
            columns=self._recipients.columns.filling,
            window=options.sending,
        )

    def _is_the_file(self, checked: CheckedMessage) -> bool:
        """Whether what denies the first row denies every row that has the same texts: its header's names."""
        ruled = any(item.rule == MERGE_DATA_USED for item in blocking(checked))
        return ruled and not self._recipients.columns.rewrites

    async def _surveyed(
        self, judge: RowJudge, survey: Survey, watch: MediaWatch, store: RowStore
    ) -> CampaignOutcome:
        await survey.judge_rows(self._past(), self._signal, self._watcher)
        bad = self._counts.ends[RowFate.DENIED]
        if bad and (not self._plan.skip_bad or not survey.good):
            if self._signal.reason is None and not self._plan.skip_bad:
                self._signal.stop("rows were denied, so nothing was sent; --skip-bad leaves them out")
            report = survey.first_denied or survey.first_good or judge.checked.report
            denied = int(Exit.UNDECIDED if survey.undecided else Exit.DENIED)
            result = self._result(survey.rows, survey.good, 0.0)
            return CampaignOutcome(report=report, result=result, denied=denied)
        if self._signal.reason is None and (too_dear := self._too_dear()):
            self._signal.stop(too_dear)
        if self._proof is not None and self._variants is not None:
            await self._proof.take(judge, survey.digest, self._variants)
        began, failure = time.monotonic(), None
        if self._signal.reason is None and self._client is not None and survey.first_good is not None:
            if self._before_sending is not None:
                await self._before_sending(survey.first_good)
            failure = await self._finished(self._client, survey, watch, store)
        return CampaignOutcome(
            report=survey.first_good or judge.checked.report,
            result=self._result(survey.rows, survey.good, time.monotonic() - began if self.sending else 0.0),
            first=survey.first_request,
            denied=self._signal.denied,
            broken=self._signal.broken,
            failure=failure,
        )

    def _too_dear(self) -> str:
        """Why nothing may be sent for what it costs; empty where that is known to be little enough."""
        most = self._plan.max_cost
        if most is None or self._costs is None:
            return ""
        cost = self._costs.estimate()
        if cost.unpriced:
            rows = count(cost.unpriced, "row")
            return f"what it costs is not known: {cost.why} ({rows}), so nothing was sent (--max-cost)"
        if cost.amount <= most:
            return ""
        told = f"it may cost {money(cost.amount)} {cost.currency}"
        return f"{told}, more than the {money(most)} of --max-cost, so nothing was sent"

    def _past(self) -> PastSends:
        plan = self._plan
        return PastSends(
            self._ledger,
            campaign=plan.name,
            mms_id=plan.common.mms_id or "",
            account=account_of(plan.common, self._client or plan),
            again=plan.again,
        )

    def _held(self) -> HeldNumbers:
        common = self._plan.common
        return HeldNumbers(
            self._ledger,
            account=account_of(common, self._client or self._plan),
            sender=common.from_ or "",
            list_name=self._plan.recipients.list_name,
        )

    async def _finished(
        self, client: Client, survey: Survey, watch: MediaWatch, store: RowStore
    ) -> Exception | None:
        """Send what the survey let through, and list what was not reached; what breaks that only ends it."""
        failure = None
        try:
            await self._sent(client, survey, watch, store)
        except Exception as error:  # noqa: BLE001 - raising would have it said that nothing was sent
            known = isinstance(error, MmscheckError)
            failure = None if known else error
            self._signal.stop(str(error) if known else itself_failed(error), broken=True)
        try:
            self._list_left(store)
        except (InputError, ReportError) as error:
            self._signal.stop(str(error), broken=isinstance(error, ReportError))
        return failure

    def _list_left(self, store: RowStore) -> None:
        """In the list of rows, those that were let through and that nothing became of."""
        for row in self._sender.open if self._sender is not None else ():
            self._counts.left(row)
        if store.open:
            for row in self._rows(store, frozenset({RowDecision.SEND, RowDecision.WAIT})):
                self._counts.left(row)

    async def _sent(self, client: Client, survey: Survey, watch: MediaWatch, store: RowStore) -> None:
        plan = self._plan
        setup = SendSetup(
            name=plan.name,
            again=plan.again,
            key=self._key,
            ledger=self._ledger,
            client=client,
            limits=plan.limits,
            retries=plan.retries,
            terms=self._terms,
            approval=self._proof.binding if self._proof else None,
            put_off=partial(self._put_off, store) if plan.recipients.wait else None,
        )
        if self._proof is not None and not await self._proof.passed(setup, watch, self._let_send):
            return
        rows = self._due(store, RowDecision.SEND)
        sender = Sender(setup, watch, self._signal, self._counts, self._watcher)
        self._let_send(sender)
        self._watcher.begun(survey.good)
        if plan.limits.canary:
            canaries = Canaries(self._ledger, plan.name, self._signal, self._watcher)
            await sender.send(canaries.take(rows, plan.limits.canary))
            await canaries.wait_until_delivered(plan.limits.canary_wait)
        await sender.send(rows)
        while store.open and not self._signal.stopped:
            await self._until_open()
            await sender.send(self._due(store, RowDecision.WAIT))
        self._watcher.closed()

    def _let_send(self, sender: Sender | None) -> None:
        """From now on this one sends; None: nobody, for the moment."""
        self._begun = self._begun or sender is not None
        self._sender = sender

    def _put_off(self, store: RowStore, row: Recipient) -> None:
        """Have a row wait for its quiet hours to end."""
        store.mark(row.index, RowDecision.WAIT)
        _, until = self._terms.calendar.stand(row.to, time.time())
        self._opens = min(self._opens, until)

    async def _until_open(self) -> None:
        """Wait until quiet hours end for the first of the rows that wait, or until all is stopped."""
        opens, self._opens = self._opens, math.inf
        if math.isinf(opens):
            self._signal.stop("for rows that wait no hour suits all time zones of their numbers")
        while not self._signal.stopped and (left := opens - time.time()) > 0:
            self._watcher.waiting(f"quiet hours; {left / 60:,.0f} min until the next numbers may be texted")
            await self._signal.sleep(min(left, _LOOK))

    def _key(self, request: SendRequest, subject: str | None) -> str:
        """What is sent once only."""
        campaign = self._plan.name if self._plan.named else None
        return own_key(request, subject, self._client or self._plan, campaign)

    def _due(self, store: RowStore, decision: RowDecision) -> Iterator[Recipient]:
        """The rows of this decision whose turn it is; those in quiet hours are put off, without a turn."""
        calendar, wait = self._terms.calendar, self._plan.recipients.wait
        for row in self._rows(store, frozenset({decision})):
            store.mark(row.index, RowDecision.TAKEN)
            if wait and calendar.stand(row.to, time.time())[0]:
                self._put_off(store, row)
            else:
                yield row

    def _rows(self, store: RowStore, wanted: frozenset[RowDecision]) -> Iterator[Recipient]:
        """The rows of these decisions, as long as the file is what was judged; raises InputError."""
        store.rewind()
        changed = f"{self._recipients.file} has changed since its rows were judged"
        for row in self._recipients.rows():
            known = store.next()
            if known is None or known[0] != row.digest:
                raise InputError(f"{changed} (line {row.line}); nothing was sent from there on")
            if known[1] in wanted:
                yield row
        if store.next() is not None:
            raise InputError(f"{changed}: it is shorter now")

    def _result(self, rows: int, good: int, seconds: float) -> CampaignResult:
        counts = self._counts.ends
        fates = {fate: counts[fate] for fate in RowFate}
        known = counts["accepted"] + counts["recorded"] + sum(fates.values())
        return CampaignResult(
            name=self._plan.name,
            file=self._recipients.file,
            rows=rows,
            accepted=counts["accepted"],
            recorded=counts["recorded"],
            refused=fates[RowFate.REFUSED],
            not_sent=fates[RowFate.NOT_SENT],
            unknown=fates[RowFate.UNKNOWN],
            denied=fates[RowFate.DENIED],
            duplicates=fates[RowFate.DUPLICATE],
            had=fates[RowFate.HAS_IT],
            withheld=fates[RowFate.WITHHELD],
            not_now=fates[RowFate.NOT_NOW],
            had_from=tuple(self._counts.had_from.most_common()),
            left=max(0, rows - known) if good else 0,
            stopped=self._signal.reason,
            seconds=seconds,
            notes=tuple(self._counts.notes),
            more=self._counts.more,
            cost=self._costs.estimate() if self._costs else None,
            proof=self._proof.result if self._proof else None,
        )


def _usable(plan: CampaignPlan) -> CampaignPlan:
    """The plan with its name as the ledger has it; raises UsageError for what cannot be sent once only."""
    demand_stored(plan.message)
    if plan.again and not plan.named:
        raise UsageError("a campaign to numbers that have the message needs a name of its own")
    if plan.max_cost is not None and plan.prices is None:
        raise UsageError("--max-cost: there are no prices to reckon with; see [prices] in the configuration")
    name = usable_name("the campaign's name", plan.name, LONGEST_NAME) if plan.named else plan.name
    return msgspec.structs.replace(plan, name=name)


@contextlib.asynccontextmanager
async def _kept(watch: MediaWatch) -> AsyncIterator[None]:
    """The media looked at again and again, as long as this is open."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            watch.broke(error)

    task = asyncio.create_task(watch.keep())
    task.add_done_callback(ended)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
