"""The report as JSON lines: the run, then a message a line. Of what passed a line has the names alone.

A message of one medium is some 55 kB of JSON with all its evaluations, and nearly all of that passed; here
it is a tenth or less, and whoever reads needs to hold one line at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count

import msgspec
from msgspec.structs import asdict, replace

from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.report import Evaluation, MessageReport, Report, TargetKey
from mmscheck.model.series import count_outcomes
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Outcome, Severity, TargetKind
from mmscheck.report import jsonl_types as lines
from mmscheck.report.clean import clean_text, clean_url, optional, scrub_message
from mmscheck.report.escape import visible_json
from mmscheck.report.json_media import declared_type, unseen
from mmscheck.report.json_v1 import (
    bare_document,
    json_counts,
    json_evaluation,
    json_findings,
    json_message,
    looked_past,
)
from mmscheck.report.view import View, decision_value


def render(view: View) -> str:
    """All lines, each ending with a line feed."""
    return "".join(parts(view))


def parts(view: View) -> Iterator[str]:
    """The lines one by one: no more than one message is in memory as JSON."""
    yield _line(lines.RunLine(run=_run(view)))
    numbers = count(1)
    for raw, verdict in view.pairs:
        message = scrub_message(raw)
        if view.all_evaluations:
            yield _line(lines.WholeLine(message=_whole(view.report, message, verdict, numbers)))
        else:
            yield _line(lines.BriefLine(message=_brief(view.report, message, verdict, numbers)))


def _line(value: msgspec.Struct) -> str:
    return visible_json(msgspec.json.encode(value).decode("utf-8")) + "\n"


def _run(view: View) -> lines.Run:
    report, document = view.report, bare_document(view)
    decided = Counter(_decided(verdict) for _, verdict in view.heads)
    # Names and types are the document's own, but for the messages, of which there is the number.
    same = {
        name: value
        for name, value in asdict(document).items()
        if name in lines.Run.__struct_fields__ and name != "messages"
    }
    return lines.Run(
        **same
        | {
            "format": lines.FORMAT,
            "messages": len(report.messages),
            "permitted": decided["permitted"],
            "denied": decided["denied"],
            "undecided": decided["undecided"],
            "counts": json_counts(report.outcomes),
            "not_looked_at": looked_past(report),
            "all_evaluations": view.all_evaluations,
            "rules": _rules(report),
        }
    )


def _decided(verdict: MessageVerdict) -> str:
    if verdict.passed:
        return "permitted"
    return "undecided" if verdict.undecided else "denied"


def _rules(report: Report) -> dict[str, lines.RuleWords]:
    """What those evaluations had in common that no line lists; of several severities the worst."""
    found: dict[str, lines.RuleWords] = {}
    for message in report.messages:
        for item in message.evaluations:
            known = found.get(item.rule)
            if not item.is_finding and (known is None or _is_worse(item, known)):
                clean = scrub_message(replace(message, evaluations=(item,))).evaluations[0]
                found[item.rule] = lines.RuleWords(
                    severity=item.severity, owner=item.owner, fix=clean_text(clean.fix)
                )
    return found


def _is_worse(item: Evaluation, known: lines.RuleWords) -> bool:
    return item.severity is Severity.ERROR and known.severity is not Severity.ERROR


def _whole(
    report: Report, message: MessageReport, verdict: MessageVerdict, numbers: Iterator[int]
) -> lines.WholeMessage:
    return lines.WholeMessage(
        **asdict(json_message(report, message, verdict, numbers)),
        counts=json_counts(count_outcomes(message.evaluations)),
        slides=_slides(message),
    )


def _brief(
    report: Report, message: MessageReport, verdict: MessageVerdict, numbers: Iterator[int]
) -> lines.BriefMessage:
    # Words of what passed are not told, so that they are neither cleaned nor turned into types.
    findings = replace(message, evaluations=tuple(item for item in message.evaluations if item.is_finding))
    waived = verdict.waivers
    return lines.BriefMessage(
        source=clean_text(message.source),
        digest=message.digest,
        request_digest=message.request_digest,
        name=optional(message.name),
        subject=optional(message.subject),
        verdict=decision_value(verdict),
        reasons=[clean_text(reason) for reason in verdict.reasons],
        counts=json_counts(count_outcomes(message.evaluations)),
        slides=_slides(message),
        media=[_media(ref, message.observations.get(ref.url)) for ref in message.media],
        findings=json_findings(report, findings, verdict, numbers),
        evaluations=[
            json_evaluation(item, waived.get((item.rule, item.target))) for item in findings.evaluations
        ],
        passed=_places(message.evaluations, Outcome.PASSED),
        inapplicable=_places(message.evaluations, Outcome.INAPPLICABLE),
    )


def _slides(message: MessageReport) -> list[int]:
    return [slide.line for slide in message.slides]


def _places(evaluations: Iterable[Evaluation], outcome: Outcome) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in evaluations:
        if item.outcome is outcome:
            found.setdefault(item.rule, []).append(place(item.target))
    return found


def place(target: TargetKey) -> str:
    """The target as a line names it."""
    if target.kind is TargetKind.SLIDE:
        return f"slide {target.slide}"
    return f"media {target.media}" if target.kind is TargetKind.MEDIA else target.kind.value


def _media(ref: MediaRef, observation: Observation | None) -> lines.BriefMedia:
    seen = unseen(ref) if observation is None else observation
    came = isinstance(seen, Fetched)
    return lines.BriefMedia(
        url=clean_url(ref.url),
        kind=ref.kind,
        slide=ref.slide,
        line=ref.line,
        observation=lines.BriefObservation(
            status="fetched" if came else "not-fetched",
            reason=None if isinstance(seen, Fetched) else seen.reason.value,
            detail="" if isinstance(seen, Fetched) else clean_text(seen.detail),
            size=seen.size if isinstance(seen, Fetched) else None,
            sha256=seen.sha256 if isinstance(seen, Fetched) else None,
            declared_type=declared_type(seen.final),
            sniffed_type=optional(seen.sniffed.type) if isinstance(seen, Fetched) else None,
        ),
    )
