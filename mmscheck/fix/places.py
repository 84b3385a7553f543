"""Where each mended copy goes: a folder's files as they lie below it, a file by its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from mmscheck.fix.media import Source


class Places:
    """The paths that were given, and the folder for the copies; None for a dry run.

    ``in_place`` has every file keep its place.
    """

    def __init__(self, given: Sequence[str], output: Path | None, *, in_place: bool = False) -> None:
        """Folders are told from files by what they are now."""
        self._in_place = in_place
        self._folders = [Path(path) for path in given if os.path.isdir(path)]  # noqa: PTH112 - NUL in names
        self._output = output
        self._real = None if output is None else Path(os.path.realpath(output))

    def source(self, path: str) -> Source:
        """A file that was named, or found in a folder that was."""
        file = Path(path)
        target = file if self._in_place else self._target(self._below(file))
        return Source(name=path, file=file, target=target)

    def is_made(self, path: str) -> bool:
        """Whether the file lies in the folder of the copies, as those of an earlier run do."""
        return self._real is not None and Path(os.path.realpath(path)).is_relative_to(self._real)

    def beside(self, assets: Sequence[tuple[str, Path]]) -> Callable[[Path], Source]:
        """Where a file goes that no path covers: below the name of the folder that is mapped."""

        def source(place: Path) -> Source:
            if self._in_place:
                return Source(name=str(place), file=place, target=place)
            folder = next((each for _, each in assets if place.is_relative_to(each)), place.parent)
            below = self._inside(place) or Path(folder.name) / place.relative_to(folder)
            return Source(name=str(place), file=place, target=self._target(below))

        return source

    def _target(self, below: Path) -> Path:
        return below if self._output is None else self._output / below

    def _below(self, file: Path) -> Path:
        return self._inside(file) or Path(file.name)

    def _inside(self, file: Path) -> Path | None:
        """The path below the folder that was given, of several the innermost."""
        real = os.path.realpath(file.parent)
        for folder in sorted(self._folders, key=lambda each: -len(each.parts)):
            root = os.path.realpath(folder)
            if Path(real).is_relative_to(root):
                return Path(real).relative_to(root) / file.name
        return None
