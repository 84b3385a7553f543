"""``mmscheck suppress``: who must not be texted, whatever campaign or send asks for it."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import click
import msgspec

from mmscheck.base.text import count
from mmscheck.cli.commands import with_options
from mmscheck.cli.files import opened_file
from mmscheck.cli.ledger_open import FORMAT, LEDGER, WHO, guarded, login, with_ledger
from mmscheck.cli.ledger_text import csv_row, iso, json_text, moment
from mmscheck.cli.say import write_stdout
from mmscheck.cli.spared import spare
from mmscheck.errors import InputError, UsageError
from mmscheck.model.exits import Exit
from mmscheck.model.suppression import EVERYTHING, Suppression, SuppressionScope, SuppressionSource
from mmscheck.report.escape import unquoted, visible

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


class ScopeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is about; nothing given is everything."""

    account: Annotated[
        str | None,
        click.option("--account", metavar="HOST", help="Only messages through this provider's host."),
    ] = None
    sender: Annotated[
        str | None, click.option("--from", "sender", metavar="NUMBER", help="Only messages from this number.")
    ] = None
    list_name: Annotated[
        str | None,
        click.option("--list", "list_name", metavar="NAME", help="Only messages to this list of recipients."),
    ] = None

    def scope(self) -> SuppressionScope:
        """The scope."""
        return SuppressionScope(
            account=self.account or "", sender=self.sender or "", list_name=self.list_name or ""
        )

    def narrowed(self, own: SuppressionScope) -> SuppressionScope:
        """What an entry of a file is about; raises UsageError where the file and the options both say."""
        if self.given and own != EVERYTHING:
            raise UsageError("this entry says what it is about: leave out --account, --from and --list")
        return self.scope() if self.given else own

    @property
    def given(self) -> bool:
        """Whether anybody narrowed it."""
        return self.scope() != EVERYTHING


REASON = click.option("--reason", required=True, metavar="TEXT", help="Why, for those who read it later.")


class SuppressArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``suppress add`` and ``suppress remove``."""

    reason: Annotated[str, REASON]
    who: Annotated[str | None, WHO]
    scope: ScopeOptions
    where: Annotated[str | None, LEDGER]


@click.group(name="suppress")
def command() -> None:
    """Keep the list of numbers that must not be texted, in the ledger that sends go through.

    A reply STOP (notification N401 or N211 with an opt-out word), N302 and the code E114 put a number there
    by themselves (mmscheck postbacks); a reply START takes off what a reply put there, and nothing else.

    Exit codes: 0 done, 2 usage or a number that is none, 4 the ledger cannot be read or written.
    """


@command.command(name="add")
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True)
@with_options(SuppressArguments)
def add(numbers: tuple[str, ...], *, options: SuppressArguments) -> int:
    """Put numbers on the list: no send to them is claimed any more.

    A scope narrows what that is about: --account, --from, --list. What is on the list stays as it is.
    """
    from mmscheck.ledger import number_form  # noqa: PLC0415 - SQLAlchemy takes its time

    for number in numbers:
        number_form(number)
    return _put({options.scope.scope(): numbers}, options, SuppressionSource.COMMAND)


@command.command(name="remove")
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True)
@with_options(SuppressArguments)
def remove(numbers: tuple[str, ...], *, options: SuppressArguments) -> int:
    """Take numbers off the list, with every entry there is, or with those of one scope.

    Whoever said STOP has to have said otherwise since: give that as the reason.
    """
    scope = options.scope.scope() if options.scope.given else None

    async def work(ledger: Ledger) -> int:
        ended = await ledger.unsuppress(numbers, scope=scope, reason=options.reason, who=login(options.who))
        write_stdout(f"{count(ended, 'entry', 'entries')} ended\n")
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(options.where, work))


@command.command(name="list")
@click.option("--to", metavar="NUMBER", help="Only this number, with what was taken off.")
@click.option("--ended", is_flag=True, help="Also what was taken off.")
@LEDGER
@FORMAT
def list_(to: str | None, where: str | None, form: str, *, ended: bool) -> int:
    """List who is on it since when, who said so, and why; numbers by their last four digits.

    With --to NUMBER one number, in full.
    """

    async def work(ledger: Ledger) -> int:
        number = 0
        write_stdout("[" if form == "json" else "")
        async for one in _chosen(ledger, to, ended=ended):
            number += 1
            if form == "json":
                write_stdout((",\n" if number > 1 else "\n") + json_text(one).rstrip())
            else:
                write_stdout(_line(one, whole=to is not None))
        write_stdout("\n]\n" if form == "json" else f"{count(number, 'entry', 'entries')}\n")
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


async def _chosen(ledger: Ledger, to: str | None, *, ended: bool) -> AsyncIterator[Suppression]:
    if to is None:
        async for one in ledger.suppressions(ended=ended):
            yield one
        return
    from mmscheck.ledger import number_form  # noqa: PLC0415 - SQLAlchemy takes its time

    number = number_form(to)
    for one in (await ledger.suppressed([number], ended=True)).get(number, ()):
        yield one


def _line(one: Suppression, *, whole: bool) -> str:
    number = one.number if whole else f"…{one.number[-4:]}"
    about = ", ".join(f"{name} {value}" for name, value in msgspec.structs.asdict(one.scope).items() if value)
    off = (
        f"; off since {moment(one.removed_at)} ({one.removed_by}: {one.removed_why})"
        if one.removed_at
        else ""
    )
    parts = (
        number,
        moment(one.added_at),
        one.source.value,
        about or "everything",
        f"{one.reason} ({one.who})",
    )
    return visible("  ".join(parts) + off) + "\n"


@command.command(name="import")
@click.argument("numbers_file", metavar="FILE.csv", type=click.Path(path_type=Path))
@with_options(SuppressArguments)
def import_(numbers_file: Path, *, options: SuppressArguments) -> int:
    """Put every number of a file on the list: a CSV file with a column to, or one number on a line.

    Each entry of an export is about what it was about there; any other file is about what --account,
    --from and --list say. All numbers are looked at before the first is put there; a million take less than
    a minute.
    """
    spare({"where": options.where}, inputs=(numbers_file,))
    numbers: dict[SuppressionScope, list[str]] = {}
    for scope, number in _entries(numbers_file, options.scope):
        numbers.setdefault(scope, []).append(number)
    return _put(numbers, options, SuppressionSource.IMPORT)


@command.command(name="export")
@click.argument("export_file", metavar="FILE.csv", type=click.Path(path_type=Path))
@LEDGER
def export(export_file: Path, where: str | None) -> int:
    """Write the whole list to a CSV file that is not there yet; import reads it again.

    Numbers that were forgotten (mmscheck ledger forget) cannot be told any more: they are counted.
    """
    spare({"where": where})
    if export_file.exists():
        raise UsageError(f"{export_file} is there already: an export is never written over anything")

    async def work(ledger: Ledger) -> int:
        number = hidden = 0
        with opened_file(export_file, private=True) as file:
            file.write(csv_row(_COLUMNS))
            async for one in ledger.suppressions():
                if one.number.isdigit():
                    number += 1
                    file.write(csv_row(_cells(one)))
                else:
                    hidden += 1
        told = f", and {hidden:,} forgotten that only their owners' numbers lead to" if hidden else ""
        write_stdout(f"{count(number, 'entry', 'entries')} written{told}\n")
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


_COLUMNS = ("to", "account", "from", "list", "source", "reason", "who", "added_at")


def _cells(one: Suppression) -> Sequence[str]:
    scope = one.scope
    told = (one.source.value, one.reason, one.who, iso(one.added_at))
    return (one.number, scope.account, scope.sender, scope.list_name, *told)


def _put(
    numbers: Mapping[SuppressionScope, Sequence[str]], options: SuppressArguments, source: SuppressionSource
) -> int:
    from mmscheck.ledger import Addition  # noqa: PLC0415 - SQLAlchemy takes its time

    async def work(ledger: Ledger) -> int:
        added = known = 0
        for scope, those in numbers.items():
            said = {"reason": options.reason, "who": login(options.who)}
            done = await ledger.suppress(those, addition=Addition(scope=scope, source=source, **said))
            added, known = added + done.added, known + done.known
        told = f", {known:,} were on the list" if known else ""
        write_stdout(f"{count(added, 'number')} put on the list of {visible(ledger.shown)}{told}\n")
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(options.where, work, create=True))


def _entries(file: Path, options: ScopeOptions) -> Iterator[tuple[SuppressionScope, str]]:
    """What each number of a file is not to get; raises InputError naming the line of the first fault."""
    from mmscheck.ledger import number_form, scope_form  # noqa: PLC0415 - SQLAlchemy takes its time

    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for line, number, own in _rows(file, opened):
                try:
                    number_form(number)
                    yield options.narrowed(scope_form(own)), number
                except UsageError as error:
                    raise InputError(f"{file}, line {line}: {error}") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: not UTF-8; save the file as UTF-8") from None


def _rows(file: Path, opened: IO[str]) -> Iterator[tuple[int, str, SuppressionScope]]:
    """Line, number and scope of each row: by the columns of an export, else ``to`` or the only one."""
    reader = csv.reader(opened, strict=True)
    try:
        first = next(reader, [])
        names = [name.strip().lower() for name in first]
        # The same words in another program's file mean its own accounts and lists.
        exported = tuple(names) == _COLUMNS
        at = names.index("to") if "to" in names else 0
        if "to" not in names:
            if len(first) > 1 or not any(char.isdigit() for char in "".join(first)):
                raise InputError(f"{file}, line 1: expected a column named to, or one number on each line")
            yield 1, first[0], EVERYTHING
        for row in reader:
            if len(row) > at and row[at].strip():
                yield reader.line_num, row[at], _scope(row) if exported else EVERYTHING
            elif any(cell.strip() for cell in row):
                raise InputError(f"{file}, line {reader.line_num}: the column to is empty")
    except csv.Error as error:
        raise InputError(f"{file}, line {reader.line_num}: the row is no CSV: {error}") from None


def _scope(row: Sequence[str]) -> SuppressionScope:
    """What an exported entry is about; a row that was cut short is about everything."""
    account, sender, list_name = map(unquoted, (*row, "", "", "")[1:4])
    return SuppressionScope(account=account, sender=sender, list_name=list_name)
