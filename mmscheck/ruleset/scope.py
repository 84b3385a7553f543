"""Where in which file a fault is, and the list that all faults of one load go to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
"""A key that TOML lets stand without quotes."""

MOST_LISTED = 20
"""How many allowed values a fault lists before it only counts them."""

LONGEST_SHOWN = 60
"""Characters of a wrong value that a fault shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A place: the file as it is shown to people and the dotted key, empty for the file itself.

    ``faults`` is shared by every scope of one load and is the only thing that grows.
    """

    faults: list[str]
    file: str
    key: str = ""

    def at(self, key: str | int) -> Scope:
        """The place of ``key`` inside this one; a number is a position in an array."""
        if isinstance(key, int):
            inner = f"{self.key}[{key}]"
        else:
            name = key if BARE_KEY.match(key) else json.dumps(key)
            inner = f"{self.key}.{name}" if self.key else name
        return Scope(faults=self.faults, file=self.file, key=inner)

    def fault(self, what: str) -> None:
        """Record a fault here, as one line."""
        self.faults.append(": ".join(part for part in (self.file, self.key, what) if part))


def file_scope(faults: list[str], path: Path) -> Scope:
    """The scope of a file, shown relative to the working folder where it lies below it."""
    try:
        shown = path.relative_to(Path.cwd())
    except (ValueError, OSError):
        shown = path
    # A file name need not be UTF-8, and a fault that cannot be printed would end as a traceback.
    return Scope(faults=faults, file=str(shown).encode(errors="backslashreplace").decode())


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that is not known, with the likeliest meant one."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    meant = f", did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {shorten(name)}{meant or ','} {_expected(names)}"


def shorten(value: object) -> str:
    """The value as a person would recognise it, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _expected(names: list[str]) -> str:
    if not names:
        return "expected none"
    if len(names) > MOST_LISTED:
        return f"expected one of the {len(names)} that exist"
    return f"expected {'one of ' if len(names) > 1 else ''}{', '.join(names)}"
