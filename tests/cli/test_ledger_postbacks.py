"""``mmscheck ledger postbacks``: everything that came, and what of it nobody here waits for."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmscheck.cli import main as program
from mmscheck.ledger import Ledger, Save, open_ledger, reading
from mmscheck.model.ledger import MmsState
from tests.support.ledgers import MEANINGS, accepted, claimed, unknown

Run = Callable[..., tuple[int, str, str]]

NUMBER = "15550000002"
BODY = f"<x>\x1b[2J {NUMBER} http://h.example/a?sig=hush </x>" + "y" * 500


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    where = str(tmp_path / "ledger.sqlite3")
    monkeypatch.setenv("MMSCHECK_LEDGER", where)
    asyncio.run(fill(where))

    def called(*arguments: str) -> tuple[int, str, str]:
        code = program.main(("ledger", "postbacks", *arguments))
        return (code, *capsys.readouterr())

    return called


async def fill(where: str) -> None:
    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        await ledger.answer(await claimed(ledger, "key-1"), accepted("T1"))
        await ledger.answer(await claimed(ledger, "key-2"), unknown())
        await ledger.record_save(Save(mms_id="100001", digest="sha256:a", state=MmsState.ENCODING))
        await _told(ledger)


async def _told(ledger: Ledger) -> None:
    for fields in (
        {"code": "N101", "tracking-id": "T1", "mms-id": "100001", "to": "15550000001"},
        {"code": "N003", "mms-id": "100001"},
        {"code": "N101", "tracking-id": "T9", "mms-id": "100001", "to": f"+{NUMBER}", "note": NUMBER},
        {"code": "N003", "mms-id": "777"},
        {"code": "N101", "mms-id": "100001", "to": NUMBER},
        {"code": "N102", "tracking-id": "T8", "status": "\x1b[2J"},
    ):
        await ledger.record_postback(fields)
    await ledger.record_unreadable(BODY.encode(), "is not well-formed XML")


def test_postbacks_are_listed_in_the_order_in_which_they_came(run: Run) -> None:
    code, out, err = run()
    lines = out.splitlines()
    codes = [line.split()[2] for line in lines[:-1]]
    assert (code, err, lines[-1]) == (0, "", "7 postbacks")
    assert codes == ["N101", "N003", "N101", "N003", "N101", "N102", "(unreadable)"]
    assert ["send 1 (sent)" in line for line in lines[:2]] == [True, False]
    assert "may be about send 3 (unknown): not decided" in lines[2]
    assert "matches no send" in lines[5]


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_numbers_are_masked_and_what_could_not_be_read_is_clean_and_short(run: Run, form: str) -> None:
    code, out, _ = run("--format", form)
    assert code == 0
    assert "5550000" not in out
    assert "…0002" in out
    assert "\x1b" not in out
    assert "hush" not in out
    assert "it is not well-formed XML" in out
    assert "y" * 20 in out
    assert "y" * 200 not in out


def test_unmatched_are_those_that_nobody_here_waits_for(run: Run) -> None:
    code, out, _ = run("--unmatched", "--format", "json")
    told = json.loads(out)
    assert code == 0
    assert [(one["code"], one["tracking_id"], one["mms_id"]) for one in told] == [
        ("N101", "T9", "100001"),
        ("N003", None, "777"),
        ("N101", None, "100001"),
        ("N102", "T8", None),
        ("(unreadable)", None, None),
    ]
    assert told[0]["proposed"] == [{"id": 3, "state": "unknown"}]
    assert told[0]["recipient"] == told[0]["fields"]["to"] == told[0]["fields"]["note"] == "…0002"
    assert not any(one["sends"] for one in told)
    assert run("--unmatched")[1].endswith("5 postbacks\n")


def test_a_long_list_is_read_a_page_at_a_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run()[1]
    monkeypatch.setattr(reading, "PAGE", 2)
    assert run()[1] == whole


def test_an_empty_ledger_has_none_and_one_that_is_not_there_is_exit_4(run: Run, tmp_path: Path) -> None:
    async def make() -> None:
        await (await open_ledger(str(tmp_path / "new"))).close()

    asyncio.run(make())
    assert run("--ledger", str(tmp_path / "new"))[:2] == (0, "0 postbacks\n")
    code, out, _ = run("--ledger", str(tmp_path / "new"), "--format", "json")
    assert (code, json.loads(out)) == (0, [])
    code, out, err = run("--ledger", str(tmp_path / "none"))
    assert (code, out, "there is no" in err) == (4, "", True)


def test_as_csv_each_is_a_row_with_the_sends_it_is_about(run: Run) -> None:
    code, out, _ = run("--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    listed = json.loads(run("--format", "json")[1])
    assert (code, len(rows)) == (0, 7)
    for row, value in zip(rows, listed, strict=True):
        assert row["received_at"] == value["received_at_iso"]
        assert (row["code"], row["meaning"], row["mms_id"]) == (
            value["code"],
            value["meaning"],
            value["mms_id"] or "",
        )
        for name in ("sends", "proposed"):
            assert row[name] == " ".join(str(send["id"]) for send in value[name])
    assert [bool(row["sends"]) for row in rows].count(True) == 1


def test_stored_messages_as_csv(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run()[0] == 0
    assert program.main(("ledger", "saves", "--format", "csv")) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["mms_id"], row["state"], row["digest"]) == ("100001", "ready", "sha256:a")
    assert row["saved_at"].endswith("Z")
