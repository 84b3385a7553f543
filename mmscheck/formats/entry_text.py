"""One finding as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.formats.findings import Entry
from mmscheck.formats.layout import COPYABLE, Page, shown, shown_lines
from mmscheck.formats.waived import leave
from mmscheck.formats.wording import OWNERS, count, label, location, rule_names, seen
from mmscheck.model.report import Evaluation
from mmscheck.model.words import Owner
from mmscheck.recognise import split_fix

_INDENT = 6
_BODY = 10


class EntryWriter:
    """Numbers the findings of one report, says long explanations once, and keeps who can fix which.

    Many media on one server share a fault, its reason and its fix; after the first the others point to it by
    number. One writer serves one report.
    """

    def __init__(self, page: Page, *, strict: bool) -> None:
        """Start with number 1 and nothing explained."""
        self.page, self.strict = page, strict
        self.owners: dict[Owner | None, list[int]] = {}
        self._number = 0
        self._told: dict[tuple[str, ...], int] = {}

    def lines(self, source: str, entry: Entry) -> Iterator[str]:
        """The finding: number, kind, rule, place; what was seen; why, fix, who, code."""
        self._number += 1
        if entry.waiver is None:
            self.owners.setdefault(entry.owner, []).append(self._number)
        kind, style = label(entry, strict=self.strict)
        name = entry.first.rule if entry.lead else "several rules"
        yield ""
        yield from self.page.block(
            f"{name} ({location(source, entry.first.line)})",
            indent=_INDENT,
            label=f"[{self._number}] {kind}: ",
            style=style,
            hang=4,
        )
        yield from self.page.block(seen(entry), indent=_BODY)
        if entry.waiver is not None:
            yield from self._field("By", leave(entry.waiver))
        yield from self._advice(entry)
        yield from self._undecided(entry)

    def _undecided(self, entry: Entry) -> Iterator[str]:
        others = tuple(item for item in entry.items if item is not entry.lead)
        if not others:
            return
        names = rule_names(others)
        before = self._before("names", names)
        text = f"the same {count(len(others), 'rule')} as in [{before}]" if before else names
        if entry.lead:
            yield from self._field("So", f"nothing can be said yet about: {text}.")
        else:
            yield from self._field("Rules", f"{text}.")

    def _advice(self, entry: Entry) -> Iterator[str]:
        if entry.first.crashed:
            yield from self._field(
                "Fix", "Send the traceback to the makers of mmscheck; the JSON report has it, as evidence."
            )
            return
        if entry.lead is None:
            yield from self._field("Fix", "Remove what stopped them, then check again.")
        else:
            yield from self._explained(entry.lead)
        if entry.owner:
            yield from self._field("Who", OWNERS[entry.owner])
        if entry.lead and entry.lead.provider_codes:
            codes = shown(", ".join(entry.lead.provider_codes))
            yield from self._field("Code", f"{codes} (the provider's error codes for this)")

    def _explained(self, item: Evaluation) -> Iterator[str]:
        general, advised = split_fix(item.fix)
        before = self._before("why", item.why, general) if item.why or general else None
        if before:
            yield from self._field("Fix", f"as in [{before}].")
        else:
            yield from self._field("Why", item.why)
            yield from self._field("Fix", general)
        for text in advised:
            told, (name, *_) = self._before("advice", text), text.split(": ")
            yield from self._field("Here", f"For {name}: as in [{told}]." if told else f"For {text}")

    def _field(self, name: str, text: str) -> Iterator[str]:
        for at, line in enumerate(shown_lines(text)):
            if at and line.startswith(COPYABLE):
                yield f"{' ' * _BODY}{'':<6}{line}"
                continue
            yield from self.page.block(line, indent=_BODY, label=f"{'' if at else name:<6}")

    def _before(self, *told: str) -> int | None:
        """The number of the finding that said this already; remembers it for this one otherwise."""
        number = self._told.setdefault(told, self._number)
        return None if number == self._number else number
