"""Every message of a run in one table that can be searched and sorted."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mmscheck.model.verdict import MessageVerdict
from mmscheck.report.html.finding import badge
from mmscheck.report.html.markup import NOTHING, Markup, join, tag
from mmscheck.report.html.message import Shown
from mmscheck.report.html.words import cut
from mmscheck.report.summary import decision_word

COLUMNS = (("verdict", "Verdict"), ("name", "Message"), ("found", "To fix"))
"""What the table can be sorted by, and the headings."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the table: the line of it that a long run keeps in memory."""

    href: str
    title: str
    source: str
    subject: str
    verdict: MessageVerdict
    blocking: int
    advice: int
    waived: int


def row(shown: Shown, href: str) -> Row:
    """The line of a message."""
    return Row(
        href=href,
        title=shown.title,
        source=cut(shown.message.source, 300),
        subject=cut(shown.message.subject or "", 120),
        verdict=shown.verdict,
        blocking=len(shown.blocking),
        advice=len(shown.standing) - len(shown.blocking),
        waived=len(shown.found) - len(shown.standing),
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


def line(each: Row, *, offline: bool, later: bool = False) -> Markup:
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


def _counts(each: Row) -> Iterator[Markup]:
    told = [f"{each.blocking:,} to fix"] if each.blocking else []
    told += [f"{each.advice:,} advice"] if each.advice else []
    told += [f"{each.waived:,} waived"] if each.waived else []
    yield from (tag("span", part) for part in told or ["nothing"])
