"""Names for products whose ending changed, so that no two files of a run come to have one.

Which name a product gets depends on what files there are and not on which is done first: a second run finds
what the first one made. Names are one where only their case differs, as many disks (macOS, Windows) have it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

SHORT = 8
"""Hexadecimal digits of a digest that tell names apart which nothing else does."""


class Names:
    """The names that the files of a run have, and those that their products may get."""

    def __init__(self, targets: Iterable[Path]) -> None:
        """``targets`` are where the files go with the endings that they have."""
        everything = (*targets,)
        self._own = Counter(_folded(target.with_suffix("")) for target in everything)
        self._others = Counter(_folded(_other(target)) for target in everything)

    def of(self, old: Path, suffix: str) -> Iterator[Path]:
        """Names for the product of a file that would have gone to ``old``, the best first."""
        if self._own[_folded(old.with_suffix(""))] == 1:
            yield old.with_suffix(suffix)
        other = _other(old)
        if not self._own[_folded(other)] and self._others[_folded(other)] == 1:
            yield other.with_name(other.name + suffix)
        digest = hashlib.sha256(old.name.encode("utf-8", "surrogateescape")).hexdigest()[:SHORT]
        yield other.with_name(f"{other.name}-{digest}{suffix}")


def _other(target: Path) -> Path:
    """A name that tells what the file was, without an ending: ``photo.heic`` is photo-heic."""
    stem, _, old = target.name.rpartition(".")
    return target.with_name(f"{stem or old}-{old.lower()}")


def _folded(path: Path) -> str:
    return str(path).casefold()
