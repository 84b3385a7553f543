"""What became of each row, counted as it happens; rows worth a look are listed, the rest is numbers."""

from __future__ import annotations

import csv
from collections import Counter, deque
from typing import IO

from mmscheck.campaign.limits import LEAST_FAILURES, SAMPLE, Limits
from mmscheck.campaign.rows import Row
from mmscheck.errors import ReportError
from mmscheck.model.campaign import RowFate, RowNote

MOST_NOTES = 20
"""Rows that a report lists by themselves; the file of rows has them all."""

_LEFT = "left"
"""What the file of rows calls one that was let through and not reached."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Counts = Counter[str]


class Tally:
    """Counts by what became of rows, the first notes, and a CSV file of all notes where one is wanted."""

    def __init__(self, log: IO[str] | None = None) -> None:
        """``log`` is an open text file, which stays open."""
        self.counts: Counts = Counter()
        self.had_from: Counts = Counter()
        self.notes: list[RowNote] = []
        self.more = 0
        self._log = log
        self._writer = csv.writer(log) if log else None
        self._write("line", "to", "fate", "columns", "detail")

    def note(self, note: RowNote) -> None:
        """Count and list a row that somebody has to look at; raises ReportError when it cannot be written."""
        self.counts[note.fate] += 1
        if len(self.notes) < MOST_NOTES:
            self.notes.append(note)
        else:
            self.more += 1
        self._log_row(note)

    def has_it(self, note: RowNote, campaign: str | None) -> None:
        """Count a row whose number has the message, from that campaign or a send of its own.

        There may be too many to list, and nobody has to look at one.
        """
        self.counts[note.fate] += 1
        self.had_from[campaign or ""] += 1
        self._log_row(note)

    def _log_row(self, note: RowNote) -> None:
        self._write(str(note.line), note.to, note.fate.value, " ".join(note.columns), note.detail)

    def left(self, row: Row) -> None:
        """List a row that was let through and not reached; raises ReportError when it cannot be written."""
        self._write(str(row.line), row.to, _LEFT, "", "Not reached before the campaign stopped.")

    def _write(self, *cells: str) -> None:
        if self._writer is None or self._log is None:
            return
        try:
            self._writer.writerow([_harmless(cell) for cell in cells])
            self._log.flush()
        except OSError as error:
            raise ReportError(f"the list of rows could not be written: {error.strerror}") from error


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, and that stays on one line."""
    shown = "".join(char if char.isprintable() else " " for char in cell)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


class Health:
    """The failures among the last sends."""

    def __init__(self, limits: Limits) -> None:
        """``limits`` says how many are too many."""
        self._limits = limits
        self._last: deque[bool] = deque(maxlen=SAMPLE)
        self._failures = 0

    def count(self, *, failed: bool) -> str | None:
        """Count one send; why the campaign must stop, or None."""
        self._last.append(failed)
        self._failures += failed
        if self._limits.failures is not None and self._failures >= max(1, self._limits.failures):
            return f"{self._failures} sends failed, and --max-failures is {self._limits.failures}"
        lately = sum(self._last)
        if lately >= LEAST_FAILURES and lately >= self._limits.failure_share * len(self._last):
            return f"{lately} of the last {len(self._last)} sends failed (refused, not sent or unknown)"
        return None


FAILED = frozenset({RowFate.REFUSED, RowFate.NOT_SENT, RowFate.UNKNOWN})
"""Ends that count against a campaign."""
