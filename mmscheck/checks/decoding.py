"""That a decoder got through the whole file, and nothing else about it."""

from __future__ import annotations

from typing import Any

import msgspec

from mmscheck.checks.facts import FAMILIES, NOUNS, decoded, reason
from mmscheck.checks.observed import printable
from mmscheck.model.check import Check, MediaTarget, Result, broken, cant_tell, failed, passed
from mmscheck.model.facts import WHOLE, AudioFacts, Decoded, ImageFacts, Undecoded, VideoFacts
from mmscheck.model.words import MediaKind, TargetKind


class DecodesParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kind of medium whose decoder has to get through."""

    kind: MediaKind


def decodes(target: MediaTarget, params: DecodesParams) -> Result:
    """The decoder for this kind read the file to its end.

    What a decoder died on, or read up to a cap only, is not known to be sound: cant-tell.
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
        return cant_tell(f"only a part of it was decoded: {printable(found.extent)}", **_evidence(found))
    return passed(**_evidence(found))


def undecoded(found: Undecoded) -> Result:
    """A file that its decoder refused has failed; one that the decoder died on, nobody can tell."""
    if found.fault:
        return broken(reason(found), found.fault)
    if found.contained:
        return cant_tell(f"the decoder died on it: {reason(found)}", **_evidence(found))
    return failed(_evidence(found), problem=reason(found))


def _evidence(found: Decoded) -> dict[str, Any]:
    return {"decoded": msgspec.to_builtins(found)}


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
