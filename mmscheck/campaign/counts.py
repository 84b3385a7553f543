"""What became of each row, counted as it happens and told as it happens."""

from __future__ import annotations

import csv
from collections import Counter
from typing import IO

from mmscheck.campaign.recipients import Recipient
from mmscheck.errors import ReportError
from mmscheck.model.campaign import RowFate, RowNote

MOST_NOTES = 20
"""Rows that a report lists by themselves; the file of rows has them all."""

_LEFT = "left"
"""What the file of rows calls one that was let through and not reached."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

FAILED = frozenset({RowFate.REFUSED, RowFate.NOT_SENT, RowFate.UNKNOWN})
"""Ends that count against a campaign."""


class RowCounts:
    """How many rows came to which end, the first notes, and a CSV file of all notes where one is wanted.

    ``ends`` counts by `RowFate`, and ``accepted`` and ``recorded``.
    """

    def __init__(self, log: IO[str] | None = None) -> None:
        """``log`` is an open text file, which stays open."""
        self.ends: Counter[str] = Counter()
        self.had_from: Counter[str] = Counter()
        self.notes: list[RowNote] = []
        self.more = 0
        self._log = log
        self._writer = csv.writer(log) if log else None
        self._write("line", "to", "fate", "columns", "detail")

    def note(self, note: RowNote) -> None:
        """Count and list a row that somebody has to look at; raises ReportError when it cannot be written."""
        self.ends[note.fate] += 1
        if len(self.notes) < MOST_NOTES:
            self.notes.append(note)
        else:
            self.more += 1
        self._log_row(note)

    def withheld(self, note: RowNote) -> None:
        """Count a row whose number is not to be texted, as the list of numbers or the country has it."""
        self.ends[note.fate] += 1
        self._log_row(note)

    def has_it(self, note: RowNote, campaign: str | None) -> None:
        """Count a row whose number has the message, from that campaign or a send of its own.

        There may be too many to list, and nobody has to look at one.
        """
        self.ends[note.fate] += 1
        self.had_from[campaign or ""] += 1
        self._log_row(note)

    def _log_row(self, note: RowNote) -> None:
        self._write(str(note.line), note.to, note.fate.value, " ".join(note.columns), note.detail)

    def left(self, row: Recipient) -> None:
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
    line = "".join(char if char.isprintable() else " " for char in cell)
    return f"'{line}" if line.startswith(_FORMULA) else line


class Watcher:
    """Told of every step; this one does nothing with it."""

    def judged(self, rows: int) -> None:
        """So many rows have been judged."""

    def begun(self, total: int) -> None:
        """The sending begins; so many rows are to be sent."""

    def ended(self, done: int, failed: int) -> None:
        """So many of them have ended, and so many of those were not accepted."""

    def waiting(self, what: str) -> None:
        """Nothing is sent for now, and why."""

    def closed(self) -> None:
        """There is nothing more to tell."""
