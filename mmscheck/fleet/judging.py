"""Judging one part: its documents by what was found, as rows of messages, findings and media, and a sum."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pyarrow as pa
from msgspec.structs import replace

from mmscheck.base.redact import redact_url
from mmscheck.base.url import take_apart
from mmscheck.checks.media_types import kind_of
from mmscheck.errors import InputError
from mmscheck.fetch.slots import plan as turns
from mmscheck.fleet.facts import READERS, kept_observation
from mmscheck.fleet.join import joined
from mmscheck.fleet.plan import host_of, items_file
from mmscheck.fleet.run import FleetRun
from mmscheck.fleet.service import SERVICE, Loaded
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import PartSum
from mmscheck.judge import gate
from mmscheck.judge.documents import read_message
from mmscheck.judge.engine import judge, judge_alone
from mmscheck.judge.reports import Clock, allowances, make_report
from mmscheck.judge.sampling import SAMPLED, about_sampled
from mmscheck.judge.shared import SharedMedia
from mmscheck.model.observation import Fetched, NotFetched, Observation, Reason
from mmscheck.model.report import Evaluation, MessageReport, Report, TargetKey
from mmscheck.model.verdict import MessageVerdict, Verdict
from mmscheck.model.words import Outcome
from mmscheck.report import View
from mmscheck.report.clean import scrub
from mmscheck.report.findings import Finding, judged


def messages_file(part: int) -> str:
    """A row for each message of a part."""
    return f"results/messages/part-{part:06d}.parquet"


def findings_file(part: int) -> str:
    """A row for each evaluation that did not pass."""
    return f"results/findings/part-{part:06d}.parquet"


def media_file(part: int) -> str:
    """A row for each reference to a medium."""
    return f"results/media/part-{part:06d}.parquet"


def sum_file(part: int) -> str:
    """The part's sum; when it is there, the part is done."""
    return f"results/sums/part-{part:06d}.json"


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


def judge_part(place: str, digest: str, part: int) -> str:
    """Judge the messages of one part and write what came of it; the name of the sum's file."""
    loaded = SERVICE.load(place, digest)
    name = sum_file(part)
    if not (facts := joined(loaded.store, digest)):
        raise InputError("the facts are not joined")
    if kept_sum(loaded.store, part, facts):
        return name
    items = loaded.store.read_table(items_file(part), of=loaded.run.plan).to_pylist()
    found = _found(loaded.store, part)
    reports = tuple(_judged(loaded, items, found))
    report = make_report(
        loaded.ruleset,
        reports,
        _clock(loaded.run),
        strict=loaded.run.order.strict,
        unread=(),
        allowances=(*allowances(loaded.run.order.policy), *_sampled(found)),
    )
    verdict = gate.verdict(report)
    # What reports are made of later has been through the last redaction here.
    view = scrub(View(report=_with_rows_alone(report), verdict=verdict), every=False)
    positions = [item["position"] for item in items]
    if joined(loaded.store, digest) != facts:
        raise InputError("the facts were joined anew meanwhile")
    loaded.store.write_table(messages_file(part), _messages(positions, report, verdict), of=facts)
    loaded.store.write_table(findings_file(part), _findings(positions, view), of=facts)
    loaded.store.write_table(media_file(part), _media(positions, report), of=facts)
    # Last: what is there counts as done.
    loaded.store.write(name, msgspec.json.encode(_sum(part, facts, report, verdict)))
    return name


def _sampled(found: Mapping[str, Observation]) -> tuple[str, ...]:
    """That probes were left out, without a number: other parts may have the same URLs."""
    return (f"{SAMPLED}.",) if about_sampled(found.values()) else ()


def _with_rows_alone(report: Report) -> Report:
    """The report without what passed or does not apply: of that only numbers are kept.

    What was not looked for on purpose stays: it is not fixed by that.
    """
    return replace(
        report,
        messages=tuple(
            replace(
                message, evaluations=tuple(item for item in message.evaluations if not item.outcome.settled)
            )
            for message in report.messages
        ),
    )


def kept_sum(store: RunStore, part: int, facts: str) -> PartSum | None:
    """The sum of a part that was judged by these facts, and whose rows are all there; else None.

    Raises InputError for a store that cannot be reached.
    """
    if not store.exists(sum_file(part)):
        return None
    try:
        found = store.read_struct(sum_file(part), PartSum)
    except InputError:
        return None
    tables = [store.footer(each(part)) for each in (messages_file, findings_file, media_file)]
    rows = [(facts, count) for count in (found.messages, found.findings, found.media)]
    return found if (found.part, found.facts) == (part, facts) and tables == rows else None


def kept_sums(store: RunStore, run: FleetRun) -> list[PartSum]:
    """Those of all parts that were judged by what is joined now. Raises InputError."""
    if not (facts := joined(store, run.digest)):
        return []
    with ThreadPoolExecutor(READERS) as readers:
        found = readers.map(lambda part: kept_sum(store, part, facts), range(run.parts))
        return [each for each in found if each is not None]


def _judged(
    loaded: Loaded, items: Sequence[Mapping[str, Any]], found: Mapping[str, Observation]
) -> Iterator[MessageReport]:
    order = loaded.run.order
    if order.is_alone:
        for url in (str(item["url"]) for item in items):
            seen = found.get(url) or _missing(url)
            yield judge_alone(
                loaded.ruleset, url, kind_of(take_apart(url.strip()).path, seen), seen, order.window
            )
        return
    messages = [read_message(item["document"], item["source"]) for item in items]
    shared = SharedMedia(messages)
    for message in messages:
        own = {ref.url: found.get(ref.url) or _missing(ref.url) for ref in message.media}
        yield judge(
            loaded.ruleset,
            message,
            {**own, **turns((message,)).beyond},
            changes=order.changes,
            window=order.window,
            shared=shared,
        )


def _missing(url: str) -> NotFetched:
    """What stands for facts that are not there: nobody knows, so nothing is permitted."""
    return NotFetched(url=url, reason=Reason.INTERNAL, detail="its facts are missing from the store")


def _found(store: RunStore, part: int) -> dict[str, Observation]:
    folder = f"joined/by/part={part}"
    rows = (row for name in store.names(folder) for row in store.read_table(f"{folder}/{name}").to_pylist())
    seen = (kept_observation(row) for row in rows)
    return {each.url: each for each in seen if each is not None}


def _clock(run: FleetRun) -> Clock:
    """That of the plan: waivers hold on the day that the run began, on every machine."""
    return Clock(started=dt.datetime.fromisoformat(run.started), ticks=0.0)


def _messages(positions: list[int], report: Report, verdict: Verdict) -> pa.Table:
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


def _findings(positions: list[int], view: View) -> pa.Table:
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


def _media(positions: list[int], report: Report) -> pa.Table:
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
    positions: list[int], report: Report, verdict: Verdict
) -> Iterator[tuple[int, MessageReport, MessageVerdict]]:
    return zip(positions, report.messages, verdict.messages, strict=True)


def _sum(part: int, facts: str, report: Report, verdict: Verdict) -> PartSum:
    outcomes: dict[str, Counter[str]] = {rule.id: Counter() for rule in report.rules}
    for message in report.messages:
        for item in message.evaluations:
            outcomes[item.rule][item.outcome.value] += 1
    return PartSum(
        part=part,
        facts=facts,
        findings=sum(not item.outcome.settled for message in report.messages for item in message.evaluations),
        media=sum(len(message.media) for message in report.messages),
        messages=len(report.messages),
        permitted=sum(each.passed for each in verdict.messages),
        undecided=sum(each.undecided for each in verdict.messages),
        reasons=verdict.reasons,
        allowances=report.allowances,
        outcomes={rule: dict(counts) for rule, counts in outcomes.items()},
        waivers=verdict.waivers,
    )
