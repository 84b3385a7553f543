"""One finding as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mmscheck.base.text import count
from mmscheck.model.report import Evaluation, MessageReport, TargetKey
from mmscheck.model.words import Owner, TargetKind
from mmscheck.report.codes import codes_for
from mmscheck.report.findings import Entry
from mmscheck.report.layout import COPYABLE, Page, shown, shown_lines
from mmscheck.report.source_text import source_lines
from mmscheck.report.waived import leave
from mmscheck.report.wording import OWNERS, also, label, location, ref_of, rule_names, seen, so
from mmscheck.servers.recognition import split_fix

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
        self._places: dict[int, tuple[str, TargetKey]] = {}

    def lines(self, message: MessageReport, entry: Entry) -> Iterator[str]:
        """The finding: number, kind, rule, place; what was seen; why, fix, who, code; what follows."""
        self._number += 1
        self._places[self._number] = (message.source, entry.target)
        if entry.waiver is None:
            self.owners.setdefault(entry.owner, []).append(self._number)
        kind, style = label(entry, strict=self.strict)
        name = entry.first.rule if entry.lead else "several rules"
        yield ""
        title = self.page.block(
            f"{name} ({location(message.source, entry.first.line)})",
            indent=_INDENT,
            label=f"[{self._number}] {kind}: ",
            style=style,
            hang=4,
        )
        yield from self.page.linked(title, message.source)
        yield from self.page.block(seen(message.source, entry), indent=_BODY)
        if entry.waiver is not None and entry.waiver.baseline:
            return
        if entry.target.kind is not TargetKind.MEDIA:
            yield from source_lines(message, entry, self.page, indent=_BODY)
        if entry.waiver is not None:
            yield from self._field("By", leave(entry.waiver))
        yield from self._advice(entry)
        yield from self._codes(message, entry)
        yield from self._others(entry)

    def _codes(self, message: MessageReport, entry: Entry) -> Iterator[str]:
        if entry.lead is None or entry.lead.crashed or not entry.lead.provider_codes:
            return
        ref = ref_of(message, entry.target)
        codes = shown(", ".join(codes_for(entry.lead.provider_codes, ref.kind if ref else None)))
        yield from self._field("Code", f"{codes} (the provider's error codes for this)")

    def _others(self, entry: Entry) -> Iterator[str]:
        if entry.lead is None:
            names = rule_names(entry.items)
            before = self._before("names", names)
            text = f"the same {count(len(entry.items), 'rule')} as in [{before}]" if before else names
            yield from self._field("Rules", f"{text}.")
            return
        if entry.follows:
            yield from self._field("Also", also(entry.follows, strict=self.strict))
        if entry.undecided:
            yield from self._field("So", so(entry))

    def _advice(self, entry: Entry) -> Iterator[str]:
        if entry.first.crashed:
            yield from self._field(
                "Fix", "Send the traceback to the makers of mmscheck; the JSON report has it, as evidence."
            )
            return
        if entry.lead is None or entry.unfetched:
            yield from self._field("Fix", entry.deciding)
        else:
            yield from self._explained(entry.lead)
        if entry.owner:
            yield from self._field("Who", OWNERS[entry.owner])

    def _explained(self, item: Evaluation) -> Iterator[str]:
        general, advised = split_fix(item.fix)
        before = self._before("why", item.why, general) if item.why or general else None
        if before:
            yield from self._field("Fix", f"as in [{before}].")
        else:
            yield from self._field("Why", item.why)
            yield from self._field("Fix", general)
        told: dict[str, list[int]] = {}
        for text in advised:
            number = self._before("advice", text)
            if number is None:
                yield from self._field("Here", f"For {text}")
            elif self._places[number] != self._places[self._number]:
                told.setdefault(text.split(": ")[0], []).append(number)
        if told:
            yield from self._field("Here", f"For {'; for '.join(map(_as_in, told, told.values()))}.")

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


def _as_in(name: str, numbers: Iterable[int]) -> str:
    return f"{name}: as in {', '.join(f'[{number}]' for number in dict.fromkeys(numbers))}"
