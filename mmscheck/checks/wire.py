"""What a message weighs once it is packed for sending: base64 and part headers.

Sinch estimates 1.37 x bytes + 814 per file (saveMMS). Carriers limit the whole message, so the text of
each slide counts as a file too, by its UTF-8 bytes; the subject is a header and does not. A file that
two slides name is packed twice. Numbers that count files are held against the files as they are, without
texts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from mmscheck.checks import tags
from mmscheck.checks.published import Bound, Published, bounds
from mmscheck.checks.showing import both, listed
from mmscheck.model.check import MessageTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import UNSEEN, Fetched, Observation, Reason
from mmscheck.model.redact import redact_url
from mmscheck.model.words import Because, MediaKind

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


class Part(msgspec.Struct, frozen=True, kw_only=True):
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


def weigh(target: MessageTarget) -> tuple[Part, ...]:
    """Every file and text of the message, in slide order."""
    files = [weigh_file(ref, target.observations.get(ref.url)) for ref in target.message.media]
    texts = [_text(number, text) for number, text in target.effective.texts.items() if text]
    return (*files, *texts)


def judge(parts: tuple[Part, ...], params: WireSize) -> Result:
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


def _sum(parts: tuple[Part, ...], limit: Bound, params: WireSize) -> _Sum:
    counted = [part for part in parts if not (limit.of_files and part.is_text)]
    size = sum(part.size if limit.of_files else _packed(part, params) for part in counted)
    return _Sum(size=size, at_least=any(part.unknown for part in counted))


def only_unseen(parts: tuple[Part, ...]) -> bool:
    """Whether files that a run without a network cannot see are all that is not known."""
    unknown = [part for part in parts if part.unknown]
    return bool(unknown) and all(part.unseen for part in unknown)


def weigh_file(ref: MediaRef, observation: Observation | None) -> Part:
    """One file with the bytes that are known of it."""
    what = f"{redact_url(ref.url)} on slide {ref.slide}"
    elastic = ref.kind in ELASTIC
    if observation is None:
        return Part(what=what, size=0, unknown="not looked at", elastic=elastic)
    if isinstance(observation, Fetched):
        return Part(what=what, size=observation.size, elastic=elastic)
    # Only a file cut off at the cap is known to be at least what arrived.
    known = (observation.received or 0) if observation.reason is Reason.TOO_LARGE else 0
    unseen = observation.reason in UNSEEN
    return Part(
        what=what,
        size=known,
        unknown=observation.explanation,
        unseen=unseen,
        unfetched=True,
        elastic=elastic,
    )


def _text(number: int, text: str) -> Part:
    known = tags.certain(text).encode("utf-8", "surrogatepass")
    return Part(what=f"the text of slide {number}", size=len(known), unknown=tags.unknown(text), is_text=True)


def _packed(part: Part, params: WireSize) -> int:
    # Decimal, because 1.37 has no exact float and a limit must not move by a rounding error.
    return math.ceil(Decimal(str(params.factor)) * part.size) + params.addition


def _wording(
    parts: tuple[Part, ...], sums: Mapping[Bound, _Sum], first: Bound, evidence: Mapping[str, Any]
) -> dict[str, str]:
    largest = sorted(parts, key=lambda part: part.size, reverse=True)[:LARGEST_NAMED]
    at_least = "at least " if evidence["at_least"] else ""
    return {
        "total": f"{at_least}{evidence['total']:,} bytes packed for sending, {evidence['files']:,} of files",
        "maximum": f"{first.maximum:,} bytes",
        "excess": f"{sums[first].size - first.maximum:,} bytes",
        "limits": "; ".join(limit.words(seen.size, at_least=seen.at_least) for limit, seen in sums.items()),
        "largest": both([f"{part.what} ({part.size:,} bytes)" for part in largest]),
    }
