"""Patterns as in a ``.gitignore`` (git's documentation, gitignore, "Pattern format"; read 2026-12-01)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

IGNORE_FILE = ".gitignore"
_LARGEST = 1 << 20
"""Bytes of such a file that are read; more is no list that anybody wrote."""

_TOKEN = re.compile(r"\\(?P<plain>.)|(?P<class>\[[!^]?\]?[^\]]*\])|\*\*|\*|\?|.", re.DOTALL)


class Pattern(msgspec.Struct, frozen=True):
    """One line: what it matches, whether it takes back an earlier one, whether only folders are meant."""

    matcher: re.Pattern[str]
    takes_back: bool
    folders_only: bool


class Ignored(msgspec.Struct, frozen=True):
    """The patterns that apply below one folder; ``base`` is that folder, absolute."""

    base: str
    patterns: tuple[Pattern, ...]

    def decides(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether the absolute path is ignored; None where no pattern is about it. The last one counts."""
        if not path.startswith(self.base.rstrip("/") + "/"):
            return None
        below = path[len(self.base.rstrip("/")) + 1 :]
        for pattern in reversed(self.patterns):
            if (is_folder or not pattern.folders_only) and pattern.matcher.fullmatch(below):
                return not pattern.takes_back
        return None


def patterns_of(lines: Iterable[str]) -> tuple[Pattern, ...]:
    """The patterns in these lines; comments, empty lines and what is no pattern are none."""
    return tuple(pattern for line in lines if (pattern := _pattern(line)) is not None)


def above(folder: str) -> Iterator[Ignored]:
    """What the repository of a folder (its real path) ignores, from its root down to itself; nearest last."""
    here = Path(folder)
    root = next((each for each in (here, *here.parents) if (each / ".git").exists()), here)
    between = [here, *here.parents][: len(here.parts) - len(root.parts) + 1]
    for each in reversed(between):
        yield from inside(str(each))


def inside(folder: str) -> Iterator[Ignored]:
    """What the list in this very folder (its real path) ignores, if there is one that can be read."""
    try:
        with Path(folder, IGNORE_FILE).open("rb") as file:
            lines = file.read(_LARGEST).decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return
    yield Ignored(folder, patterns_of(lines))


def is_ignored(lists: Iterable[Ignored], path: str, *, is_folder: bool) -> bool:
    """Whether lists, outermost first, ignore the absolute path: the nearest that is about it decides."""
    found = [each.decides(path, is_folder=is_folder) for each in lists]
    return next((each for each in reversed(found) if each is not None), False)


def _pattern(line: str) -> Pattern | None:
    text = line if line.endswith("\\ ") else line.rstrip(" ")
    if not text or text.startswith("#"):
        return None
    takes_back, text = (True, text[1:]) if text.startswith("!") else (False, text)
    folders_only, text = text.endswith("/"), text.rstrip("/")
    if not text:
        return None
    anywhere = "/" not in text
    source = "".join(_parts(text.removeprefix("/")))
    try:
        matcher = re.compile(f"(?:.*/)?{source}" if anywhere else source, re.DOTALL)
    except re.error:
        return None
    return Pattern(matcher, takes_back, folders_only)


def _parts(text: str) -> Iterator[str]:
    text = re.sub(r"^(\*\*/)+", "\0", text)
    text = re.sub(r"/(\*\*/)+", "\1", text)
    text = re.sub(r"/\*\*$", "\2", text)
    whole = {"\0": "(?:.*/)?", "\1": "/(?:.*/)?", "\2": "/.+", "**": "[^/]*", "*": "[^/]*", "?": "[^/]"}
    for found in _TOKEN.finditer(text):
        if found["plain"] is not None:
            yield re.escape(found["plain"])
        elif (listed := found["class"]) is not None:
            body = listed[1:-1].replace("\\", "\\\\").replace("[", "\\[")
            yield f"(?!/)[{'^' + body[1:] if body[0] in '!^' else body}]"
        else:
            yield whole.get(found[0], re.escape(found[0]))
