"""``mmscheck ledger``: look at what was sent, settle what is unknown, verify the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_files import adopt, copy
from mmscheck.cli.ledger_list import list_, show, summary
from mmscheck.cli.ledger_open import FORMAT, LEDGER, guarded, with_ledger
from mmscheck.cli.ledger_postbacks import postbacks
from mmscheck.cli.ledger_resolve import resolve
from mmscheck.cli.ledger_saves import saves
from mmscheck.cli.ledger_shown import json_text, verification_text
from mmscheck.cli.say import write_stdout

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


@click.group(name="ledger")
def command() -> None:
    """Look at the record of sends, settle what is unknown, verify that nobody changed it, copy it.

    Exit codes: 0 fine, 1 verify found tampering, 2 usage or no such send, 4 the ledger cannot be read or
    written.
    """


for _one in (list_, show, summary, resolve, postbacks, saves, copy, adopt):
    command.add_command(_one)


@command.command(name="verify")
@click.option(
    "--expect",
    metavar="HEAD",
    help="A head noted earlier that has to be in the history still: ROWS, HASH or ROWS:HASH.",
)
@LEDGER
@FORMAT
def verify(where: str | None, form: str, expect: str | None) -> int:
    """Look through the whole ledger for rows that were changed, removed, moved or added.

    Note the head that it prints in another place: whoever can write to the database can cut off the end and
    reckon the rest anew, and only a head noted before, given with --expect, then tells.
    """

    async def work(ledger: Ledger) -> int:
        found = await ledger.verify(expect)
        write_stdout(json_text(found) if form == "json" else verification_text(found, ledger.shown))
        return int(Exit.DENIED if found.found else Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work, recover=False))
