"""A store that was spoilt, mixed with another or half written: done again where it can be, else denied."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmscheck.errors import InputError, MmscheckError, UsageError
from mmscheck.fetch import FetchPolicy, parse_connect_to
from mmscheck.fleet import check, service
from mmscheck.fleet import run as runs
from mmscheck.fleet.cluster import StepTask
from mmscheck.fleet.facts import fetch_chunk
from mmscheck.fleet.judging import judge_part
from mmscheck.fleet.plan import make_plan
from mmscheck.fleet.reading import Filters, RunReader
from mmscheck.fleet.run import FleetRun, RuleSelection, RunOrder, own_run, read_run
from mmscheck.fleet.service import SERVICE
from mmscheck.fleet.sources import items
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import RunTotal
from mmscheck.judge.pipeline import window
from mmscheck.model.observation import Reason
from mmscheck.slidexml import Unread
from tests.support.crowd import Crowd, crowd

MESSAGES, URLS, HOSTS = 12, 12, 3


@pytest.fixture(scope="module")
def server() -> Iterator[Crowd]:
    with crowd() as found:
        yield found
    SERVICE.end()


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the steps done here, one after the other."""

    def do(
        _client: Any, store: RunStore, digest: str, tasks: list[StepTask], on_done: Callable[[], None]
    ) -> list[str]:
        told = []
        for task in tasks:
            try:
                step = fetch_chunk if task.name == "fetch" else judge_part
                step(store.address, digest, task.number)
            except MmscheckError as error:
                told.append(str(error))
            on_done()
        return told

    monkeypatch.setattr(check, "do", do)


def go_on(place: Path) -> RunTotal:
    store = RunStore(str(place))
    return check.perform(None, store, own_run(store), lambda *_: None)


def planned(place: Path, server: Crowd, folder: Path, **more: Any) -> FleetRun:
    to = parse_connect_to(f"::127.0.0.1:{server.port}")
    policy = FetchPolicy(allow_net=("127.0.0.0/8",), connect_to=(to,))
    order = RunOrder(selection=RuleSelection(), policy=policy, window=window(), **more)
    digest = order.selection.load().digest
    return make_plan(RunStore(str(place)), order, items([str(folder)]), ruleset_digest=digest)


@pytest.fixture(scope="module")
def folder(server: Crowd, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return server.fill(tmp_path_factory.mktemp("crowd") / "messages", MESSAGES, urls=URLS, hosts=HOSTS)


@pytest.fixture(scope="module")
def whole(server: Crowd, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was planned and fetched."""
    place = tmp_path_factory.mktemp("whole") / "run"
    run = planned(place, server, folder)
    for chunk in run.chunks:
        fetch_chunk(str(place), run.digest, chunk.number)
    return place


@pytest.fixture
def place(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


def facts(place: Path) -> list[Path]:
    return sorted((place / "facts").glob("*.parquet"), key=lambda file: -file.stat().st_size)


def decisions(place: Path) -> dict[str, bool]:
    with RunReader(str(place)) as reader:
        return {row["source"]: row["permitted"] for row in reader.messages(Filters())}


def test_what_a_killed_writer_left_is_no_file(place: Path) -> None:
    total = go_on(place)
    for name in ("facts/x", "results/sums/part-000000.json", "results/messages/part-000000.parquet"):
        (place / f"{name}.0a1b2c3d.draft").write_bytes(b"hal")
    assert go_on(place) == total
    assert total.exit_code == 1


@pytest.mark.parametrize("spoil", ["empty", "half", "middle", "other run", "too few"])
def test_spoilt_and_foreign_facts_are_fetched_anew(server: Crowd, place: Path, spoil: str) -> None:
    total = go_on(place)
    before = decisions(place)
    victim, run = facts(place)[0], read_run(RunStore(str(place)))
    data, table = victim.read_bytes(), pq.read_table(victim)
    if spoil in {"empty", "half"}:
        victim.write_bytes(b"" if spoil == "empty" else data[: len(data) // 2])
    elif spoil == "middle":
        victim.write_bytes(data[:8] + bytes(len(data) // 2) + data[8 + len(data) // 2 :])
        shutil.rmtree(place / "joined")
    elif spoil == "other run":
        RunStore(str(place)).write_table(f"facts/{victim.name}", table, of="0" * 64)
    else:
        RunStore(str(place)).write_table(f"facts/{victim.name}", table.slice(1), of=run.digest)
    server.asked.clear()
    assert go_on(place) == total
    assert decisions(place) == before
    assert len(server.asked) == table.num_rows


def test_an_answer_that_was_altered_on_the_disk_decides_nothing(place: Path) -> None:
    run, store = read_run(RunStore(str(place))), RunStore(str(place))
    permitted = {source for source, good in decided(place).items() if good}
    for file in facts(place):
        table = pq.read_table(file)
        altered = [data.replace(b'"size":', b'"size":1') for data in table["observation"].to_pylist()]
        assert altered != table["observation"].to_pylist()
        spoilt = table.set_column(1, "observation", pa.array(altered, pa.binary()))
        store.write_table(f"facts/{file.name}", spoilt, of=run.digest)
    shutil.rmtree(place / "joined")
    assert permitted
    assert not {source for source, good in decided(place).items() if good}
    with RunReader(str(place)) as reader:
        assert list(reader.ask("SELECT DISTINCT status FROM media")[1]) == [(Reason.INTERNAL.value,)]


def decided(place: Path) -> dict[str, bool]:
    go_on(place)
    return decisions(place)


def test_a_stop_between_fetching_anew_and_judging_leaves_nothing_old(
    server: Crowd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Good facts are lost, what is found in their place is bad, and the check is killed before it judges."""
    place = tmp_path / "run"
    (tmp_path / "sale.xml").write_text(server.message([7], 1), encoding="utf-8")
    server.incomplete = False
    try:
        planned(place, server, tmp_path / "sale.xml")
        assert go_on(place).exit_code == 0
    finally:
        server.incomplete = True
    for file in facts(place):
        file.unlink()
    with monkeypatch.context() as patched:
        patched.setattr(check, "join", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            go_on(place)
    with pytest.raises(InputError, match="not come to its end"):
        RunReader(str(place))
    assert go_on(place).exit_code == 1


@pytest.mark.parametrize("table", ["messages", "findings", "media", "sums"])
def test_results_that_are_gone_or_spoilt_are_made_anew(place: Path, table: str) -> None:
    total = go_on(place)
    file = next((place / "results" / table).iterdir())
    for spoil in (file.unlink, lambda: file.write_bytes(b"")):
        spoil()
        assert go_on(place) == total


def test_documents_of_another_plan_are_none(server: Crowd, place: Path, folder: Path, tmp_path: Path) -> None:
    """Two checks began at one store: the messages of one must not be counted as the other's."""
    planned(tmp_path / "other", server, folder)
    shutil.copy(tmp_path / "other/plan/items/part-000000.parquet", place / "plan/items")
    total = go_on(place)
    assert total.exit_code == 3
    assert any("it is of another run" in reason for reason in total.reasons)
    assert decisions(place) == {}


def test_a_part_of_another_run_is_not_counted(
    server: Crowd, place: Path, folder: Path, tmp_path: Path
) -> None:
    go_on(place)
    planned(tmp_path / "other", server, folder)
    go_on(tmp_path / "other")
    shutil.copy(
        tmp_path / "other/results/messages/part-000000.parquet",
        place / "results/messages/part-000001.parquet",
    )
    total = go_on(place)
    assert (total.exit_code, total.reasons) == (
        1,
        (
            "the files have 24 messages, and 12 were planned",
            "the files decide otherwise than the sums of their parts",
        ),
    )
    shutil.copy(tmp_path / "other/results/total.json", place / "results/total.json")
    with pytest.raises(InputError, match="of another run"):
        RunReader(str(place))


def test_a_folder_above_the_store_is_no_column(whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "permitted=true" / "url=1" / "observation=2" / "run"
    shutil.copytree(whole, place)
    shutil.copytree(whole, tmp_path / "plain")
    assert go_on(place).exit_code == 1
    go_on(tmp_path / "plain")
    assert decisions(place) == decisions(tmp_path / "plain")
    assert not all(decisions(place).values())


def test_another_build_of_the_same_version_refuses_and_can_be_read(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on(place)
    monkeypatch.setattr(runs, "program_digest", lambda: "sha256:other")
    with pytest.raises(InputError, match="made by another build of mmscheck"):
        go_on(place)
    assert len(decisions(place)) == MESSAGES


def test_a_worker_that_cannot_confine_as_demanded_refuses(
    server: Crowd, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_option: str) -> None:
        raise UsageError("no Landlock here")

    run = planned(tmp_path / "run", server, folder, require_confinement=True)
    monkeypatch.setattr(service, "demand_confinement", refuse)
    with pytest.raises(UsageError, match="no Landlock here"):
        fetch_chunk(str(tmp_path / "run"), run.digest, 0)


def test_a_run_without_any_result_is_shown_as_denied(place: Path) -> None:
    (place / "plan/items/part-000000.parquet").write_bytes(b"spoilt")
    assert go_on(place).exit_code == 3
    with RunReader(str(place)) as reader:
        assert reader.summary(Filters()).total.messages == 0
        assert reader.ask("SELECT count(*) FROM findings")[1].__next__() == (0,)


def test_a_zip_with_a_broken_member_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", json.dumps(list(range(2_000))))
    data = bytearray(file.read_bytes())
    data[100:400] = b"\xff" * 300
    file.write_bytes(data)
    assert [type(each) for each in items([str(file)])] == [Unread]
