"""The documented rules of getMMSTemplates: which saved messages to list."""

from __future__ import annotations

import datetime as dt

from mmscheck.sandbox.calls import Fields, Node
from mmscheck.sandbox.refusal import Refusal
from mmscheck.sandbox.store import Saved, Store

DEFAULT_ITEMS = 100
MAX_ITEMS = 1000


def list_templates(call: Node, store: Store) -> Fields:
    """The answer's fields after the status; raises Refusal for E212, E213 and E214."""
    page = _number(call, "page-number", 1, 1_000_000, "E212")
    items = _number(call, "items-per-page", DEFAULT_ITEMS, MAX_ITEMS, "E213")
    start = call.text("start-date")
    since = _moment(start) if start is not None else None
    found = [saved for saved in store.newest_first() if since is None or saved.created >= since]
    shown = found[(page - 1) * items : page * items]
    return [
        *([("start-date", start.strip())] if start is not None else []),
        ("page-number", str(page)),
        ("items-per-page", str(items)),
        ("total-results", str(len(found))),
        *(("mms-template", _row(saved)) for saved in shown),
    ]


def _row(saved: Saved) -> Fields:
    return [
        ("mms-id", saved.mms_id),
        ("mms-name", saved.template.name),
        ("mms-subject", saved.template.subject),
        ("date-created", saved.created.isoformat()),
        ("total-slides", str(len(saved.template.slides))),
        ("mms-size", str(saved.size)),
    ]


def _number(call: Node, name: str, default: int, largest: int, code: str) -> int:
    text = call.text(name)
    if text is None:
        return default
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or not 1 <= int(digits[:9]) <= largest:
        raise Refusal(code, f"The {name} must be a whole number from 1 to {largest}.")
    return int(digits)


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refusal("E214", "The start-date must be like 2026-03-31T11:30:00+00:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
