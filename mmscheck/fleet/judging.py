"""Judging one part: its documents by what was found, as rows of messages, findings and media, and a sum."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import msgspec
import pyarrow as pa
from msgspec.structs import replace

from mmscheck.base.url import take_apart
from mmscheck.checks.media_types import kind_of
from mmscheck.errors import InputError
from mmscheck.fetch.slots import plan as turns
from mmscheck.fleet.facts import READERS, kept_observation
from mmscheck.fleet.join import joined
from mmscheck.fleet.plan import items_file
from mmscheck.fleet.rows import finding_rows, media_rows, message_rows
from mmscheck.fleet.run import FleetRun
from mmscheck.fleet.service import SERVICE, Loaded
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import PartSum, added
from mmscheck.judge import gate
from mmscheck.judge.documents import read_message
from mmscheck.judge.engine import judge, judge_alone
from mmscheck.judge.reports import Clock, allowances, make_report
from mmscheck.judge.sampling import SAMPLED, about_sampled
from mmscheck.judge.shared import SharedMedia
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.verdict import Verdict
from mmscheck.report import View
from mmscheck.report.clean import scrub

BATCH = 50
"""Messages of a part whose whole reports are in memory at a time: each has some 300 KB of evaluations."""


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
    batches = [
        _batch(loaded, (part, facts), positions, reports, _sampled(found))
        for positions, reports in _batches(items, _judged(loaded, items, found))
    ]
    if joined(loaded.store, digest) != facts:
        raise InputError("the facts were joined anew meanwhile")
    for file, table in (
        (messages_file, [each.messages for each in batches]),
        (findings_file, [each.findings for each in batches]),
        (media_file, [each.media for each in batches]),
    ):
        loaded.store.write_table(file(part), pa.concat_tables(table), of=facts)
    # Last: what is there counts as done.
    loaded.store.write(name, msgspec.json.encode(added([each.sum for each in batches])))
    return name


class _Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What came of some messages of a part: rows, and their sum."""

    messages: pa.Table
    findings: pa.Table
    media: pa.Table
    sum: PartSum


def _batches(
    items: Sequence[Mapping[str, Any]], reports: Iterator[MessageReport]
) -> Iterator[tuple[list[int], tuple[MessageReport, ...]]]:
    """The messages of a part, judged, with their positions, so many at a time as may be in memory."""
    positions = (int(item["position"]) for item in items)
    while batch := list(islice(positions, BATCH)):
        yield batch, tuple(islice(reports, len(batch)))


def _batch(
    loaded: Loaded,
    of: tuple[int, str],
    positions: Sequence[int],
    reports: Sequence[MessageReport],
    sampled: tuple[str, ...],
) -> _Batch:
    order = loaded.run.order
    report = make_report(
        loaded.ruleset,
        reports,
        _clock(loaded.run),
        strict=order.strict,
        unread=(),
        allowances=(*allowances(order.policy), *sampled),
    )
    verdict = gate.verdict(report)
    # What reports are made of later has been through the last redaction here.
    view = scrub(View(report=_with_rows_alone(report), verdict=verdict), every=False)
    return _Batch(
        messages=message_rows(positions, report, verdict),
        findings=finding_rows(positions, view),
        media=media_rows(positions, report),
        sum=_sum(*of, report, verdict),
    )


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


def _sampled(found: Mapping[str, Observation]) -> tuple[str, ...]:
    """That probes were left out, without a number: other parts may have the same URLs."""
    return (f"{SAMPLED}.",) if about_sampled(found.values()) else ()


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
