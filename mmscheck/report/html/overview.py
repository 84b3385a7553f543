"""Every message of a run in one table that can be searched and sorted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from mmscheck.base.text import count
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Owner
from mmscheck.report.findings import Finding
from mmscheck.report.html.finding import KINDS, UNCLEAR, badge, kind_of, owner_of
from mmscheck.report.html.markup import NOTHING, Markup, cut, join, tag
from mmscheck.report.html.message import Shown
from mmscheck.report.run_words import decision_word

COLUMNS = (("verdict", "Verdict"), ("name", "Message"), ("found", "To fix"))
"""What the table can be sorted by, and the headings."""


class OverviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the table: the line of it that a long run keeps in memory."""

    href: str
    title: str
    source: str
    subject: str
    verdict: MessageVerdict
    blocking: int
    advice: int
    waived: int


def row(shown: Shown, href: str) -> OverviewRow:
    """The line of a message."""
    return OverviewRow(
        href=href,
        title=shown.title,
        source=cut(shown.one.message.source, 300),
        subject=cut(shown.one.message.subject or "", 120),
        verdict=shown.one.verdict,
        blocking=len(shown.one.blocking),
        advice=len(shown.one.standing) - len(shown.one.blocking),
        waived=len(shown.one.found) - len(shown.one.standing),
    )


def controls(total: int) -> Markup:
    """Search and choice, which need the script."""
    return tag(
        "form",
        tag("label", "Search ", tag("input", type="search", id="search", autocomplete="off")),
        tag(
            "label",
            "Verdict ",
            tag(
                "select",
                tag("option", "all", value=""),
                tag("option", "may not go out", value="0"),
                tag("option", "may go out", value="1"),
                id="verdict",
            ),
        ),
        tag("p", f"{total:,} of {total:,} messages match", role="status", id="listed"),
        class_="tools",
        id="finder",
        hidden=True,
        data_needs_script=True,
    )


def opening() -> Iterator[str]:
    """The table up to its first row."""
    heads = [
        tag(
            "th",
            tag("button", title, type="button", data_sort=key, disabled=True),
            scope="col",
            class_=key,
            aria_sort="none",
        )
        for key, title in COLUMNS
    ]
    caption = tag("caption", "Every message of this run", class_="away")
    yield f'<table class="messages" id="messages">{caption}{tag("thead", tag("tr", *heads))}<tbody>'


FIRST = 200
"""Rows that are drawn at first: laying out thousands takes a browser seconds."""

CLOSING = "</tbody></table>"
"""The end of the table."""


def more(total: int) -> Markup:
    """The button for the rows that a long table holds back; nothing for a short one."""
    if total <= FIRST:
        return NOTHING
    words = f"List all {total:,} messages"
    return tag("button", words, type="button", id="more", hidden=True, data_needs_script=True)


def line(each: OverviewRow, *, offline: bool, later: bool = False) -> Markup:
    """One row; ``later`` for one that is not drawn at first, where there is a script to draw it."""
    word, style = decision_word(each.verdict, offline=offline)
    good = each.verdict.passed
    subject = tag("span", "Subject: ", tag("bdi", each.subject), class_="quiet") if each.subject else None
    return tag(
        "tr",
        tag("td", badge(word, style)),
        tag(
            "th",
            tag("a", tag("bdi", each.title), href=each.href),
            tag("span", tag("bdi", each.source), class_="quiet"),
            subject,
            scope="row",
        ),
        tag("td", join(*_counts(each))),
        class_="later" if later else None,
        data_verdict="1" if good else "0",
        data_found=each.blocking * 1_000 + each.advice,
    )


def _counts(each: OverviewRow) -> Iterator[Markup]:
    told = [f"{each.blocking:,} to fix"] if each.blocking else []
    told += [f"{each.advice:,} advice"] if each.advice else []
    told += [f"{each.waived:,} waived"] if each.waived else []
    yield from (tag("span", part) for part in told or ["nothing"])


class FilterCounts:
    """What the findings of a page can be filtered by, counted while they are written."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self.kinds: Counter[str] = Counter()
        self.owners: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()

    def add(self, found: Iterable[Finding]) -> None:
        """Count the findings of one message."""
        for each in found:
            self.kinds[kind_of(each)] += 1
            self.owners[owner_of(each)] += 1
            self.rules[cut(each.rules, 200)] += 1


def filters(tally: FilterCounts) -> Markup:
    """The form, with a line that tells how many findings are shown; nothing without findings."""
    total = sum(tally.kinds.values())
    if not total:
        return NOTHING
    rules = [
        tag("option", f"{rule} ({number:,})", value=rule) for rule, number in sorted(tally.rules.items())
    ]
    names = {**{each.value: each.value for each in Owner}, UNCLEAR: "not clear"}
    return tag(
        "form",
        _boxes("Severity", "kind", KINDS, tally.kinds),
        _boxes("Who can fix it", "owner", names, tally.owners),
        tag("label", "Rule ", tag("select", tag("option", "every rule", value=""), *rules, id="rule")),
        tag("button", "Show all", type="reset"),
        tag("p", f"{total:,} of {count(total, 'finding')} shown", role="status", id="told"),
        class_="tools",
        id="filters",
        aria_label="Filter the findings",
        hidden=True,
        data_needs_script=True,
    )


def _boxes(title: str, name: str, words: Mapping[str, str], counts: Mapping[str, int]) -> Markup:
    boxes = [
        tag(
            "label",
            tag("input", type="checkbox", name=name, value=key, checked=True),
            f" {word} ({counts[key]:,})",
        )
        for key, word in words.items()
        if counts.get(key)
    ]
    return tag("fieldset", tag("legend", title), *boxes)


def overlay() -> Markup:
    """The switch for the safe zones; it works by style alone."""
    return tag(
        "p",
        tag("label", tag("input", type="checkbox", id="zones"), " Show safe zones on pictures"),
        class_="tools overlay",
    )
