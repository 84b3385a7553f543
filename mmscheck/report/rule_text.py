"""One rule for a terminal: everything about it, and examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

import msgspec

from mmscheck.model.rule import FLOOR
from mmscheck.model.words import Severity
from mmscheck.report.escape import visible
from mmscheck.report.layout import Page, Style, shown, shown_lines
from mmscheck.report.rule_entry import (
    FAMILIES,
    OWNERS,
    TARGETS,
    Number,
    RuleEntry,
    amount,
    for_documents,
    in_order,
    weight,
)

NO_EXAMPLE = "none: there is no case that fails or passes in {place}"
"""What is said when there are no examples; ``place`` is where they would be."""

_INDENT = 2


def render_rule(
    entry: RuleEntry, page: Page, *, codes: Mapping[str, str], examples: tuple[Example, ...], place: str
) -> str:
    """The rule as text; ``codes`` maps codes to meanings, ``place`` is where cases are kept."""
    rule = entry.rule
    lines = [page.paint(shown(rule.id), Style.STRONG), *page.block(shown(rule.title), indent=0)]
    for name, paragraphs in (
        ("Why", shown_lines(rule.text.why)),
        ("How to fix", shown_lines(rule.text.fix)),
        ("Severity", [weight(rule)]),
        ("What it looks at", [f"{TARGETS[rule.target]}, by the check {shown(rule.check.name)}"]),
        ("For which documents", [for_documents(rule)]),
        ("Who can mend it", [OWNERS[rule.owner]]),
        ("What it says", [visible(rule.text.failed), visible(rule.text.cant_tell)]),
        ("Where it comes from", [shown(rule.source)]),
    ):
        lines += ["", page.paint(name, Style.STRONG)]
        lines += [line for each in paragraphs for line in page.block(each, indent=_INDENT)]
    lines += _params(entry, page)
    lines += _codes(codes, page)
    return "\n".join([*lines, *_examples(examples, page, place)]) + "\n"


def _params(entry: RuleEntry, page: Page) -> list[str]:
    params = entry.shown_params
    lines = ["", page.paint("Parameters", Style.STRONG)] if params else []
    for name, value in params.items():
        limit = entry.rule.limits.get(name)
        origin = f" (limit {limit})" if limit else ""
        lines += page.block(shown(f"{name}{origin}: {value}"), indent=_INDENT, hang=_INDENT)
        for number in entry.numbers:
            if number.param == name:
                lines += page.block(_number(number), indent=2 * _INDENT, hang=_INDENT)
    return lines


def _number(number: Number) -> str:
    whose = f"{number.whose}: " if number.whose else ""
    text = f"{whose}{amount(number.value, number.unit)}; {number.source}; checked {number.checked}"
    return shown(f"- {text}")


def _codes(codes: Mapping[str, str], page: Page) -> list[str]:
    lines = ["", page.paint("Provider codes it prevents", Style.STRONG)]
    if not codes:
        return [
            *lines,
            *page.block("none: the provider does not refuse this, or not by a code", indent=_INDENT),
        ]
    rows = (page.block(shown(meaning), indent=_INDENT, label=f"{code}  ") for code, meaning in codes.items())
    return [*lines, *(line for row in rows for line in row)]


def _examples(examples: tuple[Example, ...], page: Page, place: str) -> Iterator[str]:
    if not examples:
        yield from ["", page.paint("Examples", Style.STRONG)]
        yield from page.block(shown(NO_EXAMPLE.format(place=place)), indent=_INDENT)
    for example in examples:
        yield ""
        yield page.paint(f"Example: {shown(example.outcome)} ({shown(example.name)})", Style.STRONG)
        yield from (f"    {line}" for line in message_lines(example.message))
        for sentence in example.given:
            yield from page.block(visible(sentence), indent=_INDENT, hang=_INDENT)
        for answer in example.answers:
            first, *rest = answer_lines(answer)
            yield f"  {first}"
            yield from (f"    {line}" for line in rest)
        for words in example.words:
            yield from page.block(visible(words), indent=_INDENT, label="=> ")


ROOM_FOR_TITLES = 30
"""Columns: with fewer left for the titles each rule gets two lines instead of a row."""

_HEAD = ("rule", "severity", "target", "owner")


def render_table(entries: tuple[RuleEntry, ...], page: Page) -> str:
    """One row per rule with id, severity, target, owner and title; narrow pages put the title below."""
    widths = [max(len(row[column]) for row in (_HEAD, *map(_cells, entries))) for column in range(len(_HEAD))]
    if page.width - _INDENT - sum(widths) - 2 * len(widths) < ROOM_FOR_TITLES:
        widths = []
    lines = [_row(_HEAD, "title", page, widths, Style.FAINT)[0]] if widths else []
    for family, group in in_order(entries):
        lines += ["", page.paint(f"{family}: {FAMILIES.get(family, 'others')}", Style.STRONG)]
        for entry in group:
            lines += _row(_cells(entry), entry.rule.title, page, widths)
    return "\n".join([*lines, "", *page.block(_summary(entries), indent=0)]).lstrip("\n") + "\n"


def _cells(entry: RuleEntry) -> tuple[str, ...]:
    rule = entry.rule
    return (shown(rule.id), rule.severity.value, rule.target.value, rule.owner.value)


def _row(
    cells: tuple[str, ...], title: str, page: Page, widths: list[int], style: Style = Style.PLAIN
) -> list[str]:
    if not widths:
        head = page.block(f"{cells[0]}  {', '.join(cells[1:])}", indent=_INDENT)
        return [*head, *page.block(shown(title), indent=2 * _INDENT)]
    label = "".join(cell.ljust(width + 2) for cell, width in zip(cells, widths, strict=True))
    return page.block(shown(title), indent=_INDENT, label=label, style=style)


def _summary(entries: tuple[RuleEntry, ...]) -> str:
    errors = sum(1 for entry in entries if entry.rule.severity is Severity.ERROR)
    floor = sum(1 for entry in entries if entry.rule.id in FLOOR)
    return (
        f"{len(entries)} rules: {errors} guard the gate ({floor} of them are the floor), "
        f"{len(entries) - errors} advise. More about one: mmscheck rules explain ID"
    )


MOST_LINES, WIDEST = 16, 100
"""How many lines of a message an example shows, and how many characters of each."""

FRAMINGS = {
    "length": "with Content-Length",
    "chunked": "with Transfer-Encoding: chunked",
    "close": "without a length; it ends when the connection closes",
}
"""What the framings of the cases mean."""

_HEAD_END = "\r\n\r\n"


class ExampleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the server answers for one URL; ``raw`` is the whole answer where it is given so.

    ``body`` says what the body is, ``framing`` how its end is marked.
    """

    url: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = "no body"
    framing: str = "length"
    raw: str | None = None
    tls: str = "trusted"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One case of a rule; ``given`` holds sentences about the send, ``words`` what the rule says."""

    name: str
    outcome: str
    message: str
    given: tuple[str, ...] = ()
    answers: tuple[ExampleAnswer, ...] = ()
    words: tuple[str, ...] = ()


def message_lines(text: str) -> list[str]:
    """The lines of slide XML, trimmed: repeated lines once, long lines and long messages cut."""
    lines: list[str] = []
    for line, group in groupby(line.rstrip() for line in text.splitlines() if line.strip()):
        times = len(list(group))
        shown = visible(line)
        lines.append(shown if len(shown) <= WIDEST else f"{shown[:WIDEST]}…")
        if times > 1:
            lines.append(f"… the same line {times - 1} more time{'s' if times > 2 else ''}")  # noqa: PLR2004 - plural
    if len(lines) > MOST_LINES:
        return [*lines[: MOST_LINES - 1], f"… {len(lines) - MOST_LINES + 1} more lines"]
    return lines


def answer_lines(answer: ExampleAnswer) -> list[str]:
    """The URL, then the answer's head as it comes over the wire, then what follows it."""
    lines = [f"GET {visible(answer.url)}"]
    if answer.tls != "trusted":
        lines.append(f"the server's certificate: {visible(answer.tls)}")
    if answer.raw is not None:
        head, mark, body = answer.raw.partition(_HEAD_END)
        lines += [visible(line) for line in head.splitlines()]
        lines.append(
            f"then {len(body)} bytes, and the connection closes" if mark else "then the connection closes"
        )
        return lines
    lines.append(f"HTTP/1.1 {answer.status}")
    lines += [f"{visible(name)}: {visible(value)}" for name, value in answer.headers]
    return [*lines, f"then {visible(answer.body)}, {_framing(answer)}"]


def _framing(answer: ExampleAnswer) -> str:
    own = any(re.fullmatch("content-length", name.strip(), re.IGNORECASE) for name, _ in answer.headers)
    if answer.framing == "length" and own:
        return "with the Content-Length above"
    return FRAMINGS.get(answer.framing, visible(answer.framing))
