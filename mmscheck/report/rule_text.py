"""One rule for a terminal: everything about it, and examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmscheck.report.escape import visible
from mmscheck.report.layout import Page, Style, shown, shown_lines
from mmscheck.report.rule_entry import OWNERS, TARGETS, Entry, Number, amount, weight
from mmscheck.report.rule_example import Example, answer_lines, message_lines

NO_EXAMPLE = "none: there is no case that fails or passes in {place}"
"""What is said when there are no examples; ``place`` is where they would be."""

_INDENT = 2


def render_rule(
    entry: Entry, page: Page, *, codes: Mapping[str, str], examples: tuple[Example, ...], place: str
) -> str:
    """The rule as text; ``codes`` maps codes to meanings, ``place`` is where cases are kept."""
    rule = entry.rule
    lines = [page.paint(shown(rule.id), Style.STRONG), *page.block(shown(rule.title), indent=0)]
    for name, paragraphs in (
        ("Why", shown_lines(rule.text.why)),
        ("How to fix", shown_lines(rule.text.fix)),
        ("Severity", [weight(rule)]),
        ("What it looks at", [f"{TARGETS[rule.target]}, by the check {shown(rule.check.name)}"]),
        ("Who can mend it", [OWNERS[rule.owner]]),
        ("What it says", [visible(rule.text.failed), visible(rule.text.cant_tell)]),
        ("Where it comes from", [shown(rule.source)]),
    ):
        lines += ["", page.paint(name, Style.STRONG)]
        lines += [line for each in paragraphs for line in page.block(each, indent=_INDENT)]
    lines += _params(entry, page)
    lines += _codes(codes, page)
    return "\n".join([*lines, *_examples(examples, page, place)]) + "\n"


def _params(entry: Entry, page: Page) -> list[str]:
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
