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
from mmscheck.fleet.store import Store


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "PAUSE", 0.02)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "new" / "run"))
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
    Store(str(tmp_path / "run")).write("a/b.bin", b"secret")
    for place in ("run", "run/a"):
        assert stat.S_IMODE((tmp_path / place).stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "run/a/b.bin").stat().st_mode) == 0o600


def test_a_store_that_comes_back_is_waited_for(tmp_path: Path) -> None:
    place, away = tmp_path / "run", tmp_path / "away"
    Store(str(place)).write("a", b"x")
    place.rename(away)
    place.write_bytes(b"in its place")

    def back() -> None:
        time.sleep(0.1)
        place.unlink()
        away.rename(place)

    thread = threading.Thread(target=back)
    thread.start()
    Store(str(place)).write("b", b"y")
    thread.join()
    assert Store(str(place)).read("b") == b"y"


def test_one_that_stays_away_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"a file")
    store = Store(str(tmp_path / "run"))
    with pytest.raises(
        ReportError, match=r"the store .*run/a could not be written: (not a directory|file exists)"
    ):
        store.write("a", b"x")
    with pytest.raises(InputError, match=r"the store .*run/a could not be read"):
        store.read("a")
    with pytest.raises(InputError, match="no such file"):
        Store(str(tmp_path)).read("none")


def test_half_a_table_is_told(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.write_table("t.parquet", pa.table({"n": list(range(1000))}))
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"t\.parquet could not be read"):
        store.read_table("t.parquet")


@pytest.mark.parametrize("place", ["gopher://x/y", "/tmp/a*b", "/tmp/[x]"])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(UsageError):
        Store(place)


def test_a_database_of_a_store_sees_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    store = Store(str(tmp_path / "run"))
    store.write_table("t/x.parquet", pa.table({"n": [1]}))
    with store.connect() as database:
        assert database.execute(f"SELECT n FROM {store.table('t')}").fetchall() == [(1,)]
        with pytest.raises(duckdb.PermissionException):
            database.execute(f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')")


def test_a_name_with_a_quote_is_a_name(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "o'clock"))
    store.write_table("t/x.parquet", pa.table({"n": [1]}))
    with store.connect() as database:
        assert database.execute(f"SELECT n FROM {store.table('t')}").fetchall() == [(1,)]
