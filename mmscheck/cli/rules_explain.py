"""``mmscheck rules explain``: one rule in full."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

import click

from mmscheck.cli.output import page
from mmscheck.cli.rules_read import CONFIG, configuration, read_entries, rule_files
from mmscheck.cli.say import write_stdout
from mmscheck.errors import UsageError
from mmscheck.report.rule_entry import Entry
from mmscheck.report.rule_text import render_rule

_CODE = re.compile(r"[ENen][0-9]{3}")

NOT_LISTED = "a code that this program has no meaning for"
"""What is said of a provider code that is not in the table."""


@click.command(name="explain")
@click.argument("rule_id", metavar="ID | CODE")
@CONFIG
def command(rule_id: str, config_file: Path | None) -> int:
    """Tell everything about one rule: what must hold, why, how to fix it, whether it can be waived, its
    parameters with the published numbers they come from, the provider's error codes it prevents, and an
    example that fails and one that passes, taken from the cases that test it.

    With a code of the provider, such as E351, in its place: what it says, and which rules foresee it.
    """  # noqa: D205 - click shows the first paragraph whole
    from mmscheck.cli.rules_examples import cases_file, read_examples  # noqa: PLC0415 - reads XML

    config = configuration(config_file)
    if _CODE.fullmatch(rule_id):
        write_stdout(_foreseen(rule_id.upper(), read_entries(config)))
        return 0
    entry = _find(rule_id, read_entries(config))
    file = rule_files(config)[rule_id]
    text = render_rule(
        entry,
        page(),
        codes=code_meanings(entry.rule.provider_codes),
        examples=read_examples(entry.rule, file),
        place=str(cases_file(file)),
    )
    write_stdout(text)
    return 0


def code_meanings(codes: tuple[str, ...]) -> dict[str, str]:
    """What the provider says by each of these codes, in an answer and in a postback, which may differ."""
    return {code: _meaning(code) for code in codes}


def _meaning(code: str) -> str:
    from mmscheck.sinch import explain, explain_postback  # noqa: PLC0415 - the provider's package brings the HTTP client

    answer, postback = explain(code), explain_postback(code)
    if answer and postback:
        return f"in a postback: {postback.meaning}; as an answer: {answer.told}"
    if answer:
        return answer.told
    return postback.meaning if postback else NOT_LISTED


def _foreseen(code: str, entries: tuple[Entry, ...]) -> str:
    """What the code says, and the rules that find its cause before the provider does."""
    meaning = _meaning(code)
    rules = [entry.rule for entry in entries if code in entry.rule.provider_codes]
    if meaning == NOT_LISTED and not rules:
        raise UsageError(f"{code}: the provider's documents list no such code")
    width = max((len(rule.id) for rule in rules), default=0)
    listed = "".join(f"  {rule.id.ljust(width)}  {rule.title}\n" for rule in rules)
    none = "No rule foresees it.\n"
    told = f"Rules that foresee it (mmscheck rules explain RULE):\n{listed}" if rules else none
    return f"{code}: {meaning}.\n\n{told}"


def _find(rule_id: str, entries: tuple[Entry, ...]) -> Entry:
    found = {entry.rule.id: entry for entry in entries}
    if rule_id in found:
        return found[rule_id]
    near = get_close_matches(rule_id, found, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "mmscheck rules list shows them all"
    raise UsageError(f"unknown rule {rule_id!r}; {hint}")
