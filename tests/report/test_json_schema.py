from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmscheck.report import schema as schema_module
from mmscheck.report.schema import COMMITTED, main, schema


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "mmscheck.report.schema", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=60)


def test_the_committed_schema_is_current() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema()
    assert run("--check").returncode == 0


def test_the_module_prints_the_schema() -> None:
    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (0, schema(), "")


def test_wrong_usage_is_told_apart() -> None:
    done = run("--wirte")
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_a_stale_or_missing_schema_is_found_and_renewed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema_module, "COMMITTED", tmp_path / "report.schema.json")
    assert main(["--check"]) == 1
    (tmp_path / "report.schema.json").write_text("{}", encoding="utf-8")
    assert main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0


def test_every_type_is_described_and_every_key_required_but_send() -> None:
    types = json.loads(schema())["$defs"]
    objects = {name: each for name, each in types.items() if each.get("type") == "object"}
    assert [name for name, each in objects.items() if not each.get("description")] == []
    optional = {
        (name, key)
        for name, each in objects.items()
        for key in each["properties"]
        if key not in each["required"]
    }
    assert optional == {
        ("Document", "send"),
        ("Document", "not_checked"),
        ("Send", "campaign"),
        ("Hop", "headers_left_out"),
        ("Campaign", "had"),
        ("Campaign", "had-from"),
    }
