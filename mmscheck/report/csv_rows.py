"""Findings as CSV (RFC 4180) for spreadsheets: a header, then one row for each finding; every cell is quoted.

Findings are evaluations that failed or could not be decided, waived or not, causes only, and what a waiver, a
send or, where no finding tells it, the gate has against the run. They stand message by message, as tables are
sorted and filtered anyhow. A run with nothing to look at has the header alone; a denied one never has.

Columns: ``run_verdict`` and ``exit_code`` of the run, ``message_verdict`` (empty in a row about the run):
permit, pass-offline, pass-media or deny; ``source`` and ``line``; ``target``, ``slide``, ``media`` (from 1);
``rule``; ``severity`` (empty for what the gate says); ``outcome``: failed or cant-tell; ``effect``: blocks,
advises or waived; ``crashed``: yes where the check itself broke; ``owner``; ``message``; ``reason``; ``why``;
``fix``; ``provider_codes``, by spaces; ``url``; ``waived_by`` with date and reason; ``details``, lines by
`` / ``; ``follows``: the rules that fail or are undecided because of this one, with targets, by semicolons;
``configuration``: the full path of the file that shaped the rules.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from mmscheck.report.escape import plain
from mmscheck.report.finding_words import leave
from mmscheck.report.findings import Effect, judged_one_by_one
from mmscheck.report.layout import shown
from mmscheck.report.rows import FlatRow
from mmscheck.report.rulings import run_rows, told_rows
from mmscheck.report.view import View, decision_value

COLUMNS = (
    *("run_verdict", "exit_code", "message_verdict", "source", "line", "target", "slide", "media"),
    *("rule", "severity", "outcome", "effect", "crashed", "owner", "message", "reason", "why", "fix"),
    *("provider_codes", "url", "waived_by", "details", "follows", "configuration"),
)
"""The header row."""


def render(view: View) -> str:
    """The whole table, UTF-8 without a mark, its lines ended by CR LF."""
    return "".join(parts(view))


def parts(view: View) -> Iterator[str]:
    """The table in pieces: the header, the rows of each message, and those about the run."""
    run = (decision_value(view.verdict), str(view.verdict.exit_code))
    shaped = shown(view.report.configuration or "")
    yield _written([COLUMNS])
    # Whether the run has a row of its own hangs on there being one that blocks; no more is kept of the rows.
    blocking: list[FlatRow] = []
    for one in judged_one_by_one(view):
        told = told_rows(view, one)
        word = decision_value(one.verdict)
        yield _written((*run, word, *_cells(row), shaped) for row in told)
        blocking = blocking or [row for row in told if row.effect is Effect.BLOCKS]
    yield _written((*run, "", *_cells(row), shaped) for row in run_rows(view, blocking))


def _written(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return text.getvalue()


def _cells(row: FlatRow) -> tuple[str, ...]:
    key = row.key
    return (
        shown(row.source),
        str(row.line or ""),
        key.kind.value if key else row.place,
        str((key and key.slide) or ""),
        str((key and key.media) or ""),
        row.rule,
        row.severity.value if row.severity else "",
        row.outcome.value,
        row.effect.value,
        "yes" if row.crashed else "",
        row.owner.value if row.owner else "",
        row.message,
        row.reason,
        row.why,
        " / ".join(row.fix),
        " ".join(row.codes),
        row.url or "",
        leave(row.waiver) if row.waiver else "",
        " / ".join(row.details),
        "; ".join(row.follows),
    )
