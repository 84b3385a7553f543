"""``mmscheck ledger``: look at what was sent and saved, verify the record, copy it."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import msgspec

from mmscheck import ledger as ledgers
from mmscheck.base.text import count
from mmscheck.cli.commands import with_options
from mmscheck.cli.ledger_forget import export, forget
from mmscheck.cli.ledger_open import FORMAT, LEDGER, TABLE_FORMAT, WHO, guarded, login, with_ledger
from mmscheck.cli.ledger_settle import postbacks, resolve
from mmscheck.cli.ledger_text import (
    CSV_COLUMNS,
    csv_row,
    csv_send,
    deletions_csv,
    deletions_text,
    json_text,
    list_head,
    list_line,
    moment,
    proofs_text,
    saves_csv,
    show_text,
    summary_text,
    verification_text,
)
from mmscheck.cli.plan import since
from mmscheck.cli.say import say, write_stdout
from mmscheck.errors import UsageError
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import SendState
from mmscheck.report.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Filter, Ledger, OpenSave
    from mmscheck.model.ledger import MmsRecord, SendRecord

_MILLION = 1_000_000

_ID = 19
"""Digits of what cannot be an id any more: the database has 64 bits for it."""


class SelectionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """By what sends are chosen; `_filter` reads them."""

    state: Annotated[
        str | None,
        click.option(
            "--state",
            type=click.Choice([state.value for state in SendState]),
            help="Only sends in this state.",
        ),
    ] = None
    campaign: Annotated[
        str | None, click.option("--campaign", metavar="NAME", help="Only sends of this campaign.")
    ] = None
    mms_id: Annotated[
        str | None, click.option("--mms-id", metavar="ID", help="Only sends of this stored message.")
    ] = None
    to: Annotated[
        str | None,
        click.option("--to", metavar="NUMBER", help="Only sends to this number, however it is written."),
    ] = None
    since: Annotated[
        str | None,
        click.option("--since", metavar="TIME", help="Only sends claimed since: 2026-11-30 (UTC), 7d."),
    ] = None


class LedgerListArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck ledger list``."""

    where: Annotated[str | None, LEDGER]
    form: Annotated[str, TABLE_FORMAT]
    selection: SelectionOptions
    limit: Annotated[
        int | None,
        click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the last N of them."),
    ]
    false_permits: Annotated[
        bool,
        click.option(
            "--false-permits", is_flag=True, help="Only what passed the gate and the carrier refused."
        ),
    ]


class LedgerSummaryArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck ledger summary``."""

    where: Annotated[str | None, LEDGER]
    form: Annotated[str, TABLE_FORMAT]
    selection: SelectionOptions


@click.group(name="ledger")
def command() -> None:
    """Look at the record of sends, settle what is unknown, verify that nobody changed it, copy it.

    Exit codes: 0 fine, 1 verify found tampering, 2 usage or no such send, 4 the ledger cannot be read or
    written.
    """


command.add_command(export)
command.add_command(forget)
command.add_command(postbacks)
command.add_command(resolve)


def _filter(selection: SelectionOptions, *, false_permits: bool = False) -> Filter:
    """What the ledger is asked for. Raises UsageError for a number without digits and a time that is none."""
    to, time, name = selection.to, selection.since, selection.campaign
    if to is not None and not any(char.isdigit() for char in to):
        raise UsageError(f"--to {to!a}: a number has digits")
    return ledgers.Filter(
        state=SendState(selection.state) if selection.state else None,
        campaign=name and unicodedata.normalize("NFC", name),
        mms_id=selection.mms_id,
        to=to,
        since=None if time is None else int(since("--since", time) * _MILLION),
        false_permits=false_permits,
    )


async def _each(ledger: Ledger, wanted: Filter, limit: int | None) -> AsyncIterator[SendRecord]:
    if limit is None:
        async for send in ledger.sends(wanted):
            yield send
    else:
        for send in await ledger.newest(limit, wanted):
            yield send


@command.command(name="list")
@with_options(LedgerListArguments)
def list_(*, options: LedgerListArguments) -> int:
    """List sends, one on a line, the oldest first.

    With --false-permits those that the gate let through and the provider took, and that the carrier or the
    provider's encoder refused afterwards, each with what the last postback about it said.
    """
    form = options.form

    async def work(ledger: Ledger) -> int:
        wanted, number = _filter(options.selection, false_permits=options.false_permits), 0
        write_stdout({"json": "[", "csv": csv_row(CSV_COLUMNS)}.get(form) or list_head())
        async for send in _each(ledger, wanted, options.limit):
            number += 1
            postbacks = await ledger.postbacks(send) if options.false_permits else ()
            if form == "json":
                value = (
                    {**msgspec.structs.asdict(send), "postbacks": postbacks}
                    if options.false_permits
                    else send
                )
                write_stdout((",\n" if number > 1 else "\n") + json_text(value).rstrip())
            else:
                write_stdout(csv_send(send) if form == "csv" else list_line(send, postbacks))
        write_stdout({"json": "\n]\n", "csv": ""}.get(form, f"{count(number, 'send')}\n"))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(options.where, work))


@command.command(name="proofs")
@click.option("--campaign", metavar="NAME", help="Only those of this campaign.")
@LEDGER
@FORMAT
def proofs(campaign: str | None, where: str | None, form: str) -> int:
    """List the proofs of campaigns: which rows stood for which, how it went, and who approved it when."""

    async def work(ledger: Ledger) -> int:
        name = campaign and unicodedata.normalize("NFC", campaign)
        found = await ledger.proofs(campaign=name)
        write_stdout(json_text(found) if form == "json" else proofs_text(found))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


@command.command(name="show")
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
        async for send in ledger.sends(_filter(SelectionOptions(to=to))):
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


async def _shown(ledger: Ledger, send: SendRecord, form: str) -> str:
    parts = (await ledger.history(send.id), await ledger.postbacks(send), await ledger.proposals(send))
    names = ("history", "postbacks", "proposals")
    stored = await ledger.mms(send.intent.mms_id, (send.intent.account or "").partition("/")[0] or None)
    state = None if stored is None else stored.state
    value = {"send": send, **dict(zip(names, parts, strict=True)), "stored": state}
    return json_text(value) if form == "json" else show_text(send, *parts, stored=state)


@command.command(name="summary")
@with_options(LedgerSummaryArguments)
def summary(*, options: LedgerSummaryArguments) -> int:
    """Count sends by what became of them, of a campaign or of everything.

    Accepted is what the provider took: delivered, failed, or waiting for a notification that tells.
    """

    async def work(ledger: Ledger) -> int:
        totals = await ledger.summary(_filter(options.selection))
        numbers = msgspec.structs.asdict(totals)
        selection = msgspec.structs.asdict(options.selection)
        chosen = {name: value for name, value in selection.items() if value is not None}
        if options.form == "json":
            write_stdout(json_text({**chosen, **numbers}))
        elif options.form == "csv":
            write_stdout(csv_row([*chosen, *numbers]) + csv_row([*chosen.values(), *numbers.values()]))
        else:
            write_stdout(summary_text(totals))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(options.where, work))


@command.command(name="saves")
@LEDGER
@TABLE_FORMAT
def saves(where: str | None, form: str) -> int:
    """List the ids that are bound and their states, and saves whose end is not known.

    A save reaches no phone, so one whose end is not known may be made again.
    """

    async def work(ledger: Ledger) -> int:
        bound, begun = await ledger.saves()
        if form == "json":
            write_stdout(json_text({"bound": bound, "unfinished": begun}))
        elif form == "csv":
            write_stdout(saves_csv(bound, begun))
        else:
            write_stdout(_saves_text(bound, begun))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


@command.command(name="deletions")
@LEDGER
@TABLE_FORMAT
def deletions(where: str | None, form: str) -> int:
    """List every deletion of a stored message at the provider, and how it ended.

    Nothing is sent under its id until it is lifted: refused for certain, or the id was given content anew.
    """

    async def work(ledger: Ledger) -> int:
        found = await ledger.deletions()
        if form == "json":
            write_stdout(json_text(found))
        else:
            write_stdout(deletions_csv(found) if form == "csv" else deletions_text(found))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


def _saves_text(bound: tuple[MmsRecord, ...], begun: tuple[OpenSave, ...]) -> str:
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


@command.command(name="copy")
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


@command.command(name="adopt")
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
        verification = await ledger.verify(expect)
        write_stdout(
            json_text(verification) if form == "json" else verification_text(verification, ledger.shown)
        )
        return int(Exit.DENIED if verification.found else Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work, recover=False))
