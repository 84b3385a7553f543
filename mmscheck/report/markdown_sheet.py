"""A page of Markdown that never gets longer than it may, and says what it left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Sheet:
    """Lines and how many bytes of UTF-8 they are; one sheet serves one report."""

    def __init__(self) -> None:
        """Start empty."""
        self._lines: list[str] = []
        self._size = 0

    def put(self, *lines: str, upto: int) -> bool:
        """Add all of the lines, or none where the page would get longer than ``upto`` bytes."""
        size = sum(len(line.encode()) + 1 for line in lines)
        if self._size + size > upto:
            return False
        self._lines += lines
        self._size += size
        return True

    def fill(self, head: Sequence[str], lines: Iterable[str], *, upto: int) -> int:
        """Add the head and as many of the lines as fit below it; returns how many those are.

        The head is left out where not even the first line fits. No line is asked for after one that did not.
        """
        kept = 0
        for line in lines:
            if not self.put(*(() if kept else head), line, upto=upto):
                break
            kept += 1
        return kept

    def text(self) -> str:
        """The whole page, ending with a line feed."""
        return "\n".join(self._lines) + "\n"
