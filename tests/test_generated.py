"""What is generated is committed as the program makes it now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import generated


def test_everything_generated_is_current() -> None:
    assert generated.main([]) == 0, "python -m tools.generated --write"


def test_what_is_stale_or_missing_is_named_and_renewed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = list(generated.generated())
    assert len(names) == 7
    assert generated.main([], tmp_path) == 1
    assert all(f"{name} is stale" in capsys.readouterr().err for name in names[:1])
    assert generated.main(["--write"], tmp_path) == 0
    assert generated.main([], tmp_path) == 0
    (tmp_path / names[0]).write_text("old", encoding="utf-8")
    assert generated.main([], tmp_path) == 1
    assert capsys.readouterr().err.count("is stale") == 1
    assert generated.main(["--wirte"], tmp_path) == 2
