"""A ledger that lacks rows which were there is noticed, and sent from only when somebody says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.ledger.ledger_file import HeadNote, HeadNotes, beside_file, mark_of
from mmscheck.model.ledger import Recorded
from tests.support.ledgers import accepted, claimed, intent

ROOT = Path(__file__).parents[2]
MISSING = r"nothing may be sent from the ledger .*: it has \d+ rows of history, and \d+ are noted"

KILLED = """
import asyncio, os, signal, sys
from mmscheck.ledger import open_ledger
from tests.support.ledgers import accepted, claimed

async def main():
    async with await open_ledger(sys.argv[1]) as ledger:
        for number in range(1, 4):
            await ledger.answer(await claimed(ledger, f"key-{number}"), accepted(f"T{number}"))
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def _sent(ledger: Ledger, key: str) -> None:
    await ledger.answer(await claimed(ledger, key), accepted(f"T-{key}"))


async def _two(file: Path) -> None:
    """A ledger with two sends, closed."""
    async with await open_ledger(str(file)) as ledger:
        await _sent(ledger, "key-1")
        await _sent(ledger, "key-2")


def _killed(file: Path, script: str = KILLED) -> None:
    """A process that made three sends in a ledger of its own and was killed: its rows are in the -wal."""
    command = [sys.executable, "-c", script, str(file)]
    subprocess.run(command, check=False, cwd=ROOT, timeout=180)
    assert file.with_name(f"{file.name}-wal").stat().st_size


async def _refused(file: Path, told: str = MISSING) -> None:
    async with await open_ledger(str(file)) as ledger:
        for key in ("key-1", "key-9"):
            with pytest.raises(LedgerError, match=told):
                await ledger.claim(intent(key))
        assert any("rows are missing" in one.what for one in (await ledger.verify()).found)
        # What is asked of it, and the kill switch, go on.
        await ledger.hold(reason="look into it", who="ann")
        assert len(await ledger.held()) == 1
    async with await open_ledger(str(file)) as ledger:
        with pytest.raises(LedgerError, match="nothing may be sent"):
            await ledger.demand_sendable()


async def test_a_ledger_that_nothing_happened_to_is_sent_from(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    await _two(file)
    for _ in range(2):
        async with await open_ledger(str(file)) as ledger:
            assert isinstance(await ledger.claim(intent("key-1")), Recorded)
            assert (await ledger.verify()).found == ()
    _killed(tmp_path / "killed")
    async with await open_ledger(str(tmp_path / "killed")) as ledger:
        assert isinstance(await ledger.claim(intent("key-3")), Recorded)


@pytest.mark.parametrize("in_place", [True, False])
async def test_a_copy_that_was_put_back_after_more_was_sent(tmp_path: Path, *, in_place: bool) -> None:
    file, kept = tmp_path / "ledger", tmp_path / "kept"
    await _two(file)
    async with await open_ledger(str(file)) as ledger:
        await ledger.copy(kept)
        await _sent(ledger, "key-3")
    if in_place:
        shutil.copyfile(kept, file)
    else:
        kept.replace(file)
    await _refused(file)


async def test_a_copy_that_was_put_back_before_anything_was_sent(tmp_path: Path) -> None:
    file, kept = tmp_path / "ledger", tmp_path / "kept"
    await _two(file)
    async with await open_ledger(str(file)) as ledger:
        await ledger.copy(kept)
    kept.replace(file)
    async with await open_ledger(str(file)) as ledger:
        assert isinstance(await ledger.claim(intent("key-2")), Recorded)
        await _sent(ledger, "key-3")


@pytest.mark.parametrize("to", ["moved", "folder/ledger"])
@pytest.mark.parametrize("how", [shutil.move, shutil.copy])
async def test_a_file_without_its_wal(tmp_path: Path, to: str, how: object) -> None:
    file = tmp_path / "ledger"
    (tmp_path / "folder").mkdir()
    _killed(file)
    assert callable(how)
    how(file, tmp_path / to)
    await _refused(tmp_path / to)


async def test_a_file_copied_while_it_was_open(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    async with await open_ledger(str(file)) as ledger:
        await _sent(ledger, "key-1")
        await _sent(ledger, "key-2")
        shutil.copy(file, tmp_path / "copy")
        await _refused(tmp_path / "copy")
        await _sent(ledger, "key-3")


async def test_a_wal_that_was_removed(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    _killed(file)
    for side in ("-wal", "-shm"):
        file.with_name(f"ledger{side}").unlink()
    await _refused(file)


async def test_another_ledger_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    await _two(file)
    file.unlink()
    await _refused(file, "another ledger of 4 rows was in its place")


async def test_the_file_itself_knows_where_nothing_beside_it_does(tmp_path: Path) -> None:
    """What reaches it by a way that nobody thought of brings no note with it, and no -wal."""
    file = tmp_path / "ledger"
    _killed(file)
    own = tmp_path / "container" / "ledger"
    own.parent.mkdir()
    file.replace(own)
    file.with_name("ledger-head").unlink()
    if next(HeadNotes(own).found(), None) is None:
        pytest.skip("files here have no attributes")
    await _refused(own)


async def test_a_copy_and_what_it_was_made_of_are_not_both_sent_from(tmp_path: Path) -> None:
    file, kept = tmp_path / "ledger", tmp_path / "kept"
    await _two(file)
    async with await open_ledger(str(file)) as ledger, await open_ledger(str(file)) as other:
        await ledger.copy(kept)
        await _sent(other, "key-3")
        await _refused(kept)
        await _sent(ledger, "key-4")


async def test_whoever_says_so_goes_on_with_it(tmp_path: Path) -> None:
    file, kept = tmp_path / "ledger", tmp_path / "kept"
    await _two(file)
    async with await open_ledger(str(file)) as ledger:
        await ledger.copy(kept)
        await _sent(ledger, "key-3")
    kept.replace(file)
    async with await open_ledger(str(file)) as waiting, await open_ledger(str(file)) as ledger:
        for reason, who in (("", "ann"), ("x", " ")):
            with pytest.raises(UsageError, match="is needed"):
                await ledger.adopt(reason=reason, who=who)
        assert (await ledger.adopt(reason="key-3 was a test", who="ann")).startswith("6:")
        await _sent(ledger, "key-4")
        # One that was opened before looks again.
        await _sent(waiting, "key-5")
        with pytest.raises(UsageError, match="nothing is known to be missing"):
            await ledger.adopt(reason="once more", who="ann")
        assert (await ledger.verify()).found == ()
        rows = await ledger._database.rows("SELECT body FROM history WHERE kind = 'ledger-adopted'")
    assert '"reason":"key-3 was a test"' in rows[0]["body"]
    assert '"who":"ann"' in rows[0]["body"]
    async with await open_ledger(str(file)) as ledger:
        assert isinstance(await ledger.claim(intent("key-5")), Recorded)


async def test_what_was_left_in_flight_in_a_copy_is_left_as_it_is(tmp_path: Path) -> None:
    file, kept = tmp_path / "ledger", tmp_path / "kept"
    _killed(file, KILLED.replace("await ledger.answer(", "(").replace('accepted(f"T{number}")', ""))
    async with await open_ledger(str(file), recover=False) as ledger:
        await ledger.copy(kept)
        await _sent(ledger, "key-9")
    kept.replace(file)
    async with await open_ledger(str(file)) as ledger:
        assert {state.value: number for state, number in (await ledger.counts()).items()} == {"intended": 3}


def test_a_note_that_is_damaged_or_half_written_is_none(tmp_path: Path) -> None:
    mark = HeadNote(ledger="a" * 32, seq=12, hash="b" * 64)
    assert mark_of(mark.text()) == mark
    for cut in range(len(mark.text()) - 1):
        assert mark_of(mark.text()[:cut]) is None
    other = HeadNote(ledger="a" * 32, seq=13, hash="c" * 64).text()
    assert len(other) == len(mark.text())
    for cut in range(40, len(other) - 1):
        assert mark_of(other[:cut] + mark.text()[cut:]) in {
            None,
            mark,
            HeadNote(ledger="a" * 32, seq=13, hash="c" * 64),
        }
    assert beside_file(tmp_path / "none") is None
    (tmp_path / "ledger-head").write_bytes(b"\xff" * 100)
    assert beside_file(tmp_path / "ledger") is None


async def test_a_note_that_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "ledger-head").mkdir()
    await _two(tmp_path / "ledger")


async def test_the_note_is_only_the_users(tmp_path: Path) -> None:
    await _two(tmp_path / "ledger")
    assert (tmp_path / "ledger-head").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o640, 0o660, 0o666])
async def test_nothing_is_sent_from_a_file_that_others_may_touch(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "ledger"
    await _two(file)
    file.chmod(mode)
    async with await open_ledger(str(file)) as ledger:
        with pytest.raises(LedgerError, match="others can read or write ledger: chmod 600"):
            await ledger.claim(intent("key-3"))
        await ledger.hold(reason="wait", who="ann")
        file.chmod(0o600)
        for side in ("-wal", "-shm"):
            file.with_name(f"ledger{side}").chmod(0o600)
        await claimed(ledger, "key-3")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("what", ["file", "link"])
async def test_nothing_is_sent_from_what_another_user_made(tmp_path: Path, what: str) -> None:
    file, link = tmp_path / "ledger", tmp_path / "link"
    await _two(file)
    link.symlink_to(file)
    os.chown(link if what == "link" else file, 65534, 65534, follow_symlinks=False)
    async with await open_ledger(str(link)) as ledger:
        with pytest.raises(LedgerError, match=r"belongs to user 65534|a link that another user made"):
            await ledger.claim(intent("key-3"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_a_note_that_root_makes_belongs_to_the_ledgers_owner(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    await (await open_ledger(str(file))).close()
    os.chown(file, 65534, 65534)
    async with await open_ledger(str(file)) as ledger:
        await ledger.hold(reason="wait", who="root")
    assert (tmp_path / "ledger-head").stat().st_uid == 65534
