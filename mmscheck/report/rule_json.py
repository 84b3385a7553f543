"""Rules as JSON: an array with one object per rule, by family."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from mmscheck.model.rule import FLOOR
from mmscheck.report.rule_entry import Entry, Number, in_order


class LimitItem(msgspec.Struct, frozen=True, kw_only=True):
    """The number a parameter got from the limits files."""

    param: str
    name: str
    value: int | float
    unit: str
    source: str
    checked: dt.date


class TextItem(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's words."""

    why: str
    fix: str
    failed: str
    cant_tell: str


class RuleItem(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; keys are stable once released. ``params`` has the numbers of ``limits`` put in."""

    id: str
    title: str
    severity: str
    target: str
    owner: str
    check: str
    params: dict[str, Any]
    limits: tuple[LimitItem, ...]
    provider_codes: tuple[str, ...]
    source: str
    text: TextItem
    family: str
    floor: bool


def render_json(entries: tuple[Entry, ...]) -> str:
    """The array as text, indented by two, ending with a line feed."""
    items = [_item(entry) for _, group in in_order(entries) for entry in group]
    return msgspec.json.format(msgspec.json.encode(items), indent=2).decode() + "\n"


def _item(entry: Entry) -> RuleItem:
    rule = entry.rule
    return RuleItem(
        id=rule.id,
        title=rule.title,
        severity=rule.severity.value,
        target=rule.target.value,
        owner=rule.owner.value,
        check=rule.check.name,
        params=entry.params,
        limits=tuple(_limit(number) for number in entry.applied),
        provider_codes=rule.provider_codes,
        source=rule.source,
        text=TextItem(
            why=rule.text.why, fix=rule.text.fix, failed=rule.text.failed, cant_tell=rule.text.cant_tell
        ),
        family=entry.family,
        floor=rule.id in FLOOR,
    )


def _limit(number: Number) -> LimitItem:
    return LimitItem(
        param=number.param,
        name=number.name,
        value=number.value,
        unit=number.unit,
        source=number.source,
        checked=number.checked,
    )
