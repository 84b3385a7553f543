"""Which slide element a medium that was given by itself is for."""

from __future__ import annotations

from pathlib import PurePath

from mmscheck.base.extensions import BY_EXTENSION
from mmscheck.checks.media_types import canonical, kinds
from mmscheck.model.facts import AudioFacts, VideoFacts
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.words import MediaKind


def kind_of(path: str, seen: Observation) -> MediaKind:
    """By its inside, else by its type, else by the ending of its path, else an image."""
    if isinstance(seen, Fetched):
        if isinstance(seen.decoded, AudioFacts):
            return MediaKind.AUDIO
        if isinstance(seen.decoded, VideoFacts):
            return MediaKind.VIDEO
        if seen.sniffed.type is not None and (kind := _of_type(seen.sniffed.type)):
            return kind
    return _of_type(BY_EXTENSION.get(PurePath(path).suffix.lower(), "")) or MediaKind.IMAGE


def is_other(path: str, seen: Observation) -> bool:
    """Whether it is known to be something that no message holds, and is not called a medium either."""
    if not isinstance(seen, Fetched) or seen.sniffed.type is None:
        return False
    return _of_type(seen.sniffed.type) is None and PurePath(path).suffix.lower() not in BY_EXTENSION


def _of_type(name: str) -> MediaKind | None:
    possible = kinds(name)
    family = canonical(name).partition("/")[0]
    return next((kind for kind in sorted(possible) if kind.value == family), min(possible, default=None))
