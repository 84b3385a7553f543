"""The store: a file is there whole or not at all, and a store that is away for a while is waited for."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from mmscheck.errors import InputError, ReportError, UsageError
from mmscheck.fleet import store as stores
from mmscheck.fleet.store import RunStore


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "PAUSE", 0.02)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path / "new" / "run"))
    store.write("a/b.bin", b"whole")
    assert store.read("a/b.bin") == b"whole"
    assert store.exists("a/b.bin")
    assert store.names("a") == ["b.bin"]
    assert store.names("none") == []
    store.write_table("a/t.parquet", pa.table({"n": [1, 2, 2]}))
    assert store.read_table("a/t.parquet", where=("n", 2)).num_rows == 2
    store.remove("a")
    assert not store.exists("a/b.bin")


def test_only_its_owner_may_look_into_it(tmp_path: Path) -> None:
    RunStore(str(tmp_path / "run")).write("a/b.bin", b"secret")
    for place in ("run", "run/a"):
        assert stat.S_IMODE((tmp_path / place).stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "run/a/b.bin").stat().st_mode) == 0o600


def test_a_store_that_comes_back_is_waited_for(tmp_path: Path) -> None:
    place, away = tmp_path / "run", tmp_path / "away"
    RunStore(str(place)).write("a", b"x")
    place.rename(away)
    place.write_bytes(b"in its place")

    def back() -> None:
        time.sleep(0.1)
        place.unlink()
        away.rename(place)

    thread = threading.Thread(target=back)
    thread.start()
    RunStore(str(place)).write("b", b"y")
    thread.join()
    assert RunStore(str(place)).read("b") == b"y"


def test_one_that_stays_away_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"a file")
    store = RunStore(str(tmp_path / "run"))
    with pytest.raises(
        ReportError, match=r"the store .*run/a could not be written: (not a directory|file exists)"
    ):
        store.write("a", b"x")
    with pytest.raises(InputError, match=r"the store .*run/a could not be read"):
        store.read("a")
    with pytest.raises(InputError, match="no such file"):
        RunStore(str(tmp_path)).read("none")


def test_half_a_table_is_told(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))
    store.write_table("t.parquet", pa.table({"n": list(range(1000))}))
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"t\.parquet could not be read"):
        store.read_table("t.parquet")


@pytest.mark.parametrize("place", ["gopher://x/y", "/tmp/a*b", "/tmp/[x]"])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(UsageError):
        RunStore(place)


def test_a_database_of_a_store_sees_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    store = RunStore(str(tmp_path / "run"))
    store.write_table("t/x.parquet", pa.table({"n": [1]}))
    with store.connect() as database:
        assert database.execute(f"SELECT n FROM {store.table('t')}").fetchall() == [(1,)]
        with pytest.raises(duckdb.PermissionException):
            database.execute(f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')")


def test_what_the_database_cannot_read_is_told_in_words_of_ours(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path / "run"))
    store.write("t/x.parquet", b"PAR1 and no more")
    with (
        pytest.raises(InputError, match=r"could not be read: not as mmscheck wrote it"),
        store.connect() as it,
    ):
        it.execute(f"SELECT * FROM {store.table('t')}")


def test_what_does_not_fit_in_memory_goes_to_the_store_and_is_gone_at_the_end(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path / "run"))
    rows = [f"{at:07d}" * 8 for at in range(300_000)]
    store.write_table("t/x.parquet", pa.table({"text": rows}))
    with store.connect(memory="48MB") as database:
        database.execute(f"CREATE TABLE t AS SELECT * FROM {store.table('t')} ORDER BY text DESC")
        (spilled,) = (tmp_path / "run").glob("spilled-*")
        assert stat.S_IMODE(spilled.stat().st_mode) == 0o700
        assert list(spilled.iterdir())
        assert database.execute("SELECT count(DISTINCT text) FROM t").fetchall() == [(len(rows),)]
    assert {file.name for file in (tmp_path / "run").iterdir()} == {"t"}


def test_a_name_with_a_quote_is_a_name(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path / "o'clock"))
    store.write_table("t/x.parquet", pa.table({"n": [1]}))
    with store.connect() as database:
        assert database.execute(f"SELECT n FROM {store.table('t')}").fetchall() == [(1,)]
