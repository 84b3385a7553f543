"""``mmscheck ledger copy`` and ``adopt``: a copy that is whole, and going on with one that lacks rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import LEDGER, WHO, guarded, login, with_ledger
from mmscheck.cli.say import say, write_stdout
from mmscheck.report.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


@click.command(name="copy")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@LEDGER
def copy(file: Path, where: str | None) -> int:
    """Copy the whole ledger of this moment to FILE, which must not be there yet, and print its ROWS:HASH.

    The ledger may be in use. Never copy its file by other means: the newest rows are in another one. What is
    sent after this is not in the copy, so it must not be put back once anything was. For a ledger on
    PostgreSQL use the server's means (pg_dump).
    """

    async def work(ledger: Ledger) -> int:
        head = await ledger.copy(file)
        say(f"copied {visible(ledger.shown)} to {visible(str(file))}")
        write_stdout(f"{head}\n")
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work, recover=False))


@click.command(name="adopt")
@click.option("--reason", required=True, metavar="TEXT", help="How you know that nothing is missing.")
@WHO
@LEDGER
def adopt(reason: str, who: str | None, where: str | None) -> int:
    """Let sends go from a ledger that lacks rows which were noted: a copy, or one that was put back.

    Whatever was sent after the copy was made is not in it, and would be sent again. Settle that first, with
    the provider's records or the numbers in a report.
    """

    async def work(ledger: Ledger) -> int:
        noted = await ledger.adopt(reason=reason, who=login(who))
        say(f"{visible(ledger.shown)} is gone on with; {noted} had been noted of it")
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work, recover=False))
