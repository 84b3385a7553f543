"""``mmscheck ledger postbacks`` and ``resolve``: what the provider has told, and what is settled by it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mmscheck import ledger as ledgers
from mmscheck.base.text import count
from mmscheck.cli.ledger_open import FORMAT, LEDGER, TABLE_FORMAT, WHO, guarded, login, with_ledger
from mmscheck.cli.ledger_text import csv_row, iso, json_text, list_line, masked, postback_line
from mmscheck.cli.say import write_stdout
from mmscheck.errors import UsageError
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import UNREADABLE, SendState
from mmscheck.report.clean import clean_text
from mmscheck.report.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Concerned, Ledger
    from mmscheck.model.ledger import Postback, SendRecord

_LONGEST = 160
"""Characters of what a stranger wrote: enough to tell what it is."""

_NUMBER = re.compile(r"(?<!\w)\+?[0-9]{8,15}(?!\w)")
"""What may be a telephone number in other text: with its country code it has 8 to 15 digits (ITU-T E.164)."""

_PLAIN = frozenset({"code", "tracking-id", "mms-id", "status"})
"""Fields that hold no number of a phone, and that people search for as they came."""


@click.command(name="postbacks")
@LEDGER
@TABLE_FORMAT
@click.option("--unmatched", is_flag=True, help="Only what no send and no stored message here is about.")
def postbacks(where: str | None, form: str, *, unmatched: bool) -> int:
    """List the postbacks that came, one on a line, the newest last; numbers by their last four digits.

    With --unmatched those whose tracking id no send of the ledger has, and those without one, also what could
    not be read; encoding notifications of known mms-ids are left out.
    """

    async def work(ledger: Ledger) -> int:
        number = 0
        write_stdout({"json": "[", "csv": csv_row(_COLUMNS)}.get(form, ""))
        async for postback in ledger.arrivals(unmatched=unmatched):
            number += 1
            about = await ledger.concerned(postback)
            if form == "json":
                lead = ",\n" if number > 1 else "\n"
                write_stdout(f"{lead}{json_text(_value(postback, about)).rstrip()}")
            else:
                write_stdout(_csv(postback, about) if form == "csv" else _line(postback, about))
        write_stdout({"json": "\n]\n", "csv": ""}.get(form, f"{count(number, 'postback')}\n"))
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


_COLUMNS = (
    *("received_at", "code", "meaning", "status", "recipient", "mms_id", "tracking_id", "account"),
    *("sends", "proposed", "fields"),
)
"""The columns of ``ledger postbacks --format csv``: ids of sends by spaces, fields as ``name: text``."""


def _csv(postback: Postback, about: Concerned) -> str:
    value = _value(postback, about)
    value |= {name: " ".join(str(each["id"]) for each in value[name]) for name in ("sends", "proposed")}
    value |= {"received_at": iso(postback.received_at), "meaning": postback.meaning.value}
    value["fields"] = "; ".join(f"{name}: {text}" for name, text in value["fields"].items())
    return csv_row([value[name] for name in _COLUMNS])


def _line(postback: Postback, about: Concerned) -> str:
    body = postback.fields.get("body")
    line = postback_line(postback, about)
    if body is None or not _unreadable(postback):
        return f"{line}\n"
    why = visible(postback.fields.get("why", ""))
    return f"{line}  {why}: {visible(_cut(body)) or 'nothing'}\n"


def _unreadable(postback: Postback) -> bool:
    return postback.code == UNREADABLE


def _value(postback: Postback, about: Concerned) -> dict[str, Any]:
    """As ``ledger show`` tells a postback, with the sends that it is or may be about."""
    value = msgspec.structs.asdict(postback)
    value["recipient"] = postback.recipient and masked(postback.recipient)
    value["fields"] = _fields(postback.fields)
    return {**value, "sends": _named(about.sends), "proposed": _named(about.proposed)}


def _named(sends: tuple[SendRecord, ...]) -> list[dict[str, Any]]:
    return [{"id": send.id, "state": send.state.value} for send in sends]


def _fields(fields: Mapping[str, str]) -> dict[str, str]:
    return {_cut(name): _field(name, text) for name, text in fields.items()}


def _field(name: str, text: str) -> str:
    if name in {"to", "from"}:
        return masked(re.sub(r"[^0-9]", "", text))
    return _shortened(clean_text(text)) if name in _PLAIN else _cut(text)


def _cut(text: str) -> str:
    """A stranger's text without the secrets of URLs, with numbers masked, and not long."""
    safe = _NUMBER.sub(lambda number: masked(number.group()), clean_text(text))
    return _shortened(safe)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


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
        resolved = await ledger.resolve_all(sends, as_=as_, reason=reason, who=login(who), force=force)
        if form == "json":
            write_stdout(json_text(resolved[0] if len(resolved) == 1 else resolved))
        else:
            write_stdout("".join(map(list_line, resolved)))
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
    if campaign is not None:
        wanted = ledgers.Filter(state=SendState.UNKNOWN, campaign=campaign)
        return [send async for send in ledger.sends(wanted)]
    by_id = {one: await ledger.send(one) for one in ids}
    if missing := [one for one, send in by_id.items() if send is None]:
        raise UsageError(f"there is no send {', '.join(map(str, missing))} in the ledger")
    return [send for send in by_id.values() if send is not None]


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
