"""All rules as one Markdown page, ``docs/rules.md``: by family, a section a rule, its id the anchor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mmscheck.cli.rules_show import code_meanings
from mmscheck.judge.rulebook import read_entries
from mmscheck.model.rule import FLOOR, NEVER_WAIVED, Rule
from mmscheck.model.words import Document
from mmscheck.report.rule_entry import (
    FAMILIES,
    OWNERS,
    TARGETS,
    Number,
    RuleEntry,
    amount,
    for_documents,
    in_order,
)
from mmscheck.ruleset import Config
from tools.documents_table import matrix

INTRODUCTION = """\
# The rules

<!-- Generated from rules/ by `python -m tools.generated --write`; edit the rule files instead. -->

What each rule asks for, why, and what to do about it. `mmscheck rules explain ID` shows the same on a
terminal, with an example that fails and one that passes.

- A rule of severity **error** guards the gate: where it failed, or could not be decided, nothing is sent.
  A waiver can let a failure through, with a reason and until a date, but nothing that could not be decided.
- Rules of **the floor** guard the gate too, and no file can soften or waive them.
- A **warning** is advice. It blocks only with `--strict`.
- Where a number differs by the kind of sender and the kind is not given (`--sender`), the tightest counts.

## For which documents

A rule is for every kind of document, but for these; where one is not meant, it does not apply.

{matrix}

## Contents
"""
"""What stands above the rules."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def page_text() -> str:
    """The page of the program's own rules, whatever the configuration here."""
    entries = read_entries(Config())
    codes = sorted({code for entry in entries for code in entry.rule.provider_codes})
    return render_page(entries, code_meanings(tuple(codes)))


def render_page(entries: tuple[RuleEntry, ...], codes: Mapping[str, str]) -> str:
    """The page as text; ``codes`` maps provider codes to their meanings."""
    groups = in_order(entries)
    table = "\n".join(matrix(entry for _, group in groups for entry in group))
    lines = [INTRODUCTION.replace("{matrix}", table), *_contents(groups)]
    for family, group in groups:
        lines += ["", f"## {_heading(family)}"]
        for entry in group:
            lines += ["", *_section(entry, codes)]
    return "\n".join(lines) + "\n"


def _contents(groups: tuple[tuple[str, tuple[RuleEntry, ...]], ...]) -> Iterator[str]:
    for family, group in groups:
        links = ", ".join(f"[{entry.rule.id}](#{entry.rule.id})" for entry in group)
        yield f"- **{family}** ({FAMILIES.get(family, 'others')}): {links}"


def _heading(family: str) -> str:
    # The family's name alone could be an anchor that a rule's id needs.
    return f"Family {family}: {FAMILIES.get(family, 'others')}"


def _section(entry: RuleEntry, codes: Mapping[str, str]) -> Iterator[str]:
    rule = entry.rule
    yield f"### {rule.id}"
    yield ""
    yield f"**{_escaped(rule.title)}.**"
    yield ""
    yield f"*Why:* {_paragraph(rule.text.why)}"
    yield ""
    yield f"*Fix:* {_paragraph(rule.text.fix)}"
    yield ""
    yield f"- Severity: {_severity(rule)}"
    yield f"- Looks at: {TARGETS[rule.target]} (check `{rule.check.name}`)"
    if set(rule.documents) != set(Document):
        yield f"- For: {for_documents(rule)}"
    yield f"- Who can mend it: {OWNERS[rule.owner]}"
    yield f"- Says: {_escaped(rule.text.failed)}"
    yield from _params(entry)
    if rule.provider_codes:
        shown = "; ".join(f"`{code}` {_escaped(codes[code])}" for code in rule.provider_codes)
        yield f"- Provider codes it prevents: {shown}"
    yield f"- Source: {_escaped(rule.source)}"


def _severity(rule: Rule) -> str:
    if rule.id in FLOOR:
        return f"{rule.severity.value}, part of the floor"
    return f"{rule.severity.value}, never waived" if rule.id in NEVER_WAIVED else rule.severity.value


def _params(entry: RuleEntry) -> Iterator[str]:
    for name, value in entry.shown_params.items():
        limit = entry.rule.limits.get(name)
        yield (
            f"- Limit `{name}` (`{limit}`): {_escaped(value)}" if limit else f"- `{name}`: {_escaped(value)}"
        )
        yield from (f"  - {_number(number)}" for number in entry.numbers if number.param == name)


def _number(number: Number) -> str:
    whose = f"{_escaped(number.whose)}: " if number.whose else ""
    return f"{whose}{amount(number.value, number.unit)}; {_escaped(number.source)}; checked {number.checked}"


def _paragraph(text: str) -> str:
    """A rule's words; line breaks in them are meant."""
    return "  \n".join(_escaped(line.strip()) for line in text.splitlines() if line.strip())


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
