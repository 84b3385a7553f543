"""The plan: what is read from where, which URLs are asked for by which task, and what a host may bear."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmscheck.errors import InputError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.fleet.plan import CHUNK, WIDE, items_file, make_plan, policy_of
from mmscheck.fleet.run import FleetRun, RuleSelection, RunOrder, own_run, read_run
from mmscheck.fleet.sources import Item, is_of_urls, items
from mmscheck.fleet.store import RunStore
from mmscheck.judge.pipeline import window
from mmscheck.slidexml import Left, Unread

MESSAGE = "<request><name>n</name><slide><image><url>{}</url></image></slide></request>"


def order(**fields: object) -> RunOrder:
    policy = FetchPolicy(**fields.pop("policy", {}))  # type: ignore[arg-type] # the keywords of a policy
    return RunOrder(selection=RuleSelection(), policy=policy, window=window(), **fields)  # type: ignore[arg-type] # likewise


def documents(*urls: str) -> list[Item | Unread]:
    return [Item(source=f"m{at}", document=MESSAGE.format(url).encode()) for at, url in enumerate(urls)]


def plan(place: Path, found: Sequence[Item | Unread | Left], **fields: object) -> FleetRun:
    return make_plan(RunStore(str(place)), order(**fields), found, ruleset_digest="sha256:x")


def urls_of(place: Path, run: FleetRun) -> dict[str, list[str]]:
    """The URLs of each chunk, by its name."""
    store = RunStore(str(place))
    return {
        chunk.name: store.read_table("plan/urls.parquet", where=("chunk", chunk.number))["url"].to_pylist()
        for chunk in run.chunks
    }


def test_each_url_is_in_one_chunk_of_its_host(tmp_path: Path) -> None:
    asked = [f"https://h{at % 3}.example/{at % 40}.jpg" for at in range(100)]
    run = plan(tmp_path, documents(*asked))
    placed = urls_of(tmp_path, run)
    assert sorted(url for urls in placed.values() for url in urls) == sorted(set(asked))
    assert [len({url.split("/")[2] for url in urls}) for urls in placed.values()] == [1, 1, 1]
    assert (run.messages, run.urls, run.parts) == (100, len(set(asked)), 1)


def test_a_chunk_is_of_bounded_size_and_those_of_one_host_are_one_lane(tmp_path: Path) -> None:
    table = tmp_path / "urls.csv"
    table.write_text("url\n" + "".join(f"https://one.example/{at}.jpg\n" for at in range(2 * CHUNK + 1)))
    run = make_plan(
        RunStore(str(tmp_path / "run")), order(is_alone=True), items([str(table)]), ruleset_digest="x"
    )
    assert [chunk.urls for chunk in run.chunks] == [CHUNK, CHUNK, 1]
    assert len({chunk.lane for chunk in run.chunks}) == 1


@pytest.mark.parametrize(("at_once", "lanes"), [(1, 1), (2, 2), (4, 3), (64, 3)])
def test_a_host_of_very_many_urls_has_lanes_that_share_what_it_may_bear(
    tmp_path: Path, at_once: int, lanes: int
) -> None:
    table = tmp_path / "urls.csv"
    table.write_text("url\n" + "".join(f"https://one.example/{at}\n" for at in range(2 * WIDE + 1)))
    found = items([str(table)])
    wanted = order(is_alone=True, policy={"rate": 12.0, "own_hosts": (("one.example", at_once),)})
    run = make_plan(RunStore(str(tmp_path / "run")), wanted, found, ruleset_digest="x")
    by_lane = {chunk.lane: chunk for chunk in run.chunks}
    assert len(by_lane) == lanes
    assert sum(chunk.at_once for chunk in by_lane.values()) <= at_once
    assert sum(chunk.rate or 0 for chunk in by_lane.values()) == pytest.approx(12.0)


def test_what_a_host_may_bear_goes_into_the_policy_of_its_chunks(tmp_path: Path) -> None:
    run = plan(
        tmp_path,
        documents("https://ours.example/a.jpg", "https://other.example/b.jpg"),
        policy={"own_hosts": (("ours.example", 64),)},
    )
    limits = {chunk.host_name: policy_of(run.order, chunk).per_host for chunk in run.chunks}
    assert limits == {"ours.example": 64, "other.example": FetchPolicy().per_host}


def test_the_plan_comes_back_as_it_was_made(tmp_path: Path) -> None:
    run = plan(tmp_path, [*documents("https://a.example/1.jpg"), Unread("x.xml: no such file")])
    assert read_run(RunStore(str(tmp_path))) == run
    assert run.unread == ("x.xml: no such file",)


def test_a_run_of_another_version_is_refused(tmp_path: Path) -> None:
    plan(tmp_path, documents("https://a.example/1.jpg"))
    file = tmp_path / "run.json"
    file.write_text(file.read_text().replace('"tool_version":"', '"tool_version":"9.'))
    with pytest.raises(InputError, match=r"made by mmscheck 9\."):
        own_run(RunStore(str(tmp_path)))
    file.write_text("{}")
    with pytest.raises(InputError, match="no run of this version"):
        read_run(RunStore(str(tmp_path)))


def test_nothing_to_check_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone: no such file"):
        plan(tmp_path, [Unread("gone: no such file")])


def test_urls_and_messages_are_not_mixed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="checked apart"):
        plan(tmp_path, [*documents("https://a.example/1.jpg"), Item(source="row", url="https://a.example/2")])


def zipped(file: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def tarred(file: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file


@pytest.mark.parametrize(("make", "name"), [(zipped, "all.zip"), (tarred, "all.tar.gz")])
def test_archives_are_read_without_unpacking(tmp_path: Path, make: object, name: str) -> None:
    assert callable(make)
    file = make(tmp_path / name, {"a/one.xml": b"<a/>", "readme.txt": b"no", "../../two.XML": b"<b/>"})
    found = list(items([str(file)]))
    assert [(each.source.rsplit("/", 1)[1], each.document) for each in found if isinstance(each, Item)] == [
        ("one.xml", b"<a/>"),
        ("two.XML", b"<b/>"),
    ]
    assert not (tmp_path.parent / "two.XML").exists()


def test_a_broken_archive_is_told(tmp_path: Path) -> None:
    file = zipped(tmp_path / "all.zip", {"a.xml": b"<a/>" * 1000})
    file.write_bytes(file.read_bytes()[:300])
    (found,) = items([str(file)])
    assert isinstance(found, Unread)
    assert "cannot be read to its end" in found.sentence


def test_a_member_that_unpacks_to_very_much_is_read_only_so_far(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", b" " * (64 * 1024 * 1024))
    (found,) = items([str(tmp_path / "bomb.zip")])
    assert isinstance(found, Item)
    assert len(found.document) <= 16 * 1024 * 1024


def test_tables_of_documents_and_of_urls(tmp_path: Path) -> None:
    pq.write_table(pa.table({"source": ["one"], "document": [b"<a/>"]}), tmp_path / "d.parquet")
    (tmp_path / "u.csv").write_text("url,source\nhttps://a.example/1.jpg,first\n,second\n", encoding="utf-8")
    assert list(items([str(tmp_path / "d.parquet")])) == [Item(source="one", document=b"<a/>")]
    first, second = items([str(tmp_path / "u.csv")])
    assert first == Item(source="first", url="https://a.example/1.jpg")
    assert isinstance(second, Unread)
    assert "row 2 has no document and no url" in second.sentence
    assert is_of_urls(str(tmp_path / "u.csv"))
    assert not is_of_urls(str(tmp_path / "d.parquet"))


@pytest.mark.parametrize("head", ["name,place", "document,url"])
def test_a_table_says_what_its_rows_are(tmp_path: Path, head: str) -> None:
    (tmp_path / "t.csv").write_text(f"{head}\na,b\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected one column called 'document' or one called 'url'"):
        list(items([str(tmp_path / "t.csv")]))


def test_folders_and_other_places_are_walked(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.xml").write_bytes(b"<a/>")
    (tmp_path / "b.txt").write_bytes(b"no")
    local = [each for each in items([str(tmp_path)]) if isinstance(each, Item)]
    there = [each for each in items([f"file://{tmp_path}"]) if isinstance(each, Item)]
    assert [each.document for each in local] == [each.document for each in there] == [b"<a/>"]
    (gone,) = items([str(tmp_path / "none.xml")])
    assert isinstance(gone, Unread)
    assert "no such file" in gone.sentence


def test_what_is_left_out_of_folders_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    for name in ("a.xml", "draft.xml"):
        (folder / name).write_bytes(b"<a/>")
    (folder / ".gitignore").write_text("draft.xml\n", encoding="utf-8")
    (tmp_path / "elsewhere.xml").write_bytes(b"<a/>")
    (folder / "linked.xml").symlink_to(tmp_path / "elsewhere.xml")
    run = plan(tmp_path / "run", list(items([str(folder)])))
    assert run.messages == 1
    told = " ".join(run.notes)
    assert "linked.xml" in told
    assert "1 " in told.replace("linked.xml", "")


def test_the_documents_of_a_part_are_those_that_were_read(tmp_path: Path) -> None:
    found = documents("https://a.example/1.jpg", "https://a.example/2.jpg")
    plan(tmp_path, found)
    rows = RunStore(str(tmp_path)).read_table(items_file(0)).to_pylist()
    assert [row["document"] for row in rows] == [each.document for each in found if isinstance(each, Item)]
    assert Counter(row["position"] for row in rows) == Counter({0: 1, 1: 1})


def test_no_more_urls_of_one_message_are_planned_than_one_may_have(tmp_path: Path) -> None:
    slides = "".join(
        f"<slide><image><url>https://a.example/{at}.jpg</url></image></slide>" for at in range(200)
    )
    document = f"<request><name>n</name>{slides}</request>".encode()
    assert plan(tmp_path, [Item(source="m", document=document)]).urls == 64
