"""The bytes of a whole message shared among its media, so that it fits every limit with the least loss.

Nothing is taken from what is small: the largest files are cut to one common number of bytes (max-min
fairness; Bertsekas and Gallager, Data Networks, 1992, section 6.5.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from mmscheck.fix.aims import Bound


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a message: its bytes, how often it is named, and whether it can be made smaller."""

    name: str
    size: int
    count: int = 1
    elastic: bool = True
    reduced: bool = False


def caps(parts: Sequence[Part], texts: Sequence[int], limits: Sequence[Bound]) -> Mapping[str, int]:
    """The most bytes for each file that is too large for its share; empty where the message fits.

    ``texts`` are the bytes of each slide's text; ``reduced`` marks what transcoding makes fit.
    """
    found: dict[str, int] = {}
    for limit in limits:
        for name, most in _caps(parts, texts, limit).items():
            found[name] = min(most, found.get(name, most))
    return found


def excess(parts: Sequence[Part], texts: Sequence[int], limits: Sequence[Bound]) -> int:
    """By how much the tightest limit is exceeded, in its own unit; 0 where the message fits."""
    return max((max(0, _total(parts, texts, limit) - limit.most) for limit in limits), default=0)


def _counted(parts: Sequence[Part], limit: Bound) -> list[Part]:
    return [part for part in parts if not (limit.elastic_free and part.reduced)]


def _total(parts: Sequence[Part], texts: Sequence[int], limit: Bound) -> int:
    files = sum(limit.weight(part.size) * part.count for part in _counted(parts, limit))
    return files + (sum(limit.weight(size) for size in texts) if limit.texts else 0)


def _caps(parts: Sequence[Part], texts: Sequence[int], limit: Bound) -> dict[str, int]:
    if _total(parts, texts, limit) <= limit.most:
        return {}
    counted = _counted(parts, limit)
    left = limit.most - (sum(limit.weight(size) for size in texts) if limit.texts else 0)
    left -= sum(limit.weight(part.size) * part.count for part in counted if not part.elastic)
    pending = sorted((part for part in counted if part.elastic), key=lambda part: part.size)
    while pending:
        share = limit.bytes_of(max(0, left) // sum(part.count for part in pending))
        if pending[0].size > share:
            return {part.name: share for part in pending}
        left -= limit.weight(pending[0].size) * pending[0].count
        pending = pending[1:]
    return {}
