"""``mmscheck hold`` and ``release``: the kill switch of the ledger that sends go through."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from mmscheck.cli.ledger_open import FORMAT, LEDGER, WHO, guarded, login, with_ledger
from mmscheck.cli.ledger_text import holds_text
from mmscheck.cli.say import say, write_stdout
from mmscheck.errors import MissingLedgerError, UsageError
from mmscheck.model.exits import Exit
from mmscheck.report.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Activity, Ledger
    from mmscheck.model.ledger import Hold

NEW = click.option(
    "--new",
    "new_ledger",
    is_flag=True,
    help="Also a ledger that nothing was sent through yet; makes a missing one.",
)
"""Says that no mistake is meant."""

_UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))


@click.command(name="hold")
@click.argument("reason", metavar="REASON")
@WHO
@LEDGER
@NEW
@FORMAT
def command(reason: str, *, who: str | None, where: str | None, new_ledger: bool, form: str) -> int:
    """Stop every send through this ledger, from now until ``mmscheck release``.

    Says which ledger that is, when it last sent, and what is in flight. One that nothing was ever sent
    through, or saved, is refused: the sends that are to be stopped go through another.

    Exit codes: 0 held, 2 usage or a ledger that nobody uses, 4 the ledger cannot be written: nothing is held
    then.
    """

    async def work(ledger: Ledger) -> int:
        if not new_ledger:
            _demand_used(await ledger.activity(), ledger.shown, "held")
        held = await ledger.hold(reason=reason, who=login(who))
        return await _written(ledger, (held,), form, "held")

    return _with_used_ledger(where, work, new=new_ledger, done="held")


@click.command(name="release")
@WHO
@LEDGER
@NEW
@FORMAT
def release(*, who: str | None, where: str | None, new_ledger: bool, form: str) -> int:
    """End every hold, so that sends go out again.

    Says which ledger that is, when it last sent, and what is in flight. One that holds nothing, and that
    nothing was ever sent through or saved, is refused: what was held is another.

    Exit codes: 0 nothing is held any more, 2 usage or a ledger that nobody uses, 4 the ledger cannot be
    written: what was held still is.
    """

    async def work(ledger: Ledger) -> int:
        if not new_ledger and not await ledger.held():
            _demand_used(await ledger.activity(), ledger.shown, "released")
        released = await ledger.release(who=login(who))
        return await _written(ledger, released, form, "released")

    return _with_used_ledger(where, work, new=new_ledger, done="released")


def _with_used_ledger(
    where: str | None, work: Callable[[Ledger], Awaitable[int]], *, new: bool, done: str
) -> int:
    """The work's exit code; raises UsageError where there is no ledger and no new one is wanted."""

    def opened() -> int:
        try:
            return with_ledger(where, work, create=new)
        except MissingLedgerError as missing:
            raise UsageError(_nobodys(visible(str(missing)), done)) from None

    return guarded(opened)


def _demand_used(activity: Activity, place: str, done: str) -> None:
    """Raise UsageError for a ledger that nobody has sent or saved through."""
    if not activity.used:
        raise UsageError(_nobodys(f"nothing was ever sent or saved through {visible(place)}", done))


def _nobodys(what: str, done: str) -> str:
    return (
        f"{what}: nothing was {done}. Name the ledger that the sends go through with --ledger or "
        "MMSCHECK_LEDGER; --new takes this one all the same"
    )


async def _written(ledger: Ledger, holds: tuple[Hold, ...], form: str, what: str) -> int:
    """Write the holds, and which ledger that is: beside JSON on standard error."""
    line = _activity_line(await ledger.activity(), ledger.shown)
    write_stdout(holds_text(holds, form, what))
    if form == "json":
        say(line)
    else:
        write_stdout(f"{line}\n")
    return int(Exit.PERMITTED)


def _activity_line(activity: Activity, place: str) -> str:
    """One line: which ledger, what is in flight, when it last sent."""
    last = "never sent" if activity.last is None else f"last sent {_ago(activity.last)} ago"
    flying = "1 send" if activity.in_flight == 1 else f"{activity.in_flight:,} sends"
    return f"ledger {visible(place)}: {flying} in flight, {last}"


def _ago(microseconds: int) -> str:
    seconds = max(0, int(time.time() - microseconds / 1_000_000))
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= 2 * size), _UNITS[-1])
    return f"{seconds // size} {unit}"
