"""The findings of a message, by who can fix them; what is said alike of several places is said once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from mmscheck.base.text import count
from mmscheck.model.report import MessageReport
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Outcome, Owner, Severity, TargetKind
from mmscheck.report.clean import clean_url
from mmscheck.report.codes import codes_for
from mmscheck.report.findings import Entry
from mmscheck.report.html.advice import Ids, why_and_fix
from mmscheck.report.html.markup import NOTHING, Markup, join, tag
from mmscheck.report.html.words import code, cut, said, url
from mmscheck.report.layout import Style
from mmscheck.report.oneline import gate_reasons
from mmscheck.report.rollup import blocks
from mmscheck.report.waived import leave
from mmscheck.report.wording import OWNERS, also, heading, label, location, ref_of, rule_names, seen, so
from mmscheck.servers.recognition import split_fix

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


def kind_of(entry: Entry) -> str:
    """The kind of a finding, one of `KINDS`."""
    if entry.waiver is not None:
        return "waived"
    if entry.first.outcome is not Outcome.FAILED:
        return "undecided"
    return "error" if entry.severity is Severity.ERROR else "advice"


def owner_of(entry: Entry) -> str:
    """Who can fix it, or that nobody knows."""
    return entry.owner.value if entry.owner else UNCLEAR


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

    def __init__(self, message: MessageReport, ids: Ids, *, strict: bool) -> None:
        """Of this message; ``strict`` as the gate was."""
        self._message, self._ids, self._strict = message, ids, strict

    def section(self, found: Sequence[Entry], verdict: MessageVerdict, tools: Markup = NOTHING) -> Markup:
        """All of them under a heading, or that there are none; ``tools`` choose among them."""
        reasons = [
            tag("li", "The gate says: ", said(each)) for each in gate_reasons(self._message, verdict)[:20]
        ]
        groups = [self._group(owner, found) for owner in (*(each.value for each in Owner), UNCLEAR)]
        nothing = tag("p", "Nothing to fix.") if not found and not reasons else None
        return tag(
            "section",
            tag("h3", self._title(found, reasons)),
            tools,
            tag("ul", *reasons, class_="reasons") if reasons else None,
            nothing,
            *groups,
        )

    def _title(self, found: Sequence[Entry], reasons: Sequence[Markup]) -> str:
        """Nobody has to fix what is waived, nor what is only advice."""
        if reasons or any(blocks(entry, strict=self._strict) for entry in found):
            return "What to fix"
        if any(entry.waiver is None for entry in found):
            return "What could be better"
        return "What was waived" if found else "Findings"

    def _group(self, owner: str, found: Iterable[Entry]) -> Markup:
        own = [entry for entry in found if owner_of(entry) == owner]
        if not own:
            return NOTHING
        alike: dict[_Same, list[Entry]] = {}
        for entry in own:
            alike.setdefault(self._same(entry), []).append(entry)
        title = OWNERS[Owner(owner)] if owner != UNCLEAR else "not clear: nobody can say yet"
        name, _, who = title.partition(": ")
        return tag(
            "section",
            tag(
                "h4", tag("span", f"For {name}" if owner != UNCLEAR else "Not clear"), " ", tag("small", who)
            ),
            *(self._card(entries) for entries in alike.values()),
            class_="owner",
            data_group=True,
        )

    def _same(self, entry: Entry) -> _Same:
        lead = entry.lead
        return _Same(
            kind=label(entry, strict=self._strict)[0],
            rule=lead.rule if lead else rule_names(entry.items),
            why=lead.why if lead else "",
            fix=lead.fix if lead else "",
            codes=self._codes(entry),
            rest="".join(self._others(entry)) + (leave(entry.waiver) if entry.waiver else ""),
        )

    def _card(self, together: Sequence[Entry]) -> Markup:
        first = together[0]
        names = first.lead.rule if first.lead else "several rules"
        places = [self._place(entry) for entry in together[:MOST_PLACES]]
        more = len(together) - len(places)
        return tag(
            "article",
            tag("h5", badge(*label(first, strict=self._strict)), " ", code(names)),
            tag("ul", *places, class_="places"),
            tag("p", f"and {count(more, 'more place')}") if more > 0 else None,
            tag("dl", *self._details(first), class_="advice"),
            class_="finding",
            data_kind=kind_of(first),
            data_owner=owner_of(first),
            data_rule=cut(names, 200),
            data_count=len(together),
        )

    def _place(self, entry: Entry) -> Markup:
        ref = ref_of(self._message, entry.target) if entry.target.kind is TargetKind.MEDIA else None
        told = seen(self._message.source, entry)
        where = f"{heading(entry.target)}, {location(cut(self._message.source, 300), entry.first.line)}"
        named = [": ", url(ref.url)] if ref and clean_url(ref.url) not in told else []
        # The line of a medium is its URL, which is there already.
        excerpt = None if ref else self._message.excerpts.get(entry.first.line or 0)
        return tag(
            "li",
            tag("p", tag("bdi", cut(told)), class_="seen"),
            tag("p", where, *named, class_="where"),
            tag("p", tag("code", cut(excerpt, 300)), class_="excerpt") if excerpt else None,
            self._server(entry),
        )

    def _server(self, entry: Entry) -> Markup:
        ref = ref_of(self._message, entry.target)
        detected = self._message.servers.get(ref.url) if ref else None
        if detected is None or entry.owner is not Owner.HOSTING:
            return NOTHING
        return tag("p", "Detected: ", said(detected.phrase, 300), class_="where")

    def _details(self, entry: Entry) -> Iterator[Markup]:
        if entry.waiver is not None:
            yield _row("By", said(leave(entry.waiver)))
        if entry.first.crashed:
            yield _row(
                "Fix", "Send the traceback to the makers of mmscheck; the JSON report has it, as evidence."
            )
        elif entry.lead is None or entry.unfetched:
            yield _row("Fix", entry.deciding)
        else:
            general, advised = split_fix(entry.lead.fix)
            yield why_and_fix(entry.lead.why, general, advised, self._ids)
        if codes := self._codes(entry):
            yield _row(
                "Code", join(tag("code", cut(", ".join(codes), 300)), " (the provider's error for this)")
            )
        yield from self._others(entry)

    def _codes(self, entry: Entry) -> tuple[str, ...]:
        if entry.lead is None or entry.lead.crashed or not entry.lead.provider_codes:
            return ()
        ref = ref_of(self._message, entry.target)
        return tuple(codes_for(entry.lead.provider_codes, ref.kind if ref else None))

    def _others(self, entry: Entry) -> Iterator[Markup]:
        if entry.lead is None:
            yield _row("Rules", said(rule_names(entry.items)))
            return
        if entry.follows:
            yield _row("Also", said(also(entry.follows, strict=self._strict)))
        if entry.undecided:
            yield _row("So", said(so(entry)))


def _row(name: str, content: str) -> Markup:
    return tag("div", tag("dt", name), tag("dd", content))
