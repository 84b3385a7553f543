"""A run over a fleet as text, Markdown, HTML, CSV or JSON lines, piece by piece."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

from mmscheck.fleet.reading import Filters, RunReader, RunSummary
from mmscheck.report.escape import plain, visible
from mmscheck.report.html.markup import Markup, join, tag
from mmscheck.report.html.site import HtmlPage, look, main

WIDTH = 100
"""Characters of a line of text before its last column is cut."""


class RunTable(msgspec.Struct, frozen=True, kw_only=True):
    """A heading and rows of cells; ``more`` says what is not shown."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str = ""


def pieces(form: str, reader: RunReader, filters: Filters, most: int) -> Iterator[str]:
    """The report in one of `FORMATS`."""
    return FORMATS[form](reader, filters, most)


def verdict_line(summary: RunSummary) -> str:
    """The decision and its counts in a sentence."""
    total = summary.total
    word = {0: "NOTHING BLOCKS", 1: "DENY", 2: "NOT ALL READ", 3: "DENY"}.get(total.exit_code, "DENY")
    return (
        f"{word}: {total.messages:,} messages, {total.permitted:,} that nothing blocks, "
        f"{total.denied:,} denied, {total.undecided:,} that could not be decided (exit {total.exit_code})"
    )


def notes(summary: RunSummary) -> list[str]:
    """What concerns the whole run: why it is denied as such, what was let through, what it permits."""
    run, total = summary.run, summary.total
    return [
        *total.reasons,
        *total.allowances,
        *run.notes,
        *(
            f"waiver of {use.waiver.rule} by {use.waiver.who}: {use.state.value}, {use.matches:,} findings"
            for use in total.waivers
        ),
        f"{run.urls:,} URLs, checked from {run.started} on; rules {run.ruleset_digest[:19]}.",
        "This permits no send: each has its own fresh check.",
    ]


def tables(summary: RunSummary) -> list[RunTable]:
    """What people read, the most important first."""
    return [
        RunTable(
            title="What was found",
            columns=("rule", "effect", "outcome", "findings", "messages", "hosts", "for example"),
            rows=tuple(
                (
                    cause.rule,
                    "blocks" if cause.blocks else "advises",
                    cause.outcome,
                    f"{cause.findings:,}",
                    f"{cause.messages:,}",
                    f"{cause.hosts:,}",
                    f"{cause.source}: {cause.example}",
                )
                for cause in summary.causes
            ),
        ),
        _counted("Hosts", "host", summary.hosts),
        _counted("Who can mend it", "owner", summary.owners),
        RunTable(
            title="Messages that may not go out",
            columns=("message", "outcome", "blocked by"),
            rows=tuple(
                (each.source, "undecided" if each.undecided else "denied", ", ".join(each.rules))
                for each in summary.denied
            ),
            more=_more(summary.denied_count - len(summary.denied), "messages"),
        ),
    ]


def _counted(title: str, column: str, counts: Sequence[Any]) -> RunTable:
    return RunTable(
        title=title,
        columns=(column, "findings", "messages"),
        rows=tuple((each.name, f"{each.findings:,}", f"{each.messages:,}") for each in counts),
    )


def _more(count: int, what: str) -> str:
    return f"{count:,} more {what}: --format csv or jsonl has all" if count > 0 else ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What people read: a title, the decision in a line, notes on the whole, and tables."""

    title: str
    line: str
    notes: tuple[str, ...]
    tables: tuple[RunTable, ...]


def _sheet(reader: RunReader, filters: Filters, most: int) -> Sheet:
    summary = reader.summary(filters, most)
    return Sheet(
        title="A run over many messages",
        line=verdict_line(summary),
        notes=tuple(notes(summary)),
        tables=tuple(tables(summary)),
    )


def as_text(sheet: Sheet) -> Iterator[str]:
    """For a terminal."""
    yield f"{visible(sheet.line)}\n"
    yield from (f"  {visible(note)}\n" for note in sheet.notes)
    for table in sheet.tables:
        if table.rows:
            yield f"\n{table.title}\n"
            yield from _aligned(table)
            if table.more:
                yield f"  {table.more}\n"


def _aligned(table: RunTable) -> Iterator[str]:
    rows = [table.columns, *([visible(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.columns) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        line = "  ".join((*cells, row[-1]))
        yield f"  {line if len(line) <= WIDTH * 2 else line[: WIDTH * 2 - 1] + '…'}".rstrip() + "\n"


def as_markdown(sheet: Sheet) -> Iterator[str]:
    """For a comment or a wiki."""
    yield f"**{_cell(sheet.line)}**\n\n"
    yield from (f"- {_cell(note)}\n" for note in sheet.notes)
    for table in sheet.tables:
        if table.rows:
            yield f"\n## {table.title}\n\n"
            yield from (
                f"| {' | '.join(cells)} |\n"
                for cells in (
                    table.columns,
                    ["---"] * len(table.columns),
                    *([_cell(cell) for cell in row] for row in table.rows),
                )
            )
            if table.more:
                yield f"\n{table.more}\n"


def _cell(text: str) -> str:
    told = "".join(f"\\{char}" if char in r"\`*_{}[]<>()#|!~" else char for char in visible(text))
    return told.replace("@", "@\u2060").replace("\n", " ")


def as_html(sheet: Sheet) -> Iterator[str]:
    """As one page."""
    page = HtmlPage(look=look(), title=f"mmscheck: {sheet.title[0].lower()}{sheet.title[1:]}")
    yield page.opening(skip="To the report")
    yield from main(
        [
            tag("h1", sheet.title),
            tag("p", visible(sheet.line), class_="verdict"),
            tag("ul", *(tag("li", visible(note)) for note in sheet.notes)),
            *(_html_table(table) for table in sheet.tables if table.rows),
        ]
    )
    yield page.closing()


def _html_table(table: RunTable) -> Markup:
    head = tag("thead", tag("tr", *(tag("th", column, scope="col") for column in table.columns)))
    body = tag("tbody", *(tag("tr", *(tag("td", visible(cell)) for cell in row)) for row in table.rows))
    return join(
        tag("h2", table.title),
        tag(
            "div",
            tag("table", head, body),
            class_="scroll",
            role="region",
            tabindex=0,
            aria_label=table.title,
        ),
        tag("p", table.more) if table.more else None,
    )


def _csv(reader: RunReader, filters: Filters, _most: int) -> Iterator[str]:
    columns, rows = reader.findings(filters)
    return csv_lines(columns, rows)


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A table for spreadsheets (RFC 4180), a line at a time; no cell is taken for a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    for row in chain((columns,), rows):
        writer.writerow([plain(_told(cell)) for cell in row])
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _told(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _jsonl(reader: RunReader, filters: Filters, _most: int) -> Iterator[str]:
    total = msgspec.to_builtins(reader.total)
    run = {
        "started": reader.run.started,
        "ruleset_digest": reader.run.ruleset_digest,
        "urls": reader.run.urls,
    }
    yield json.dumps({"run": {**run, **total}}, ensure_ascii=True) + "\n"
    for message in reader.messages(filters):
        yield json.dumps({"message": message}, ensure_ascii=True, default=str) + "\n"


FORMATS: dict[str, Callable[[RunReader, Filters, int], Iterator[str]]] = {
    "text": lambda *of: as_text(_sheet(*of)),
    "html": lambda *of: as_html(_sheet(*of)),
    "csv": _csv,
    "markdown": lambda *of: as_markdown(_sheet(*of)),
    "jsonl": _jsonl,
}
"""By name; ``csv`` has a row for each finding, ``jsonl`` a line for the run and one for each message."""
