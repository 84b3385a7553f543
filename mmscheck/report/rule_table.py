"""Rules as a table for a terminal, by family."""

from __future__ import annotations

from mmscheck.model.rule import FLOOR
from mmscheck.model.words import Severity
from mmscheck.report.layout import Page, Style, shown
from mmscheck.report.rule_entry import FAMILIES, Entry, in_order

ROOM_FOR_TITLES = 30
"""Columns: with fewer left for the titles each rule gets two lines instead of a row."""

_INDENT = 2
_HEAD = ("rule", "severity", "target", "owner")


def render_table(entries: tuple[Entry, ...], page: Page) -> str:
    """One row per rule with id, severity, target, owner and title; narrow pages put the title below."""
    widths = [max(len(row[column]) for row in (_HEAD, *map(_cells, entries))) for column in range(len(_HEAD))]
    if page.width - _INDENT - sum(widths) - 2 * len(widths) < ROOM_FOR_TITLES:
        widths = []
    lines = [_row(_HEAD, "title", page, widths, Style.FAINT)[0]] if widths else []
    for family, group in in_order(entries):
        lines += ["", page.paint(f"{family}: {FAMILIES.get(family, 'others')}", Style.STRONG)]
        for entry in group:
            lines += _row(_cells(entry), entry.rule.title, page, widths)
    return "\n".join([*lines, "", *page.block(_summary(entries), indent=0)]).lstrip("\n") + "\n"


def _cells(entry: Entry) -> tuple[str, ...]:
    rule = entry.rule
    return (shown(rule.id), rule.severity.value, rule.target.value, rule.owner.value)


def _row(
    cells: tuple[str, ...], title: str, page: Page, widths: list[int], style: Style = Style.PLAIN
) -> list[str]:
    if not widths:
        head = page.block(f"{cells[0]}  {', '.join(cells[1:])}", indent=_INDENT)
        return [*head, *page.block(shown(title), indent=2 * _INDENT)]
    label = "".join(cell.ljust(width + 2) for cell, width in zip(cells, widths, strict=True))
    return page.block(shown(title), indent=_INDENT, label=label, style=style)


def _summary(entries: tuple[Entry, ...]) -> str:
    errors = sum(1 for entry in entries if entry.rule.severity is Severity.ERROR)
    floor = sum(1 for entry in entries if entry.rule.id in FLOOR)
    return (
        f"{len(entries)} rules: {errors} guard the gate ({floor} of them are the floor), "
        f"{len(entries) - errors} advise. More about one: mmscheck rules explain ID"
    )
