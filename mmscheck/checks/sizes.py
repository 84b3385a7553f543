"""Numbers that carriers and other providers publish, judged one distinct number at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from mmscheck.base.redact import redact_url
from mmscheck.base.text import count, enumerated, listed
from mmscheck.checks import merge_tags
from mmscheck.model.check import Check, MessageTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import UNSEEN, Fetched, Observation, Reason
from mmscheck.model.rule import OF_FILES, ON_THE_WIRE
from mmscheck.model.words import Because, MediaKind, Outcome, TargetKind


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


class SizeBound(msgspec.Struct, frozen=True, kw_only=True):
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
        """The number and what a size comes to by it, as JSON values."""
        return {
            "maximum": self.maximum,
            "unit": OF_FILES if self.of_files else ON_THE_WIRE,
            "total": size,
            "carriers": [party.name for party in self.parties],
            "outcome": self.outcome(size, at_least=at_least).value,
            "without_own_number": [party.name for party in self.parties if not party.own],
            "sources": list(dict.fromkeys(party.source for party in self.parties if party.source)),
        }


def bounds(maximum: int | None, parties: Sequence[Published]) -> tuple[SizeBound, ...]:
    """Every distinct number once, the smallest first; before them ``maximum``, which is everybody's."""
    numbers: dict[tuple[int, bool], list[Published]] = {}
    for party in parties:
        numbers.setdefault((party.maximum, party.unit == OF_FILES), []).append(party)
    general = () if maximum is None else (SizeBound(maximum=maximum),)
    return general + tuple(
        SizeBound(maximum=number, of_files=of_files, parties=tuple(numbers[number, of_files]))
        for number, of_files in sorted(numbers)
    )


OFFLINE = "lint is offline, and not every file of the message is there; what is there is not too much"
"""Why a sum is not judged by a run without a network."""

ELASTIC = frozenset({MediaKind.IMAGE, MediaKind.AUDIO, MediaKind.VIDEO})
"""Kinds that transcoding reduces; an object is passed on as it is."""

LARGEST_NAMED = 3
"""Files a message names, the largest first."""


class WireSize(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The estimate for one file, ``factor`` x bytes + ``addition``, and the limits, each in its own unit.

    ``carriers`` are those at hand, or whose the general numbers are; ``maximum``, where it is set, is one
    more, in bytes on the wire. With ``reduced`` 1 the provider makes pictures, sounds and films fit, and
    they weigh nothing.
    """

    factor: float
    addition: int
    maximum: int | None = None
    reduced: int = 0
    carriers: tuple[Published, ...] = ()


class WeighedPart(msgspec.Struct, frozen=True, kw_only=True):
    """One file or text of the message: its bytes before packing, and why that may be too few.

    ``unfetched`` marks a file that did not come, ``unseen`` one that a run without a network cannot see,
    ``elastic`` one that a provider with transcoding makes fit.
    """

    what: str
    size: int
    unknown: str = ""
    unseen: bool = False
    unfetched: bool = False
    is_text: bool = False
    elastic: bool = False


def weigh(target: MessageTarget) -> tuple[WeighedPart, ...]:
    """Every file and text of the message, in slide order."""
    files = [weigh_file(ref, target.observations.get(ref.url)) for ref in target.message.media]
    texts = [_text(number, text) for number, text in target.effective.texts.items() if text]
    return (*files, *texts)


def wire_size(target: MessageTarget, params: WireSize) -> Result:
    """All files and texts, packed for sending, stay within what each carrier takes."""
    if not target.message.slides:
        return inapplicable("the message has no slides, so there is nothing to weigh")
    return judge(weigh(target), params)


def judge(parts: tuple[WeighedPart, ...], params: WireSize) -> Result:
    """Whether the parts stay within every limit; what is not known can only add."""
    counted = tuple(part for part in parts if not (params.reduced and part.elastic))
    limits = bounds(params.maximum, params.carriers)
    sums = {limit: _sum(counted, limit, params) for limit in limits}
    exceeded = [limit for limit in limits if sums[limit].size > limit.maximum]
    first = exceeded[0] if exceeded else limits[0]
    unknown = [part for part in counted if part.unknown]
    evidence = {
        "total": sum(_packed(part, params) for part in counted),
        "files": sum(part.size for part in counted if not part.is_text),
        "maximum": first.maximum,
        "at_least": bool(unknown),
        "limits": [limit.evidence(seen.size, at_least=seen.at_least) for limit, seen in sums.items()],
        "parts": [{"what": p.what, "bytes": p.size, "unknown": p.unknown} for p in counted],
        "made_to_fit": [part.what for part in parts if part not in counted],
    }
    if exceeded:
        return failed(evidence, **_wording(counted, sums, first, evidence))
    if only_unseen(counted):
        return inapplicable(OFFLINE, **evidence)
    if unknown:
        why = list(dict.fromkeys(f"{part.what}: {part.unknown}" for part in unknown))
        unfetched = any(part.unfetched for part in unknown)
        return cant_tell(listed(why), Because.FILE if unfetched else Because.WEIGHT, **evidence)
    return passed(**evidence)


class _Sum(msgspec.Struct, frozen=True, kw_only=True):
    """What one limit counts, at least or exactly."""

    size: int
    at_least: bool


def _sum(parts: tuple[WeighedPart, ...], limit: SizeBound, params: WireSize) -> _Sum:
    counted = [part for part in parts if not (limit.of_files and part.is_text)]
    size = sum(part.size if limit.of_files else _packed(part, params) for part in counted)
    return _Sum(size=size, at_least=any(part.unknown for part in counted))


def only_unseen(parts: tuple[WeighedPart, ...]) -> bool:
    """Whether files that a run without a network cannot see are all that is not known."""
    unknown = [part for part in parts if part.unknown]
    return bool(unknown) and all(part.unseen for part in unknown)


def weigh_file(ref: MediaRef, observation: Observation | None) -> WeighedPart:
    """One file with the bytes that are known of it."""
    what = f"{redact_url(ref.url)} on slide {ref.slide}"
    elastic = ref.kind in ELASTIC
    if observation is None:
        return WeighedPart(what=what, size=0, unknown="not looked at", elastic=elastic)
    if isinstance(observation, Fetched):
        return WeighedPart(what=what, size=observation.size, elastic=elastic)
    # Only a file cut off at the cap is known to be at least what arrived.
    known = (observation.received or 0) if observation.reason is Reason.TOO_LARGE else 0
    unseen = observation.reason in UNSEEN
    return WeighedPart(
        what=what,
        size=known,
        unknown=observation.explanation,
        unseen=unseen,
        unfetched=True,
        elastic=elastic,
    )


def _text(number: int, text: str) -> WeighedPart:
    known = merge_tags.certain(text).encode("utf-8", "surrogatepass")
    return WeighedPart(
        what=f"the text of slide {number}", size=len(known), unknown=merge_tags.unknown(text), is_text=True
    )


def _packed(part: WeighedPart, params: WireSize) -> int:
    # Decimal, because 1.37 has no exact float and a limit must not move by a rounding error.
    return math.ceil(Decimal(str(params.factor)) * part.size) + params.addition


def _wording(
    parts: tuple[WeighedPart, ...],
    sums: Mapping[SizeBound, _Sum],
    first: SizeBound,
    evidence: Mapping[str, Any],
) -> dict[str, str]:
    largest = sorted(parts, key=lambda part: part.size, reverse=True)[:LARGEST_NAMED]
    at_least = "at least " if evidence["at_least"] else ""
    return {
        "total": f"{at_least}{evidence['total']:,} bytes packed for sending, {evidence['files']:,} of files",
        "maximum": f"{first.maximum:,} bytes",
        "excess": f"{sums[first].size - first.maximum:,} bytes",
        "limits": "; ".join(limit.words(seen.size, at_least=seen.at_least) for limit, seen in sums.items()),
        "largest": enumerated([f"{part.what} ({part.size:,} bytes)" for part in largest]),
    }


CHECKS: tuple[Check, ...] = (
    Check(
        name="wire-size",
        target=TargetKind.MESSAGE,
        run=wire_size,
        params=WireSize,
        reports=frozenset({"total", "maximum", "excess", "limits", "largest"}),
    ),
)
"""Every check of the family."""
