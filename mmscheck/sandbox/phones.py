"""What each phone received: the truth that a ledger is compared with."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

KEPT = 1_000_000
"""Different messages to different phones that are counted; what comes beyond is only numbered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message on one phone and how often it came; more than once is a message too many."""

    mms_id: str
    digest: str
    times: int


class Phones:
    """Counts by number, mms-id and digest.

    A phone has a message the moment the provider takes the send, before any answer or postback tells of it.
    """

    def __init__(self) -> None:
        """No phone has anything."""
        self._counts: dict[str, Counter[tuple[str, str]]] = {}
        self._kinds = 0
        self.total = 0
        self.uncounted = 0

    def deliver(self, number: str, mms_id: str, digest: str) -> None:
        """One message arrives on one phone."""
        self.total += 1
        known = self._counts.get(number)
        if known is None or (mms_id, digest) not in known:
            if self._kinds >= KEPT:
                self.uncounted += 1
                return
            self._kinds += 1
        self._counts.setdefault(number, Counter())[mms_id, digest] += 1

    def received(self, number: str) -> tuple[Received, ...]:
        """What one phone received, in order of first arrival; empty for a phone that got nothing."""
        found = self._counts.get(number, Counter())
        return tuple(
            Received(mms_id=mms_id, digest=digest, times=times) for (mms_id, digest), times in found.items()
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """How many messages each phone received."""
        return MappingProxyType({number: found.total() for number, found in self._counts.items()})

    @property
    def repeated(self) -> Mapping[str, tuple[Received, ...]]:
        """The phones that received one message more than once, and which."""
        doubled = {
            number: tuple(one for one in self.received(number) if one.times > 1)
            for number, found in self._counts.items()
            if any(times > 1 for times in found.values())
        }
        return MappingProxyType(doubled)


def message_digest(subject: str, texts: Sequence[str]) -> str:
    """SHA-256 in hex of the final subject and the final text of each slide, in order.

    It is taken over the JSON array ``[subject, [text, ...]]`` in ASCII without spaces.
    """
    form = json.dumps([subject, list(texts)], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(form.encode("ascii")).hexdigest()
