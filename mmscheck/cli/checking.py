"""The check that ``send``, ``save`` and ``bind`` begin with: one message, and what the ledger knows of it."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mmscheck.cli import options as opts
from mmscheck.cli.calling import account
from mmscheck.cli.ledger_open import with_ledger
from mmscheck.cli.output import Destination, shows_media
from mmscheck.cli.plan import sending
from mmscheck.cli.progress import Progress
from mmscheck.cli.progress_hosts import CheckProgress
from mmscheck.errors import InputError, LedgerError, UsageError
from mmscheck.judge import gate
from mmscheck.judge.pipeline import CheckOptions, check_messages
from mmscheck.model.mms import Mms
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.model.rule import RuleSet
from mmscheck.report import View
from mmscheck.ruleset import Config
from mmscheck.send.denials import note_denial
from mmscheck.slidexml import parse, read_inputs

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


class One(msgspec.Struct, frozen=True, kw_only=True):
    """One message, and the bytes it was read from."""

    document: bytes
    message: Mms


def read_one(path: str, command: str) -> One:
    """The one message at a path; raises InputError and UsageError where there is another number of them."""
    inputs, unread = read_inputs((path,), sys.stdin.buffer if sys.stdin is not None else io.BytesIO())
    if not inputs:
        raise InputError("; ".join(unread))
    if len(inputs) != 1 or unread:
        raise UsageError(f"{path}: {command} takes exactly one message, and found {len(inputs)} in {path}")
    return One(document=inputs[0].data, message=parse(inputs[0].data, inputs[0].source))


def check_with_ledger(
    one: One,
    ruleset: RuleSet,
    wanted: tuple[Destination, ...],
    given: Mapping[str, Any],
    config: Config,
    *,
    request: SendRequest | None = None,
) -> View:
    """Check as ``given`` says, with what the ledger knows of the mms-id; a denial is noted in the ledger.

    Raises LedgerError when it cannot be read or written.
    """
    policy = opts.policy(given, config)
    window = sending(given["send_at"], given["send_within"])
    strict = given["strict"] or config.strict

    async def look(ledger: Ledger) -> Report:
        if request is not None and not given["dry_run"]:
            await ledger.demand_sendable()
        binding = None
        if request is not None:
            binding = await ledger.binding(request.mms_id or "", account(given))
        with Progress(wanted=not given["no_progress"]) as line:
            told = CheckProgress(line, [ref.url for ref in one.message.media], 1)
            options = CheckOptions(
                policy=policy,
                request=request,
                binding=binding,
                strict=strict,
                on_done=told.came,
                on_judged=told.judged,
                sending=window,
                cache_bust=not given["no_cache_bust"],
                previews=shows_media(wanted),
            )
            report = await check_messages([one.message], ruleset, options)
        verdict = gate.verdict(report)
        if not verdict.permitted:
            await note_denial(ledger, report, verdict, call="save" if request is None else "send")
        return report

    try:
        report = with_ledger(given["where"], look, create=True)
    except LedgerError as error:
        done = "saved" if request is None else "sent"
        raise LedgerError(f"{error}\nNothing was {done}.") from error
    return View(report=report, verdict=gate.verdict(report), quiet=given["quiet"])
