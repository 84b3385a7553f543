"""What a campaign tells while it runs."""

from __future__ import annotations


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
