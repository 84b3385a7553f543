"""``send`` and ``save`` after their options: check, one call with the permit, and a report in any case."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from mmscheck import judge, sinch, slidexml
from mmscheck import report as reports
from mmscheck import ruleset as rulesets
from mmscheck import send as sends
from mmscheck.cli.files import hold
from mmscheck.cli.ledger_open import OpenLedger, opened_ledger
from mmscheck.cli.options import (
    AllEvaluations,
    ConfigOptions,
    Formats,
    JudgingOptions,
    NetworkOptions,
    NoProgress,
    PlanOptions,
    Profile,
    Quiet,
    configuration,
    policy,
    ruleset,
)
from mmscheck.cli.output import Destination, destinations, shows_media, write_reports
from mmscheck.cli.plan import sending
from mmscheck.cli.progress import CheckProgress, Progress
from mmscheck.cli.running import cancel
from mmscheck.cli.say import complain, internal, say, write_stdout
from mmscheck.errors import InputError, LedgerError, MmscheckError, ReportError, UsageError
from mmscheck.judge.documents import name_of, other_message
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import ABOUT_THE_NUMBER
from mmscheck.model.mms import Mms
from mmscheck.model.request import CallKind, SaveRequest, SendRequest, SendResult, SendStatus
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import SenderType
from mmscheck.report.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

R = TypeVar("R", bound=SendRequest | SaveRequest)

EXITS = {
    SendStatus.ACCEPTED: Exit.PERMITTED,
    SendStatus.REFUSED: Exit.NOT_SENT,
    SendStatus.NOT_ATTEMPTED: Exit.NOT_SENT,
    SendStatus.UNKNOWN: Exit.UNKNOWN,
}
"""How a call ended, as an exit code."""


class MessageOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of every command that judges one message for the provider."""

    formats: Formats
    all_evaluations: AllEvaluations
    profile: Profile
    judging: JudgingOptions
    config: ConfigOptions
    network: NetworkOptions
    plan: PlanOptions

    def destinations(self, *, private: bool = False) -> tuple[Destination, ...]:
        """Where reports go; raises UsageError."""
        return destinations(self.formats, private=private, whole=self.all_evaluations)

    def configuration(self, path: str) -> rulesets.Config:
        """The configuration that counts for the message; raises RuleSetError and UsageError."""
        return configuration(self.config, (path,))

    def rules(
        self, config: rulesets.Config, profile: str | None = None, hint: SenderType | None = None
    ) -> RuleSet:
        """The rules: by ``--profile``, else by this ``profile``; ``hint`` is what the sender looks like."""
        return ruleset(self.judging, config, profile=self.profile or profile, sender_hint=hint)

    def looking(self, config: rulesets.Config) -> judge.CheckOptions:
        """How the message is looked at; raises UsageError."""
        return judge.CheckOptions(
            policy=policy(self.network, config, named=self.config.config_file),
            sending=sending(self.plan.send_at, self.plan.send_within),
            strict=self.judging.strict or config.strict,
            cache_bust=not self.network.no_cache_bust,
        )


class OutputOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How much is shown on the way."""

    quiet: Quiet
    no_progress: NoProgress


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The one message of a command, how it is judged, and where the reports on it go."""

    message: Mms
    ruleset: RuleSet
    options: judge.CheckOptions
    wanted: tuple[Destination, ...]
    output: OutputOptions


class PlannedCall(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One call that is to be made with the provider when the gate permits.

    ``client`` None: a dry run, which shows the ``document`` that would be posted. ``make`` makes the
    call of an order; ``key``, ``again`` and ``terms`` are that order's. ``account``: where its id is used;
    ``api_url``: that of the provider, also of a dry run.
    """

    kind: CallKind
    request: R
    document: str
    client: sinch.SinchClient | None
    make: Callable[[Ledger, sinch.SinchClient, sends.Order[R]], sends.ProviderCall[R]]
    where: str | None
    account: str = ""
    api_url: str = ""
    key: str | None = None
    again: bool = False
    terms: sends.RecipientTerms = msgspec.field(default_factory=sends.RecipientTerms)
    retries: sends.Retries = msgspec.field(default_factory=lambda: sends.ONCE)


def read_one(path: str, command: str) -> tuple[bytes, Mms]:
    """The one message at a path; raises InputError and UsageError where there is another number of them."""
    inputs, unread = slidexml.read_inputs(
        (path,), sys.stdin.buffer if sys.stdin is not None else io.BytesIO()
    )
    if not inputs:
        raise InputError("; ".join(unread))
    if len(inputs) != 1 or unread:
        raise UsageError(f"{path}: {command} takes exactly one message, and found {len(inputs)} in {path}")
    data, source = inputs[0].data, inputs[0].source
    if (other := other_message(data, source)) is not None:
        raise UsageError(
            f"{source} is {name_of(other)}, which mmscheck check and lint judge; {command} is for Sinch alone"
        )
    return data, slidexml.parse(data, source)


def perform(subject: Subject, planned: PlannedCall[R]) -> int:
    """Check, and if the gate permits make the one call; returns the exit code, and every report tells it.

    What a signal does: before the call Ctrl-C ends the command, and nothing was done; during the call each
    of them cancels it, and the ledger and the report tell what is known; while the report is written Ctrl-C
    is told as such. Raises LedgerError and ReportError when certainly nothing was done.
    """
    secrets = () if planned.client is None else (planned.client.api_key,)
    ended = None
    with _nothing(planned.kind.done), opened_ledger(planned.where, secrets=secrets) as opened:
        checked = opened.run(_check(opened.ledger, subject, planned))
        view = reports.View(report=checked.report, verdict=checked.verdict, quiet=subject.output.quiet)
        if checked.verdict.permitted and planned.client is not None:
            order = sends.Order(
                report=checked.report,
                request=planned.request,
                permit=judge.gate.permit(checked.report, planned.request, time.time()),
                key=planned.key,
                again=planned.again,
                terms=planned.terms,
            )
            call = planned.make(opened.ledger, planned.client, order)
            prove_writable(subject.wanted, view, f"{_begun(planned.kind)} {planned.kind.doubt}")
            ended = _made(opened, call, planned.retries)
    # The loop is closed by now, so that Ctrl-C interrupts a report that nobody reads.
    if ended is not None:
        return _told(subject.wanted, view, planned.kind, ended)
    # Also where its rule is waived or made a warning: the claim would refuse the number all the same.
    refusal = next(iter(checked.standing.refusals), None) if checked.standing is not None else None
    turned_away = None if refusal is None else sends.turned_away(refusal)
    if not checked.verdict.permitted:
        denied = turned_away or not_called("The gate denied, so the provider was not called.")
        write_reports(subject.wanted, with_ending(view, view.verdict.exit_code, denied))
        return view.verdict.exit_code
    code = Exit.NOT_SENT if turned_away is None else Exit.DENIED
    dry = turned_away or not_called("Dry run: the provider was not called.")
    write_reports(subject.wanted, with_ending(view, code, dry))
    show_document(subject.wanted, planned.document)
    return int(code)


@contextlib.contextmanager
def _nothing(done: str) -> Iterator[None]:
    """Add to a LedgerError, which the call itself never raises here, that nothing was done."""
    try:
        yield
    except LedgerError as error:
        raise LedgerError(f"{error}\nNothing was {done}.") from error


async def _check(ledger: Ledger, subject: Subject, planned: PlannedCall[R]) -> sends.CheckedMessage:
    request = planned.request if isinstance(planned.request, SendRequest) else None
    if request is None:
        return await check_subject(ledger, subject, planned.kind.name)
    if planned.client is not None:
        await ledger.demand_sendable()
    standing = await sends.standing(
        ledger, subject.message, request, planned.terms, client=planned, key=planned.key
    )
    options = msgspec.structs.replace(subject.options, request=request, standing=standing)
    asked = msgspec.structs.replace(subject, options=options)
    return await check_subject(ledger, asked, planned.kind.name, account=planned.account)


async def check_subject(
    ledger: Ledger, subject: Subject, call: str, *, account: str = ""
) -> sends.CheckedMessage:
    """Check the message with its progress on the terminal; a denial is noted in the ledger."""
    with Progress(wanted=not subject.output.no_progress) as line:
        progress = CheckProgress(line, [ref.url for ref in subject.message.media], 1)
        options = msgspec.structs.replace(
            subject.options,
            previews=shows_media(subject.wanted),
            on_done=progress.came,
            on_judged=progress.judged,
        )
        checked = await sends.check_message(ledger, subject.message, subject.ruleset, options, account)
    if not checked.verdict.permitted:
        await sends.note_denial(ledger, checked, call)
    return checked


class _Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended; ``failure`` is what broke it, and ``hint`` what is known then."""

    result: SendResult
    code: Exit
    failure: str = ""
    hint: str = ""


def _made(opened: OpenLedger, call: sends.ProviderCall[R], retries: sends.Retries) -> _Ending:
    """Make the call; whatever ends it, what is known of it is returned."""
    from asyncio import CancelledError  # noqa: PLC0415 - see cli.running

    try:
        result = opened.run(call.make(retries), cancel)
    except (CancelledError, KeyboardInterrupt):
        known = call.known()
        words = f"Interrupted before the call: nothing was {call.kind.done}."
        if call.may_have_been_made:
            words = f"Interrupted while {call.kind.doing}. {known.detail}"
        result = msgspec.structs.replace(known, detail=words)
        return _Ending(result=result, code=EXITS[result.status])
    except Exception as error:  # noqa: BLE001 - the next one up would say that nothing was done
        known = call.known()
        failure = str(error) if isinstance(error, MmscheckError) else internal(error)
        result = msgspec.structs.replace(known, detail=f"{failure}. {known.detail}")
        code = EXITS[SendStatus.UNKNOWN] if known.status is SendStatus.UNKNOWN else Exit.INTERNAL
        return _Ending(result=result, code=code, failure=failure, hint=known.detail)
    if call.unusable:
        return _Ending(result=result, code=Exit.INTERNAL, failure=result.detail)
    denied = result.refusal in ABOUT_THE_NUMBER
    return _Ending(result=result, code=Exit.DENIED if denied else EXITS[result.status])


def _told(wanted: tuple[Destination, ...], view: reports.View, kind: CallKind, ended: _Ending) -> int:
    result, code = ended.result, ended.code
    done = result.status in {SendStatus.ACCEPTED, SendStatus.UNKNOWN}
    # 4 says that nothing was sent; a save may be made again, so there it does no harm.
    unwritten = Exit.UNKNOWN if done and not kind.may_repeat else Exit.INTERNAL
    lost = write_ending(wanted, with_ending(view, code, result), unwritten, result.detail)
    if lost is not None:
        return lost
    if ended.failure:
        return complain(ended.failure, code, hint=ended.hint)
    if result.status is SendStatus.ACCEPTED or any(one.file is None for one in wanted):
        return int(code)
    # Every report is a file: who looks at the terminal must see it too.
    return complain(visible(result.detail), code)


def not_called(detail: str) -> SendResult:
    """The end of a call that was not made, and why."""
    return SendResult(status=SendStatus.NOT_ATTEMPTED, detail=detail)


def with_ending(view: reports.View, code: int, result: SendResult) -> reports.View:
    """The view with how the call ended, so that every format tells the exit code of the process."""
    verdict = msgspec.structs.replace(view.verdict, exit_code=int(code))
    return msgspec.structs.replace(view, verdict=verdict, send=result)


def _begun(kind: CallKind) -> str:
    return f"The {kind.name} was begun and its end was never written."


def prove_writable(wanted: tuple[Destination, ...], view: reports.View, begun: str) -> None:
    """Nothing may be done that could not be reported: write first what a crash from here on would mean.

    Of a pipe it is proven that somebody reads it; it gets the one report at the end. Raises ReportError.
    """
    files = tuple(item for item in wanted if item.file is not None and not hold(item.file))
    result = SendResult(status=SendStatus.UNKNOWN, detail=begun, may_repeat=view.report.profile == "save")
    write_reports(files, with_ending(view, Exit.UNKNOWN, result))
    if any(item.file is None for item in wanted):
        write_stdout("\n")


def write_ending(
    wanted: tuple[Destination, ...], view: reports.View, unwritten: Exit, detail: str
) -> int | None:
    """Write how a call ended; None when that is done, else the code ``unwritten``.

    Whatever comes in between, Ctrl-C too, ``detail`` is said: from here on nobody else knows what was done.
    """
    try:
        write_reports(wanted, view)
    except ReportError as error:
        failure = str(error)
    except KeyboardInterrupt:
        failure = "interrupted before the report was written"
    except Exception as error:  # noqa: BLE001 - it must not be taken for one that came before the call
        failure = internal(error)
    else:
        return None
    return complain(f"{failure}\n{detail}", unwritten)


def show_document(wanted: tuple[Destination, ...], document: str) -> None:
    """What would be posted: on standard output, unless another program is reading a report there.

    What a terminal would obey is written as XML or JSON write characters by number, which means the same.
    """
    by_number = _in_json if document.startswith("{") else _in_xml
    shown = "".join(char if char.isprintable() or char in "\n\t" else by_number(char) for char in document)
    if any(item.file is None and item.format != "text" for item in wanted):
        say(shown)
    else:
        write_stdout(shown + "\n")


def _in_xml(char: str) -> str:
    return f"&#{ord(char)};"


def _in_json(char: str) -> str:
    return json.dumps(char)[1:-1]
