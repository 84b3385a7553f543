"""Findings as a GitLab Code Quality report: a JSON array of issues with the fields that GitLab documents.

``blocker`` failed and blocks, ``major`` could not be decided and blocks, ``minor`` only advises, ``info`` was
waived. Each cause is one issue, with what follows from it in its description. The array is empty exactly when
there is nothing to look at and the gate did not deny: a denial that no finding tells is an issue too.
"""

from __future__ import annotations

import json
from typing import Any

from mmscheck.base.text import count
from mmscheck.model.words import Outcome
from mmscheck.report.escape import visible_json
from mmscheck.report.finding_words import let_through
from mmscheck.report.findings import Effect
from mmscheck.report.rows import FlatRow, shown_path, with_fingerprints
from mmscheck.report.rulings import found_rows, one_of_each_first
from mmscheck.report.run_words import configured
from mmscheck.report.view import View

_FOLLOWS = ("other rule follows", "other rules follow")


def render(view: View) -> str:
    """The whole array, indented by two, ending with a line feed."""
    found = with_fingerprints(one_of_each_first(found_rows(view)), view.root)
    # Of the fields that GitLab has none is for this; others are ignored, and people read the file too.
    shaped = {"content": {"body": told}} if (told := configured(view.report)) else {}
    issues = [_issue(row, mark, view.root) | shaped for row, mark in found]
    return visible_json(json.dumps(issues, indent=2, ensure_ascii=False)) + "\n"


def _issue(row: FlatRow, mark: str, root: str) -> dict[str, Any]:
    return {
        "description": _description(row),
        "check_name": row.rule,
        "fingerprint": mark,
        "severity": _severity(row),
        "location": {"path": shown_path(row.source, root), "lines": {"begin": row.line or 1}},
    }


def _description(row: FlatRow) -> str:
    place = f" ({row.place})" if row.place else ""
    if row.waiver is not None:
        return f"{let_through(row.waiver)}: {row.message}{place}"
    undecided = "Cannot tell: " if row.outcome is Outcome.CANT_TELL else ""
    below = f" {count(len(row.follows), *_FOLLOWS)} from it." if row.follows else ""
    return f"{undecided}{row.message}{place}{below}"


def _severity(row: FlatRow) -> str:
    match row.effect:
        case Effect.BLOCKS:
            return "major" if row.outcome is Outcome.CANT_TELL else "blocker"
        case Effect.ADVISES:
            return "minor"
        case _:
            return "info"
