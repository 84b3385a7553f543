"""Which finding of a message is told with which other one: trees whose roots become the entries."""

from __future__ import annotations

from collections.abc import Sequence

from mmscheck.model.observation import NotFetched
from mmscheck.model.report import Evaluation, MessageReport, TargetKey
from mmscheck.model.words import Outcome, TargetKind
from mmscheck.report.causes import REACHABLE, follows, rank

LEADERS = ("xml-well-formed", REACHABLE)
"""Rules about having something to look at: where one does not hold, what others cannot tell follows."""


class Folding:
    """Finds for each finding of one message the one that it is told with; findings are named by position.

    ``found`` is every finding that no waiver let through. Crashes are told by themselves, and cause nothing.
    """

    def __init__(self, message: MessageReport, found: Sequence[Evaluation]) -> None:
        """Look at what was fetched for which medium, and at which findings can lead others."""
        self._found = found
        self._seen = {ref.index: message.observations.get(ref.url) for ref in message.media}
        self._missing = {
            index: seen.reason.value for index, seen in self._seen.items() if isinstance(seen, NotFetched)
        }
        able = [at for at, item in enumerate(found) if not item.crashed]
        self._leaders = {found[at].target: at for at in able if found[at].rule in LEADERS}
        self._led = {at: leader for at in able if (leader := self._leader(found[at])) is not None}
        self._free: dict[TargetKey, list[int]] = {}
        for at in able:
            if at not in self._led:
                self._free.setdefault(found[at].target, []).append(at)
        self._caused = {
            at: cause
            for free in self._free.values()
            for at in free
            if (cause := self._cause(found[at])) is not None
        }

    def root(self, at: int) -> int:
        """The finding that speaks for this one; itself when it stands alone."""
        while (above := self._led.get(at, self._caused.get(at))) is not None:
            at = above
        return at

    def is_undecided(self, at: int) -> bool:
        """True when it could not be looked at for want of a file or a document."""
        return at in self._led

    def is_unfetched(self, item: Evaluation) -> bool:
        """True when it is undecided for want of a file, and is not the rule about there being one."""
        return item.outcome is not Outcome.FAILED and item.rule not in LEADERS and bool(self.missing(item))

    def missing(self, item: Evaluation) -> str:
        """Why there is no file, when that is why the finding is undecided; empty otherwise."""
        # Checks put the reason in words of their own, but all of them quote why there is no file.
        if item.target.kind is TargetKind.MESSAGE:
            return next((why for why in self._missing.values() if why in item.reason), "")
        why = self._missing.get(item.target.media, "")
        return why if why in item.reason else ""

    def _leader(self, item: Evaluation) -> int | None:
        if item.outcome is Outcome.FAILED or item.rule in LEADERS:
            return None
        own = self._leaders.get(item.target)
        if item.target.kind is TargetKind.MESSAGE:
            return self._unfetched(item) if own is None else own
        return own if self.missing(item) else None

    def _unfetched(self, item: Evaluation) -> int | None:
        """The first medium that was not fetched, when this is why a rule about all of them is undecided."""
        unfetched = [
            leader
            for key, leader in self._leaders.items()
            if key.media in self._missing and self._missing[key.media] in item.reason
        ]
        return min(unfetched, default=None)

    def _cause(self, item: Evaluation) -> int | None:
        seen = self._seen.get(item.target.media)
        causes = [at for at in self._free[item.target] if follows(item, self._found[at], seen)]
        return min(causes, key=lambda at: rank(self._found[at]), default=None)
