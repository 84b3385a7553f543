"""No child process inherits what the environment holds in secret, and no core file may keep it."""

from __future__ import annotations

from pathlib import Path

from mmscheck.cli.environment import API_KEY, POSTBACK_SECRET
from tests.support.command import mmscheck

PHOTO = Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg"


async def test_children_get_neither_key_nor_secret_and_leave_no_core(tmp_path: Path) -> None:
    # Every interpreter that looks where this says runs it first: the command itself, and what it starts.
    log = tmp_path / "log"
    note = tmp_path / "site" / "sitecustomize.py"
    note.parent.mkdir()
    note.write_text(
        "import os, resource\n"
        f"with open({str(log)!r}, 'a') as log:\n"
        f"    held = [name for name in os.environ if name in {(API_KEY, POSTBACK_SECRET)}]\n"
        "    print(sorted(held), resource.getrlimit(resource.RLIMIT_CORE)[0], file=log)\n"
    )
    ran = await mmscheck(
        *("lint", PHOTO),
        cwd=tmp_path,
        key="a-key",
        PYTHONPATH=str(note.parent),
        MMSCHECK_POSTBACK_SECRET="0123456789abcdef",
    )
    assert ran.code == 0, ran.err
    first, *children = log.read_text().splitlines()
    assert first.startswith("['MMSCHECK_API_KEY', 'MMSCHECK_POSTBACK_SECRET']")
    assert all(line == "[] 0" for line in children), children
