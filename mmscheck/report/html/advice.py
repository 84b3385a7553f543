"""Why and how to fix: prose as paragraphs, configuration as a block that can be copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from mmscheck.report.html.markup import NOTHING, Markup, join, tag
from mmscheck.report.html.words import cut
from mmscheck.report.layout import COPYABLE, shown_lines

LONGEST = 20_000
"""Characters of a fix that are shown."""


class Ids:
    """Names for the parts of one page that others point to."""

    def __init__(self, prefix: str) -> None:
        """Start at 1."""
        self._prefix, self._count = prefix, 0

    def next(self) -> str:
        """A name that no other part has."""
        self._count += 1
        return f"{self._prefix}-{self._count}"


def why_and_fix(why: str, general: str, advised: Iterable[str], ids: Ids) -> Markup:
    """The reason, what helps in general, and what helps on the server that was recognised."""
    return join(
        _row("Why", _prose(why, ids)),
        _row("Fix", _prose(general, ids)),
        *(_recipes(name, some, ids) for name, some in groupby(map(_named, advised), itemgetter(0))),
    )


def _row(label: str, content: Markup) -> Markup:
    return tag("div", tag("dt", label), tag("dd", content)) if content else NOTHING


def _named(advised: str) -> tuple[str, str]:
    """The server that advice is for, whose name stands before the first colon, and the advice."""
    name, mark, rest = advised.partition(": ")
    return (name, rest) if mark and len(name) <= 80 else ("the server", advised)  # noqa: PLR2004 - a name


def _recipes(name: str, some: Iterable[tuple[str, str]], ids: Ids) -> Markup:
    """What to do on one server, one thing or several, under its name once."""
    ways = [tag("dd", _prose(body, ids, copyable=True)) for _, body in some]
    return tag("div", tag("dt", f"For {cut(name, 80)}, found here"), *ways, class_="recipe")


def _prose(told: str, ids: Ids, *, copyable: bool = False) -> Markup:
    lines = shown_lines(told[:LONGEST])
    if copyable and not any(line.startswith(COPYABLE) for line in lines):
        return _block("\n".join(lines), ids, "p")
    return join(*_paragraphs(lines, ids), tag("p", "… and more") if len(told) > LONGEST else None)


def _paragraphs(lines: list[str], ids: Ids) -> Iterator[Markup]:
    for configuration, some in groupby(lines, key=lambda line: line.startswith(COPYABLE)):
        if configuration:
            yield _block("\n".join(line.removeprefix(COPYABLE) for line in some), ids, "pre")
        else:
            yield from (tag("p", tag("bdi", line)) for line in some)


def _block(content: str, ids: Ids, element: str) -> Markup:
    """What can be copied, with the button that does it."""
    name = ids.next()
    return tag(
        "div",
        tag("button", "Copy", type="button", data_copy=name, hidden=True, data_needs_script=True),
        _configuration(content, name) if element == "pre" else tag("p", tag("bdi", content), id=name),
        class_="copyable",
    )


def _configuration(content: str, name: str) -> Markup:
    """Code may be wider than the page, and is scrolled by keyboard only if it can have the focus."""
    return tag(
        "pre", tag("code", content), id=name, tabindex=0, role="group", aria_label="Configuration to copy"
    )
