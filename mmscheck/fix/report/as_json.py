"""The run as JSON, version 1: types of its own, so that what is inside may change."""

from __future__ import annotations

from typing import Literal

import msgspec

from mmscheck.fix.values import Action, Entry, Found, Measure, Result, Side
from mmscheck.report.escape import visible_json


class MendingTool(msgspec.Struct, frozen=True, kw_only=True):
    """What mended."""

    name: str
    version: str


class MendingRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that it was judged by."""

    digest: str


class MendedSide(msgspec.Struct, frozen=True, kw_only=True):
    """A file before or after."""

    bytes: int
    sha256: str
    type: str | None
    facts: dict[str, str | int | float | bool | None]
    findings: list[Found]


class MendedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the run; ``target`` is null where nothing was or would be written."""

    source: str
    target: str | None
    action: Action
    before: MendedSide
    after: MendedSide | None
    done: list[str]
    measure: Measure | None
    gone: list[str]
    why_not: str | None
    who_can: str | None
    reused: bool
    fault: str | None


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    version: Literal[1] = 1
    tool: MendingTool
    ruleset: MendingRules
    dry_run: bool
    strict: bool
    passed: bool
    exit_code: int
    counts: dict[str, int]
    unread: list[str]
    files: list[MendedFile]


def render(result: Result) -> str:
    """One object, indented, ending in a line feed."""
    whole = Mended(
        tool=MendingTool(name="mmscheck", version=result.tool_version),
        ruleset=MendingRules(digest=result.ruleset_digest),
        dry_run=result.dry,
        strict=result.strict,
        passed=result.passed,
        exit_code=result.exit_code,
        counts={action.value: result.count(action) for action in Action},
        unread=list(result.unread),
        files=[_file(entry) for entry in result.entries],
    )
    return visible_json(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode("utf-8")) + "\n"


def _file(entry: Entry) -> MendedFile:
    return MendedFile(
        source=entry.source,
        target=entry.target,
        action=entry.action,
        before=_side(entry.before),
        after=None if entry.after is None else _side(entry.after),
        done=list(entry.done),
        measure=entry.measure,
        gone=[found.rule for found in entry.gone],
        why_not=entry.why or None,
        who_can=entry.owner or None,
        reused=entry.reused,
        fault=entry.fault or None,
    )


def _side(side: Side) -> MendedSide:
    return MendedSide(
        bytes=side.size, sha256=side.sha256, type=side.type, facts=side.facts, findings=list(side.findings)
    )
