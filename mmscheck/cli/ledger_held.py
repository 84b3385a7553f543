"""What ``hold`` and ``release`` share: the ledger has to be the one that sends go through, and is named."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from mmscheck.cli.ledger_open import guarded, with_ledger
from mmscheck.errors import MissingLedgerError, UsageError
from mmscheck.report.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger
    from mmscheck.ledger.questions import Activity

NEW = click.option(
    "--new",
    "new_ledger",
    is_flag=True,
    help="Also a ledger that nothing was sent through yet; makes a missing one.",
)
"""Says that no mistake is meant."""

_UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))


def with_used_ledger(
    where: str | None, work: Callable[[Ledger], Awaitable[int]], *, new: bool, done: str
) -> int:
    """The work's exit code; raises UsageError where there is no ledger and no new one is wanted."""

    def opened() -> int:
        try:
            return with_ledger(where, work, create=new)
        except MissingLedgerError as missing:
            raise UsageError(_nobodys(visible(str(missing)), done)) from None

    return guarded(opened)


def demand_used(activity: Activity, shown: str, done: str) -> None:
    """Raise UsageError for a ledger that nobody has sent or saved through."""
    if not activity.used:
        raise UsageError(_nobodys(f"nothing was ever sent or saved through {visible(shown)}", done))


def _nobodys(what: str, done: str) -> str:
    return (
        f"{what}: nothing was {done}. Name the ledger that the sends go through with --ledger or "
        "MMSCHECK_LEDGER; --new takes this one all the same"
    )


def through_it(activity: Activity, shown: str) -> str:
    """One line: which ledger, what is in flight, when it last sent."""
    last = "never sent" if activity.last is None else f"last sent {_ago(activity.last)} ago"
    flying = "1 send" if activity.in_flight == 1 else f"{activity.in_flight:,} sends"
    return f"ledger {visible(shown)}: {flying} in flight, {last}"


def _ago(microseconds: int) -> str:
    seconds = max(0, int(time.time() - microseconds / 1_000_000))
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), _UNITS[-1])
    return f"{seconds // size} {unit}"
