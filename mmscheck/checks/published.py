"""Numbers that carriers and other providers publish, judged one distinct number at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mmscheck.checks.showing import both, plural
from mmscheck.model.words import Outcome


class Published(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one carrier or provider takes at most.

    ``own`` is false where none is published for it, so that the general number has to do.
    """

    name: str
    maximum: int
    own: bool = True
    source: str = ""


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """One distinct number, and whose it is; without carriers it is everybody's."""

    maximum: int
    parties: tuple[Published, ...] = ()

    @property
    def names(self) -> str:
        """Whose number it is, for people."""
        own = [party.name for party in self.parties if party.own]
        general = [party.name for party in self.parties if not party.own]
        shared = [f"{both(general)} (the general number; no own one is published)"] if general else []
        return both([*own, *shared]) or "every carrier"

    def outcome(self, size: int, *, at_least: bool) -> Outcome:
        """Whether a size keeps to it; exactly the number is fine, and what is not known can only add."""
        if size > self.maximum:
            return Outcome.FAILED
        return Outcome.CANT_TELL if at_least else Outcome.PASSED

    def words(self, size: int, *, at_least: bool) -> str:
        """The verdict on one number: whose, how much, and by how much it is exceeded."""
        verdicts = {
            Outcome.FAILED: f"{plural(size - self.maximum, 'byte')} too many",
            Outcome.CANT_TELL: "not known whether it fits",
            Outcome.PASSED: "fits",
        }
        return f"{self.names}: {self.maximum:,} bytes, {verdicts[self.outcome(size, at_least=at_least)]}"

    def evidence(self, size: int, *, at_least: bool) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "maximum": self.maximum,
            "carriers": [party.name for party in self.parties],
            "outcome": self.outcome(size, at_least=at_least).value,
            "without_own_number": [party.name for party in self.parties if not party.own],
            "sources": list(dict.fromkeys(party.source for party in self.parties if party.source)),
        }


def bounds(maximum: int, parties: Sequence[Published]) -> tuple[Bound, ...]:
    """Every distinct number once, the tightest first; ``maximum`` alone where no party is at hand."""
    if not parties:
        return (Bound(maximum=maximum),)
    return tuple(
        Bound(maximum=number, parties=tuple(party for party in parties if party.maximum == number))
        for number in sorted({party.maximum for party in parties})
    )
