"""What the ledger's commands share: where it is, opening it, what its faults end as."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, TypeVar

import click

from mmscheck import ledger as ledgers
from mmscheck.cli.environment import by_variable
from mmscheck.cli.running import Loop, cancel
from mmscheck.cli.say import complain, say
from mmscheck.cli.spared import spare
from mmscheck.errors import LedgerError, UsageError
from mmscheck.model.exits import Exit

if TYPE_CHECKING:
    import asyncio

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

Where = Annotated[str | None, LEDGER]

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


class OpenLedger:
    """A ledger that is open for one command, and the loop in which it works."""

    def __init__(self, loop: Loop, ledger: Ledger) -> None:
        """``opened_ledger`` makes it."""
        self.ledger = ledger
        self._loop = loop
        self._called = False

    def run(self, work: Awaitable[T], stop: Callable[[asyncio.Future[T]], object] | None = None) -> T:
        """What the work returns; ``stop``: it may call the provider, and this is what a signal does then."""
        self._called = self._called or stop is not None
        return self._loop.run(work, stop)

    def close(self) -> None:
        """Close the ledger; raises LedgerError, but not once the provider may have been called.

        How the call ended must not be lost by how the ledger closed, so that is only said then.
        """
        from asyncio import CancelledError  # noqa: PLC0415 - see cli.running

        if not self._called:
            self.run(self.ledger.close())
            return
        try:
            self.run(self.ledger.close(), cancel)
        except (Exception, CancelledError, KeyboardInterrupt) as error:  # noqa: BLE001 - see above
            say(f"mmscheck: the ledger did not close well: {str(error) or 'interrupted'}")


@contextlib.contextmanager
def opened_ledger(
    where: str | None, *, create: bool = True, recover: bool = True, secrets: Iterable[str] = ()
) -> Iterator[OpenLedger]:
    """The ledger, open once for all that a command does with it; ``secrets`` are kept out of it.

    Raises LedgerError and UsageError.
    """
    spare({"where": where})
    with Loop() as loop:
        ledger = loop.run(ledgers.open_ledger(where, create=create, recover=recover, secrets=secrets))
        opened = OpenLedger(loop, ledger)
        try:
            yield opened
        finally:
            opened.close()


def with_ledger(
    where: str | None,
    work: Callable[[Ledger], Awaitable[T]],
    *,
    create: bool = False,
    recover: bool = True,
) -> T:
    """What the work returns; raises LedgerError and UsageError."""
    with opened_ledger(where, create=create, recover=recover) as opened:
        return opened.run(work(opened.ledger))


def demand_place(where: str | None) -> None:
    """Raise UsageError for a ledger's address that is none."""
    ledgers.place_of(where)


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
