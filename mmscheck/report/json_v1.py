"""The JSON report, version 1: turns a view into the types of ``json_types`` and those into text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count

import msgspec
from msgspec.structs import replace

from mmscheck.model.campaign import CampaignResult, RowNote
from mmscheck.model.prices import CostEstimate
from mmscheck.model.proof import ProofResult
from mmscheck.model.report import Evaluation, MessageReport, Report
from mmscheck.model.request import SendResult
from mmscheck.model.verdict import MessageVerdict, Verdict
from mmscheck.model.waiver import Waiver, WaiverUse
from mmscheck.model.words import Outcome
from mmscheck.report import json_types as v1
from mmscheck.report.clean import clean_text, clean_url, clean_value, optional, scrub_message
from mmscheck.report.escape import visible_json
from mmscheck.report.findings import Effect, Finding, Judged, findings
from mmscheck.report.json_media import media
from mmscheck.report.rows import FlatRow, message_rows
from mmscheck.report.run_words import unlooked
from mmscheck.report.view import View, decision_value

_NO_MESSAGES = '\n  "messages": []'
"""How a document without messages holds its place for them; inside a string no line ever begins."""


def render(view: View) -> str:
    """The whole document, indented by two, in a stable order, ending with a line feed."""
    return "".join(parts(view))


def parts(view: View) -> Iterator[str]:
    """The JSON document piece by piece, so that thousands of messages never are in memory as one text."""
    full = replace(
        bare_document(view),
        counts=json_counts(view.report.outcomes),
        not_looked_at=looked_past(view.report),
    )
    head, place, tail = _written(full).partition(_NO_MESSAGES)
    yield head + place.removesuffix("]")
    mark, numbers = "\n    ", count(1)
    for message, verdict in view.pairs:
        told = json_message(view.report, scrub_message(message), verdict, numbers)
        text = _written(told).replace("\n", "\n    ")
        yield mark + text
        mark = ",\n    "
    yield ("\n  ]" if view.report.messages else "]") + tail + "\n"


def bare_document(view: View) -> v1.Document:
    """The document of the run alone: no message, and nothing counted over messages."""
    return document(replace(view, report=replace(view.report, messages=()), verdict=_unparted(view.verdict)))


def _unparted(verdict: Verdict) -> Verdict:
    return replace(verdict, messages=())


def _written(value: msgspec.Struct) -> str:
    return visible_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8"))


def document(view: View) -> v1.Document:
    """The view as a version-1 document."""
    report = view.report
    numbers = count(1)
    return v1.Document(
        version=1,
        tool=v1.Tool(name="mmscheck", version=report.tool_version),
        ruleset=_ruleset(report),
        started=report.started,
        duration_ms=report.duration_ms,
        strict=report.strict,
        verdict=decision_value(view.verdict),
        exit_code=view.verdict.exit_code,
        reasons=[clean_text(reason) for reason in view.verdict.reasons],
        counts=json_counts(report.outcomes),
        unread=[clean_text(sentence) for sentence in report.unread],
        allowances=[clean_text(sentence) for sentence in report.allowances],
        confinement=list(report.confinement),
        messages=[json_message(report, message, verdict, numbers) for message, verdict in view.pairs],
        not_looked_at=looked_past(report),
        left_out=report.left_out,
        waivers=[_waiver(use) for use in view.verdict.waivers],
        send=msgspec.UNSET if view.send is None else _send(view.send, view.campaign),
        not_checked=[clean_text(source) for source in report.not_checked] or msgspec.UNSET,
    )


def looked_past(report: Report) -> list[v1.Unlooked]:
    """What lint could not look at, by web folder."""
    return [v1.Unlooked(prefix=each.prefix, media=each.media) for each in unlooked(report)]


def _ruleset(report: Report) -> v1.RuleSet:
    return v1.RuleSet(
        digest=report.ruleset_digest,
        profile=clean_text(report.profile),
        rules=len(report.rules),
        overrides=[clean_value(override) for override in report.overrides],
        configuration=optional(report.configuration),
    )


def json_counts(seen: Counter[Outcome]) -> v1.Counts:
    """How many evaluations have each outcome."""
    return v1.Counts(
        passed=seen[Outcome.PASSED],
        failed=seen[Outcome.FAILED],
        cant_tell=seen[Outcome.CANT_TELL],
        inapplicable=seen[Outcome.INAPPLICABLE],
    )


def json_message(
    report: Report, message: MessageReport, verdict: MessageVerdict, numbers: Iterator[int]
) -> v1.Message:
    """One scrubbed message with everything; its findings take the next of ``numbers``."""
    waived = verdict.waivers
    return v1.Message(
        source=clean_text(message.source),
        digest=message.digest,
        request_digest=message.request_digest,
        name=optional(message.name),
        subject=optional(message.subject),
        verdict=decision_value(verdict),
        reasons=[clean_text(reason) for reason in verdict.reasons],
        media=[
            media(ref, message.observations.get(ref.url), message.servers.get(ref.url))
            for ref in message.media
        ],
        findings=json_findings(report, message, verdict, numbers),
        evaluations=[
            json_evaluation(item, waived.get((item.rule, item.target))) for item in message.evaluations
        ],
    )


def json_evaluation(item: Evaluation, waiver: Waiver | None) -> v1.Evaluation:
    """One evaluation, safe to show, with the waiver that let it through."""
    return v1.Evaluation(
        rule=item.rule,
        severity=item.severity,
        outcome=item.outcome,
        target=item.target.kind,
        slide=item.target.slide or None,
        media=item.target.media or None,
        url=None if item.url is None else clean_url(item.url),
        line=item.line,
        message=clean_text(item.message),
        reason=clean_text(item.reason),
        why=clean_text(item.why),
        fix=clean_text(item.fix),
        owner=item.owner,
        provider_codes=list(item.provider_codes),
        crashed=item.crashed,
        evidence=clean_value(item.evidence),
        waived=None if waiver is None else _leave(waiver),
    )


def _leave(waiver: Waiver) -> v1.Leave:
    return v1.Leave(who=clean_text(waiver.who), reason=clean_text(waiver.reason), expires=waiver.expires)


def _waiver(use: WaiverUse) -> v1.Waiver:
    waiver = use.waiver
    return v1.Waiver(
        rule=waiver.rule,
        reason=clean_text(waiver.reason),
        who=clean_text(waiver.who),
        expires=waiver.expires,
        source=optional(waiver.source),
        url=None if waiver.url is None else clean_url(waiver.url),
        slide=waiver.slide,
        state=use.state,
        matches=use.matches,
    )


def _send(result: SendResult, campaign: CampaignResult | None) -> v1.Send:
    return v1.Send(
        status=result.status,
        tracking_id=optional(result.tracking_id),
        mms_id=optional(result.mms_id),
        error_code=optional(result.error_code),
        error_info=optional(result.error_info),
        http_status=result.http_status,
        detail=clean_text(result.detail),
        recorded=result.recorded,
        campaign=msgspec.UNSET if campaign is None else json_campaign(campaign),
    )


def json_findings(
    report: Report, message: MessageReport, verdict: MessageVerdict, numbers: Iterator[int]
) -> list[v1.Finding]:
    """Those of one scrubbed message, in the order of the text report; each takes the next of ``numbers``."""
    found = findings(message, verdict, strict=report.strict)
    one = Judged(message=message, verdict=verdict, found=found)
    return [_finding(each, row, next(numbers)) for each, row in zip(found, message_rows(one), strict=True)]


def _finding(each: Finding, row: FlatRow, number: int) -> v1.Finding:
    return v1.Finding(
        number=number,
        rule=row.rule,
        severity=each.severity,
        outcome=row.outcome,
        effect="known" if row.waiver is not None and row.waiver.baseline else _EFFECTS[row.effect],
        target=each.target.kind,
        slide=each.target.slide or None,
        media=each.target.media or None,
        url=row.url,
        line=row.line,
        message=row.message,
        fix="\n".join(row.fix),
        owner=row.owner,
        provider_codes=list(row.codes),
        follows=[_follower(item) for item in each.items[1:]],
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


def json_campaign(result: CampaignResult) -> v1.Campaign:
    """The campaign as JSON values, with untrusted text made safe to show."""
    return v1.Campaign(
        name=clean_text(result.name),
        file=clean_text(result.file),
        rows=result.rows,
        accepted=result.accepted,
        recorded=result.recorded,
        refused=result.refused,
        not_sent=result.not_sent,
        unknown=result.unknown,
        denied=result.denied,
        duplicates=result.duplicates,
        had=result.had,
        had_from=[v1.HadFrom(campaign=optional(name or None), rows=rows) for name, rows in result.had_from],
        withheld=result.withheld,
        not_now=result.not_now,
        left=result.left,
        stopped=optional(result.stopped),
        seconds=round(result.seconds, 3),
        listed=[_row(note) for note in result.notes],
        more=result.more,
        cost=None if result.cost is None else _cost(result.cost),
        proof=None if result.proof is None else _proof(result.proof),
    )


def _proof(proof: ProofResult) -> v1.Proof:
    return v1.Proof(
        digest=proof.digest,
        variants=[
            v1.ProofVariant(line=one.line, kinds=[clean_text(kind) for kind in one.kinds])
            for one in proof.variants
        ],
        phones=[clean_text(name) for name in proof.phones],
        accepted=proof.accepted,
        unknown=proof.unknown,
        faults=[clean_text(fault) for fault in proof.faults],
        approved_by=optional(proof.approved_by or None),
    )


def _cost(cost: CostEstimate) -> v1.Cost:
    return v1.Cost(
        currency=cost.currency,
        amount=f"{cost.amount:f}",
        messages=cost.messages,
        unpriced=cost.unpriced,
        lines=[
            v1.CostLine(
                country=line.country,
                messages=line.messages,
                segments=line.segments,
                each=f"{line.each:f}",
                amount=f"{line.amount:f}",
            )
            for line in cost.lines
        ],
    )


def _row(note: RowNote) -> v1.CampaignRow:
    return v1.CampaignRow(
        line=note.line,
        to=clean_text(note.to),
        fate=note.fate,
        columns=[clean_text(name) for name in note.columns],
        detail=clean_text(note.detail),
    )
