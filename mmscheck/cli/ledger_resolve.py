"""``mmscheck ledger resolve``: settle unknown sends, by a person's word or by notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import FORMAT, LEDGER, WHO, guarded, login, with_ledger
from mmscheck.cli.ledger_shown import json_text, list_line
from mmscheck.cli.say import write_stdout
from mmscheck.errors import UsageError
from mmscheck.model.ledger import SendState
from mmscheck.report.finding_words import count

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger
    from mmscheck.model.ledger import SendRecord


@click.command(name="resolve")
@click.argument("ids", metavar="[ID ...]", type=int, nargs=-1)
@click.option("--as", "as_", type=click.Choice(["sent", "not-sent"]), help="What you found out.")
@click.option("--reason", metavar="TEXT", help="How you know.")
@click.option("--force", is_flag=True, help="Also what a living process claimed in the last 15 minutes.")
@click.option(
    "--from-postbacks", is_flag=True, help="Settle by the notifications that the ledger has, where certain."
)
@click.option("--campaign", metavar="ID", help="With --from-postbacks: the unknown sends of this campaign.")
@WHO
@LEDGER
@FORMAT
def resolve(
    ids: tuple[int, ...],
    *,
    as_: str | None,
    reason: str | None,
    force: bool,
    from_postbacks: bool,
    campaign: str | None,
    who: str | None,
    where: str | None,
    form: str,
) -> int:
    """Record what became of sends whose outcome is unknown; of several ids all or none.

    As not-sent, the same send may be made again; also what the provider refused, once its cause is mended.

    With --from-postbacks, for the ids or for a --campaign, an unknown send is settled by a notification with
    its number and message that came after its call, when its tracking id belongs to no other send and no
    other send can be meant. What is not certain stays unknown, and why is told.
    """
    sends = tuple(dict.fromkeys(ids))

    async def by_word(ledger: Ledger) -> int:
        if as_ is None or reason is None:
            raise UsageError("give --as sent|not-sent and --reason TEXT, or --from-postbacks")
        if not sends or campaign is not None:
            raise UsageError("give the ids of the sends; a --campaign is resolved --from-postbacks only")
        found = await ledger.resolve_all(sends, as_=as_, reason=reason, who=login(who), force=force)
        if form == "json":
            write_stdout(json_text(found[0] if len(found) == 1 else found))
        else:
            write_stdout("".join(map(list_line, found)))
        return int(Exit.PERMITTED)

    async def by_postbacks(ledger: Ledger) -> int:
        if as_ is not None or reason is not None or force:
            raise UsageError("--from-postbacks decides by itself: it takes no --as, --reason or --force")
        if bool(sends) == (campaign is not None):
            raise UsageError("--from-postbacks wants ids of sends, or --campaign ID")
        settled, left = await _settled(ledger, await _unknown(ledger, sends, campaign), login(who))
        if form == "json":
            stay = [{"id": send.id, "why": why} for send, why in left]
            write_stdout(json_text({"settled": settled, "left": stay}))
        else:
            stay_lines = [f"send {send.id} stays {send.state.value}: {why}\n" for send, why in left]
            last = f"{count(len(settled), 'send')} settled, {len(left)} left\n"
            write_stdout("".join([*map(list_line, settled), *stay_lines, last]))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, by_postbacks if from_postbacks else by_word))


async def _unknown(ledger: Ledger, ids: tuple[int, ...], campaign: str | None) -> list[SendRecord]:
    from mmscheck.ledger import Filter  # noqa: PLC0415 - see with_ledger

    if campaign is not None:
        wanted = Filter(state=SendState.UNKNOWN, campaign=campaign)
        return [send async for send in ledger.sends(wanted)]
    found = {one: await ledger.send(one) for one in ids}
    if missing := [one for one, send in found.items() if send is None]:
        raise UsageError(f"there is no send {', '.join(map(str, missing))} in the ledger")
    return [send for send in found.values() if send is not None]


async def _settled(
    ledger: Ledger, sends: list[SendRecord], who: str
) -> tuple[list[SendRecord], list[tuple[SendRecord, str]]]:
    """The sends that notifications have settled, and the others, each with why not."""
    settled, left = [], []
    for match in await ledger.matches(sends):
        record = await ledger.settle(match, who=who) if match.postback else None
        if record is not None:
            settled.append(record)
        else:
            left.append((match.send, "it was changed meanwhile" if match.postback else match.why))
    return settled, left
