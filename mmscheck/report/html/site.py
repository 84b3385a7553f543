"""A run as one page, or as an index with a page for each message beside it.

One page holds everything and may be mailed. Above ``MOST_IN_ONE`` messages or ``LARGEST`` bytes a page
grows slow and heavy: then every message gets its own, written one after the other, and the pages share the
likenesses of media as files.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from urllib.parse import quote

import msgspec

from mmscheck.report.clean import scrub_message
from mmscheck.report.findings import Judged, findings
from mmscheck.report.html.markup import NOTHING, Markup, Part, join, raw, tag
from mmscheck.report.html.message import Controls, Shown, message
from mmscheck.report.html.overview import (
    CLOSING,
    FIRST,
    FilterCounts,
    OverviewRow,
    controls,
    filters,
    line,
    more,
    opening,
    overlay,
    row,
)
from mmscheck.report.html.pictures import Beside, Gallery, Inline, icons
from mmscheck.report.html.summary import bottom, first_steps, top
from mmscheck.report.rollup import Rollup, rolled
from mmscheck.report.run_words import decision_word
from mmscheck.report.view import View

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LEADING = re.compile(r"\n\s*")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """The style sheet and the script of a page, as they stand in it."""

    style: str
    script: str

    def policy(self, images: str) -> str:
        """The Content-Security-Policy (CSP 3): nothing from elsewhere, only these two by their digests."""
        return "; ".join(
            (
                "default-src 'none'",
                f"img-src {images}",
                f"style-src {_digest(self.style)}",
                f"script-src {_digest(self.script)}",
                "base-uri 'none'",
                "form-action 'none'",
            )
        )


def look() -> Look:
    """Read both from the package."""
    return Look(style=_packed("report.css"), script=_packed("report.js"))


def _packed(name: str) -> str:
    source = (resources.files("mmscheck.report.html") / name).read_text(encoding="utf-8")
    return _LEADING.sub("\n", _COMMENT.sub("", source)).strip()


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode('utf-8')).digest()).decode('ascii')}'"


class HtmlPage(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between pages: the title, and where pictures may come from."""

    look: Look
    title: str
    images: str = "data:"

    def opening(self, *, skip: str) -> Markup:
        """Everything up to the body's content; ``skip`` says where the first link leads."""
        head = tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=self.look.policy(self.images)),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("meta", name="referrer", content="no-referrer"),
            tag("meta", name="robots", content="noindex"),
            tag("title", self.title),
            tag("style", raw(self.look.style)),
        )
        return join(
            raw('<!DOCTYPE html>\n<html lang="en">'),
            head,
            raw("<body>"),
            tag("a", skip, class_="skip", href="#main"),
            icons(),
        )

    def closing(self, *parts: Part) -> Markup:
        """Everything behind the content."""
        return join(*parts, tag("script", raw(self.look.script)), raw("</body></html>\n"))


def main(parts: Iterable[Part]) -> Iterator[str]:
    """The main part of a page, piece by piece."""
    yield '<main id="main">'
    yield from (join(part, "\n") for part in parts if part)
    yield "</main>"


MOST_IN_ONE = 100
"""Messages that one page holds at most."""

LARGEST = 15_000_000
"""Bytes of one page that mail systems still carry (a judgement: many stop at 20 to 25 MB after packing)."""

MOST_OPEN = 5
"""Messages of one page that are open from the start."""

Put = Callable[[str, Iterable[str | bytes]], None]
"""Takes a file: its path beside the report (empty: the report itself) and its content in pieces."""


def single(view: View) -> str:
    """The whole run in one page, whatever its size."""
    shown = tuple(_shown(view))
    tables = rolled(each.one for each in shown)
    gallery, tally = Gallery(Inline()), FilterCounts()
    for each in shown:
        tally.add(each.one.found)
    page = HtmlPage(look=look(), title=_title(view))
    parts = _single_parts(view, shown, tables, gallery, tally)
    return join(
        page.opening(skip="Skip to the messages"),
        top(view, tables),
        Markup("".join(main(parts))),
        page.closing(bottom(view.report), gallery.definitions()),
    )


def _single_parts(
    view: View, shown: tuple[Shown, ...], tables: Rollup, gallery: Gallery, tally: FilterCounts
) -> Iterator[Part]:
    alone = len(shown) == 1
    offline = view.offline
    yield first_steps(tables)
    if len(shown) > 1:
        yield tag("h2", "Messages")
        yield controls(len(shown))
        yield from _table((row(each, f"#{each.id}") for each in shown), offline=offline)
        yield tag("div", filters(tally), overlay(), class_="bar-of-tools")
    for each in shown:
        opened = len(shown) <= MOST_OPEN and not each.one.verdict.permitted
        yield message(each, gallery, opened=opened, tools=_tools(tally) if alone else None)


def _tools(tally: FilterCounts) -> Controls:
    """The controls of a message that has its page to itself."""
    found = filters(tally)
    found = tag("div", found, class_="bar-of-tools") if found else NOTHING
    return Controls(findings=found, pictures=overlay())


def _goes_out(each: OverviewRow) -> bool:
    """Sorts what needs somebody's work to the top."""
    return each.verdict.passed


def _table(rows: Iterable[OverviewRow], *, offline: bool) -> Iterator[Markup]:
    yield from map(Markup, opening())
    total = 0
    for each in sorted(rows, key=_goes_out):
        yield line(each, offline=offline, later=total >= FIRST)
        total += 1
    yield Markup(CLOSING)
    yield more(total)


def write(view: View, name: str, folder: str, put: Put) -> None:
    """Hand every file of the report to ``put``, the index last.

    ``name`` is the report's own file name and ``folder`` that of the folder beside it, for links.
    """
    if len(view.report.messages) <= MOST_IN_ONE:
        page = single(view)
        if len(page.encode("utf-8")) <= LARGEST:
            put("", [page])
            return
    _Site(view, name, folder, put).write()


class _Site:
    """Writes a page for each message while it counts them, then the index."""

    def __init__(self, view: View, name: str, folder: str, put: Put) -> None:
        self._view, self._name, self._folder, self._put = view, name, folder, put
        self._look = look()
        self._shelf = Beside()
        self._rows: list[OverviewRow] = []

    def write(self) -> None:
        tables = rolled(self._pages())
        self._put("", self._index(tables))

    def _pages(self) -> Iterator[Judged]:
        for shown in _shown(self._view):
            path = _file(shown.number)
            self._put(path, self._page(shown))
            for picture, content in self._shelf.new.items():
                self._put(picture, [content])
            self._shelf.new.clear()
            self._rows.append(row(shown, f"{quote(self._folder)}/{path}"))
            yield shown.one

    def _page(self, shown: Shown) -> Iterator[str]:
        gallery, tally = Gallery(self._shelf), FilterCounts()
        tally.add(shown.one.found)
        word, _ = decision_word(shown.one.verdict, offline=shown.offline)
        # Pages of a folder on disk have no origin: there a browser may know their files only by the scheme.
        page = HtmlPage(look=self._look, title=f"{word}: {shown.title}", images="data: 'self' file:")
        yield page.opening(skip="Skip to the message")
        yield self._navigation(shown.number)
        yield from main([message(shown, gallery, opened=True, tools=_tools(tally))])
        yield page.closing(bottom(self._view.report), gallery.definitions())

    def _navigation(self, number: int) -> Markup:
        total = len(self._view.report.messages)
        steps = {"Previous": number - 1, "Next": number + 1}
        links = [
            tag("a", word, href=_file(other)) if 1 <= other <= total else None
            for word, other in steps.items()
        ]
        index = tag("a", "All messages", href=f"../{quote(self._name)}")
        where = tag("h1", f"Message {number:,} of {total:,}")
        return tag("header", where, tag("nav", index, *links, aria_label="Messages"), class_="steps")

    def _index(self, tables: Rollup) -> Iterator[str]:
        page = HtmlPage(look=self._look, title=_title(self._view))
        yield page.opening(skip="Skip to the messages")
        yield top(self._view, tables)
        yield from main(self._index_parts(tables))
        yield page.closing(bottom(self._view.report))

    def _index_parts(self, tables: Rollup) -> Iterator[Part]:
        yield first_steps(tables)
        yield tag("h2", "Messages")
        yield controls(len(self._rows))
        yield from _table(self._rows, offline=self._view.offline)


def _shown(view: View) -> Iterator[Shown]:
    """Every message, ready to be written, one after the other."""
    for number, (told, verdict) in enumerate(view.pairs, start=1):
        scrubbed = scrub_message(told)
        found = findings(scrubbed, verdict, strict=view.report.strict)
        one = Judged(message=scrubbed, verdict=verdict, found=found)
        yield Shown(number=number, one=one, offline=view.offline)


def _file(number: int) -> str:
    return f"message-{number:05d}.html"


def _title(view: View) -> str:
    word, _ = decision_word(view.verdict, offline=view.offline)
    return f"{word}: MMS check of {view.report.started[:10]}"
