"""Numbers that carriers and other providers publish, judged one distinct number at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mmscheck.base.text import count, enumerated
from mmscheck.model.rule import OF_FILES, ON_THE_WIRE
from mmscheck.model.words import Outcome


class Published(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one carrier or provider takes at most.

    ``own`` is false where none is published for it, so that the general number has to do, which is
    ``whose``. ``unit`` tells what is counted.
    """

    name: str
    maximum: int
    unit: str = ""
    own: bool = True
    whose: str = ""
    source: str = ""


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """One distinct number, and whose it is; without carriers it is everybody's.

    ``of_files`` tells that it counts the files as they are, and not packed for sending.
    """

    maximum: int
    parties: tuple[Published, ...] = ()
    of_files: bool = False

    @property
    def names(self) -> str:
        """Whose number it is, for people."""
        own = [party.name for party in self.parties if party.own]
        general = [party.name for party in self.parties if not party.own]
        whose = dict.fromkeys(party.whose for party in self.parties if party.whose)
        of = f" of {enumerated(list(whose))}" if whose else ""
        without = f"(the general number{of}; no own one is published)"
        shared = [f"{enumerated(general)} {without}"] if general else []
        return enumerated([*own, *shared]) or "every carrier"

    def outcome(self, size: int, *, at_least: bool) -> Outcome:
        """Whether a size keeps to it; exactly the number is fine, and what is not known can only add."""
        if size > self.maximum:
            return Outcome.FAILED
        return Outcome.CANT_TELL if at_least else Outcome.PASSED

    def words(self, size: int, *, at_least: bool) -> str:
        """The verdict on one number: whose, how much, and by how much it is exceeded."""
        verdicts = {
            Outcome.FAILED: f"{count(size - self.maximum, 'byte')} too many",
            Outcome.CANT_TELL: "not known whether it fits",
            Outcome.PASSED: "fits",
        }
        counted = "of files" if self.of_files else "packed"
        verdict = verdicts[self.outcome(size, at_least=at_least)]
        return f"{self.names}: {self.maximum:,} bytes {counted}, {verdict}"

    def evidence(self, size: int, *, at_least: bool) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "maximum": self.maximum,
            "unit": OF_FILES if self.of_files else ON_THE_WIRE,
            "total": size,
            "carriers": [party.name for party in self.parties],
            "outcome": self.outcome(size, at_least=at_least).value,
            "without_own_number": [party.name for party in self.parties if not party.own],
            "sources": list(dict.fromkeys(party.source for party in self.parties if party.source)),
        }


def bounds(maximum: int | None, parties: Sequence[Published]) -> tuple[Bound, ...]:
    """Every distinct number once, the smallest first; before them ``maximum``, which is everybody's."""
    numbers: dict[tuple[int, bool], list[Published]] = {}
    for party in parties:
        numbers.setdefault((party.maximum, party.unit == OF_FILES), []).append(party)
    general = () if maximum is None else (Bound(maximum=maximum),)
    return general + tuple(
        Bound(maximum=number, of_files=of_files, parties=tuple(numbers[number, of_files]))
        for number, of_files in sorted(numbers)
    )
