"""How a picture looks on a handset: see-through parts, colours for print, whether it is stored upright."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.checks.facts import facts
from mmscheck.checks.observed import LONGEST_SENTENCE, printable
from mmscheck.model.check import Check, MediaTarget, NoParams, Result, cant_tell, failed, passed
from mmscheck.model.facts import AudioFacts, ImageFacts
from mmscheck.model.words import Because, TargetKind

UPRIGHT = 1
"""The EXIF orientation (CIPA DC-008, tag 274) of a picture that is stored as it is to be shown."""

_TURNS: Mapping[int, str] = MappingProxyType(
    {
        2: "mirrored",
        3: "upside down",
        4: "upside down and mirrored",
        5: "on its side and mirrored",
        6: "on its side",
        7: "on its side and mirrored",
        8: "on its side",
    }
)
"""How a picture of each other orientation is stored."""

INKS = frozenset({"CMYK"})
"""Colour modes for print, as Pillow names them."""

UNSEEN = frozenset({"HEIC", "HEIF"})
"""Formats whose decoder looks neither for transparent parts nor for an orientation."""


def opaque(target: MediaTarget, _params: NoParams) -> Result:
    """No part of the picture is see-through."""
    found = _seen(target)
    if isinstance(found, Result):
        return found
    if found.transparent:
        return failed({"mode": found.mode}, format=found.format)
    return passed(mode=found.mode)


def upright(target: MediaTarget, _params: NoParams) -> Result:
    """The picture is stored as it is to be shown, so that no handset has to turn it."""
    found = _seen(target)
    if isinstance(found, Result):
        return found
    if found.orientation == UPRIGHT:
        return passed(orientation=found.orientation)
    turn = _TURNS.get(found.orientation, "turned in a way that is not defined")
    return failed(turn=turn, orientation=found.orientation)


def screen_colours(target: MediaTarget, _params: NoParams) -> Result:
    """The picture is in the colours of screens or in grey, not in inks."""
    found = facts(target, ImageFacts)
    if isinstance(found, Result):
        return found
    if found.mode in INKS:
        return failed(mode=found.mode)
    return passed(mode=found.mode)


def flawless(target: MediaTarget, _params: NoParams) -> Result:
    """Nothing in the file is broken, not even what no phone shows."""
    found = facts(target, ImageFacts)
    if isinstance(found, Result):
        return found
    if found.flaws:
        return failed(
            {"flaws": list(found.flaws)}, flaws=printable(" and ".join(found.flaws), LONGEST_SENTENCE)
        )
    return passed()


def lengths_known(target: MediaTarget, _params: NoParams) -> Result:
    """Nothing in a sound is left open or broken that only some players pass over."""
    found = facts(target, AudioFacts)
    if isinstance(found, Result):
        return found
    if found.flaws:
        return failed(
            {"flaws": list(found.flaws)}, flaws=printable(" and ".join(found.flaws), LONGEST_SENTENCE)
        )
    return passed()


def _seen(target: MediaTarget) -> ImageFacts | Result:
    found = facts(target, ImageFacts)
    if isinstance(found, ImageFacts) and found.format in UNSEEN:
        return cant_tell(f"the decoder for {found.format} does not look for it", Because.DECODER)
    return found


CHECKS: tuple[Check, ...] = (
    Check(name="opaque", target=TargetKind.MEDIA, run=opaque, reports=frozenset({"format"})),
    Check(name="screen-colours", target=TargetKind.MEDIA, run=screen_colours, reports=frozenset({"mode"})),
    Check(name="flawless", target=TargetKind.MEDIA, run=flawless, reports=frozenset({"flaws"})),
    Check(name="lengths-known", target=TargetKind.MEDIA, run=lengths_known, reports=frozenset({"flaws"})),
    Check(name="upright", target=TargetKind.MEDIA, run=upright, reports=frozenset({"turn", "orientation"})),
)
"""Every check of the family."""
