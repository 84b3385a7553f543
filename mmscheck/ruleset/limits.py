"""The numbers that apply: by name, kind of sender, carrier and other provider.

In ``default.toml`` a name stands under ``[limits.NAME]`` with one number for everybody, under
``[sender.TYPE.NAME]`` with a number for that kind of sender, or both; the sender's own number goes
first. ``[transcoding.NAME]`` replaces the number for everybody where transcoding is on. A name that
not every kind of sender has a number for needs one for everybody as well.

When the kind of sender is not known, the tightest number is taken: the smallest of all that anybody
could be held to. That is why only upper limits may differ by sender or carrier, and why names ending
in ``-min`` may not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mmscheck.model.rule import SIZES, Limit
from mmscheck.model.words import SenderType
from mmscheck.ruleset.limitfile import Kind, LimitFile, as_limits

LOWER = "-min"
"""The end of a name that is a lower limit."""

PROVIDER_LIMITS: Mapping[str, str] = {
    "media-count-max": "files",
    "message-bytes-max": "bytes",
    "image-bytes-max": "bytes",
    "file-bytes-max": "bytes",
    "body-length-max": "characters",
}
"""Names that only other providers' files use, with the unit of each."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Whose numbers to take: the kind of sender (None: not known), and carriers and providers by id."""

    sender: SenderType | None = None
    carriers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    transcoding: bool = False


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one file: for everybody, and by kind of sender."""

    everybody: Mapping[str, Limit] = {}
    senders: Mapping[SenderType, Mapping[str, Limit]] = {}

    def of(self, name: str, sender: SenderType) -> Limit | None:
        """The number this kind of sender is held to."""
        return self.senders.get(sender, {}).get(name) or self.everybody.get(name)


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier or another provider with its own numbers; ``title`` is its name for people."""

    id: str
    title: str
    kind: Kind
    numbers: Numbers


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Every number there is, for one selection.

    ``names`` holds every name that ``default.toml`` mentions, also where its entry is faulty; None when
    the file could not be read, so that one broken file is one fault and not one for every rule.
    """

    default: Numbers = Numbers()
    names: frozenset[str] | None = frozenset()
    selection: Selection = Selection()
    carriers: tuple[Party, ...] = ()
    providers: tuple[Party, ...] = ()

    def find(self, name: str) -> Limit | None:
        """The number the sender is held to, or the tightest when the sender is not known."""
        return tightest(self._of_senders(name, self.default))

    def of_carriers(self, name: str) -> list[dict[str, Any]]:
        """What each carrier at hand takes; ``own`` is false where the general number has to do.

        Of a message's size there is one number for each unit, and without carriers the general ones by
        whose they are.
        """
        if not self.carriers:
            general = by_unit(self._of_senders(name, self.default))
            return [_number(limit.whose, limit) for limit in general if limit.unit in SIZES]
        return [
            each
            for party in self.carriers
            for each in _held(party, self._of_senders(name, party.numbers, self.default))
        ]

    def of_providers(self, name: str) -> list[dict[str, Any]]:
        """What each provider at hand takes; one that publishes no such number is left out."""
        return [
            each for party in self.providers for each in _held(party, self._of_senders(name, party.numbers))
        ]

    def _of_senders(self, name: str, *layers: Numbers) -> list[Limit]:
        """The number of each kind of sender that may be meant, from the first layer that has one."""
        senders = (self.selection.sender,) if self.selection.sender else tuple(SenderType)
        found = (next(filter(None, (layer.of(name, each) for layer in layers)), None) for each in senders)
        return [limit for limit in found if limit is not None]


def tightest(limits: list[Limit]) -> Limit | None:
    """The limit with the smallest number."""
    return min(limits, key=lambda limit: limit.value, default=None)


def numbers(file: LimitFile, *, transcoding: bool = False) -> Numbers:
    """The numbers of a file that was read."""
    entries = file.limits | (file.transcoding if transcoding else {})
    return Numbers(
        everybody=as_limits(entries),
        senders={sender: as_limits(own) for sender, own in file.sender.items()},
    )


def by_unit(limits: list[Limit]) -> list[Limit]:
    """The tightest in each unit: numbers in different ones cannot be compared."""
    units = dict.fromkeys(limit.unit for limit in limits)
    found = (tightest([limit for limit in limits if limit.unit == unit]) for unit in units)
    return [limit for limit in found if limit is not None]


def _held(party: Party, found: list[Limit]) -> list[dict[str, Any]]:
    """The numbers as a check's parameter takes them."""
    tables = (party.numbers.everybody, *party.numbers.senders.values())
    return [
        _number(
            party.title,
            limit,
            own=any(limit is each for table in tables for each in table.values()),
        )
        for limit in by_unit(found)
    ]


def _number(name: str, limit: Limit, *, own: bool = True) -> dict[str, Any]:
    source = f"{limit.source} (checked {limit.checked})"
    size = {"unit": limit.unit, "whose": "" if own else limit.whose} if limit.unit in SIZES else {}
    return {"name": name, "maximum": limit.value, "own": own, "source": source, **size}
