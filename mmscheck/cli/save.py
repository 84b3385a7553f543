"""``mmscheck save``: check one message, and only with the gate's permit make the one saveMMS call."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mmscheck.cli import calling
from mmscheck.cli import options as opts
from mmscheck.cli.checking import check_with_ledger, read_one
from mmscheck.cli.commands import GroupedCommand
from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import LEDGER
from mmscheck.cli.output import Destination, destinations, write_reports
from mmscheck.cli.say import complain, internal
from mmscheck.cli.spared import spare
from mmscheck.cli.variables import filled
from mmscheck.errors import LedgerError, PermitError
from mmscheck.judge import gate
from mmscheck.model.report import MessageReport
from mmscheck.model.save import SaveRequest
from mmscheck.model.send import SendResult, SendStatus
from mmscheck.model.verdict import Permit
from mmscheck.report import View
from mmscheck.send.save import Saved, SaveOrder, bind_command, save_through, saveable
from mmscheck.sinch import SinchClient
from mmscheck.slidexml import document_places

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_BEGUN = (
    "The save was begun and its end was never written: it may have been saved, and nobody knows its id. "
    "It may be made again."
)
_DURING = (
    "Interrupted while saving: it may have been saved, and nobody knows its id. A save reaches no phone, so "
    "it may be made again."
)
_BEFORE = "Interrupted before the call: nothing was saved."


@click.command(name="save", cls=GroupedCommand)
@click.argument("path", metavar="PATH")
@click.option(
    "--dry-run", is_flag=True, help="Check, print the exact document with the key redacted, save nothing."
)
@calling.API_URL
@calling.API_KEY_FILE
@calling.API_CA_FILE
@LEDGER
@opts.saving_options
def command(path: str, **given: Any) -> int:
    """Check one message; only if the gate permits, save it with the provider (one saveMMS call).

    The id that comes back is bound in the ledger to the message and to its media as they were checked;
    `mmscheck send` sends nothing else under it. A save reaches no phone: `mmscheck hold` does not stop
    it, and one of unknown outcome may be made again. Exit codes: 0 the provider accepted and the id is
    bound, 1 and 3 denied, 2 nothing was checked, 4 internal error, unwritable report or ledger (where the
    provider had answered, the id is told), 5 permitted but not saved, 6 outcome unknown.
    """
    wanted = destinations(given["formats"])
    config = opts.configuration(given, (path,))
    given = filled(given, config)
    calling.ledger_place(given)
    by = None if given["dry_run"] else calling.way(given)
    one = read_one(path, "save")
    shown = saveable(one.message, one.document)
    spare(given, wanted, inputs=document_places((path,)), config=config)
    ruleset = opts.ruleset({**given, "profile": given["profile"] or "save"}, config)
    view = check_with_ledger(one, ruleset, wanted, given, config)
    view = msgspec.structs.replace(view, send=_not_attempted(given, view))
    if not view.verdict.permitted:
        write_reports(wanted, view)
        return view.verdict.exit_code
    if by is None:
        write_reports(wanted, calling.ended(view, Exit.NOT_SENT))
        calling.show_document(wanted, shown)
        return int(Exit.NOT_SENT)
    save = SaveRequest(document=one.document)
    permit = gate.permit_save(view.report, save, time.time())
    return _save(SaveOrder(report=view.report, save=save, permit=permit), by, wanted, view)


def _not_attempted(given: dict[str, Any], view: View) -> SendResult:
    if not view.verdict.permitted:
        detail = "The gate denied, so the provider was not called."
    elif given["dry_run"]:
        detail = "Dry run: the provider was not called."
    else:
        detail = "The provider has not been called yet."
    return SendResult(status=SendStatus.NOT_ATTEMPTED, detail=detail)


class _Watched:
    """The client, whether it was called, and how the call ended."""

    def __init__(self, client: SinchClient) -> None:
        self._client = client
        self.api_url, self.api_key = client.api_url, client.api_key
        self.called = False
        self.result: SendResult | None = None

    async def save_mms(self, permit: Permit, save: SaveRequest) -> SendResult:
        self.called = True
        self.result = await self._client.save_mms(permit, save)
        return self.result


def _save(order: SaveOrder, by: calling.Way, wanted: tuple[Destination, ...], view: View) -> int:
    """Prove that the report can be written, make the one call, and write how it ended."""
    calling.prove_writable(wanted, view, _BEGUN)
    client, failure = _Watched(by.client), ""

    async def call(ledger: Ledger) -> Saved:
        return await save_through(ledger, client, order)

    try:
        saved = calling.with_calls(by.ledger, (by.client.api_key,), call)
        result, code = saved.result, calling.EXITS[saved.result.status]
        if result.status is SendStatus.ACCEPTED and saved.bound is None:
            failure, code = result.detail, Exit.INTERNAL
    except (asyncio.CancelledError, KeyboardInterrupt):
        result = _interrupted(client, order.report.messages[0])
        code = calling.EXITS[result.status]
    except Exception as error:  # noqa: BLE001 - the next one up would not know whether it was saved
        known = isinstance(error, LedgerError | PermitError)
        failure, code = str(error) if known else internal(error), Exit.INTERNAL
        result = SendResult(status=SendStatus.NOT_ATTEMPTED, detail=f"{failure}. Nothing was saved.")
        if client.called and not known:
            result = _interrupted(client, order.report.messages[0])
            code = Exit.UNKNOWN if result.status is SendStatus.UNKNOWN else code
        failure = f"{failure}\n{result.detail}" if client.called and not known else result.detail
    lost = calling.write_ending(wanted, calling.ended(view, code, result), Exit.INTERNAL, result.detail)
    if lost is not None:
        return lost
    return complain(failure, code) if failure else int(code)


def _interrupted(client: _Watched, message: MessageReport) -> SendResult:
    if not client.called:
        return SendResult(status=SendStatus.NOT_ATTEMPTED, detail=_BEFORE)
    if client.result is None or client.result.mms_id is None:
        return client.result or SendResult(status=SendStatus.UNKNOWN, detail=_DURING, may_repeat=True)
    detail = f"{client.result.detail} Interrupted after it; if the id is not bound: "
    return msgspec.structs.replace(
        client.result, detail=detail + bind_command(message.source, client.result.mms_id)
    )
