"""A ledger in a file stands for one file: the one that was there when it was opened."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from mmscheck.errors import LedgerError
from mmscheck.ledger import open_ledger
from tests.support.ledgers import claimed

REPLACED = "moved or replaced while it was open"


async def _replace(file: Path, other: Path) -> None:
    async with await open_ledger(str(other)) as ledger:
        await ledger.hold(reason="a hold of the other file", who="somebody")
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        if (one := file.with_name(name)).exists():
            one.rename(file.with_name(f"old-{name}"))
    shutil.copy(other, file)


async def test_nothing_is_read_or_written_once_another_file_stands_there(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    async with await open_ledger(str(file)) as ledger:
        assert await ledger.held() == ()
        await claimed(ledger)
        await _replace(file, tmp_path / "other")
        # A second time as well: a connection that was kept would be one to the file that is gone.
        for _ in range(3):
            with pytest.raises(LedgerError, match=REPLACED):
                await ledger.held()
            with pytest.raises(LedgerError, match=REPLACED):
                await claimed(ledger, "key-2")
    async with await open_ledger(str(file)) as ledger:
        assert [hold.reason for hold in await ledger.held()] == ["a hold of the other file"]


async def test_nothing_is_made_where_the_file_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    async with await open_ledger(str(file)) as ledger:
        file.rename(tmp_path / "moved")
        for _ in range(2):
            with pytest.raises(LedgerError, match="cannot be read"):
                await ledger.held()
            with pytest.raises(LedgerError, match="cannot be written"):
                await claimed(ledger)
    assert not file.exists()


async def test_opening_waits_for_another_process_that_has_just_begun_with_the_new_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "ledger"
    file.touch(0o600)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    opening = asyncio.create_task(open_ledger(str(file)))
    # Where it does not wait, it fails at once, and so within this time.
    await asyncio.sleep(0.3)
    other.execute("ROLLBACK")
    other.close()
    async with await opening as ledger:
        await claimed(ledger)
