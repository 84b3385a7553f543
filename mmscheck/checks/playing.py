"""How long sounds and films play, and how many frames a second films and animations show."""

from __future__ import annotations

from typing import Literal

import msgspec

from mmscheck.checks.facts import facts, picture
from mmscheck.model.check import Check, MediaTarget, Result, cant_tell, failed, passed
from mmscheck.model.facts import AudioFacts, ImageFacts, VideoFacts
from mmscheck.model.words import TargetKind


class LastsParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most seconds, to the nearest whole one; ``hd`` for films of at least ``hd_from`` pixels a side.

    The shorter side counts: 720 for films of 1280 x 720 and larger.
    """

    subject: Literal["sound", "film"]
    maximum: int
    hd: int | None = None
    hd_from: int | None = None

    def __post_init__(self) -> None:
        """Refuse half of what makes a film HD, and HD sounds."""
        if (self.hd is None) != (self.hd_from is None) or (self.hd is not None and self.subject == "sound"):
            raise ValueError("expected hd and hd_from together, and for films only")


class RateParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fewest and the most frames a second, both fine, to the nearest tenth."""

    subject: Literal["animation", "film"]
    minimum: float = 0
    maximum: float


def lasts_at_most(target: MediaTarget, params: LastsParams) -> Result:
    """It plays no longer than that; one whose length is not stated is undecided."""
    found = facts(target, AudioFacts) if params.subject == "sound" else facts(target, VideoFacts)
    if isinstance(found, Result):
        return found
    if found.duration is None:
        return cant_tell("the file does not say how long it plays")
    maximum = _seconds(found, params)
    evidence = {"duration": found.duration, "maximum": maximum}
    if int(found.duration + 0.5) <= maximum:
        return passed(**evidence)
    return failed(evidence, seconds=f"{found.duration:.1f}", limit=maximum)


def _seconds(found: AudioFacts | VideoFacts, params: LastsParams) -> int:
    if params.hd is None or params.hd_from is None or isinstance(found, AudioFacts):
        return params.maximum
    return params.hd if min(found.width, found.height) >= params.hd_from else params.maximum


def frame_rate_within(target: MediaTarget, params: RateParams) -> Result:
    """It shows that many frames a second; one whose rate is not stated is undecided."""
    found = _moving(target, params)
    if isinstance(found, Result):
        return found
    if found.frame_rate is None:
        return cant_tell("the file does not say how many frames a second it shows")
    rate = round(found.frame_rate, 1)
    evidence = {"frame_rate": found.frame_rate, "minimum": params.minimum, "maximum": params.maximum}
    if params.minimum <= rate <= params.maximum:
        return passed(**evidence)
    return failed(evidence, rate=f"{rate:g}", minimum=f"{params.minimum:g}", maximum=f"{params.maximum:g}")


def _moving(target: MediaTarget, params: RateParams) -> ImageFacts | VideoFacts | Result:
    return facts(target, VideoFacts) if params.subject == "film" else picture(target, animated=True)


CHECKS: tuple[Check, ...] = (
    Check(
        name="lasts-at-most",
        target=TargetKind.MEDIA,
        run=lasts_at_most,
        params=LastsParams,
        reports=frozenset({"seconds", "limit"}),
    ),
    Check(
        name="frame-rate-within",
        target=TargetKind.MEDIA,
        run=frame_rate_within,
        params=RateParams,
        reports=frozenset({"rate", "minimum", "maximum"}),
    ),
)
"""Every check of the family."""
