"""``--format jsonl`` on the command line: every command that judges has it, and ``diff`` reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mmscheck.cli import main as program
from tools.report_schema import lines_schema

LINE = jsonschema.Draft202012Validator(json.loads(lines_schema()))
MESSAGE = (
    "<request><name>sale</name><message-subject>Sale</message-subject>"
    "<slide><message-text>Everything must go.</message-text></slide></request>"
)
SEND = ("--mms-id", "100001", "--to", "15550000001", "--from", "28444", "--service-id", "1")
COMMANDS = {
    "check": (),
    "lint": (),
    "save": ("--dry-run",),
    "send": ("--dry-run", "--fallback-sms-text", "Sale", *SEND),
}


@pytest.fixture
def sale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMSCHECK_LEDGER", str(tmp_path / "ledger.sqlite3"))
    file = tmp_path / "sale.xml"
    file.write_text(MESSAGE, encoding="utf-8")
    return file


def lines(file: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]
    for line in found:
        LINE.validate(line)
    return found


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("sale")
def test_every_command_that_judges_writes_lines(command: str) -> None:
    formats = ("--format", "jsonl=r.jsonl", "--format", "json=r.json")
    code = program.main((command, "sale.xml", *COMMANDS[command], *formats))
    run, message = lines("r.jsonl")
    whole = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert run["run"]["exit_code"] == code == whole["exit_code"]
    assert run["run"].get("send") == whole.get("send")
    assert run["run"]["ruleset"] == whole["ruleset"]
    assert message["message"]["digest"] == whole["messages"][0]["digest"]
    assert message["message"]["counts"] == whole["counts"] == run["run"]["counts"]
    assert message["message"]["passed"]
    assert all(item["outcome"] in {"failed", "cant-tell"} for item in message["message"]["evaluations"])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("sale")
def test_all_evaluations_are_listed_on_demand(command: str) -> None:
    formats = ("--format", "jsonl=r.jsonl", "--format", "json=r.json", "--all-evaluations")
    program.main((command, "sale.xml", *COMMANDS[command], *formats))
    _, message = lines("r.jsonl")
    whole = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert message["message"]["evaluations"] == whole["messages"][0]["evaluations"]


@pytest.mark.usefixtures("sale")
def test_all_evaluations_without_such_a_format_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(("lint", "sale.xml", "--all-evaluations", "--format", "json=r.json")) == 2
    assert "--all-evaluations is about --format jsonl" in capsys.readouterr().err
    assert not Path("r.json").exists()


@pytest.mark.parametrize("old", ["old.json", "old.jsonl"])
@pytest.mark.parametrize("new", ["new.json", "new.jsonl"])
def test_diff_reads_either_on_either_side(
    sale: Path, old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(("lint", "sale.xml", "--format", "json=old.json", "--format", "jsonl=old.jsonl")) == 0
    sale.write_text(MESSAGE.replace(">Sale<", ">Sale \U0001f600<"), encoding="utf-8")
    assert program.main(("lint", "sale.xml", "--format", "json=new.json", "--format", "jsonl=new.jsonl")) == 1
    capsys.readouterr()
    assert program.main(("diff", old, new, "--format", "json")) == 1
    told = json.loads(capsys.readouterr().out)
    assert {change["rule"] for change in told["changes"] if change["kind"] == "new"} >= {"subject-ascii"}
    assert told["not_compared"] == []
    assert program.main(("diff", new, new)) == 0
