"""``mmscheck ledger saves``: which ids hold which content, and saves that a crash cut short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import FORMAT, LEDGER, guarded, with_ledger
from mmscheck.cli.ledger_shown import json_text, moment
from mmscheck.cli.say import write_stdout
from mmscheck.report.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger
    from mmscheck.ledger.saves import OpenSave
    from mmscheck.model.ledger import MmsRecord


@click.command(name="saves")
@LEDGER
@FORMAT
def saves(where: str | None, form: str) -> int:
    """List the ids that are bound and their states, and saves whose end is not known.

    A save reaches no phone, so one whose end is not known may be made again.
    """

    async def work(ledger: Ledger) -> int:
        bound, begun = await ledger.saves()
        if form == "json":
            write_stdout(json_text({"bound": bound, "unfinished": begun}))
        else:
            write_stdout(_text(bound, begun))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


def _text(bound: tuple[MmsRecord, ...], begun: tuple[OpenSave, ...]) -> str:
    lines = [
        f"{visible(one.mms_id)}  {one.state.value}  {moment(one.saved_at)}  {visible(one.name or '-')}  "
        f"{one.digest}"
        for one in bound
    ]
    lines += [
        f"unfinished  {moment(one.begun_at)}  {one.message_digest}: it may have been saved, and nobody knows "
        "its id; it may be saved again"
        for one in begun
    ]
    return "".join(f"{line}\n" for line in lines) or "nothing was saved\n"
