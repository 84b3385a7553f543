"""What the demo promises, and that it notices where one part of it does not work."""

from __future__ import annotations

from pathlib import Path

from mmscheck.model.exits import Exit
from tests.support.command import mmscheck

PLAYED = "the message with a film and a sound was permitted (exit 0)"


async def test_a_film_and_a_sound_are_part_of_the_demo(tmp_path: Path) -> None:
    ran = await mmscheck("demo", cwd=tmp_path, key=None)
    assert ran.code == 0, ran.out + ran.err
    assert f"  yes  {PLAYED}\n" in ran.out
    assert "  NO  " not in ran.out


async def test_a_library_for_films_that_does_not_work_is_noticed_by_the_demo(tmp_path: Path) -> None:
    (tmp_path / "av").mkdir()
    (tmp_path / "av" / "__init__.py").write_text("", encoding="utf-8")
    ran = await mmscheck("demo", cwd=tmp_path, key=None, PYTHONPATH=str(tmp_path))
    assert ran.code == Exit.INTERNAL
    assert f"  NO   {PLAYED}\n" in ran.out
    assert ran.out.count("  NO   ") == 1
