"""``mmscheck send --recipients``: one message to many, each row judged before the first is sent."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import IO, TYPE_CHECKING

import msgspec

from mmscheck import campaign as campaigns
from mmscheck import judge, sinch, slidexml
from mmscheck import report as reports
from mmscheck import ruleset as rulesets
from mmscheck.cli.files import opened_file
from mmscheck.cli.ledger_open import demand_place, opened_ledger
from mmscheck.cli.output import Destination
from mmscheck.cli.perform import prove_writable, read_one, show_document, with_ending, write_ending
from mmscheck.cli.plan import sending
from mmscheck.cli.progress import Progress, ProgressStage
from mmscheck.cli.say import complain, internal, say
from mmscheck.cli.send_options import SendArguments
from mmscheck.cli.spared import spare
from mmscheck.errors import LedgerError, MmscheckError
from mmscheck.model.exits import Exit
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.model.words import Dialect

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_BEGUN = "The campaign was begun and its end was never written: mmscheck ledger list tells what was sent."
_NOTHING = "Nothing was sent."
_DRY = "Dry run: nothing was sent."
_INTERRUPTED = "interrupted; what was in flight was finished, and the same command goes on from here"


def send_to_all(path: str, file: str, options: SendArguments, config: rulesets.Config) -> int:
    """Send to every row of the ``file`` of recipients; returns the exit code."""
    common = options.request()
    wanted = options.message.destinations(private=True)
    demand_place(options.where)
    recipients = campaigns.Recipients(file, common.changes)
    spare(options, wanted, inputs=slidexml.document_places((path,)), config=config)
    plan = _plan(path, options, common, config)
    client = None if options.dry_run else options.provider.client(plan.message.dialect)
    one = _Run(plan, recipients, options=options, wanted=wanted, client=client)
    log = options.many.row_log
    try:
        with opened_file(log, private=True) if log else contextlib.nullcontext() as rows:
            one.run(rows)
    except BaseException as error:
        if one.sending:
            one.broke(error)
        elif isinstance(error, asyncio.CancelledError):
            raise KeyboardInterrupt from None
        elif isinstance(error, LedgerError):
            return complain(str(error), Exit.INTERNAL, hint=_NOTHING)
        else:
            raise
    if one.outcome is None:
        return complain(f"the campaign broke off\n{_BEGUN}", Exit.UNKNOWN)
    quiet, api = options.output.quiet, plan.message.dialect
    return _report(one.outcome, wanted, quiet=quiet, dry=client is None, api=api)


def _plan(
    path: str, options: SendArguments, common: SendRequest, config: rulesets.Config
) -> campaigns.CampaignPlan:
    rules, looking = options.rules(config), options.message.looking(config)
    window = sending(None, options.message.plan.send_within)
    return campaigns.CampaignPlan(
        name=options.many.campaign or common.mms_id or "",
        named=options.many.campaign is not None,
        message=read_one(path, "send")[1],
        ruleset=rules,
        policy=looking.policy,
        common=common,
        strict=looking.strict,
        within=window.closes - window.opens,
        api_url=options.provider.address,
        account=options.provider.account(),
        again=options.again,
        recipients=options.terms.rules(config.recipients),
        proof=options.many.proving(),
        cache_bust=looking.cache_bust,
        skip_bad=bool(options.many.skip_bad),
        retries=options.tries(),
        limits=options.many.limits(looking.policy.rate),
        prices=None if config.prices is None else config.prices.value(),
        max_cost=options.many.max_cost,
    )


class _Run:
    """One campaign from this command: its ledger, its signals, its progress."""

    def __init__(
        self,
        plan: campaigns.CampaignPlan,
        recipients: campaigns.Recipients,
        *,
        options: SendArguments,
        wanted: tuple[Destination, ...],
        client: sinch.SinchClient | None,
    ) -> None:
        self._plan = plan
        self._recipients = recipients
        self._options = options
        self._wanted = wanted
        self._client = client
        self._campaign: campaigns.CampaignRun | None = None
        self.outcome: campaigns.CampaignOutcome | None = None

    @property
    def sending(self) -> bool:
        """Whether something may have been sent."""
        return self._campaign is not None and self._campaign.sending

    def broke(self, error: BaseException) -> None:
        """Something failed around a campaign that had begun to send: that is part of how it ended."""
        if isinstance(error, MmscheckError):
            failure = str(error)
        else:
            failure = internal(error) if isinstance(error, Exception) else "interrupted"
        if self.outcome is None:
            say(f"mmscheck: {failure}")
        else:
            self.outcome = msgspec.structs.replace(self.outcome, broken=self.outcome.broken or failure)

    def run(self, rows: IO[str] | None) -> None:
        """Run it to its end; a signal stops it well, and before the sending at once."""
        secrets = () if self._client is None else (self._client.api_key,)
        with opened_ledger(self._options.where, secrets=secrets) as opened:
            opened.run(self._ended(opened.ledger, rows), self._stop)

    def _stop(self, task: asyncio.Future[None]) -> None:
        if self._campaign is not None and self._campaign.sending:
            self._campaign.stop(_INTERRUPTED)
        else:
            task.cancel()

    async def _ended(self, ledger: Ledger, rows: IO[str] | None) -> None:
        if self._client is not None:
            await ledger.demand_sendable()
        with Progress(wanted=not self._options.output.no_progress) as line:
            self._campaign = campaigns.CampaignRun(
                self._plan,
                self._recipients,
                client=self._client,
                ledger=ledger,
                watcher=CampaignProgress(line),
                log=rows,
                before_sending=self._prove,
            )
            async with self._client or contextlib.nullcontext():
                _settle()
                self.outcome = await self._campaign.run()

    async def _prove(self, report: Report) -> None:
        view = reports.View(
            report=report, verdict=judge.gate.verdict(report), quiet=self._options.output.quiet
        )
        prove_writable(self._wanted, view, _BEGUN)


def _settle() -> None:
    """Take what is loaded by now, and stays to the end, out of the garbage collector's rounds.

    It would look through all of it again and again for what a row leaves behind: a tenth of the time.
    """
    gc.collect()
    gc.freeze()


def _report(
    outcome: campaigns.CampaignOutcome,
    wanted: tuple[Destination, ...],
    *,
    quiet: bool,
    dry: bool,
    api: Dialect,
) -> int:
    result, code = outcome.result, campaigns.exit_code(outcome, dry=dry)
    view = reports.View(
        report=outcome.report, verdict=judge.gate.verdict(outcome.report), quiet=quiet, campaign=result
    )
    send = campaigns.as_send(result, code, before=f"{_DRY} " if dry else "")
    if outcome.failure is not None:
        say(f"mmscheck: {internal(outcome.failure)}")
    unwritten = Exit.UNKNOWN if result.sent else Exit.INTERNAL
    lost = write_ending(wanted, with_ending(view, code, send), unwritten, send.detail)
    if lost is not None:
        return lost
    if dry:
        show_document(wanted, _would_be_sent(outcome, api))
    if outcome.broken is None:
        return int(code)
    return complain(outcome.broken, code, hint=send.detail if result.sent else _NOTHING)


def _would_be_sent(outcome: campaigns.CampaignOutcome, api: Dialect) -> str:
    """That nothing was sent, and what the first row to be sent would have been, with the key redacted."""
    if outcome.first is None or outcome.denied is not None or outcome.broken:
        return _DRY
    # It brings the HTTP client, as the check did that has run by now.
    from mmscheck.sinch import shown_request  # noqa: PLC0415

    shown = shown_request(outcome.first, api)
    return f"{_DRY} The request of the first row would be:\n{shown}"


class CampaignProgress(campaigns.Watcher):
    """A campaign's steps on the line of progress."""

    def __init__(self, line: Progress) -> None:
        """``line`` is drawn by itself."""
        self._line = line
        self._judged = line.stage("judged")
        self._sent: ProgressStage | None = None
        self._failed = 0
        self._waiting = ""
        line.remark(lambda _now: self._remark())

    def judged(self, rows: int) -> None:
        """So many rows have been judged."""
        self._judged.add(rows - self._judged.done)

    def begun(self, total: int) -> None:
        """The sending begins."""
        self._sent = self._line.stage("sent", total)

    def ended(self, done: int, failed: int) -> None:
        """So many have ended."""
        if self._sent is not None:
            self._sent.add(done - self._sent.done)
        self._failed, self._waiting = failed, ""

    def waiting(self, what: str) -> None:
        """Nothing goes out for now."""
        self._waiting = what

    def _remark(self) -> str:
        failed = f"{self._failed:,} failed" if self._failed else ""
        return ", ".join(filter(None, (failed, self._waiting)))
