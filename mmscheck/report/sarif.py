"""The report as SARIF 2.1.0 (OASIS), one run.

Results are what somebody has to look at, each once: findings, causes only, of each file one before the second
of any. What follows from one is its property ``follows``. GitHub shows every result as an alert, also one of
kind ``pass``; so what passed or did not apply is listed in the run's property ``mmscheck/evaluated``, and the
log is complete without alarming anybody. Kinds and levels:

- blocks: ``fail``, ``error``; failed and only advises: ``fail``, ``warning``. What could not be decided and
  blocks is a failure too, since it denies; its property ``outcome`` is ``cant-tell``
- could not be decided and only advises: ``open``, and ``none``, as the standard wants it (3.27.10)
- waived: ``fail``, ``note``, with an external suppression that holds the waiver's reason

The verdict is in the invocation and the run's properties. It is a result, of rule ``mmscheck-gate`` or
``mmscheck-verdict``, only where it denies and no finding tells why.

GitHub refuses a run of more than 25,000 results. What goes beyond that number is left out, advice first, and
a notification and the property ``mmscheck/resultsLeftOut`` say so. Above 10 MB compressed it refuses a file
too: then ``mmscheck/evaluated`` is left out, which ``mmscheck/evaluatedLeftOut`` counts, and then results.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import msgspec

from mmscheck.model.report import Report
from mmscheck.model.words import Outcome, Severity
from mmscheck.report.clean import clean_value
from mmscheck.report.escape import visible_json
from mmscheck.report.finding_words import leave
from mmscheck.report.findings import Effect
from mmscheck.report.layout import shown
from mmscheck.report.markdown_text import escaped, fenced
from mmscheck.report.rows import FlatRow, idle_rows, uri, with_fingerprints
from mmscheck.report.rulings import ABOUT, found_rows, one_of_each_first, rulings, run_rulings
from mmscheck.report.view import View, decision_value

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
"""Where the standard's schema is published."""

MOST_RESULTS = 25_000
"""Results of a run: GitHub refuses more (REST API, "Upload an analysis as SARIF data")."""

MOST_BYTES = 10_000_000
"""Bytes of a file when compressed: GitHub refuses more (the same page: 10 MB)."""

_WEIGHT = {Effect.BLOCKS: 0, Effect.WAIVED: 1, Effect.ADVISES: 2}


def render(view: View) -> str:
    """The whole log, indented by two, in a stable order, ending with a line feed."""
    evaluated = Idle(view.report)
    run = _run(view, evaluated)
    text, most = _text(run), len(run["results"])
    if _compressed(text) > MOST_BYTES:
        text = _text(_run(view, evaluated, most=most, listed=False))
    while most and (size := _compressed(text)) > MOST_BYTES:
        most = int(most * min(0.9, MOST_BYTES / size))
        text = _text(_run(view, evaluated, most=most, listed=False))
    return text


def _text(run: dict[str, Any]) -> str:
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return visible_json(msgspec.json.format(msgspec.json.encode(document), indent=2).decode("utf-8")) + "\n"


def _compressed(text: str) -> int:
    """Bytes when compressed, or fewer than that where it is certain that they are few enough."""
    data = text.encode("utf-8")
    return len(zlib.compress(data)) if len(data) > MOST_BYTES else len(data)


def _run(view: View, evaluated: Idle, *, most: int | None = None, listed: bool = True) -> dict[str, Any]:
    # A waiver that let nothing through changes no code: the notifications have it.
    found = [row for row in found_rows(view) if row.effect is not Effect.ADVISES or row.source]
    room = MOST_RESULTS if most is None else most
    kept = _kept(list(with_fingerprints(one_of_each_first(found), view.root)), room)
    left_out = len(found) - len(kept)
    rules = Rules(view.report, [*evaluated.told, *found])
    return {
        "tool": {
            "driver": {
                "name": "mmscheck",
                "version": shown(view.report.tool_version),
                "rules": rules.descriptors,
            }
        },
        "invocations": [_invocation(view, left_out)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(view, row, mark, rules) for row, mark in kept],
        "properties": _properties(view, evaluated, left_out, listed=listed),
    }


def _kept(found: list[tuple[FlatRow, str]], most: int) -> list[tuple[FlatRow, str]]:
    """So many of them, in their order; what blocks stays longest."""
    if len(found) <= most:
        return found
    weighed = sorted(range(len(found)), key=lambda at: _WEIGHT[found[at][0].effect])
    return [found[at] for at in sorted(weighed[:most])]


def _properties(view: View, evaluated: Idle, left_out: int, *, listed: bool) -> dict[str, Any]:
    report = view.report
    return {
        "mmscheck/verdict": decision_value(view.verdict),
        "mmscheck/exitCode": view.verdict.exit_code,
        "mmscheck/rulesetDigest": shown(report.ruleset_digest),
        "mmscheck/profile": shown(report.profile),
        **({"mmscheck/configuration": shown(report.configuration)} if report.configuration else {}),
        "mmscheck/strict": report.strict,
        "mmscheck/overrides": clean_value(report.overrides),
        "mmscheck/allowances": [shown(sentence) for sentence in report.allowances],
        "mmscheck/resultsLeftOut": left_out,
        "mmscheck/rulings": [
            {
                "about": row.rule,
                "source": shown(row.source),
                "outcome": row.outcome.value,
                "effect": row.effect.value,
                "message": row.message,
                "details": list(row.details),
            }
            for row in rulings(view)
        ],
        "mmscheck/evaluated": evaluated.listed if listed else [],
        **({} if listed else {"mmscheck/evaluatedLeftOut": evaluated.number}),
    }


class Idle:
    """What is no finding: a few rows that speak for their rules, and of all the rest the names.

    There are hundreds of each message, so that rows of all of them would be most of a run's memory.
    """

    def __init__(self, report: Report) -> None:
        """Go through all messages, one row in memory at a time."""
        self.told: list[FlatRow] = []
        self.number = 0
        sources: dict[str, dict[str, list[str]]] = {}
        speakers: dict[str, bool] = {}
        names: dict[str, str] = {}
        for row in (row for message in report.messages for row in idle_rows(message)):
            self.number += 1
            # The first row of a rule speaks for it, or the first that has a fix.
            if row.rule not in speakers or (row.fix and not speakers[row.rule]):
                speakers[row.rule] = bool(row.fix)
                self.told.append(row)
            outcomes = sources.setdefault(shown(row.source), {"passed": [], "inapplicable": []})
            name = f"{row.rule}: {row.place}"
            outcomes[row.outcome.value].append(names.setdefault(name, name))
        self.listed = [{"source": source, **outcomes} for source, outcomes in sources.items()]
        """For each source the names of rule and place by outcome."""


def _invocation(view: View, left_out: int) -> dict[str, Any]:
    report = view.report
    crashes = any(item.crashed for item in report.evaluations)
    whole = report.messages and not (report.unread or report.not_checked or crashes)
    notes = [
        {"level": "error" if row.effect is Effect.BLOCKS else "warning", "message": {"text": row.message}}
        for row in run_rulings(view)
        if not row.source and row.effect is not Effect.NONE
    ]
    if left_out:
        text = (
            f"{left_out:,} results were left out: a run can have {MOST_RESULTS:,}, "
            f"and a file {MOST_BYTES // 1_000_000} MB compressed. The JSON report has all."
        )
        notes.append({"level": "error", "message": {"text": text}})
    return {
        "executionSuccessful": bool(whole),
        "exitCode": view.verdict.exit_code,
        "startTimeUtc": report.started,
        "toolExecutionNotifications": notes,
    }


def _result(view: View, row: FlatRow, mark: str, rules: Rules) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": row.rule,
        "ruleIndex": rules.index(row.rule),
        "kind": "open" if _is_open(row) else "fail",
        "level": _level(row),
        "message": {"text": f"{_doubt(row)}{row.message}"},
        "locations": [_location(view, row)],
        "partialFingerprints": {"mmscheck/v1": mark},
        "properties": _facts(row),
    }
    if row.waiver is not None:
        suppression = {"kind": "external", "status": "accepted", "justification": leave(row.waiver)}
        result["suppressions"] = [suppression]
    return result


def _is_open(row: FlatRow) -> bool:
    return row.outcome is Outcome.CANT_TELL and row.effect is Effect.ADVISES


def _doubt(row: FlatRow) -> str:
    return "Cannot tell: " if row.outcome is Outcome.CANT_TELL and row.key else ""


def _level(row: FlatRow) -> str:
    if _is_open(row):
        return "none"
    return {Effect.BLOCKS: "error", Effect.ADVISES: "warning"}.get(row.effect, "note")


def _location(view: View, row: FlatRow) -> dict[str, Any]:
    # What is about no file still needs a place: GitHub refuses a result without one.
    first = next((message.source for message in view.report.heads), "")
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri(row.source or first, view.root)}}
    if row.line:
        physical["region"] = {"startLine": row.line} | ({"startColumn": row.column} if row.column else {})
    logical = {"logicalLocations": [{"fullyQualifiedName": row.place}]} if row.place else {}
    return {"physicalLocation": physical, **logical}


def _facts(row: FlatRow) -> dict[str, Any]:
    facts = {
        "outcome": row.outcome.value,
        "effect": row.effect.value,
        "severity": row.severity.value if row.severity else None,
        "owner": row.owner.value if row.owner else None,
        "url": row.url,
        "reason": row.reason,
        "fix": "\n".join(row.fix),
        "providerCodes": list(row.codes),
        "details": list(row.details),
        "follows": list(row.follows),
    }
    return {name: value for name, value in facts.items() if value}


_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}


class Rules:
    """Descriptors of every selected rule, of every rule that was found broken, and of what the gate says."""

    def __init__(self, report: Report, found: Iterable[FlatRow]) -> None:
        """Number the rules: those of the report first, in its order, then the rest as they come."""
        told: dict[str, FlatRow] = {}
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


def _descriptor(name: str, title: str, row: FlatRow | None, severity: Severity) -> dict[str, Any]:
    why = row.why if row else ""
    fix = row.own_fix if row else ()
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
