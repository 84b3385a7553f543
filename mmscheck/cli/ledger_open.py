"""What the ledger's commands share: where it is, opening it, what its faults end as."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.running import run
from mmscheck.cli.say import complain
from mmscheck.cli.spared import spare
from mmscheck.cli.variables import by_variable
from mmscheck.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

T = TypeVar("T")

LEDGER = click.option(
    "--ledger",
    "where",
    metavar="URL",
    help="A file or a postgresql:// URL; default: MMSCHECK_LEDGER, else the user's state folder.",
    **by_variable("MMSCHECK_LEDGER", "a file or a postgresql:// URL"),
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
