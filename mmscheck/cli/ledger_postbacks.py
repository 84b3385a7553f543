"""``mmscheck ledger postbacks``: what the provider has told, and what of it nobody here waits for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import FORMAT, LEDGER, guarded, with_ledger
from mmscheck.cli.ledger_shown import json_text
from mmscheck.cli.postbacks_shown import masked, postback_line
from mmscheck.cli.say import write_stdout
from mmscheck.report.clean import clean_text
from mmscheck.report.escape import visible
from mmscheck.report.finding_words import count

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
@FORMAT
@click.option("--unmatched", is_flag=True, help="Only what no send and no stored message here is about.")
def postbacks(where: str | None, form: str, *, unmatched: bool) -> int:
    """List the postbacks that came, one on a line, the newest last; numbers by their last four digits.

    With --unmatched those whose tracking id no send of the ledger has, and those without one, also what could
    not be read; encoding notifications of known mms-ids are left out.
    """

    async def work(ledger: Ledger) -> int:
        number = 0
        write_stdout("[" if form == "json" else "")
        async for postback in ledger.arrivals(unmatched=unmatched):
            number += 1
            about = await ledger.concerned(postback)
            lead = ",\n" if number > 1 else "\n"
            value = json_text(_value(postback, about)).rstrip() if form == "json" else ""
            write_stdout(f"{lead}{value}" if form == "json" else _line(postback, about))
        write_stdout("\n]\n" if form == "json" else f"{count(number, 'postback')}\n")
        return int(Exit.PERMITTED)

    return guarded(lambda: with_ledger(where, work))


def _line(postback: Postback, about: Concerned) -> str:
    body = postback.fields.get("body")
    line = postback_line(postback, about)
    if body is None or not _unreadable(postback):
        return f"{line}\n"
    why = visible(postback.fields.get("why", ""))
    return f"{line}  {why}: {visible(_cut(body)) or 'nothing'}\n"


def _unreadable(postback: Postback) -> bool:
    # The ledger brings SQLAlchemy.
    from mmscheck.ledger.incoming import UNREADABLE  # noqa: PLC0415

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
    safe = _NUMBER.sub(lambda found: masked(found.group()), clean_text(text))
    return _shortened(safe)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
