"""What the ledger's commands share: where it is, opening it, what its faults end as."""

from __future__ import annotations

import getpass
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.running import run
from mmscheck.cli.say import complain
from mmscheck.cli.spared import spare
from mmscheck.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

T = TypeVar("T")

_VARIABLE = "MMSCHECK_LEDGER"


def _named(_context: click.Context, _option: click.Parameter, where: str | None) -> str | None:
    """The address; a variable that is set to nothing is no way to say "the default one"."""
    # click takes an empty variable for none.
    if where is None and _VARIABLE in os.environ:
        raise UsageError(f"{_VARIABLE} is empty: give it a file or a postgresql:// URL, or unset it")
    return where


LEDGER = click.option(
    "--ledger",
    "where",
    envvar=_VARIABLE,
    callback=_named,
    metavar="URL",
    help="A file or a postgresql:// URL; default: MMSCHECK_LEDGER, else the user's state folder.",
)
"""Where the ledger is."""

FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
"""For people or for programs."""

TABLE_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True
)
"""Also for spreadsheets."""

WHO = click.option("--who", metavar="NAME", help="Who says so; default: the user's login name.")
"""Who takes responsibility."""


def with_ledger(
    where: str | None, work: Callable[[Ledger], Awaitable[T]], *, create: bool = False, recover: bool = True
) -> T:
    """What the work returns; raises LedgerError and UsageError."""
    # SQLAlchemy is heavy, and --help needs none of it.
    from mmscheck.ledger import open_ledger  # noqa: PLC0415

    spare({"where": where})

    async def opened() -> T:
        async with await open_ledger(where, create=create, recover=recover) as ledger:
            return await work(ledger)

    return run(opened())


def login(who: str | None) -> str:
    """The name that was given, or the login name."""
    if who is not None:
        return who
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise UsageError("nobody knows who you are here: give --who NAME") from None


def guarded(work: Callable[[], int]) -> int:
    """The work's exit code, or 4 with the reason on standard error."""
    try:
        return work()
    except LedgerError as error:
        return complain(str(error), Exit.INTERNAL)
