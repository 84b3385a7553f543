"""The run as JSON, version 1: types of its own, so that what is inside may change."""

from __future__ import annotations

from typing import Any

import msgspec

from mmscheck.fix.values import Action, Entry, Result, Side
from mmscheck.report.escape import visible_json


def render(result: Result) -> str:
    """One object, indented, ending in a line feed."""
    whole = {
        "version": 1,
        "tool": {"name": "mmscheck", "version": result.tool_version},
        "ruleset": {"digest": result.ruleset_digest},
        "dry_run": result.dry,
        "strict": result.strict,
        "passed": result.passed,
        "exit_code": result.exit_code,
        "counts": {action.value: result.count(action) for action in Action},
        "unread": list(result.unread),
        "files": [_file(entry) for entry in result.entries],
    }
    return visible_json(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode("utf-8")) + "\n"


def _file(entry: Entry) -> dict[str, Any]:
    return {
        "source": entry.source,
        "target": entry.target,
        "action": entry.action.value,
        "before": _side(entry.before),
        "after": None if entry.after is None else _side(entry.after),
        "done": list(entry.done),
        "measure": None if entry.measure is None else msgspec.to_builtins(entry.measure),
        "gone": [found.rule for found in entry.gone],
        "why_not": entry.why or None,
        "who_can": entry.owner or None,
        "reused": entry.reused,
        "fault": entry.fault or None,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "bytes": side.size,
        "sha256": side.sha256,
        "type": side.type,
        "facts": side.facts,
        "findings": [msgspec.to_builtins(found) for found in side.findings],
    }
