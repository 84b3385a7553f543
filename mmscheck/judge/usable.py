"""What the rules in force refuse before a sound or film is decoded."""

from __future__ import annotations

from typing import Any

from mmscheck.checks.media import SizeParams
from mmscheck.checks.media_types import canonical
from mmscheck.checks.mime import AcceptedParams
from mmscheck.checks.playing import PicturesParams
from mmscheck.media.decoding import DECODERS, PLAYED
from mmscheck.model.facts import Usable
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import MediaKind, Severity


def usable(ruleset: RuleSet) -> Usable:
    """What is worth decoding under these rules: whatever no rule denies for sure.

    A rule that only advises denies nothing, and one that somebody waives anywhere may let a file through.
    """
    waived = {waiver.rule for waiver in ruleset.waivers}
    params = [
        rule.params for rule in ruleset.rules if rule.severity is Severity.ERROR and rule.id not in waived
    ]
    return Usable(
        refused=tuple(name for each in _all(params, AcceptedParams) for name in _refused(each)),
        most_bytes=min(
            (size for each in _all(params, SizeParams) if (size := _most(each)) is not None), default=None
        ),
        codecs=next((each.playable for each in _all(params, PicturesParams)), None),
    )


def _all(params: list[Any], kind: type[Any]) -> list[Any]:
    return [each for each in params if isinstance(each, kind)]


def _refused(accepted: AcceptedParams) -> tuple[str, ...]:
    """The types of sound and film that no slide element takes."""
    listed = {canonical(name) for kind in MediaKind for name in accepted.of(kind)}
    played = [name for name, decoder in DECODERS.items() if decoder.family in PLAYED]
    return tuple(name for name in played if canonical(name) not in listed)


def _most(sizes: SizeParams) -> int | None:
    """The most bytes of a sound or film; None where one of them has no limit."""
    both = (sizes.of(MediaKind.AUDIO), sizes.of(MediaKind.VIDEO))
    return max(size for size in both if size is not None) if None not in both else None
