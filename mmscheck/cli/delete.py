"""``mmscheck delete``: one deleteMMSID call, and nothing is sent under that id from then on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import click
import msgspec

from mmscheck import send as sends
from mmscheck import sinch
from mmscheck.cli.commands import GroupedCommand, with_options
from mmscheck.cli.ledger_open import FORMAT, WHO, OpenLedger, Where, demand_place, login, opened_ledger
from mmscheck.cli.ledger_text import json_text, moment
from mmscheck.cli.perform import EXITS
from mmscheck.cli.provider import ProviderOptions, usable_id
from mmscheck.cli.rules_show import CONFIG, configuration
from mmscheck.cli.running import cancel
from mmscheck.cli.say import complain, write_stdout
from mmscheck.cli.spared import spare
from mmscheck.errors import LedgerError, ReportError, UsageError
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import DeletionState, MmsRecord
from mmscheck.model.request import DELETE_CALL, SendResult, SendStatus
from mmscheck.model.words import Dialect
from mmscheck.report.escape import visible

_NOTHING = "Nothing was deleted."


class DeleteArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck delete``."""

    yes: Annotated[bool, click.option("--yes", is_flag=True, help="Do not ask; needed without a terminal.")]
    reason: Annotated[
        str | None,
        click.option("--reason", metavar="TEXT", help="Why, for those who read the ledger later."),
    ]
    who: Annotated[str | None, WHO]
    provider: ProviderOptions
    where: Where
    config_file: Annotated[Path | None, CONFIG]
    form: Annotated[str, FORMAT]


@click.command(name="delete", cls=GroupedCommand)
@click.argument("mms_id", metavar="MMS-ID")
@with_options(DeleteArguments)
def command(mms_id: str, *, options: DeleteArguments) -> int:
    """Delete a stored message at the provider (one deleteMMSID call, XML API).

    The ledger has it before the call, and from then on nothing is sent under the id, also where nobody
    knows how the call ended. Only two things end that: the provider refused for certain, or the id is
    given content anew (mmscheck save, mmscheck bind). The same command again settles an unknown end. It
    reaches no phone, so mmscheck hold does not stop it. The JSON API documents no such call.

    Exit codes: 0 deleted, 2 usage, or it is being sent just now, 4 the ledger cannot be used, 5 not deleted:
    refused, never reached, or you said no, 6 outcome unknown.
    """
    mms_id = usable_id(mms_id)
    who, config = login(options.who), configuration(options.config_file)
    provider = options.provider.filled(config, options.config_file)
    demand_place(options.where)
    if provider.api == Dialect.JSON:
        raise UsageError(f"{sinch.NO_JSON_DELETE}. {_NOTHING}")
    client = provider.client(Dialect.XML)
    spare(options, config=config)
    try:
        with opened_ledger(options.where, secrets=(client.api_key,)) as opened:
            known = opened.run(opened.ledger.mms(mms_id, sends.stored_at(client)))
            if not options.yes and not _agreed(mms_id, client.api_url, known):
                return complain("not confirmed", Exit.NOT_SENT, hint=_NOTHING)
            call = sends.DeleteCall(opened.ledger, client, mms_id)
            result = _made(opened, call, who, options.reason or "")
    except (LedgerError, UsageError) as error:
        code = Exit.NOTHING_CHECKED if isinstance(error, UsageError) else Exit.INTERNAL
        return complain(visible(str(error)), code, hint=_NOTHING)
    return _told(mms_id, call, result, options.form)


def _agreed(mms_id: str, address: str, known: MmsRecord | None) -> bool:
    """Whether the person at the terminal says yes; raises UsageError where there is none."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("nobody can be asked here: --yes says that it is meant")
    what = "of which this ledger knows nothing"
    if known is not None:
        what = f'"{visible(known.name or "")}", saved {moment(known.saved_at)} UTC, {known.state.value}'
    return click.confirm(f"Delete mms-id {visible(mms_id)} ({what}) at {visible(address)}?", err=True)


def _made(opened: OpenLedger, call: sends.DeleteCall, who: str, reason: str) -> SendResult:
    """Make the call; what is known of it is returned, also when a signal ends it."""
    try:
        return opened.run(call.make(who=who, reason=reason), cancel)
    except (asyncio.CancelledError, KeyboardInterrupt):
        known = call.deletion
        if known is None or known.state is DeletionState.NOT_MADE:
            return SendResult(status=SendStatus.NOT_ATTEMPTED, detail=f"Interrupted. {_NOTHING}")
        return SendResult(status=SendStatus.UNKNOWN, detail=known.detail or DELETE_CALL.doubt)


def _told(mms_id: str, call: sends.DeleteCall, result: SendResult, form: str) -> int:
    code = EXITS[result.status]
    told = {"mms_id": mms_id, "exit_code": int(code), "result": result, "deletion": call.deletion}
    try:
        if form == "json":
            write_stdout(json_text(told))
        elif code is Exit.PERMITTED:
            write_stdout(f"{visible(result.detail)}\n")
    except ReportError as error:
        # What was done is known, and must be read somewhere.
        lost = Exit.UNKNOWN if code in {Exit.PERMITTED, Exit.UNKNOWN} else Exit.INTERNAL
        return complain(f"{error}\n{visible(result.detail)}", lost)
    return int(code) if code is Exit.PERMITTED else complain(visible(result.detail), code)
