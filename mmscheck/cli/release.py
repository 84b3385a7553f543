"""``mmscheck release``: end every hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_held import NEW, demand_used, through_it, with_used_ledger
from mmscheck.cli.ledger_open import FORMAT, LEDGER, WHO, login
from mmscheck.cli.ledger_shown import holds_text
from mmscheck.cli.say import say, write_stdout

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


@click.command(name="release")
@WHO
@LEDGER
@NEW
@FORMAT
def command(*, who: str | None, where: str | None, new_ledger: bool, form: str) -> int:
    """End every hold, so that sends go out again.

    Says which ledger that is, when it last sent, and what is in flight. One that holds nothing, and that
    nothing was ever sent through or saved, is refused: what was held is another.

    Exit codes: 0 nothing is held any more, 2 usage or a ledger that nobody uses, 4 the ledger cannot be
    written: what was held still is.
    """

    async def work(ledger: Ledger) -> int:
        if not new_ledger and not await ledger.held():
            demand_used(await ledger.activity(), ledger.shown, "released")
        released = await ledger.release(who=login(who))
        told = through_it(await ledger.activity(), ledger.shown)
        write_stdout(holds_text(released, form, "released"))
        if form == "json":
            say(told)
        else:
            write_stdout(f"{told}\n")
        return int(Exit.PERMITTED)

    return with_used_ledger(where, work, new=new_ledger, done="released")
