"""Campaigns of a service: the command's own run, through one ledger; watched, stopped, left to the next."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from decimal import Decimal

import msgspec

from mmscheck.campaign import (
    CampaignLimits,
    CampaignOutcome,
    CampaignPlan,
    CampaignRun,
    Recipients,
    Watcher,
    as_send,
    exit_code,
)
from mmscheck.errors import LedgerError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.judge.content import content_digest
from mmscheck.judge.documents import other_message
from mmscheck.judge.gate import require_second_gate
from mmscheck.ledger import Ledger
from mmscheck.media.confinement import demand_confinement
from mmscheck.model.campaign import CampaignResult
from mmscheck.model.report import Report
from mmscheck.model.words import sender_type
from mmscheck.ruleset import Config
from mmscheck.send.order import Retries, demand_api
from mmscheck.serve.campaign_words import CampaignFields
from mmscheck.serve.checker import Checker, Done, outcome_of
from mmscheck.serve.clients import Clients, demand_client, speaks
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.store import Store
from mmscheck.serve.words import Options, Progress
from mmscheck.serve.work import Work
from mmscheck.sinch import SinchClient
from mmscheck.slidexml import parse

_LOOK = 1.0
"""Seconds between two notes of a campaign, which are also looks for somebody's word to stop."""

_LEFT = "the service ended, and the next one goes on from here"

Show = Callable[[Progress], None]
"""Told how far a campaign is."""


class Campaigns:
    """Runs campaigns by one ledger, each by the client for its document."""

    def __init__(
        self,
        *,
        clients: Clients,
        ledger: Ledger,
        store: Store,
        checker: Checker,
        config: Config,
        policy: FetchPolicy,
        require_approval: bool,
    ) -> None:
        """``checker`` has the rules; ``require_approval``: somebody has to approve the content first."""
        self._clients = clients
        self._ledger = ledger
        self._store = store
        self._checker = checker
        self._config = config
        self._policy = policy
        self._require_approval = require_approval
        self._runs: dict[str, _Run] = {}

    def _client(self, work: Work) -> SinchClient:
        (document,) = work.documents
        return demand_client(self._clients, document.data)

    def speaks(self, work: Work) -> bool:
        """Whether this service calls the API that the campaign is for."""
        return all(speaks(self._clients, document.data) for document in work.documents)

    def demand(self, work: Work) -> None:
        """Raise now for what could never be run: UsageError, RuleSetError, InputError."""
        self._plan(work)
        _recipients(work)

    async def do(self, job_id: str, work: Work, show: Show) -> Done | None:
        """Run it; None: this process is ending, and it is left to the next.

        Raises, and then nothing was sent by this run; what goes wrong later is in how it ended.
        """
        client = self._client(work)
        plan, recipients = await asyncio.to_thread(self._both, work)
        await self._ledger.demand_sendable()
        run = _Run(
            CampaignRun(
                plan,
                recipients,
                client=client,
                ledger=self._ledger,
                watcher=(told := _Shown(show)),
                before_sending=lambda report: self._approved(report, recipients),
            )
        )
        self._runs[job_id] = run
        looking = asyncio.create_task(self._look(job_id, run, told))
        try:
            outcome = await run.ended()
        finally:
            looking.cancel()
            del self._runs[job_id]
        with contextlib.suppress(LedgerError):
            await self._store.campaigns.work(job_id, told.progress, sent=told.sent)
        if run.left and outcome.result.stopped == _LEFT:
            return None
        return _done(outcome, recipients)

    def _both(self, work: Work) -> tuple[CampaignPlan, Recipients]:
        return self._plan(work), _recipients(work)

    def stop(self, job_id: str, why: str) -> None:
        """Send nothing more of it; what is in flight is finished."""
        if (run := self._runs.get(job_id)) is not None:
            run.stop(why)

    def leave(self) -> None:
        """Stop all, so that another process goes on with them."""
        for run in self._runs.values():
            run.leave()

    async def _look(self, job_id: str, run: _Run, told: _Shown) -> None:
        while True:
            with contextlib.suppress(LedgerError):
                why = await self._store.campaigns.work(job_id, told.progress, sent=told.sent)
                if why is not None:
                    run.stop(why)
            if told.sent:
                await asyncio.sleep(_LOOK)
                continue
            # That something was sent is kept at once: a try that is killed after that does not count.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.first.wait(), _LOOK)

    async def _approved(self, report: Report, recipients: Recipients) -> None:
        """Raise the problem of content that nobody has approved; nothing has been sent yet."""
        if not self._require_approval:
            return
        if recipients.columns.rewrites:
            raise ProblemError(
                "not-approved",
                "Permitted, and not sent: an approval is of one content, and rows with a subject or text of "
                "their own have many. Give these by merge data, which is no part of it.",
            )
        content = content_digest(report, recipients.common)
        if not content or not await self._ledger.approvals(content):
            raise ProblemError(
                "not-approved",
                f"Permitted, and not sent: somebody has to approve {content} first (POST /v1/approvals).",
            )

    def _plan(self, work: Work) -> CampaignPlan:
        fields, request = work.campaign, work.request
        assert fields is not None  # noqa: S101 - a campaign is never kept without these
        assert request is not None  # noqa: S101
        (document,) = work.documents
        if other_message(document.data, document.name) is not None:
            raise UsageError(
                f"{document.name} is a message for another provider; a campaign is for Sinch alone"
            )
        message = parse(document.data, document.name)
        demand_api(message.document, self._client(work))
        if self._config.require_confinement:
            demand_confinement("require-confinement")
        rules = self._checker.rules("send", Options(sender=self._config.sender or sender_type(request.from_)))
        require_second_gate(rules)
        if fields.again and fields.campaign is None:
            raise UsageError(
                "again: the campaign needs a name of its own, under which each number gets it once"
            )
        if fields.max_cost is not None and self._config.prices is None:
            raise UsageError("max_cost: the service's configuration has no [prices] to reckon with")
        return CampaignPlan(
            name=fields.campaign or fields.mms_id,
            named=fields.campaign is not None,
            message=message,
            ruleset=rules,
            policy=self._policy,
            common=request,
            strict=self._config.strict,
            again=fields.again,
            recipients=self._config.recipients.rules(),
            skip_bad=fields.skip_bad,
            retries=Retries(),
            limits=_limits(fields, self._policy.rate),
            prices=None if self._config.prices is None else self._config.prices.value(),
            max_cost=None if fields.max_cost is None else Decimal(fields.max_cost),
        )


class _Run:
    """One campaign that runs, in a task of its own, so that what is in flight is not cut off with a job."""

    def __init__(self, campaign: CampaignRun) -> None:
        self._campaign = campaign
        self._task = asyncio.create_task(campaign.run())
        self._asked = False
        self.left = False

    def stop(self, why: str) -> None:
        if not self._asked:
            self._asked = True
            self._campaign.stop(why)

    def leave(self) -> None:
        self.left = True
        self.stop(_LEFT)

    async def ended(self) -> CampaignOutcome:
        """How it ended; cancelled, what is in flight is given up and recorded as such."""
        try:
            return await asyncio.shield(self._task)
        except asyncio.CancelledError:
            if self._campaign.sending:
                self._campaign.stop(_LEFT)
                self._campaign.stop(_LEFT)
            else:
                self._task.cancel()
            await asyncio.wait({self._task})
            raise


class _Shown(Watcher):
    """A campaign's steps as progress; ``first`` is set by the first send that ended."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._total: int | None = None
        self.progress = Progress(done=0, total=None)
        self.first = asyncio.Event()

    @property
    def sent(self) -> bool:
        """Whether some of this run have ended."""
        return self.first.is_set()

    def judged(self, rows: int) -> None:
        self._tell(Progress(done=rows, total=None))

    def begun(self, total: int) -> None:
        self._total = total
        self._tell(Progress(done=0, total=total))

    def ended(self, done: int, failed: int) -> None:
        self.first.set()
        self._tell(Progress(done=done, total=self._total, failed=failed))

    def waiting(self, what: str) -> None:
        self._tell(msgspec.structs.replace(self.progress, waiting=what))

    def _tell(self, progress: Progress) -> None:
        self.progress = progress
        self._show(progress)


def _recipients(work: Work) -> Recipients:
    (rows,) = work.files
    assert work.request is not None  # noqa: S101 - a campaign is never kept without one
    return Recipients(rows.name, work.request.changes, rows.data)


def _limits(fields: CampaignFields, rate: float | None) -> CampaignLimits:
    share = fields.stop_at_failure_rate
    numbers = {
        "rate": fields.send_rate or rate,
        "in_flight": fields.in_flight,
        "canary": fields.canary,
        "canary_wait": fields.canary_wait,
        "failure_share": None if share is None else share / 100,
        "failures": fields.max_failures,
        "recheck": fields.recheck_every,
    }
    given = {name: value for name, value in numbers.items() if value is not None}
    return msgspec.structs.replace(CampaignLimits(), **given)


def _done(outcome: CampaignOutcome, recipients: Recipients) -> Done:
    code = exit_code(outcome)
    result = _without_numbers(outcome.result)
    stopped = result.stopped or outcome.broken
    result = msgspec.structs.replace(result, stopped=stopped)
    send = as_send(result, code)
    content = content_digest(outcome.report, recipients.common)
    told = msgspec.structs.replace(outcome_of(outcome.report, content, send), exit_code=code)
    return Done(report=outcome.report, outcome=told, send=send, campaign=result)


def _without_numbers(result: CampaignResult) -> CampaignResult:
    """The rows to look at by their lines alone: a report is handed on, and the numbers are in the file."""
    notes = tuple(msgspec.structs.replace(note, to=f"…{note.to[-2:]}") for note in result.notes)
    return msgspec.structs.replace(result, notes=notes)
