"""The rows that results are kept as: of messages, of what did not pass, and of references to media."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pyarrow as pa

from mmscheck.base.redact import redact_url
from mmscheck.fleet.plan import host_of
from mmscheck.model.observation import Fetched, NotFetched
from mmscheck.model.report import Evaluation, MessageReport, Report, TargetKey
from mmscheck.model.verdict import MessageVerdict, Verdict
from mmscheck.model.words import Outcome
from mmscheck.report import View
from mmscheck.report.findings import Finding, judged

MESSAGES = pa.schema(
    [
        ("position", pa.int64()),
        ("source", pa.string()),
        ("digest", pa.string()),
        ("permitted", pa.bool_()),
        ("undecided", pa.bool_()),
        ("reasons", pa.list_(pa.string())),
        ("media", pa.int32()),
        ("passed", pa.int32()),
        ("failed", pa.int32()),
        ("cant_tell", pa.int32()),
    ]
)
FINDINGS = pa.schema(
    [
        ("position", pa.int64()),
        ("source", pa.string()),
        ("rule", pa.string()),
        ("cause", pa.string()),
        ("severity", pa.string()),
        ("outcome", pa.string()),
        ("blocks", pa.bool_()),
        ("waived", pa.bool_()),
        ("kind", pa.string()),
        ("slide", pa.int32()),
        ("media", pa.int32()),
        ("line", pa.int32()),
        ("host", pa.string()),
        ("url", pa.string()),
        ("owner", pa.string()),
        ("message", pa.string()),
        ("reason", pa.string()),
        ("fix", pa.string()),
        ("provider_codes", pa.list_(pa.string())),
    ]
)
MEDIA = pa.schema(
    [
        ("position", pa.int64()),
        ("slide", pa.int32()),
        ("media", pa.int32()),
        ("kind", pa.string()),
        ("host", pa.string()),
        ("url", pa.string()),
        ("status", pa.string()),
        ("size", pa.int64()),
        ("type", pa.string()),
        ("sha256", pa.string()),
    ]
)


def message_rows(positions: Sequence[int], report: Report, verdict: Verdict) -> pa.Table:
    """A row for each message: how it was decided, and how many evaluations came to what."""

    def rows() -> Iterator[dict[str, object]]:
        for position, message, decision in _triples(positions, report, verdict):
            counts = Counter(item.outcome for item in message.evaluations)
            yield {
                "position": position,
                "source": message.source,
                "digest": message.digest,
                "permitted": decision.passed,
                "undecided": decision.undecided,
                "reasons": list(decision.reasons),
                "media": len(message.media),
                "passed": counts[Outcome.PASSED],
                "failed": counts[Outcome.FAILED],
                "cant_tell": counts[Outcome.CANT_TELL],
            }

    return pa.Table.from_pylist(list(rows()), schema=MESSAGES)


def finding_rows(positions: Sequence[int], view: View) -> pa.Table:
    """A row for each evaluation of the view: by then without those that passed."""
    report, verdict = view.report, view.verdict
    blocking = {rule.id for rule in report.rules if report.blocks(rule.severity)}
    causes = [_causes(each.found) for each in judged(view)]

    def rows() -> Iterator[dict[str, object]]:
        for (position, message, decision), cause in zip(
            _triples(positions, report, verdict), causes, strict=True
        ):
            waived = {(each.rule, each.target) for each in decision.waived}
            hosts = {(ref.slide, ref.index): host_of(ref.url) for ref in message.media}
            for item in message.evaluations:
                yield {
                    "cause": cause.get((item.rule, item.target), ""),
                    "position": position,
                    "source": message.source,
                    "blocks": item.rule in blocking,
                    "waived": (item.rule, item.target) in waived,
                    "host": hosts.get((item.target.slide, item.target.media), ""),
                    **_row(item),
                }

    return pa.Table.from_pylist(list(rows()), schema=FINDINGS)


def _causes(found: Sequence[Finding]) -> dict[tuple[str, TargetKey], str]:
    """The rule that each finding is told with, for those that are only a consequence."""
    return {
        (item.rule, item.target): each.lead.rule
        for each in found
        if each.lead is not None
        for item in (*each.follows, *each.undecided)
        if item is not each.lead
    }


def _row(item: Evaluation) -> dict[str, object]:
    return {
        "rule": item.rule,
        "severity": item.severity.value,
        "outcome": item.outcome.value,
        "kind": item.target.kind.value,
        "slide": item.target.slide,
        "media": item.target.media,
        "line": item.line,
        "url": item.url,
        "owner": item.owner.value,
        "message": item.message,
        "reason": item.reason,
        "fix": item.fix,
        "provider_codes": list(item.provider_codes),
    }


def media_rows(positions: Sequence[int], report: Report) -> pa.Table:
    """A row for each reference to a medium."""

    def rows() -> Iterator[dict[str, object]]:
        for position, message in zip(positions, report.messages, strict=True):
            for ref in message.media:
                seen = message.observations.get(ref.url)
                whole = seen if isinstance(seen, Fetched) else None
                yield {
                    "position": position,
                    "slide": ref.slide,
                    "media": ref.index,
                    "kind": ref.kind.value,
                    "host": host_of(ref.url),
                    "url": redact_url(ref.url),
                    "status": "fetched"
                    if whole
                    else seen.reason.value
                    if isinstance(seen, NotFetched)
                    else "",
                    "size": whole.size if whole else None,
                    "type": whole.sniffed.type if whole else None,
                    "sha256": whole.sha256 if whole else None,
                }

    return pa.Table.from_pylist(list(rows()), schema=MEDIA)


def _triples(
    positions: Sequence[int], report: Report, verdict: Verdict
) -> Iterator[tuple[int, MessageReport, MessageVerdict]]:
    return zip(positions, report.messages, verdict.messages, strict=True)
