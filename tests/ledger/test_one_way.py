"""Every way in which one file can be reached twice: what would be two ledgers is refused, the rest is one."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmscheck.errors import LedgerError
from mmscheck.ledger import ledger_file, open_ledger
from mmscheck.model.ledger import Claim, Recorded
from tests.support.ledgers import accepted, claimed, intent

ROOT = Path(__file__).parents[2]
IN_NAMESPACE = ("unshare", "--map-root-user", "--mount")

CLAIMING = """
import asyncio, sys
from mmscheck.errors import LedgerError
from mmscheck.ledger import open_ledger
from tests.support.ledgers import accepted, intent

async def main():
    for where in sys.argv[1:]:
        try:
            async with await open_ledger(where) as ledger:
                outcome = await ledger.claim(intent("key-1"))
                print(type(outcome).__name__)
                if type(outcome).__name__ == "Claim":
                    await ledger.answer(outcome, accepted("T1"))
        except LedgerError as error:
            print(error)

asyncio.run(main())
"""


async def _ledger(file: Path) -> Path:
    await (await open_ledger(str(file))).close()
    return file


def _run(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _claiming(*files: Path) -> list[str]:
    return _run(sys.executable, "-c", CLAIMING, *map(str, files))


def _mounted(mounts: str, *files: Path) -> list[str]:
    """What claims come to where these mounts are made; skipped where nobody may mount anything."""
    if (
        shutil.which("unshare") is None
        or subprocess.run([*IN_NAMESPACE, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("no mount namespace can be made here")
    script = f'set -e; {mounts}; exec "$@"'
    return _run(*IN_NAMESPACE, "sh", "-c", script, "sh", sys.executable, "-c", CLAIMING, *map(str, files))


@pytest.mark.parametrize("name", ["beside", "folder/ledger"])
async def test_a_file_with_a_second_name_is_refused_under_both(tmp_path: Path, name: str) -> None:
    file = await _ledger(tmp_path / "ledger")
    (tmp_path / "folder").mkdir()
    os.link(file, tmp_path / name)
    for path in (file, tmp_path / name):
        for create in (True, False):
            with pytest.raises(LedgerError, match=r"has 2 names \(hard links\).*remove all names but one"):
                await open_ledger(str(path), create=create)
    (tmp_path / name).unlink()
    async with await open_ledger(str(file)) as ledger:
        await claimed(ledger)


async def test_a_file_that_is_mounted_by_itself_is_refused(tmp_path: Path) -> None:
    file, own = await _ledger(tmp_path / "ledger"), tmp_path / "container" / "ledger"
    own.parent.mkdir()
    own.touch()
    told = _mounted(f"mount --bind {file} {own}", file, own)
    assert told[0] == "Claim"
    assert "is mounted by itself" in told[1]
    assert "mount the folder that it is in, or use PostgreSQL" in told[1]


async def test_a_file_mounted_over_itself_is_refused(tmp_path: Path) -> None:
    file = await _ledger(tmp_path / "ledger")
    (told,) = _mounted(f"mount --bind {file} {file}", file)
    assert "is mounted by itself" in told


async def test_a_folder_at_two_places_is_one_ledger(tmp_path: Path) -> None:
    file, other = await _ledger(tmp_path / "state" / "ledger"), tmp_path / "elsewhere"
    other.mkdir()
    told = _mounted(f"mount --bind {file.parent} {other}", file, other / "ledger", file)
    assert told == ["Claim", "Recorded", "Recorded"]


async def test_a_link_to_the_file_and_one_to_its_folder_are_the_same_ledger(tmp_path: Path) -> None:
    file = await _ledger(tmp_path / "state" / "ledger")
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "folder").symlink_to(file.parent)
    async with await open_ledger(str(tmp_path / "link")) as ledger:
        await ledger.answer(await claimed(ledger), accepted("T1"))
        async with await open_ledger(str(tmp_path / "folder" / "ledger")) as other:
            assert isinstance(await other.claim(intent()), Recorded)
            await other.hold(reason="wait", who="ann")
        assert len(await ledger.held()) == 1
    beside = {Path(f"{tmp_path / 'link'}{side}") for side in ledger_file.SIDES}
    assert not any(one.exists() for one in beside)


async def test_a_link_to_what_is_not_there_yet_makes_it_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "ledger")
    async with await open_ledger(str(tmp_path / "link")) as ledger:
        await claimed(ledger)
    assert (tmp_path / "deep" / "ledger").is_file()


@pytest.mark.parametrize("side", ledger_file.SIDES)
@pytest.mark.parametrize("how", ["symbolic link", "hard link", "folder"])
async def test_what_lies_beside_it_must_be_its_own(tmp_path: Path, side: str, how: str) -> None:
    file, other = await _ledger(tmp_path / "ledger"), tmp_path / "other"
    other.touch()
    beside = file.with_name(f"ledger{side}")
    if how == "symbolic link":
        beside.symlink_to(other)
    elif how == "hard link":
        os.link(other, beside)
    else:
        beside.mkdir()
    with pytest.raises(
        LedgerError, match=rf"ledger{side} (is a symbolic link|has 2 names|is no regular file)"
    ):
        await open_ledger(str(file))


async def test_a_file_system_that_other_machines_share_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await _ledger(tmp_path / "ledger")
    here = ledger_file._type_of(ledger_file._mount_of(tmp_path))
    if not here:
        pytest.skip("the system does not tell what is mounted")
    # A share of another machine needs another machine: this disk counts as one.
    monkeypatch.setattr(ledger_file, "_REMOTE", frozenset({here}))
    for path in (file, tmp_path / "new" / "ledger"):
        with pytest.raises(LedgerError, match=rf"it lies on {here}, where other machines .* use PostgreSQL"):
            await open_ledger(str(path))


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "fuse", "fuse.sshfs"]
)
def test_shares_are_known_by_their_type(kind: str) -> None:
    assert ledger_file.is_shared(kind)


@pytest.mark.parametrize(
    "kind", ["", "ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk", "fuse.gocryptfs"]
)
def test_disks_of_this_machine_are_no_shares(kind: str) -> None:
    assert not ledger_file.is_shared(kind)


async def test_opening_it_once_more_in_one_process_leaves_it_one_ledger(tmp_path: Path) -> None:
    """Closing any descriptor of a file lets go of the locks that the process has on it (fcntl(2)).

    Without them the next process to close the ledger removes the ``-wal`` in which this one writes on.
    """
    file = tmp_path / "ledger"
    async with await open_ledger(str(file)) as ledger:
        await ledger.answer(await claimed(ledger), accepted("T1"))
        await (await open_ledger(str(file))).close()
        assert _claiming(file) == ["Recorded"]
        await ledger.answer(await claimed(ledger, "key-2"), accepted("T2"))
        assert file.with_name("ledger-wal").exists()
        async with await open_ledger(str(file)) as other:
            assert isinstance(await other.claim(intent("key-2")), Recorded)


async def test_a_wal_without_its_ledger_is_not_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    async with await open_ledger(str(file)) as ledger:
        await claimed(ledger)
        file.rename(tmp_path / "moved")
        for create in (True, False):
            with pytest.raises(LedgerError, match=r"ledger-wal is left of one.* Put it back"):
                await open_ledger(str(file), create=create)
    assert not file.exists()


async def test_many_open_it_at_once_while_it_is_made(tmp_path: Path) -> None:
    ledgers = await asyncio.gather(*(open_ledger(str(tmp_path / "deep" / "ledger")) for _ in range(5)))
    outcomes = await asyncio.gather(*(ledger.claim(intent()) for ledger in ledgers))
    assert sum(isinstance(one, Claim) for one in outcomes) == 1
    for ledger in ledgers:
        await ledger.close()
