"""The tables of a run of many messages, as text: what blocks them, at which server, and who can fix it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from mmscheck.base.text import count
from mmscheck.report.layout import Page, Style, shown, shown_url
from mmscheck.report.rollup import HostTally, OwnerTally, Rollup, RuleTally

T = TypeVar("T")

MOST_ROWS = 10
"""Rows of a table; those left out are counted."""

_MOST_RULES = 3
_WIDEST = 40


def rollup_lines(tables: Rollup, page: Page) -> Iterator[str]:
    """Three tables, empty ones left out, and an empty line behind them."""
    blocking = [row for row in tables.rules if row.blocks]
    advice = [row for row in tables.rules if not row.blocks]
    yield from _table("What blocks, by rule", [(row.rule, _rule(row, tables.unit)) for row in blocking], page)
    yield from _table("Advice, by rule", [(row.rule, _rule(row, tables.unit)) for row in advice], page)
    yield from _table(
        "Where, by web server", [(shown_url(row.host), _host(row)) for row in tables.hosts], page
    )
    yield from _table(
        "Who can fix it", [(_name(row), _owner(row, tables.unit)) for row in tables.owners], page
    )
    yield ""


def _table(title: str, rows: Sequence[tuple[str, str]], page: Page) -> Iterator[str]:
    if not rows:
        return
    told = rows[:MOST_ROWS]
    width = min(_WIDEST, max(len(name) for name, _ in told))
    yield ""
    yield page.paint(title, Style.STRONG)
    for name, text in told:
        yield from page.block(text, indent=2, label=f"{shown(name):<{width}}  ", hang=width + 2)
    if len(rows) > len(told):
        yield f"  and {len(rows) - len(told):,} more (--format json has every finding)"


def _rule(row: RuleTally, unit: str) -> str:
    files = f", {count(row.media, 'media file')}" if row.media and unit != "file" else ""
    return f"{count(row.messages, unit)}{files}"


def _host(row: HostTally) -> str:
    named = ", ".join(map(shown, row.rules[:_MOST_RULES]))
    more = f" and {len(row.rules) - _MOST_RULES} more" if len(row.rules) > _MOST_RULES else ""
    about = f"{count(row.messages, 'message')}, {count(row.media, 'media file')}: {named}{more}."
    return f"{about} {_mended(row)}" if row.alone else about


def _mended(row: HostTally) -> str:
    """What fixing this one server would do, no surer than it is."""
    if not row.unsure:
        return f"Fix this one server and {count(row.alone, 'message passes', 'messages pass')}."
    against = "1 message has" if row.alone == 1 else f"{row.alone:,} messages have"
    unseen = "its files" if row.unsure == row.alone == 1 else f"the files of {row.unsure:,} of them"
    return f"Without its faults {against} nothing known against them; {unseen} could not be looked at yet."


def _owner(row: OwnerTally, unit: str) -> str:
    share = "" if row.alone == row.messages else f"{row.alone:,} of them "
    alone = f", {share}for this alone" if row.alone else ""
    return f"{count(row.messages, unit)} denied{alone}; {count(row.findings, 'finding')}"


def _name(row: OwnerTally) -> str:
    return row.owner.value if row.owner else "not clear"
