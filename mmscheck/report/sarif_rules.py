"""The rules of a run as SARIF reporting descriptors, each with its help."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmscheck.model.report import Report
from mmscheck.model.words import Severity
from mmscheck.report.layout import shown
from mmscheck.report.markdown_text import escaped, fenced
from mmscheck.report.rows import Row
from mmscheck.report.rulings import ABOUT
from mmscheck.servers.recognition import split_fix

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}


class Rules:
    """Descriptors of every selected rule, of every rule that was found broken, and of what the gate says."""

    def __init__(self, report: Report, found: Iterable[Row]) -> None:
        """Number the rules: those of the report first, in its order, then the rest as they come."""
        told: dict[str, Row] = {}
        for row in found:
            if row.rule not in told or (not told[row.rule].fix and row.fix):
                told[row.rule] = row
        titles = {shown(rule.id): shown(rule.title) for rule in report.rules}
        severities = {shown(rule.id): rule.severity for rule in report.rules}
        names = dict.fromkeys([*severities, *told])
        self._index = {name: at for at, name in enumerate(names)}
        self.descriptors = [
            _descriptor(
                name,
                ABOUT.get(name) or titles.get(name) or name,
                told.get(name),
                severities.get(name, Severity.ERROR),
            )
            for name in names
        ]

    def index(self, rule: str) -> int:
        """The place of a rule among the descriptors, from 0."""
        return self._index[rule]


def _descriptor(name: str, title: str, row: Row | None, severity: Severity) -> dict[str, Any]:
    why = row.why if row else ""
    fix = _general(row) if row else ()
    text = "\n\n".join(filter(None, [f"{title}.", why, "\n".join(fix)]))
    parts = [escaped(f"{title}."), escaped(why), f"**Fix**\n\n{fenced(fix)}" if fix else ""]
    facts = {
        "tags": [row.owner.value] if row and row.owner else [],
        "providerCodes": list(row.codes) if row else [],
    }
    return {
        "id": name,
        "shortDescription": {"text": title},
        "fullDescription": {"text": why or title},
        "help": {"text": text, "markdown": "\n\n".join(filter(None, parts))},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {key: value for key, value in facts.items() if value},
    }


def _general(row: Row) -> tuple[str, ...]:
    """The fix without what is advised for one server: that belongs to the result."""
    return tuple(split_fix("\n".join(row.fix))[0].split("\n")) if row.fix else ()
