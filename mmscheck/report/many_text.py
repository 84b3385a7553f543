"""A run of many messages: what is wrong with several in the same way is told once, with how many have it.

Nothing is left out in silence: wherever something is not told, the line says how much of it there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmscheck.base.text import count
from mmscheck.model.verdict import MessageVerdict
from mmscheck.report.asides import is_lone, noun
from mmscheck.report.entry_text import EntryWriter
from mmscheck.report.findings import Entry
from mmscheck.report.layout import Page, shown
from mmscheck.report.message_text import message_lines
from mmscheck.report.oneline import gate_reasons
from mmscheck.report.rollup import Judged, blocks, host_of
from mmscheck.report.summary import decision_word

MANY = 20
"""Messages that are told one by one; of more, those alike are told together."""

MOST_KINDS = 10
"""Kinds of denied messages of which one is told in full."""

MOST_NAMED = 5
"""Messages that are named beside the one that is told."""

Kind = tuple[tuple[tuple[str, str | None], ...], tuple[str, ...]]
"""Rules that block with the server at which each does, and what else the gate says."""


def many_lines(judged: Sequence[Judged], writer: EntryWriter, *, offline: bool) -> Iterator[str]:
    """The messages that passed in a line, then of each kind of denied ones the first, largest kinds first."""
    passed = [each for each in judged if _passed(each[1])]
    yield from _well(passed, writer.page, offline=offline)
    kinds = _kinds([each for each in judged if not _passed(each[1])], strict=writer.strict)
    for alike in kinds[:MOST_KINDS]:
        message, verdict, found = alike[0]
        chosen = tuple(entry for entry in found if blocks(entry, strict=writer.strict))
        yield ""
        yield from message_lines(message, verdict, chosen, writer, offline=offline)
        at_servers = any(host_of(message, entry) for entry in chosen)
        yield from _left_out(len(found) - len(chosen), writer.page)
        yield from _others(alike[1:], writer.page, at_servers=at_servers)
    yield from _rest(kinds[MOST_KINDS:], writer.page, offline=offline)
    yield ""


def _passed(verdict: MessageVerdict) -> bool:
    return verdict.passed


def _well(passed: Sequence[Judged], page: Page, *, offline: bool) -> Iterator[str]:
    if not passed:
        return
    word, style = decision_word(passed[0][1], offline=offline)
    advised = sum(1 for _, _, found in passed if any(entry.waiver is None for entry in found))
    let = [[entry.waiver for entry in found if entry.waiver is not None] for _, _, found in passed]
    waived = sum(1 for waivers in let if any(not each.baseline for each in waivers))
    known = sum(1 for waivers in let if any(each.baseline for each in waivers))
    told = [noun([message for message, _, _ in passed], len(passed))]
    if advised:
        told.append(f"{_share(advised, len(passed))} with advice (--format json has it)")
    if waived:
        told.append(f"{_share(waived, len(passed))} with a finding that is waived")
    if known:
        told.append(f"{_share(known, len(passed))} with a fault that the baseline knows")
    yield from page.block(", ".join(told), indent=0, label=f"{word}  ", style=style)


def _share(some: int, whole: int) -> str:
    return "all of them" if some == whole else f"{some:,} of them"


def _kinds(denied: Sequence[Judged], *, strict: bool) -> list[list[Judged]]:
    """The denied messages by what denies them, the largest kind first, each in the report's order."""
    kinds: dict[Kind, list[Judged]] = {}
    for each in denied:
        kinds.setdefault(_kind(each, strict=strict), []).append(each)
    return sorted(kinds.values(), key=len, reverse=True)


def _kind(judged: Judged, *, strict: bool) -> Kind:
    message, verdict, found = judged
    blocking = [entry for entry in found if blocks(entry, strict=strict)]
    named = {(_rule(entry), host_of(message, entry)) for entry in blocking}
    ordered = sorted(named, key=lambda each: (each[0], each[1] or ""))
    return tuple(ordered), tuple(gate_reasons(message, verdict))


def _rule(entry: Entry) -> str:
    return entry.lead.rule if entry.lead else ", ".join(sorted({item.rule for item in entry.items}))


def _left_out(advice: int, page: Page) -> Iterator[str]:
    if advice:
        text = (
            f"{count(advice, 'finding')} of this message that {'blocks' if advice == 1 else 'block'} nothing"
        )
        yield ""
        yield from page.block(f"Not told here: {text} (--format json has all).", indent=2, hang=2)


def _others(alike: Sequence[Judged], page: Page, *, at_servers: bool) -> Iterator[str]:
    """Which or how many more messages are denied by the same."""
    if alike:
        kind = "file" if all(is_lone(message) for message, _, _ in alike) else "message"
        more = count(len(alike), f"more {kind} is", f"more {kind}s are")
        same = f"denied by the same rules{', at the same server' if at_servers else ''}"
        yield ""
        yield from page.block(f"{more} {same}: {_sources(alike)}", indent=2, hang=2)


def _rest(kinds: Sequence[Sequence[Judged]], page: Page, *, offline: bool) -> Iterator[str]:
    rest = [each for alike in kinds for each in alike]
    if not rest:
        return
    word, style = decision_word(rest[0][1], offline=offline)
    kind = "file" if all(is_lone(message) for message, _, _ in rest) else "message"
    text = f"{count(len(rest), f'more {kind}')} by other rules or servers (--format json has all): "
    yield ""
    yield from page.block(text + _sources(rest), indent=0, label=f"{word}  ", style=style)


def _sources(several: Sequence[Judged]) -> str:
    named = ", ".join(shown(message.source) for message, _, _ in several[:MOST_NAMED])
    more = f" and {len(several) - MOST_NAMED:,} more" if len(several) > MOST_NAMED else ""
    return f"{named}{more}"
