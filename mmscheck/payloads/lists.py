"""A bare list of URLs, one a line; lines that begin with ``#`` are comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmscheck.base.json_text import Kind
from mmscheck.payloads.leaf import Leaf

_SCHEMES = ("http://", "https://")


def is_url(text: str) -> bool:
    """Whether a line or string begins as a URL of the web does."""
    return text.strip().lower().startswith(_SCHEMES)


def is_list(text: str) -> bool:
    """Whether the first line that says anything is a URL."""
    first = next(_lines(text), None)
    return first is not None and is_url(first[-1])


def read_list(text: str) -> tuple[Leaf, ...]:
    """The lines as the places of one array, as one of JSON has them."""
    return tuple(
        Leaf(
            pointer=f"[{number}]",
            path="[]",
            line=line,
            column=column,
            kind=Kind.TEXT,
            text=url,
            at=at,
            end=at + len(url),
        )
        for number, (line, column, at, url) in enumerate(_lines(text))
    )


def is_listed(leaves: Sequence[Leaf]) -> bool:
    """Whether these are the values of an array of URLs, and of nothing else."""
    return bool(leaves) and all(each.path == "[]" and is_url(each.text) for each in leaves)


def _lines(text: str) -> Iterator[tuple[int, int, int, str]]:
    """Line, column and character of each URL, and it."""
    # Not splitlines(): a line feed alone ends a line here, so that numbers are those of editors.
    begins = 0
    for number, line in enumerate(text.split("\n"), 1):
        url = line.strip(" \t\r")
        if url and not url.startswith("#"):
            column = line.index(url)
            yield number, column + 1, begins + column, url
        begins += len(line) + 1
