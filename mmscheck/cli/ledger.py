"""``mmscheck ledger``: look at what was sent, settle what is unknown, verify the record."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import click
import msgspec

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import FORMAT, LEDGER, WHO, guarded, login, with_ledger
from mmscheck.cli.ledger_postbacks import postbacks
from mmscheck.cli.ledger_saves import saves
from mmscheck.cli.ledger_shown import (
    json_text,
    list_head,
    list_line,
    show_text,
    verification_text,
)
from mmscheck.cli.say import write_stdout
from mmscheck.errors import UsageError
from mmscheck.model.ledger import SendState

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


@click.group(name="ledger")
def command() -> None:
    """Look at the record of sends, settle what is unknown, verify that nobody changed it.

    Exit codes: 0 fine, 1 verify found tampering, 2 usage or no such send, 4 the ledger cannot be read or
    written.
    """


command.add_command(postbacks)
command.add_command(saves)


@command.command(name="list")
@LEDGER
@FORMAT
@click.option(
    "--state", type=click.Choice([state.value for state in SendState]), help="Only sends in this state."
)
@click.option("--campaign", metavar="NAME", help="Only sends of this campaign.")
@click.option("--false-permits", is_flag=True, help="Only what passed the gate and the carrier refused.")
def list_(
    where: str | None, form: str, state: str | None, campaign: str | None, *, false_permits: bool
) -> int:
    """List sends, one on a line, the oldest first.

    With --false-permits those that the gate let through and the provider took, and that the carrier or the
    provider's encoder refused afterwards, each with what the last postback about it said.
    """

    async def work(ledger: Ledger) -> int:
        from mmscheck.ledger import Filter  # noqa: PLC0415 - see with_ledger

        wanted = Filter(
            state=SendState(state) if state else None,
            campaign=campaign and unicodedata.normalize("NFC", campaign),
            false_permits=false_permits,
        )
        number = 0
        write_stdout("[" if form == "json" else list_head())
        async for send in ledger.sends(wanted):
            number += 1
            lead = ",\n" if number > 1 else "\n"
            told = await ledger.postbacks(send) if false_permits else ()
            value = {**msgspec.structs.asdict(send), "postbacks": told} if false_permits else send
            write_stdout(lead + json_text(value).rstrip() if form == "json" else list_line(send, told))
        write_stdout("\n]\n" if form == "json" else f"{number} sends\n")
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


@command.command(name="show")
@click.argument("send_id", metavar="ID", type=int)
@LEDGER
@FORMAT
def show(send_id: int, where: str | None, form: str) -> int:
    """Show one send: how it stands, what happened to it, which postbacks came."""

    async def work(ledger: Ledger) -> int:
        send = await ledger.send(send_id)
        if send is None:
            raise UsageError(
                f"there is no send {send_id} in the ledger; `mmscheck ledger list` shows the ids "
                "(they are numbers of the history, and jump)"
            )
        parts = (await ledger.history(send_id), await ledger.postbacks(send), await ledger.proposals(send))
        names = ("history", "postbacks", "proposals")
        value = {"send": send, **dict(zip(names, parts, strict=True))}
        write_stdout(json_text(value) if form == "json" else show_text(send, *parts))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


@command.command(name="resolve")
@click.argument("send_id", metavar="ID", type=int)
@click.option(
    "--as", "as_", type=click.Choice(["sent", "not-sent"]), required=True, help="What you found out."
)
@click.option("--reason", required=True, metavar="TEXT", help="How you know.")
@WHO
@LEDGER
@FORMAT
def resolve(send_id: int, *, as_: str, reason: str, who: str | None, where: str | None, form: str) -> int:
    """Record what became of a send whose outcome is unknown.

    As not-sent, the same send may be made again; also what the provider refused, once its cause is mended.
    """

    async def work(ledger: Ledger) -> int:
        send = await ledger.resolve(send_id, as_=as_, reason=reason, who=login(who))
        write_stdout(json_text(send) if form == "json" else list_line(send))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


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
