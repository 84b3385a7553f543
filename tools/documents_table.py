"""Which rules are for which documents: the matrix in ``docs/rules.md``, and what README says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from mmscheck.model.rule import Rule
from mmscheck.model.words import Document
from mmscheck.report.rule_entry import RuleEntry

TOLD: Mapping[Document, tuple[str, str]] = MappingProxyType(
    {
        Document.SAVED_JSON: ("a message to be saved, JSON API", '`"action": "savemms"`'),
        Document.ONE_SHOT_JSON: ("a message sent at once, JSON API", '`"action": "sendmms"`'),
        Document.SAVED_XML: ("a message to be saved, XML API", "`<action>saveMMS</action>`, or no action"),
        Document.ONE_SHOT_XML: ("a message sent at once, XML API", "`<action>sendMMS</action>`"),
        Document.OTHER: ("another provider's payload, checked only", "its provider"),
    }
)
"""What each kind of document is, and what tells it."""

BEGIN, END = "<!-- documents: generated from rules/ -->\n", "<!-- documents: end -->\n"
"""What README's table stands between."""


def matrix(entries: Iterable[RuleEntry]) -> Iterator[str]:
    """One row for each rule that is not for every kind of document."""
    yield f"| rule | {' | '.join(f'`{each}`' for each in TOLD)} |"
    yield f"| --- |{' --- |' * len(TOLD)}"
    for entry in entries:
        rule = entry.rule
        if set(rule.documents) != set(Document):
            cells = ("yes" if each in rule.documents else "no" for each in TOLD)
            yield f"| [{rule.id}](#{rule.id}) | {' | '.join(cells)} |"


def readme(text: str, rules: Iterable[Rule]) -> str:
    """README with its table of documents as the rules make it."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{_table(tuple(rules))}{END}{rest.partition(END)[2]}"


def readme_file(root: Path, rules: Iterable[Rule]) -> str:
    """The same of the file in a checkout."""
    return readme((root / "README.md").read_text(encoding="utf-8"), rules)


def _table(rules: tuple[Rule, ...]) -> str:
    rows = (
        f"| {what} | {told} | {sum(each in rule.documents for rule in rules)} |"
        for each, (what, told) in TOLD.items()
    )
    return "\n".join(["| document | told by | rules for it |", "| --- | --- | --- |", *rows]) + "\n"
