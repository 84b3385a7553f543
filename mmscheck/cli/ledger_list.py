"""``mmscheck ledger list``, ``show`` and ``summary``: what happened to a number, a campaign, one send."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import FORMAT, LEDGER, TABLE_FORMAT, guarded, with_ledger
from mmscheck.cli.ledger_shown import (
    CSV_COLUMNS,
    csv_row,
    csv_send,
    json_text,
    list_head,
    list_line,
    show_text,
    summary_text,
)
from mmscheck.cli.plan import since
from mmscheck.cli.say import write_stdout
from mmscheck.errors import UsageError
from mmscheck.model.ledger import SendState
from mmscheck.report.finding_words import count

if TYPE_CHECKING:
    from mmscheck.ledger import Filter, Ledger
    from mmscheck.model.ledger import SendRecord

F = TypeVar("F", bound=Callable[..., Any])

_MILLION = 1_000_000


def _selecting(command: F) -> F:
    """The options by which sends are chosen; ``_filter`` reads them."""
    states = click.Choice([state.value for state in SendState])
    for option in (
        click.option("--since", metavar="TIME", help="Only sends claimed since: 2026-11-30 (UTC), 7d."),
        click.option("--to", metavar="NUMBER", help="Only sends to this number, however it is written."),
        click.option("--mms-id", metavar="ID", help="Only sends of this stored message."),
        click.option("--campaign", metavar="NAME", help="Only sends of this campaign."),
        click.option("--state", type=states, help="Only sends in this state."),
    ):
        command = option(command)
    return command


def _filter(given: dict[str, Any]) -> Filter:
    from mmscheck.ledger import Filter  # noqa: PLC0415 - see with_ledger

    to, time = given.get("to"), given.get("since")
    if to is not None and not any(char.isdigit() for char in to):
        raise UsageError(f"--to {to!a}: a number has digits")
    return Filter(
        state=SendState(given["state"]) if given.get("state") else None,
        campaign=(name := given.get("campaign")) and unicodedata.normalize("NFC", name),
        mms_id=given.get("mms_id"),
        to=to,
        since=None if time is None else int(since("--since", time) * _MILLION),
        false_permits=given.get("false_permits", False),
    )


async def _each(ledger: Ledger, wanted: Filter, limit: int | None) -> AsyncIterator[SendRecord]:
    if limit is None:
        async for send in ledger.sends(wanted):
            yield send
    else:
        for send in await ledger.newest(limit, wanted):
            yield send


@click.command(name="list")
@LEDGER
@TABLE_FORMAT
@_selecting
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the last N of them.")
@click.option("--false-permits", is_flag=True, help="Only what passed the gate and the carrier refused.")
def list_(where: str | None, form: str, limit: int | None, **given: Any) -> int:
    """List sends, one on a line, the oldest first.

    With --false-permits those that the gate let through and the provider took, and that the carrier or the
    provider's encoder refused afterwards, each with what the last postback about it said.
    """

    async def work(ledger: Ledger) -> int:
        wanted, number = _filter(given), 0
        write_stdout({"json": "[", "csv": csv_row(CSV_COLUMNS)}.get(form) or list_head())
        async for send in _each(ledger, wanted, limit):
            number += 1
            told = await ledger.postbacks(send) if wanted.false_permits else ()
            if form == "json":
                value = {**msgspec.structs.asdict(send), "postbacks": told} if wanted.false_permits else send
                write_stdout((",\n" if number > 1 else "\n") + json_text(value).rstrip())
            else:
                write_stdout(csv_send(send) if form == "csv" else list_line(send, told))
        write_stdout({"json": "\n]\n", "csv": ""}.get(form, f"{count(number, 'send')}\n"))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


@click.command(name="show")
@click.argument("what", metavar="[ID | TRACKING-ID]", required=False)
@click.option("--to", metavar="NUMBER", help="Every send to this number, however it is written.")
@LEDGER
@FORMAT
def show(what: str | None, to: str | None, where: str | None, form: str) -> int:
    """Show one send: how it stands, what happened to it, which postbacks came.

    With --to every send to a number, the oldest first; as JSON an array of what one send is shown as.
    """
    if (what is None) == (to is None):
        raise UsageError("give the id or the tracking id of a send, or --to NUMBER")

    async def work(ledger: Ledger) -> int:
        if what is not None:
            write_stdout(await _shown(ledger, await _found(ledger, what), form))
            return int(Exit.PERMITTED)
        opens, between, closes = ("[\n", ",\n", "]\n") if form == "json" else ("", "\n", "")
        write_stdout(opens)
        number = 0
        async for send in ledger.sends(_filter({"to": to})):
            write_stdout((between if number else "") + await _shown(ledger, send, form))
            number += 1
        write_stdout(closes or ("" if number else "nothing was sent to this number\n"))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


async def _found(ledger: Ledger, what: str) -> SendRecord:
    """The send with this id, or else with this tracking id."""
    known = await ledger.send(int(what)) if what.isascii() and what.isdigit() and len(what) < _ID else None
    sends = (known,) if known is not None else await ledger.tracked(what)
    if len(sends) == 1:
        return sends[0]
    if sends:
        ids = ", ".join(str(send.id) for send in sends)
        raise UsageError(f"several sends have the tracking id {what}: show one of them by its id ({ids})")
    raise UsageError(
        f"there is no send {what if what.isalnum() else ascii(what)} in the ledger; "
        "`mmscheck ledger list` shows the ids (they are numbers of the history, and jump); "
        "a tracking id is taken too; for a telephone number: --to NUMBER"
    )


_ID = 19
"""Digits of what cannot be an id any more: the database has 64 bits for it."""


async def _shown(ledger: Ledger, send: SendRecord, form: str) -> str:
    parts = (await ledger.history(send.id), await ledger.postbacks(send), await ledger.proposals(send))
    names = ("history", "postbacks", "proposals")
    value = {"send": send, **dict(zip(names, parts, strict=True))}
    return json_text(value) if form == "json" else show_text(send, *parts)


@click.command(name="summary")
@LEDGER
@TABLE_FORMAT
@_selecting
def summary(where: str | None, form: str, **given: Any) -> int:
    """Count sends by what became of them, of a campaign or of everything.

    Accepted is what the provider took: delivered, failed, or waiting for a notification that tells.
    """

    async def work(ledger: Ledger) -> int:
        found = await ledger.summary(_filter(given))
        numbers = msgspec.structs.asdict(found)
        chosen = {name: value for name, value in given.items() if value is not None}
        if form == "json":
            write_stdout(json_text({**chosen, **numbers}))
        elif form == "csv":
            write_stdout(csv_row([*chosen, *numbers]) + csv_row([*chosen.values(), *numbers.values()]))
        else:
            write_stdout(summary_text(found))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))
