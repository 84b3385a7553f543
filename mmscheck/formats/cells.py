"""Cells of a table for spreadsheets."""

from __future__ import annotations

import re

# At the beginning of a cell, and of what a spreadsheet with another list separator takes for a cell.
_FORMULA = re.compile(r"(^|[;|\t])([\s\"]*+)(?=[=+\-@＝＋－＠])")  # noqa: RUF001 - spreadsheets take the full-width signs too


def plain(cell: str) -> str:
    """The cell, with an apostrophe before whatever a spreadsheet would take for a formula."""
    return _FORMULA.sub(r"\1'\2", cell)
