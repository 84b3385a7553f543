"""Opening: where, with which schema, and what is said when it cannot be."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger import default_file, open_ledger
from mmscheck.ledger.database import Database
from mmscheck.ledger.schema import migrate, steps
from mmscheck.ledger.where import arguments, place_of
from tests.support.ledgers import claimed, raw
from tests.support.postgres import Cluster

NEWEST = len(steps("sqlite"))


async def test_an_empty_database_gets_the_newest_schema_by_itself(where: str) -> None:
    async with await open_ledger(where) as ledger:
        await claimed(ledger)
    assert await raw(where, "SELECT version FROM ledger_schema") == [(NEWEST,)]


async def test_a_ledger_of_the_first_schema_is_brought_up_with_its_rows(where: str) -> None:
    await _at_first_step(where)
    async with await open_ledger(where) as ledger:
        await claimed(ledger)
    assert await raw(where, "SELECT version FROM ledger_schema") == [(NEWEST,)]
    with pytest.raises(Exception, match="append-only"):
        await raw(where, "DELETE FROM history")


async def _at_first_step(where: str) -> None:
    place = place_of(where)
    if place.file is not None:
        place.file.parent.mkdir(parents=True)
        place.file.touch(0o600)
    database = Database(place)
    plan = steps("sqlite" if place.file else "postgresql")[:1]
    await database.write(lambda connection: migrate(connection, plan))
    await database.close()
    assert await raw(where, "SELECT version FROM ledger_schema") == [(1,)]


async def test_a_step_that_fails_leaves_nothing_behind(where: str) -> None:
    await _at_first_step(where)
    database = Database(place_of(where))
    broken = (*steps("sqlite")[:1], ("CREATE TABLE half (id INTEGER)", "CREATE NONSENSE"))
    with pytest.raises(LedgerError):
        await database.write(lambda connection: migrate(connection, broken))
    await database.close()
    assert await raw(where, "SELECT version FROM ledger_schema") == [(1,)]
    await raw(where, "CREATE TABLE half (id INTEGER)")


async def test_a_newer_schema_is_refused_and_left_alone(where: str) -> None:
    async with await open_ledger(where) as ledger:
        await claimed(ledger)
    await raw(where, f"UPDATE ledger_schema SET version = {NEWEST + 1}")
    told = f"schema version {NEWEST + 1}, .* knows versions up to {NEWEST}"
    for create in (True, False):
        with pytest.raises(LedgerError, match=told):
            await open_ledger(where, create=create)
    assert await raw(where, "SELECT state FROM sends") == [("intended",)]


async def test_many_openings_at_once_migrate_once(where: str) -> None:
    ledgers = await asyncio.gather(*(open_ledger(where) for _ in range(5)))
    for ledger in ledgers:
        await ledger.close()
    assert await raw(where, "SELECT version FROM ledger_schema") == [(NEWEST,)]


async def test_a_look_creates_nothing(where: str) -> None:
    with pytest.raises(LedgerError, match="there is no ledger at"):
        await open_ledger(where, create=False)
    if "://" not in where:
        assert not Path(where).parent.exists()


async def test_only_the_user_may_read_the_file(tmp_path: Path) -> None:
    file = tmp_path / "state" / "deep" / "ledger.sqlite3"
    async with await open_ledger(str(file)) as ledger:
        await claimed(ledger)
        modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert modes["ledger.sqlite3"] == 0o600
    assert set(modes.values()) == {0o600}
    assert file.parent.stat().st_mode & 0o777 == file.parents[1].stat().st_mode & 0o777 == 0o700


async def test_the_file_is_flushed_to_the_disk_at_each_commit(tmp_path: Path) -> None:
    async with await open_ledger(str(tmp_path / "l")) as ledger:
        modes = await ledger._database.write(
            lambda connection: [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous")
            ]
        )
    assert modes == ["wal", 2]


def test_the_default_is_in_the_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    assert default_file() == Path("/somewhere/mmscheck/ledger.sqlite3")
    monkeypatch.setenv("HOME", "/home/ann")
    for unset in ("", "relative/is/ignored"):
        monkeypatch.setenv("XDG_STATE_HOME", unset)
        assert default_file() == Path("/home/ann/.local/state/mmscheck/ledger.sqlite3")


@pytest.mark.parametrize(
    "where",
    ["", "mysql://h/d", "sqlite://", "sqlite:///:memory:", "sqlite:///x?mode=ro", "://x"],
)
def test_an_address_that_is_none_is_a_usage_error(where: str) -> None:
    with pytest.raises(UsageError):
        place_of(where)


def test_a_password_is_never_shown_and_libpq_words_are_understood() -> None:
    place = place_of("postgres://ann:secret@db.example/ledger?sslmode=require")
    assert "secret" not in place.shown
    assert (place.url.drivername, place.url.password) == ("postgresql+asyncpg", "secret")
    assert arguments(place.url)[1] == {"dsn": "postgresql:///?sslmode=require"}


async def test_a_server_that_is_not_there_is_a_clear_error_without_the_password() -> None:
    with pytest.raises(
        LedgerError, match=r"the ledger postgresql://ann:\*\*\*@127\.0\.0\.1:1/x cannot be read"
    ) as told:
        await open_ledger("postgresql://ann:secret@127.0.0.1:1/x")
    assert "secret" not in str(told.value)


async def test_a_database_that_is_not_there_is_a_clear_error(postgres: Cluster) -> None:
    with pytest.raises(LedgerError, match='database "nowhere" does not exist'):
        await open_ledger(f"postgresql://mmscheck@127.0.0.1:{postgres.port}/nowhere")


async def test_a_file_that_is_no_ledger_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 200)
    with pytest.raises(LedgerError, match="file is not a database"):
        await open_ledger(str(tmp_path / "text"))
    with pytest.raises(LedgerError, match="cannot be written"):
        await open_ledger(str(tmp_path))
    with pytest.raises(LedgerError, match="cannot be written"):
        await open_ledger(str(tmp_path / "text" / "below"))


async def test_a_server_that_only_reads_grants_no_claim(postgres: Cluster) -> None:
    where = postgres.fresh()
    await (await open_ledger(where)).close()
    name = where.rpartition("/")[2]
    await raw(where, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(LedgerError, match=r"cannot be written: .*read-only transaction"):
        async with await open_ledger(where, recover=False) as ledger:
            await claimed(ledger)


async def test_a_file_that_only_reads_grants_no_claim(tmp_path: Path) -> None:
    file = tmp_path / "l"
    await (await open_ledger(str(file))).close()
    _readable_only(file)
    done = _claiming(file, "import os\nif os.geteuid() == 0: os.setegid(65534); os.seteuid(65534)")
    assert done.returncode == 0, done.stderr
    assert "cannot be" in done.stdout
    assert await raw(str(file), "SELECT count(*) FROM sends") == [(0,)]


async def test_a_full_disk_grants_no_claim_and_spoils_nothing(tmp_path: Path) -> None:
    file = tmp_path / "l"
    await (await open_ledger(str(file))).close()
    limit = file.stat().st_size + 20_000
    prelude = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    done = _claiming(file, prelude, count=500)
    assert done.returncode == 0, done.stderr
    granted, _, error = done.stdout.partition(" ")
    assert "cannot be written" in error
    async with await open_ledger(str(file)) as ledger:
        assert (await ledger.verify()).found == ()
        assert 0 < int(granted) <= sum((await ledger.counts()).values()) < 500


def _readable_only(file: Path) -> None:
    file.chmod(0o444)
    file.parent.chmod(0o755)


def _claiming(file: Path, prelude: str, count: int = 1) -> subprocess.CompletedProcess[str]:
    """Claim in a process of its own until it fails; prints how many were granted, and the error."""
    script = f"""
import asyncio, sys
from mmscheck.errors import LedgerError
from mmscheck.ledger import open_ledger
from mmscheck.ledger import ledger as loaded
import sqlalchemy.dialects.sqlite, sqlite3, encodings.idna
from tests.support.ledgers import claimed
sqlite3.connect(":memory:").close()
{prelude}
async def main():
    granted = 0
    try:
        async with await open_ledger({str(file)!r}) as ledger:
            for number in range({count}):
                await claimed(ledger, f"key-{{number}}")
                granted += 1
    except LedgerError as error:
        print(granted, error)
asyncio.run(main())
"""
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
