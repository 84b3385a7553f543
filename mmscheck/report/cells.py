"""Cells of a table for spreadsheets."""

from __future__ import annotations

import re

_SIGNS = "=+\\-@＝＋－＠"  # noqa: RUF001 - spreadsheets take the full-width signs too
# The beginning of a cell, and of what a spreadsheet with another list separator takes for a cell. What stands
# between them is taken first, so that each character is looked at once.
_FORMULA = re.compile(rf"(^|[;|\t])((?:(?![\t])[\s\"])*+)(?=[{_SIGNS}])")


def plain(cell: str) -> str:
    """The cell, with an apostrophe before whatever a spreadsheet would take for a formula."""
    return _FORMULA.sub(r"\1'\2", cell)
