"""A run step by step, without an engine: the same verdicts as one process, and what is missing denies."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmscheck.errors import UsageError
from mmscheck.fetch import FetchPolicy, parse_connect_to
from mmscheck.fleet import judging
from mmscheck.fleet.check import finish
from mmscheck.fleet.facts import decode, encode, fetch_chunk, whole_facts
from mmscheck.fleet.join import join, joined
from mmscheck.fleet.judging import judge_part
from mmscheck.fleet.plan import make_plan
from mmscheck.fleet.reading import Filters, RunReader
from mmscheck.fleet.run import FleetRun, RuleSelection, RunOrder
from mmscheck.fleet.service import SERVICE
from mmscheck.fleet.sources import Item, items
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import PartSum, RowCounts, RunTotal, added, merge
from mmscheck.judge import gate
from mmscheck.judge.pipeline import CheckOptions, check_messages, window
from mmscheck.model.observation import NotFetched, Reason
from mmscheck.model.report import Report
from mmscheck.model.waiver import Waiver, WaiverState, WaiverUse
from mmscheck.slidexml import Unread, parse
from tests.support.crowd import Crowd, crowd

HOSTS, URLS, MESSAGES = 5, 30, 40


@pytest.fixture(scope="module")
def server() -> Iterator[Crowd]:
    with crowd() as found:
        yield found
    SERVICE.end()


def order(server: Crowd) -> RunOrder:
    to = parse_connect_to(f"::127.0.0.1:{server.port}")
    policy = FetchPolicy(allow_net=("127.0.0.0/8",), connect_to=(to,))
    return RunOrder(selection=RuleSelection(), policy=policy, window=window())


def planned(place: Path, server: Crowd, found: Any) -> FleetRun:
    wanted = order(server)
    return make_plan(RunStore(str(place)), wanted, found, ruleset_digest=wanted.selection.load().digest)


def performed(place: Path, run: FleetRun) -> RunTotal:
    """The rest of a run, as an engine would have it done."""
    store = RunStore(str(place))
    for chunk in run.chunks:
        fetch_chunk(store.place, run.digest, chunk.number)
    if not joined(store, run.digest):
        join(store, run.digest, whole_facts(store, run))
    for part in range(run.parts):
        judge_part(store.place, run.digest, part)
    return finish(store, run, [])


@pytest.fixture(scope="module")
def folder(server: Crowd, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return server.fill(tmp_path_factory.mktemp("crowd") / "messages", MESSAGES, urls=URLS, hosts=HOSTS)


@pytest.fixture(scope="module")
def kept(
    server: Crowd, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, FleetRun, RunTotal]:
    place = tmp_path_factory.mktemp("kept") / "run"
    run = planned(place, server, items([str(folder)]))
    return place, run, performed(place, run)


@pytest.fixture
def copy(kept: tuple[Path, FleetRun, RunTotal], tmp_path: Path) -> tuple[Path, FleetRun]:
    """The run before it was joined and judged, at a place of its own."""
    shutil.copytree(kept[0], tmp_path / "run")
    for name in ("joined", "results"):
        shutil.rmtree(tmp_path / "run" / name)
    return tmp_path / "run", kept[1]


def alone(server: Crowd, folder: Path, run: FleetRun) -> Report:
    """The same messages checked by one process."""
    messages = [parse(file.read_bytes(), str(file)) for file in sorted(folder.iterdir())]
    options = CheckOptions(policy=order(server).policy, sending=run.order.window)
    return asyncio.run(check_messages(messages, run.order.selection.load(), options))


def test_it_decides_and_finds_what_one_process_does(
    server: Crowd, folder: Path, kept: tuple[Path, FleetRun, RunTotal]
) -> None:
    place, run, total = kept
    report = alone(server, folder, run)
    verdict = gate.verdict(report)
    with RunReader(str(place)) as reader:
        rows = {row["source"]: row for row in reader.messages(Filters())}
    assert len(rows) == MESSAGES
    for message, decision in zip(report.messages, verdict.messages, strict=True):
        row = rows[message.source]
        assert (row["permitted"], row["undecided"], tuple(row["reasons"])) == (
            decision.permitted,
            decision.undecided,
            decision.reasons,
        )
        found = [
            (each["rule"], each["outcome"], each["slide"], each["media"], each["message"], each["fix"])
            for each in row["findings"] or ()
        ]
        assert sorted(found) == sorted(
            (item.rule, item.outcome.value, item.target.slide, item.target.media, item.message, item.fix)
            for item in message.evaluations
            if item.is_finding
        )
    assert total.exit_code == verdict.exit_code == 1
    assert total.permitted == sum(each.permitted for each in verdict.messages) > 0
    counts = {rule: sum(by.values()) for rule, by in total.outcomes.items()}
    assert sum(counts.values()) == sum(len(message.evaluations) for message in report.messages)


def test_no_url_is_asked_for_twice_and_no_host_more_than_it_may_bear(
    server: Crowd, folder: Path, tmp_path: Path
) -> None:
    server.asked.clear()
    server.most.clear()
    run = planned(tmp_path / "run", server, items([str(folder)]))
    for chunk in run.chunks:
        fetch_chunk(str(tmp_path / "run"), run.digest, chunk.number)
    assert set(server.asked.values()) == {1}
    assert len(server.asked) == run.urls
    assert max(server.most.values()) <= FetchPolicy().per_host


def test_a_step_that_is_done_is_not_done_again(server: Crowd, kept: tuple[Path, FleetRun, RunTotal]) -> None:
    place, run, total = kept
    server.asked.clear()
    before = {
        file: file.stat().st_mtime_ns for file in place.rglob("*.parquet") if "joined" not in file.parts
    }
    assert performed(place, run) == total
    assert not server.asked
    assert before == {file: file.stat().st_mtime_ns for file in before}


def test_facts_that_are_gone_deny_what_needs_them_and_nothing_else(
    kept: tuple[Path, FleetRun, RunTotal], copy: tuple[Path, FleetRun]
) -> None:
    place, run = copy
    victim = max(run.chunks, key=lambda chunk: chunk.urls)
    lost = set(RunStore(str(place)).read_table(victim.facts)["url"].to_pylist())
    (place / victim.facts).unlink()
    store = RunStore(str(place))
    join(store, run.digest, whole_facts(store, run))
    for part in range(run.parts):
        judge_part(store.place, run.digest, part)
    total = finish(store, run, ["a chunk"])
    with RunReader(str(kept[0])) as reader:
        before = {row["position"]: row for row in reader.messages(Filters())}
    with RunReader(str(place)) as reader:
        after = {row["position"]: row for row in reader.messages(Filters())}
    documents = {
        row["position"]: row["document"]
        for row in store.read_table("plan/items/part-000000.parquet").to_pylist()
    }
    hit = {at for at, data in documents.items() if any(url.encode() in data for url in lost)}
    assert hit
    assert not any(after[at]["permitted"] for at in hit)
    unhurt = set(documents) - hit
    assert {at: after[at]["permitted"] for at in unhurt} == {at: before[at]["permitted"] for at in unhurt}
    assert total.exit_code != 0
    assert any("a step could not be done" in reason for reason in total.reasons)


def test_a_part_that_is_gone_denies_the_run(copy: tuple[Path, FleetRun]) -> None:
    place, run = copy
    total = finish(RunStore(str(place)), run, [])
    assert total.exit_code == 3
    assert total.reasons[0] == "1 of 1 parts were not judged"


def part(**fields: Any) -> PartSum:
    whole = {"facts": "", "findings": 0, "media": 0, "messages": 1, "permitted": 1, "undecided": 0}
    return PartSum(**{"part": 0, **whole, **fields})


ONE = RowCounts(messages=1, distinct=1, permitted=1)


@pytest.mark.parametrize(
    ("found", "rows", "code"),
    [
        ([part()], ONE, 0),
        ([part(permitted=0)], RowCounts(messages=1, distinct=1), 1),
        ([part(permitted=0, undecided=1)], RowCounts(messages=1, distinct=1, undecided=1), 3),
        ([part(reasons=("no rules were loaded",))], ONE, 3),
        ([part()], RowCounts(), 3),
        ([part()], RowCounts(messages=1, distinct=1), 3),
        ([part()], RowCounts(messages=1, distinct=0, permitted=1), 3),
        ([part(messages=2, permitted=2)], ONE, 3),
        ([], ONE, 3),
    ],
)
def test_only_a_sum_that_is_whole_and_clean_ends_well(
    server: Crowd, tmp_path: Path, found: list[PartSum], rows: RowCounts, code: int
) -> None:
    run = planned(tmp_path, server, [Item(source="m", document=b"<request/>")])
    assert merge(run, found, rows=rows).exit_code == code


def test_a_part_comes_to_the_same_however_few_messages_are_judged_at_a_time(
    copy: tuple[Path, FleetRun], kept: tuple[Path, FleetRun, RunTotal], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, run = copy
    monkeypatch.setattr(judging, "BATCH", 7)
    assert performed(place, run) == kept[2]
    for name in (judging.messages_file(0), judging.findings_file(0), judging.media_file(0)):
        mine, whole = (RunStore(str(at)).read_table(name).to_pylist() for at in (place, kept[0]))
        assert mine == whole


def test_sums_of_one_part_are_added_in_all_that_they_say() -> None:
    rule = "media-reachable"
    waiver = Waiver(rule=rule, reason="known", who="us", expires=dt.date(2030, 1, 1))
    unused = WaiverUse(waiver=waiver, state=WaiverState.UNUSED, matches=0)
    used = WaiverUse(waiver=waiver, state=WaiverState.USED, matches=2)
    first = part(
        findings=2,
        media=3,
        undecided=1,
        reasons=("a", "b"),
        outcomes={rule: {"failed": 2}},
        waivers=(unused,),
    )
    second = part(
        findings=1,
        media=4,
        undecided=1,
        allowances=("c",),
        outcomes={rule: {"failed": 1, "passed": 3}},
        waivers=(used,),
    )
    assert added([first, second, part(waivers=(unused,), reasons=("b",))]) == part(
        findings=3,
        media=7,
        messages=3,
        permitted=3,
        undecided=2,
        reasons=("a", "b"),
        allowances=("c",),
        outcomes={rule: {"failed": 3, "passed": 3}},
        waivers=(used,),
    )


def test_what_could_not_be_read_denies_whatever_else_is_well(server: Crowd, tmp_path: Path) -> None:
    found = [Item(source="m", document=b"<request/>"), Unread("gone.xml: no such file")]
    run = planned(tmp_path, server, found)
    total = merge(run, [part()], rows=ONE)
    assert total.exit_code == 2
    assert total.reasons == ("not read: gone.xml: no such file",)


def test_a_worker_refuses_another_run_and_other_rules(
    server: Crowd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = planned(tmp_path, server, [Item(source="m", document=b"<request/>")])
    with pytest.raises(UsageError, match="another run is kept there now"):
        fetch_chunk(str(tmp_path), "0" * 64, 0)
    wanted = order(server)
    other = make_plan(
        RunStore(str(tmp_path)), wanted, [Item(source="m", document=b"<a/>")], ruleset_digest="sha256:other"
    )
    assert other.digest != run.digest
    with pytest.raises(UsageError, match="this machine has other rules"):
        judge_part(str(tmp_path), other.digest, 0)
    assert not (tmp_path / "results").exists()


def test_what_cannot_be_kept_is_kept_as_unknown() -> None:
    good = NotFetched(url="https://a.example/1", reason=Reason.TIMED_OUT)
    assert decode(encode(good)) == good
    odd = NotFetched(url="https://a.example/1", reason=Reason.TIMED_OUT, detail="\ud800")
    assert decode(encode(odd)) == NotFetched(
        url=odd.url, reason=Reason.INTERNAL, detail="what was found there cannot be kept in a file"
    )


def test_urls_without_messages_are_judged_as_media(server: Crowd, tmp_path: Path) -> None:
    table = tmp_path / "urls.csv"
    table.write_text("url\n" + "".join(f"{server.url(at, HOSTS)}\n" for at in (0, 1, 7)), encoding="utf-8")
    wanted = order(server)
    run = make_plan(
        RunStore(str(tmp_path / "run")),
        RunOrder(selection=wanted.selection, policy=wanted.policy, window=wanted.window, is_alone=True),
        items([str(table)]),
        ruleset_digest=wanted.selection.load().digest,
    )
    performed(tmp_path / "run", run)
    with RunReader(str(tmp_path / "run")) as reader:
        rows = list(reader.messages(Filters()))
        assert [row["permitted"] for row in rows] == [True, True, False]
        assert {each["rule"] for each in rows[2]["findings"]} >= {"media-reachable"}
