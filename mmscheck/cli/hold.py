"""``mmscheck hold``: the kill switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import FORMAT, LEDGER, WHO, guarded, login, with_ledger
from mmscheck.cli.ledger_shown import holds_text
from mmscheck.cli.say import write_stdout

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


@click.command(name="hold")
@click.argument("reason", metavar="REASON")
@WHO
@LEDGER
@FORMAT
def command(reason: str, who: str | None, where: str | None, form: str) -> int:
    """Stop every send through this ledger, from now until ``mmscheck release``.

    Exit codes: 0 held, 2 usage, 4 the ledger cannot be written: nothing is held then.
    """

    async def work(ledger: Ledger) -> int:
        held = await ledger.hold(reason=reason, who=login(who))
        write_stdout(holds_text((held,), form, "held"))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work, create=True))
