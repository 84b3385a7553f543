"""What is odd in a file that phones can read all the same, noted with the lines it stands in."""

from __future__ import annotations

SHOWN = 3
"""Lines that are named for one oddity before the others are counted."""


class Oddities:
    """Notes on a file, each kind told once; the kinds are few, so many notes take little room."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lines: dict[str, list[int]] = {}
        self._more: dict[str, int] = {}

    def add(self, what: str, line: int) -> None:
        """Note what stands in that line, counted from 1; ``what`` never quotes the file."""
        lines = self._lines.setdefault(what, [])
        if len(lines) < SHOWN:
            lines.append(line)
        else:
            self._more[what] = self._more.get(what, 0) + 1

    def told(self) -> tuple[str, ...]:
        """Each kind with its lines, in the order in which they were found."""
        return tuple(f"{what} ({self._where(what)})" for what in self._lines)

    def _where(self, what: str) -> str:
        lines = [str(line) for line in self._lines[what]]
        if more := self._more.get(what):
            lines.append(f"{more} more")
        *first, last = lines
        return f"lines {', '.join(first)} and {last}" if first else f"line {last}"
