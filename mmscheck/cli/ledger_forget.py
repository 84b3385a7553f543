"""``mmscheck ledger forget`` and ``export``: what the ledger has of a number, and taking it out again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from mmscheck.base.text import count
from mmscheck.cli.ledger_open import LEDGER, WHO, guarded, login, with_ledger
from mmscheck.cli.ledger_text import json_text
from mmscheck.cli.plan import duration
from mmscheck.cli.say import write_stdout
from mmscheck.errors import UsageError
from mmscheck.model.exits import Exit

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger
    from mmscheck.ledger.forgetting import Forgotten


@click.command(name="forget")
@click.argument("number", metavar="[NUMBER]", required=False)
@click.option("--older-than", metavar="DURATION", help="Every number of what is older and settled: 400d.")
@click.option("--reason", required=True, metavar="TEXT", help="Why, for those who read it later.")
@WHO
@LEDGER
def forget(
    number: str | None, older_than: str | None, reason: str, who: str | None, where: str | None
) -> int:
    """Put keyed digests in place of a number, or of all old ones, in the ledger and its whole history.

    The chain stays whole: verify finds nothing. What was sent once is not sent again, and who is on the
    suppression list stays there. The key is in the ledger: whoever has all of it can still try numbers.
    Copies of the ledger, reports and files of recipients are not touched. Notifications lose their words.
    """
    if (number is None) == (older_than is None):
        raise UsageError("give a NUMBER, or --older-than DURATION")
    before = None if older_than is None else time.time() - duration("--older-than", older_than, "400d")

    async def work(ledger: Ledger) -> int:
        name = login(who)
        if number is not None:
            done = await ledger.forget(number, reason=reason, who=name)
        else:
            assert before is not None  # noqa: S101 - one of the two is given
            done = await ledger.forget_before(before, reason=reason, who=name)
        write_stdout(f"{_told(done)}\n")
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


def _told(done: Forgotten) -> str:
    parts = (
        count(done.sends, "send"),
        count(done.postbacks, "notification"),
        count(done.suppressions, "suppression"),
    )
    return f"forgotten in {', '.join(parts)}, and in {count(done.rows, 'row')} of the history"


@click.command(name="export")
@click.argument("number", metavar="NUMBER")
@LEDGER
def export(number: str, where: str | None) -> int:
    """Write all that the ledger has of a number as JSON: sends, notifications, suppressions."""

    async def work(ledger: Ledger) -> int:
        from mmscheck.ledger import number_form  # noqa: PLC0415 - SQLAlchemy takes its time

        write_stdout(json_text(await ledger.known_of(number_form(number))))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))
