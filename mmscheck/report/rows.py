"""One run as flat rows: the one reading of the findings that every machine format writes down.

What a row says is what the gate decided: a format that turns rows into its own words cannot disagree with
another one. All texts of a row are shown texts: redacted, on one line, with nothing hidden in them. Paths and
fingerprints are as code hosts want them: for one finding the same on every machine and run.
"""

from __future__ import annotations

import functools
import hashlib
import json
import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from mmscheck.base.redact import unmarked
from mmscheck.model.report import MessageReport, Pair, TargetKey
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Outcome, Owner, Severity
from mmscheck.report.clean import clean_text
from mmscheck.report.finding_words import CRASHED, codes_of, undecided
from mmscheck.report.findings import Effect, Finding, Judged
from mmscheck.report.layout import shown, shown_lines, shown_url


class FlatRow(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on one target, or one thing that the gate says of a message or of the run.

    ``source`` is the path as given, empty for the run; ``place`` names the target in words. ``severity`` and
    ``key`` are None for what the gate says, ``owner`` where nobody in particular can fix it. ``line`` and
    ``column`` (known in JSON alone) count from 1. ``own_fix`` is the fix without what is for one server.
    ``details`` are lines: the gate's reasons, or the traceback of a check that crashed. ``follows`` are the
    findings that are told with this one, as ``rule: place``; ``follows_from`` is the rule that this one is
    told with.
    """

    rule: str
    outcome: Outcome
    effect: Effect
    message: str
    source: str = ""
    place: str = ""
    key: TargetKey | None = None
    severity: Severity | None = None
    url: str | None = None
    line: int | None = None
    column: int | None = None
    reason: str = ""
    why: str = ""
    fix: tuple[str, ...] = ()
    own_fix: tuple[str, ...] = ()
    owner: Owner | None = None
    codes: tuple[str, ...] = ()
    waiver: Waiver | None = None
    crashed: bool = False
    details: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    follows_from: str = ""


def message_rows(one: Judged) -> Iterator[FlatRow]:
    """The findings of one message of a scrubbed view, causes only, as the text report numbers them."""
    for each in one.found:
        yield _finding_row(one.message, each)


def idle_rows(message: MessageReport) -> Iterator[FlatRow]:
    """What is no finding: the evaluations of one message that passed or did not apply."""
    for item in message.evaluations:
        if not item.is_finding:
            yield _row(message, Finding(lead=item), Effect.NONE)


def every_row(one: Judged) -> Iterator[FlatRow]:
    """Every evaluation of one message in the report's order; what is told with another one names it."""
    told: dict[Pair, FlatRow] = {}
    for each in one.found:
        first = _finding_row(one.message, each)
        told[each.first.rule, each.target] = first
        for item in each.items[1:]:
            alone = Finding(lead=item, strict=each.strict)
            row = _row(one.message, alone, alone.effect)
            told[item.rule, item.target] = replace(row, follows_from=first.rule)
    for item in one.message.evaluations:
        known = told.get((item.rule, item.target))
        yield known or _row(one.message, Finding(lead=item), Effect.NONE)


def _finding_row(message: MessageReport, each: Finding) -> FlatRow:
    row = _row(message, each, each.effect)
    below = tuple(f"{shown(item.rule)}: {item.target}" for item in each.items[1:])
    row = replace(row, severity=each.severity, owner=each.owner, follows=below)
    if each.explained or each.first.crashed:
        return row
    text = row.message if each.lead is not None else undecided(each)
    fix = (each.deciding,)
    return replace(row, message=text, fix=fix, own_fix=fix)


def _row(message: MessageReport, each: Finding, effect: Effect) -> FlatRow:
    """The row of a finding's first evaluation by itself."""
    item = each.first
    trace = item.evidence.get("traceback", "") if item.crashed else ""
    return FlatRow(
        rule=shown(item.rule),
        outcome=item.outcome,
        effect=effect,
        message=shown(item.message),
        source=message.source,
        place=str(item.target),
        key=item.target,
        severity=item.severity,
        url=None if item.url is None else shown_url(item.url),
        line=item.line or None,
        column=column if type(column := item.evidence.get("column")) is int and column > 0 else None,
        reason=shown(item.reason),
        why=_shown_why(item.why),
        fix=(CRASHED,) if item.crashed else _shown_fix(item.fix),
        own_fix=(CRASHED,) if item.crashed else _shown_fix(item.own_fix),
        owner=None if item.crashed else item.owner,
        codes=tuple(map(shown, codes_of(message, item))),
        waiver=each.waiver if effect is Effect.WAIVED else None,
        crashed=item.crashed,
        details=tuple(shown_lines(str(trace))),
    )


# The words of a rule are the same for every target: a run of thousands of messages has a few hundred of them.


@functools.lru_cache(maxsize=1024)
def _shown_why(text: str) -> str:
    return shown(text)


@functools.lru_cache(maxsize=1024)
def _shown_fix(text: str) -> tuple[str, ...]:
    return tuple(shown_lines(text))


def relative(source: str, root: str) -> str:
    """The path from ``root``, an absolute folder, without ``./``; as given where there is no root to go by.

    What is not a path, such as ``<stdin>``, stays as it is.
    """
    if not source:
        return ""
    path = posixpath.normpath(source)
    return posixpath.relpath(path, root) if root and posixpath.isabs(path) else path


def shown_path(source: str, root: str) -> str:
    """The relative path as it may be shown; ``.`` where something is about no file."""
    return shown(relative(source, root)) or "."


def uri(source: str, root: str) -> str:
    """The relative path as a URI reference (RFC 3986), and as a file URI where it is absolute still."""
    path = clean_text(relative(source, root)) or "."
    return f"file://{quote(path)}" if posixpath.isabs(path) else quote(path)


def with_fingerprints(found: Iterable[FlatRow], root: str) -> Iterator[tuple[FlatRow, str]]:
    """Each row with 64 hex digits that no other row has and that the next run gives it again.

    They go by file, rule, target and the medium's URL. Lines, wording, queries and digests are left out,
    since those change while the fault stays: a URL is signed anew in every run. Equals are told apart by
    their order.
    """
    seen: Counter[str] = Counter()
    for row in found:
        base = unmarked(row.url or "")
        slide = row.key.slide if row.key else 0
        kind = row.key.kind.value if row.key else ""
        told = row.message if row.severity is None and not row.source else ""
        name = json.dumps([relative(row.source, root), row.rule, kind, slide, base, told])
        seen[name] += 1
        yield row, hashlib.sha256(f"{seen[name]} {name}".encode()).hexdigest()
