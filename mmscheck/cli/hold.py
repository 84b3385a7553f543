"""``mmscheck hold``: the kill switch."""

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


@click.command(name="hold")
@click.argument("reason", metavar="REASON")
@WHO
@LEDGER
@NEW
@FORMAT
def command(reason: str, *, who: str | None, where: str | None, new_ledger: bool, form: str) -> int:
    """Stop every send through this ledger, from now until ``mmscheck release``.

    Says which ledger that is, when it last sent, and what is in flight. One that nothing was ever sent
    through, or saved, is refused: the sends that are to be stopped go through another.

    Exit codes: 0 held, 2 usage or a ledger that nobody uses, 4 the ledger cannot be written: nothing is held
    then.
    """

    async def work(ledger: Ledger) -> int:
        if not new_ledger:
            demand_used(await ledger.activity(), ledger.shown, "held")
        held = await ledger.hold(reason=reason, who=login(who))
        told = through_it(await ledger.activity(), ledger.shown)
        write_stdout(holds_text((held,), form, "held"))
        if form == "json":
            say(told)
        else:
            write_stdout(f"{told}\n")
        return int(Exit.PERMITTED)

    return with_used_ledger(where, work, new=new_ledger, done="held")
