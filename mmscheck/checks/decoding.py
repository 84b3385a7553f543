"""That a decoder got through the whole file, and nothing else about it."""

from __future__ import annotations

from typing import Any

import msgspec

from mmscheck.checks.facts import FAMILIES, NOUNS, decoded, reason
from mmscheck.checks.observed import LONGEST_SENTENCE, printable
from mmscheck.model.check import Check, MediaTarget, Result, broken, cant_tell, failed, passed
from mmscheck.model.facts import WHOLE, AudioFacts, Decoded, ImageFacts, Undecoded, VideoFacts
from mmscheck.model.words import Because, MediaKind, TargetKind

SLOW = frozenset({Because.TIME, Because.CPU_TIME})
"""What becomes of a worker that runs out of time."""


class DecodesParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kind of medium whose decoder has to get through."""

    kind: MediaKind


def decodes(target: MediaTarget, params: DecodesParams) -> Result:
    """The decoder for this kind read the file to its end.

    What a decoder died on, or did not read to its end, is not known to be sound: cant-tell.
    """
    found = decoded(target, params.kind)
    if isinstance(found, Result):
        return found
    if isinstance(found, Undecoded):
        return undecoded(found)
    actual = FAMILIES[type(found)]
    if actual is not params.kind:
        return failed(_evidence(found), problem=f"what it holds is {NOUNS[actual]}")
    if isinstance(found, ImageFacts | AudioFacts | VideoFacts) and found.extent != WHOLE:
        return cant_tell(_partly(found.extent), **_evidence(found))
    return passed(**_evidence(found))


def _partly(extent: str) -> str:
    """Why what was not decoded whole is undecided: how far it came, or a clause that says so itself."""
    said = printable(extent, LONGEST_SENTENCE)
    return said if extent.startswith("it ") else f"only a part of it was decoded: {said}"


def undecoded(found: Undecoded) -> Result:
    """A file that its decoder refused has failed; one that the decoder died on, nobody can tell."""
    if found.fault:
        return broken(reason(found), found.fault)
    if found.contained:
        because = found.lost or Because.NOT_DECODABLE
        return cant_tell(f"{_lost(found.lost)}: {reason(found)}", because, **_evidence(found))
    return failed(_evidence(found), problem=reason(found))


def _lost(lost: Because | None) -> str:
    """What became of the decoder: it was slow, or it died."""
    if lost in SLOW:
        return (
            "it is too slow to be judged here; a smaller file would tell, and so may another try while the"
            " machine is less busy"
        )
    return "it could not be decoded to its end here"


def _evidence(found: Decoded) -> dict[str, Any]:
    decoded = msgspec.to_builtins(found)
    decoded.pop("lost", None)
    return {"decoded": decoded}


CHECKS: tuple[Check, ...] = (
    Check(
        name="decodes",
        target=TargetKind.MEDIA,
        run=decodes,
        params=DecodesParams,
        reports=frozenset({"problem"}),
    ),
)
"""Every check of the family."""
