"""The findings of the JSON report: causes with what follows from them, numbered as in the text report."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.model.report import Evaluation, MessageReport, Report
from mmscheck.model.verdict import MessageVerdict
from mmscheck.report import json_types as v1
from mmscheck.report.findings import Entry, entries
from mmscheck.report.rows import Effect, Row, message_rows


def json_findings(
    report: Report, message: MessageReport, verdict: MessageVerdict, numbers: Iterator[int]
) -> list[v1.Finding]:
    """Those of one scrubbed message, in the order of the text report; each takes the next of ``numbers``."""
    told = zip(entries(message, verdict), message_rows(report, message, verdict), strict=True)
    return [_finding(entry, row, next(numbers)) for entry, row in told]


def _finding(entry: Entry, row: Row, number: int) -> v1.Finding:
    return v1.Finding(
        number=number,
        rule=row.rule,
        severity=entry.severity,
        outcome=row.outcome,
        effect="known" if row.waiver is not None and row.waiver.baseline else _EFFECTS[row.effect],
        target=entry.target.kind,
        slide=entry.target.slide or None,
        media=entry.target.media or None,
        url=row.url,
        line=row.line,
        message=row.message,
        fix="\n".join(row.fix),
        owner=row.owner,
        provider_codes=list(row.codes),
        follows=[_follower(item) for item in entry.items[1:]],
    )


_EFFECTS: dict[Effect, v1.FindingEffect] = {
    Effect.BLOCKS: "blocks",
    Effect.ADVISES: "advises",
    Effect.WAIVED: "waived",
}


def _follower(item: Evaluation) -> v1.Follower:
    return v1.Follower(
        rule=item.rule,
        outcome=item.outcome,
        target=item.target.kind,
        slide=item.target.slide or None,
        media=item.target.media or None,
    )
