"""Folders to the files in them: what git ignores, what was excluded and what leads out of them left out.

Nothing is left out in silence: links that are not followed are named, and the rest is counted.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from mmscheck.base.text import escaped
from mmscheck.slidexml.ignoring import Ignored, above, inside, is_ignored, patterns_of

MOST_NAMED = 3
"""Links that are named in a sentence; the others are counted."""


class Unread(msgspec.Struct, frozen=True):
    """Something that was named, or is in a folder that was, and could not be read."""

    sentence: str


class Left(msgspec.Struct, frozen=True):
    """Something that was left out on purpose: an ignored or excluded entry, or (``why``) a link."""

    path: str
    why: str = ""


def walk(
    folder: str, suffixes: Collection[str], *, exclude: Sequence[str] = (), ignoring: bool = True
) -> Iterator[str | Unread | Left]:
    """Every file below with one of these suffixes (small letters), folder by folder, by name.

    Not in hidden folders, nor through links to folders: what lies below is met where it lies. A link to a
    file is followed where that file is below ``folder`` too. ``exclude`` are patterns as in ``.gitignore``,
    from ``folder`` or from the working folder; without ``ignoring`` nothing but links is left out.
    """
    root = os.path.realpath(folder)
    patterns = patterns_of(exclude)
    excluded = tuple(Ignored(base, patterns) for base in (os.path.realpath(os.curdir), root))
    # With a list of its own of what is still to be walked: folders may lie deeper than calls may.
    waiting = [(folder, root, (*(above(root) if ignoring else ()), *excluded))]
    while waiting:
        here, real, lists = waiting.pop()
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield Unread(f"{escaped(here)}/: {(error.strerror or str(error)).lower()}")
            continue
        deeper: list[tuple[str, str]] = []
        for entry in entries:
            is_folder = _is_folder(entry)
            if entry.name.startswith(".") if is_folder else Path(entry.name).suffix.lower() not in suffixes:
                continue
            path = str(Path(here) / entry.name)
            place = f"{real.rstrip('/')}/{entry.name}"
            if is_ignored(lists, place, is_folder=is_folder):
                yield Left(path)
            elif entry.is_symlink() and (why := _leads_away(path, root, is_folder=is_folder)) is not None:
                yield from (Left(path, why),) if why else ()
            elif is_folder:
                deeper.append((path, place))
            else:
                yield path
        below = lists[: -len(excluded)]
        for path, place in reversed(deeper):
            own_list = inside(place) if ignoring else ()
            waiting.append((path, place, (*below, *own_list, *excluded)))


def left_out(left: Sequence[Left]) -> Iterator[str]:
    """Sentences on what was left out: the links by name, the rest by number."""
    links = [each for each in left if each.why]
    if links:
        named = ", ".join(f"{escaped(each.path)} ({each.why})" for each in links[:MOST_NAMED])
        more = f" and {len(links) - MOST_NAMED:,} more" if len(links) > MOST_NAMED else ""
        count = "1 link was" if len(links) == 1 else f"{len(links):,} links were"
        yield f"{count} not followed: {named}{more}."
    if rest := len(left) - len(links):
        count = "1 file or folder was" if rest == 1 else f"{rest:,} files or folders were"
        yield f"{count} left out, as .gitignore or --exclude say."


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _leads_away(path: str, root: str, *, is_folder: bool) -> str | None:
    """Why a link is not followed, None where it is, and nothing where it leads to what is met anyhow."""
    target = os.path.realpath(path)
    if not os.path.exists(target):  # noqa: PTH110 - Path.exists raises for loops of links
        return "it leads nowhere"
    if target != root and not target.startswith(root.rstrip("/") + "/"):
        return "it leads out of the folder that was given"
    return "" if is_folder else None
