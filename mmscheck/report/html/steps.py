"""What to mend first in a run of several messages: by server, by who can fix it, by rule."""

from __future__ import annotations

from collections.abc import Iterable

from mmscheck.base.text import count
from mmscheck.report.html.markup import NOTHING, Markup, Part, join, tag
from mmscheck.report.html.words import code, cut
from mmscheck.report.rollup import HostTally, Rollup
from mmscheck.report.wording import OWNERS

MOST_RULES = 4
"""Rules that are named beside a server."""


def first_steps(tables: Rollup) -> Markup:
    """For runs of several messages: what to mend first, by server, rule and owner."""
    if tables.messages < 2 or not (tables.hosts or tables.rules):  # noqa: PLR2004 - one message says it itself
        return NOTHING
    hosts = [_host(host) for host in tables.hosts[:10]]
    return tag(
        "section",
        tag("h2", "What to mend first"),
        tag("ul", *hosts, _more(len(tables.hosts) - len(hosts), "server")) if hosts else None,
        tag("div", tag("div", _owners(tables)), tag("div", _rules(tables)), class_="tallies"),
        class_="first",
    )


def _host(host: HostTally) -> Markup:
    rules = ", ".join(host.rules[:MOST_RULES]) + (" and more" if len(host.rules) > MOST_RULES else "")
    blocked = f" It blocks {count(host.messages, 'message')} ({rules})."
    return tag("li", "Fix ", tag("bdi", code(host.host, 200)), f": {_gain(host.alone, host.unsure)}", blocked)


def _gain(alone: int, unsure: int) -> str:
    if not alone:
        return "no message passes by this alone."
    doubt = f" ({unsure:,} of them not certain)" if unsure else ""
    return f"{count(alone, 'message passes', 'messages pass')}{doubt}."


def _more(number: int, what: str) -> Part:
    return tag("li", f"and {count(number, f'more {what}')}") if number > 0 else None


def _owners(tables: Rollup) -> Part:
    if not tables.owners:
        return None
    rows = [
        (
            OWNERS[each.owner] if each.owner else "not clear",
            f"{each.messages:,}",
            f"{each.alone:,}",
            f"{each.findings:,}",
        )
        for each in tables.owners
    ]
    return _table("By who can fix it", ("Who", "Blocks messages", "Pass if mended", "Places"), rows)


def _rules(tables: Rollup) -> Part:
    rows = [
        (each.rule, "blocks" if each.blocks else "advises", f"{each.messages:,}", f"{each.findings:,}")
        for each in tables.rules[:15]
    ]
    more = len(tables.rules) - len(rows)
    shown = _table("By rule", ("Rule", "Effect", "Messages", "Places"), rows)
    return join(shown, tag("p", f"and {count(more, 'more rule')}") if more > 0 else None) if rows else None


def _table(title: str, heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Markup:
    return tag(
        "table",
        tag("caption", title),
        tag("thead", tag("tr", *(tag("th", each, scope="col") for each in heads))),
        tag(
            "tbody",
            *(
                tag("tr", tag("th", cut(first, 120), scope="row"), *(tag("td", each) for each in rest))
                for first, *rest in rows
            ),
        ),
        class_="tally",
    )
