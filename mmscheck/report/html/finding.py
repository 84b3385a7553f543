"""The findings of a message, by who can fix them; what is said alike of several places is said once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType

import msgspec

from mmscheck.base.text import count
from mmscheck.model.report import Evaluation, ServerAdvice
from mmscheck.model.words import Outcome, Owner, Severity, TargetKind
from mmscheck.report.clean import clean_url
from mmscheck.report.finding_words import (
    CODES,
    CRASHED,
    WHO,
    also,
    codes_of,
    heading,
    label,
    leave,
    location,
    rule_names,
    seen,
    so,
)
from mmscheck.report.findings import Finding, Judged, ref_of
from mmscheck.report.html.markup import NOTHING, Markup, code, cut, join, said, tag, url
from mmscheck.report.layout import COPYABLE, Style, shown_lines
from mmscheck.report.run_words import gate_reasons

MOST_PLACES = 25
"""Places of one finding that are listed."""

CLASSES: Mapping[Style, str] = MappingProxyType(
    {Style.GOOD: "good", Style.BAD: "bad", Style.DOUBT: "doubt", Style.ADVICE: "advice"}
)
"""The class of a badge by the style that the text report gives the same words."""

KINDS: Mapping[str, str] = MappingProxyType(
    {"error": "Errors", "undecided": "Cannot tell", "advice": "Warnings", "waived": "Waived"}
)
"""What findings are filtered by, and the words for it."""

UNCLEAR = "unclear"
"""Whose finding it is when nobody can say."""


def kind_of(each: Finding) -> str:
    """The kind of a finding, one of `KINDS`."""
    if each.waiver is not None:
        return "waived"
    if each.first.outcome is not Outcome.FAILED:
        return "undecided"
    return "error" if each.severity is Severity.ERROR else "advice"


def owner_of(each: Finding) -> str:
    """Who can fix it, or that nobody knows."""
    return each.owner.value if each.owner else UNCLEAR


def badge(words: str, style: Style) -> Markup:
    """Words on a coloured ground; the colour says nothing that they do not."""
    return tag("span", words, class_=f"badge {CLASSES.get(style, 'plain')}")


class _Same(msgspec.Struct, frozen=True, kw_only=True):
    """What findings must share to be told as one."""

    kind: str
    rule: str
    why: str
    fix: str
    codes: tuple[str, ...]
    rest: str


class Findings:
    """Writes the findings of one message."""

    def __init__(self, one: Judged, ids: Ids) -> None:
        """Of this message."""
        self._one, self._message, self._ids = one, one.message, ids

    def section(self, tools: Markup = NOTHING) -> Markup:
        """All of them under a heading, or that there are none; ``tools`` choose among them."""
        found = self._one.found
        reasons = [tag("li", "The gate says: ", said(each)) for each in gate_reasons(self._one.verdict)[:20]]
        groups = [self._group(owner, found) for owner in (*(each.value for each in Owner), UNCLEAR)]
        nothing = tag("p", "Nothing to fix.") if not found and not reasons else None
        return tag(
            "section",
            tag("h3", self._title(reasons)),
            tools,
            tag("ul", *reasons, class_="reasons") if reasons else None,
            nothing,
            *groups,
        )

    def _title(self, reasons: Sequence[Markup]) -> str:
        """Nobody has to fix what is waived, nor what is only advice."""
        if reasons or self._one.blocking:
            return "What to fix"
        if self._one.standing:
            return "What could be better"
        return "What was waived" if self._one.found else "Findings"

    def _group(self, owner: str, found: Iterable[Finding]) -> Markup:
        own = [each for each in found if owner_of(each) == owner]
        if not own:
            return NOTHING
        alike: dict[_Same, list[Finding]] = {}
        for each in own:
            alike.setdefault(self._same(each), []).append(each)
        title, who = f"For {owner}", WHO[Owner(owner)] if owner != UNCLEAR else "nobody can say yet"
        return tag(
            "section",
            tag("h4", tag("span", title if owner != UNCLEAR else "Not clear"), " ", tag("small", who)),
            *(self._card(entries) for entries in alike.values()),
            class_="owner",
            data_group=True,
        )

    def _same(self, each: Finding) -> _Same:
        lead = each.lead
        return _Same(
            kind=label(each)[0],
            rule=lead.rule if lead else rule_names(each.items),
            why=lead.why if lead else "",
            fix=lead.fix if lead else "",
            codes=self._codes(each),
            rest="".join(self._others(each)) + (leave(each.waiver) if each.waiver else ""),
        )

    def _card(self, together: Sequence[Finding]) -> Markup:
        first = together[0]
        names = first.rules
        places = [self._place(each) for each in together[:MOST_PLACES]]
        more = len(together) - len(places)
        return tag(
            "article",
            tag("h5", badge(*label(first)), " ", code(names)),
            tag("ul", *places, class_="places"),
            tag("p", f"and {count(more, 'more place')}") if more > 0 else None,
            tag("dl", *self._details(first), class_="advice"),
            class_="finding",
            data_kind=kind_of(first),
            data_owner=owner_of(first),
            data_rule=cut(names, 200),
            data_count=len(together),
        )

    def _place(self, each: Finding) -> Markup:
        ref = ref_of(self._message, each.target) if each.target.kind is TargetKind.MEDIA else None
        told = seen(self._message.source, each)
        where = f"{heading(each.target)}, {location(cut(self._message.source, 300), each.first)}"
        named = [": ", url(ref.url)] if ref and clean_url(ref.url) not in told else []
        # The line of a medium is its URL, which is there already.
        excerpt = None if ref else self._message.excerpts.get(each.first.line or 0)
        return tag(
            "li",
            tag("p", tag("bdi", cut(told)), class_="seen"),
            tag("p", where, *named, class_="where"),
            tag("p", tag("code", cut(excerpt, 300)), class_="excerpt") if excerpt else None,
            self._server(each),
        )

    def _server(self, each: Finding) -> Markup:
        ref = ref_of(self._message, each.target)
        detected = self._message.servers.get(ref.url) if ref else None
        if detected is None or each.owner is not Owner.HOSTING:
            return NOTHING
        return tag("p", "Detected: ", said(detected.phrase, 300), class_="where")

    def _details(self, each: Finding) -> Iterator[Markup]:
        if each.waiver is not None:
            yield _row("By", said(leave(each.waiver)))
        if each.first.crashed:
            yield _row("Fix", CRASHED)
        elif each.lead is None or not each.explained:
            yield _row("Fix", each.deciding)
        else:
            yield why_and_fix(each.lead, self._ids)
        if codes := self._codes(each):
            yield _row("Code", join(tag("code", cut(", ".join(codes), 300)), CODES))
        yield from self._others(each)

    def _codes(self, each: Finding) -> tuple[str, ...]:
        return codes_of(self._message, each.lead) if each.lead and not each.lead.crashed else ()

    def _others(self, each: Finding) -> Iterator[Markup]:
        if each.lead is None:
            yield _row("Rules", said(rule_names(each.items)))
            return
        if each.follows:
            yield _row("Also", said(also(each)))
        if each.undecided:
            yield _row("So", said(so(each)))


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


def why_and_fix(item: Evaluation, ids: Ids) -> Markup:
    """The reason, what helps in general, and what helps on the server that was recognised."""
    return join(
        _row("Why", _prose(item.why, ids)),
        _row("Fix", _prose(item.own_fix, ids)),
        *(_recipes(name, some, ids) for name, some in groupby(item.advice, attrgetter("name"))),
    )


def _row(name: str, content: str) -> Markup:
    return tag("div", tag("dt", name), tag("dd", content)) if content else NOTHING


def _recipes(name: str, some: Iterable[ServerAdvice], ids: Ids) -> Markup:
    """What to do on one server, one thing or several, under its name once."""
    ways = [tag("dd", _prose(each.words, ids, copyable=True)) for each in some]
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
