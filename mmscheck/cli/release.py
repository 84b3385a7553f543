"""``mmscheck release``: end every hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import FORMAT, LEDGER, WHO, guarded, login, with_ledger
from mmscheck.cli.ledger_shown import holds_text
from mmscheck.cli.say import write_stdout

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


@click.command(name="release")
@WHO
@LEDGER
@FORMAT
def command(who: str | None, where: str | None, form: str) -> int:
    """End every hold, so that sends go out again.

    Exit codes: 0 nothing is held any more, 2 usage, 4 the ledger cannot be written: what was held still is.
    """

    async def work(ledger: Ledger) -> int:
        write_stdout(holds_text(await ledger.release(who=login(who)), form, "released"))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))
