"""What the rules in force ask of a file and of a whole message, as numbers to work towards.

The numbers only guide the work: whether a product is good is decided by the rules themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from mmscheck.checks.images import AspectParams, FitsParams
from mmscheck.checks.media import SizeParams
from mmscheck.checks.message import SlideCount
from mmscheck.checks.mime import AcceptedParams
from mmscheck.checks.objects import PhotoParams
from mmscheck.checks.playing import PlayingTimeParams, RateParams
from mmscheck.checks.providers import ProviderLimits
from mmscheck.checks.sizes import ELASTIC, WireSize, bounds
from mmscheck.fix.values import Aims, Size
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import MediaKind

P = TypeVar("P")

KINDS = ("image", "gif", *(kind.value for kind in MediaKind if kind is not MediaKind.IMAGE))
"""What sizes are given for."""


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a message may have: ``factor`` x bytes + ``addition`` of each file, together.

    ``texts`` tells whether slides' texts count as files.
    """

    most: int
    factor: float = 1.0
    addition: int = 0
    texts: bool = False
    elastic_free: bool = False

    def weight(self, size: int) -> int:
        """What a file of that many bytes weighs."""
        return math.ceil(Decimal(str(self.factor)) * size) + self.addition

    def bytes_of(self, weight: int) -> int:
        """The most bytes of a file of that weight."""
        return max(0, int(Decimal(weight - self.addition) / Decimal(str(self.factor))))


def message_bounds(ruleset: RuleSet) -> tuple[Bound, ...]:
    """Every number that a whole message has to keep to, each once."""
    found: dict[Bound, None] = {}
    for params in _params(ruleset, WireSize):
        for limit in bounds(params.maximum, params.carriers):
            free = bool(params.reduced)
            if limit.of_files:
                found[Bound(most=limit.maximum, elastic_free=free)] = None
            else:
                bound = Bound(
                    most=limit.maximum,
                    factor=params.factor,
                    addition=params.addition,
                    texts=True,
                    elastic_free=free,
                )
                found[bound] = None
    for limits in _params(ruleset, ProviderLimits):
        for party in limits.message_bytes:
            found[Bound(most=party.maximum, texts=True)] = None
    return tuple(found)


def aims(ruleset: RuleSet) -> Aims:
    """What one file has to come to, alone in its message; of several numbers the tightest."""
    films = [each for each in _params(ruleset, PlayingTimeParams) if each.subject == "film"]
    rates = {each.subject: each for each in _params(ruleset, RateParams)}
    shapes = _params(ruleset, AspectParams)
    animation = rates.get("animation")
    return Aims(
        most={kind: most for kind in KINDS if (most := _most(ruleset, kind)) is not None},
        accepted={
            kind.value: each.of(kind) for each in _params(ruleset, AcceptedParams) for kind in MediaKind
        },
        picture_canvases=_canvases(ruleset, "picture"),
        turned=any(each.turned for each in _params(ruleset, FitsParams) if each.subject == "picture"),
        aspect=next(((each.width, each.height, each.tolerance) for each in shapes), None),
        animation_canvases=_canvases(ruleset, "animation"),
        slowest=animation.minimum or None if animation else None,
        fastest=animation.maximum if animation else None,
        film_canvases=_canvases(ruleset, "film"),
        film_rate=rates["film"].maximum if "film" in rates else None,
        film_seconds=min((each.maximum for each in films), default=None),
        hd_seconds=min((each.hd for each in films if each.hd is not None), default=None),
        hd_from=min((each.hd_from for each in films if each.hd_from is not None), default=None),
        sound_seconds=min(
            (each.maximum for each in _params(ruleset, PlayingTimeParams) if each.subject == "sound"),
            default=None,
        ),
        slides=min((each.maximum for each in _params(ruleset, SlideCount)), default=8),
        photo_bytes=min((each.maximum for each in _params(ruleset, PhotoParams)), default=None),
    )


def _most(ruleset: RuleSet, kind: str) -> int | None:
    return min(_numbers(ruleset, kind), default=None)


def _numbers(ruleset: RuleSet, kind: str) -> Iterator[int]:
    for sizes in _params(ruleset, SizeParams):
        own = getattr(sizes, kind)
        own = sizes.image if kind == "gif" and own is None else own
        if own is not None:
            yield own
    for bound in message_bounds(ruleset):
        if not (bound.elastic_free and (kind == "gif" or MediaKind(kind) in ELASTIC)):
            yield bound.bytes_of(bound.most)
    for limits in _params(ruleset, ProviderLimits):
        images = {party.name: party.maximum for party in limits.image_bytes}
        for party in limits.file_bytes:
            is_image = kind in {"image", "gif"}
            yield images.get(party.name, party.maximum) if is_image else party.maximum


def _canvases(ruleset: RuleSet, subject: str) -> tuple[Size, ...]:
    return tuple(
        (canvas.width, canvas.height)
        for each in _params(ruleset, FitsParams)
        if each.subject == subject
        for canvas in each.canvases
    )


def _params(ruleset: RuleSet, kind: type[P]) -> list[P]:
    params: list[Any] = [rule.params for rule in ruleset.rules]
    return [each for each in params if isinstance(each, kind)]
