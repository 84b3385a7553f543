"""What a campaign tells on a terminal: judged, sent, how fast, how long it will take."""

from __future__ import annotations

from mmscheck.campaign.counts import Watcher
from mmscheck.cli.progress import Progress, ProgressStage


class CampaignProgress(Watcher):
    """A campaign's steps on the line of progress."""

    def __init__(self, line: Progress) -> None:
        """``line`` is drawn by itself."""
        self._line = line
        self._judged = line.stage("judged")
        self._sent: ProgressStage | None = None
        self._failed = 0
        self._waiting = ""
        line.remark(lambda _now: self._remark())

    def judged(self, rows: int) -> None:
        """So many rows have been judged."""
        self._judged.add(rows - self._judged.done)

    def begun(self, total: int) -> None:
        """The sending begins."""
        self._sent = self._line.stage("sent", total)

    def ended(self, done: int, failed: int) -> None:
        """So many have ended."""
        if self._sent is not None:
            self._sent.add(done - self._sent.done)
        self._failed, self._waiting = failed, ""

    def waiting(self, what: str) -> None:
        """Nothing goes out for now."""
        self._waiting = what

    def _remark(self) -> str:
        failed = f"{self._failed:,} failed" if self._failed else ""
        return ", ".join(filter(None, (failed, self._waiting)))
