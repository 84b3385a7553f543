"""A run as one page, or as an index with a page for each message beside it.

One page holds everything and may be mailed. Above ``MOST_IN_ONE`` messages or ``LARGEST`` bytes a page
grows slow and heavy: then every message gets its own, written one after the other, and the pages share the
likenesses of media as files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from mmscheck.model.report import PERMITS_NOTHING
from mmscheck.report.findings import entries
from mmscheck.report.html.filters import Tally, filters, overlay
from mmscheck.report.html.markup import NOTHING, Markup, Part, join, tag
from mmscheck.report.html.message import Shown, Tools, message
from mmscheck.report.html.overview import CLOSING, FIRST, Row, controls, line, more, opening, row
from mmscheck.report.html.page import Page, look, main
from mmscheck.report.html.pictures import Beside, Gallery, Inline
from mmscheck.report.html.steps import first_steps
from mmscheck.report.html.summary import bottom, top
from mmscheck.report.rollup import Judged, Rollup, rolled
from mmscheck.report.scrub import scrub_message
from mmscheck.report.summary import decision_word
from mmscheck.report.verdicts import message_verdicts
from mmscheck.report.view import View

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
    tables = rolled(map(_judged, shown), strict=view.report.strict)
    gallery, tally = Gallery(Inline()), Tally()
    for each in shown:
        tally.add(each.found)
    page = Page(look=look(), title=_title(view))
    parts = _single_parts(view, shown, tables, gallery, tally)
    return join(
        page.opening(skip="Skip to the messages"),
        top(view, tables),
        Markup("".join(main(parts))),
        page.closing(bottom(view.report), gallery.definitions()),
    )


def _single_parts(
    view: View, shown: tuple[Shown, ...], tables: Rollup, gallery: Gallery, tally: Tally
) -> Iterator[Part]:
    alone = len(shown) == 1
    offline = view.report.profile in PERMITS_NOTHING
    yield first_steps(tables)
    if len(shown) > 1:
        yield tag("h2", "Messages")
        yield controls(len(shown))
        yield from _table((row(each, f"#{each.id}") for each in shown), offline=offline)
        yield tag("div", filters(tally), overlay(), class_="bar-of-tools")
    for each in shown:
        opened = len(shown) <= MOST_OPEN and not each.verdict.permitted
        yield message(each, gallery, opened=opened, tools=_tools(tally) if alone else None)


def _tools(tally: Tally) -> Tools:
    """The controls of a message that has its page to itself."""
    found = filters(tally)
    found = tag("div", found, class_="bar-of-tools") if found else NOTHING
    return Tools(findings=found, pictures=overlay())


def _goes_out(each: Row) -> bool:
    """Sorts what needs somebody's work to the top."""
    return each.verdict.passed


def _table(rows: Iterable[Row], *, offline: bool) -> Iterator[Markup]:
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
        self._rows: list[Row] = []

    def write(self) -> None:
        tables = rolled(self._pages(), strict=self._view.report.strict)
        self._put("", self._index(tables))

    def _pages(self) -> Iterator[Judged]:
        for shown in _shown(self._view):
            path = _file(shown.number)
            self._put(path, self._page(shown))
            for picture, content in self._shelf.new.items():
                self._put(picture, [content])
            self._shelf.new.clear()
            self._rows.append(row(shown, f"{quote(self._folder)}/{path}"))
            yield _judged(shown)

    def _page(self, shown: Shown) -> Iterator[str]:
        gallery, tally = Gallery(self._shelf), Tally()
        tally.add(shown.found)
        word, _ = decision_word(shown.verdict, offline=shown.offline)
        # Pages of a folder on disk have no origin: there a browser may know their files only by the scheme.
        page = Page(look=self._look, title=f"{word}: {shown.title}", images="data: 'self' file:")
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
        page = Page(look=self._look, title=_title(self._view))
        yield page.opening(skip="Skip to the messages")
        yield top(self._view, tables)
        yield from main(self._index_parts(tables))
        yield page.closing(bottom(self._view.report))

    def _index_parts(self, tables: Rollup) -> Iterator[Part]:
        yield first_steps(tables)
        yield tag("h2", "Messages")
        yield controls(len(self._rows))
        yield from _table(self._rows, offline=self._view.report.profile in PERMITS_NOTHING)


def _shown(view: View) -> Iterator[Shown]:
    """Every message, ready to be written, one after the other."""
    report = view.report
    pairs = zip(report.messages, message_verdicts(view), strict=True)
    for number, (raw, verdict) in enumerate(pairs, start=1):
        scrubbed = scrub_message(raw)
        yield Shown(
            number=number,
            message=scrubbed,
            verdict=verdict,
            found=entries(scrubbed, verdict),
            strict=report.strict,
            offline=report.profile in PERMITS_NOTHING,
        )


def _judged(shown: Shown) -> Judged:
    return shown.message, shown.verdict, shown.found


def _file(number: int) -> str:
    return f"message-{number:05d}.html"


def _title(view: View) -> str:
    word, _ = decision_word(view.verdict, offline=view.report.profile in PERMITS_NOTHING)
    return f"{word}: MMS check of {view.report.started[:10]}"
