"""Wrapping, indenting and colouring lines of text for people."""

from __future__ import annotations

import textwrap
from enum import StrEnum
from urllib.parse import quote, urljoin

import msgspec

from mmscheck.report.clean import clean_text, clean_url
from mmscheck.report.escape import visible

NARROWEST = 40
"""Columns: below this wrapping would tear every sentence apart, so lines stay this wide."""


class Style(StrEnum):
    """ANSI codes (ECMA-48 SGR). Nothing is said by colour alone."""

    PLAIN = ""
    STRONG = "1"
    GOOD = "1;32"
    BAD = "1;31"
    DOUBT = "1;35"
    ADVICE = "1;33"
    FAINT = "2"


def shown(text: str) -> str:
    """Untrusted text as it may stand on a terminal: redacted, on one line, nothing hidden in it."""
    return visible(clean_text(text))


def shown_url(url: str) -> str:
    """A URL as it may stand on a terminal."""
    return visible(clean_url(url))


COPYABLE = "    "
"""What a line of configuration begins with in a rule's own words: it is shown as it is."""


def shown_lines(text: str) -> list[str]:
    """The same for a rule's own words, whose line breaks are meant; configuration keeps its indentation."""
    lines = (line.rstrip(" \t\r") for line in text.split("\n"))
    return [
        shown(line if line.startswith(COPYABLE) else line.strip(" \t\r")) for line in lines if line.strip()
    ]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """How wide the page is, in columns, whether it may have colours, and where its links to files begin.

    ``links`` is the URL of the folder that paths are given from; empty: the page has no links.
    """

    width: int
    color: bool
    links: str = ""

    def paint(self, text: str, style: Style) -> str:
        """The text in a style, or as it is on a page without colours."""
        return f"\x1b[{style.value}m{text}\x1b[0m" if self.color and style and text else text

    def linked(self, lines: list[str], source: str) -> list[str]:
        """The lines with the first whole mention of a path as a link to its file (OSC 8).

        Call it on wrapped lines, since a link takes no columns. Inputs that are no files get none.
        """
        if not self.links or source.startswith("<"):
            return lines
        url = urljoin(self.links, quote(source.encode("utf-8", "surrogateescape")))
        text = shown(source)
        at = next((at for at, line in enumerate(lines) if text in line), None)
        if at is None:
            return lines
        link = f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"
        return [*lines[:at], lines[at].replace(text, link, 1), *lines[at + 1 :]]

    def block(
        self, text: str, *, indent: int, label: str = "", style: Style = Style.PLAIN, hang: int | None = None
    ) -> list[str]:
        """Wrap the text after a label, never inside a word or URL.

        Later lines start ``hang`` columns after the indent; as wide as the label unless told. Only the label
        is painted. ``text`` must be shown text already.
        """
        margin = " " * indent
        lines = textwrap.wrap(
            text,
            width=max(self.width, NARROWEST),
            initial_indent=margin + label,
            subsequent_indent=margin + " " * (len(label) if hang is None else hang),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [(margin + label).rstrip()]
        first = lines[0][indent:]
        head, tail = first[: len(label)], first[len(label) :]
        return [margin + self.paint(head, style) + tail, *lines[1:]]
