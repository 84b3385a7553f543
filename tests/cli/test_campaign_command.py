"""``mmscheck send --recipients`` as people and pipelines meet it: exit codes, reports, faults of the file."""

from __future__ import annotations

import asyncio
import csv
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.ledger import open_ledger
from mmscheck.sandbox import Sandbox, Ways
from tests.support.campaigns import DOCUMENT, QUICK, named, stored, until, write_recipients
from tests.support.command import PROGRAM, Ran, mmscheck, surroundings

COMMON = ("--from", "28444", "--service-id", "demo", "--fallback-sms-text", "Sale today")


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(ways=QUICK) as running:
        yield running


@pytest.fixture
async def mms_id(box: Sandbox) -> str:
    return await stored(box)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    return tmp_path


async def send(box: Sandbox, mms_id: str, folder: Path, *more: str, recipients: str = "all.csv") -> Ran:
    return await mmscheck(*arguments(box, mms_id, *more, recipients=recipients), cwd=folder)


def arguments(box: Sandbox, mms_id: str, *more: str, recipients: str = "all.csv") -> list[str]:
    given = ["--recipients", recipients, "--api-url", box.provider_url, "--mms-id", mms_id, *COMMON]
    return ["send", "sale.xml", *given, *more]


async def test_all_accepted_is_exit_code_0_and_counted_in_text_and_json(
    box: Sandbox, mms_id: str, folder: Path
) -> None:
    write_recipients(folder / "all.csv", [*named(12), named(1)[0]])
    ran = await send(box, mms_id, folder, "--format", "text", "--format", "json=report.json")
    assert ran.code == 0, ran
    assert "12 accepted, 1 repeated in the file" in ran.out
    told = json.loads((folder / "report.json").read_text())
    campaign = told["send"]["campaign"]
    assert (told["exit_code"], told["send"]["status"], campaign["accepted"]) == (0, "accepted", 12)
    assert (campaign["rows"], campaign["duplicates"], campaign["left"]) == (13, 1, 0)
    assert [(row["line"], row["fate"]) for row in campaign["listed"]] == [(14, "duplicate")]
    assert ran.err == ""
    again = await send(box, mms_id, folder)
    assert (again.code, box.phones.total) == (0, 12)
    assert "12 accepted in an earlier run" in again.out


async def test_a_bad_row_is_exit_code_1_with_row_and_column_and_skipped_when_told_so(
    box: Sandbox, mms_id: str, folder: Path
) -> None:
    rows = [*named(3), ("15551230009", "Zoë"), ("not-a-number", "Bo"), ("15551230010", "=1+1")]
    write_recipients(folder / "all.csv", rows)
    ran = await send(box, mms_id, folder)
    assert (ran.code, box.phones.total) == (1, 0)
    assert "all.csv, line 5, column name (to 15551230009)" in ran.out
    assert "all.csv, line 6, column to (to not-a-number)" in ran.out
    log = ("--row-log", "rows.csv")
    skipping = await send(box, mms_id, folder, "--skip-bad", *log)
    assert (skipping.code, box.phones.total) == (5, 4), skipping
    with (folder / "rows.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [(row["line"], row["fate"], row["columns"]) for row in found] == [
        ("5", "denied", "name"),
        ("6", "denied", "to"),
    ]


async def test_a_dry_run_judges_every_row_and_sends_nothing(box: Sandbox, mms_id: str, folder: Path) -> None:
    write_recipients(folder / "all.csv", named(5))
    ran = await send(box, mms_id, folder, "--dry-run")
    assert (ran.code, box.phones.total) == (5, 0)
    assert "5 rows: 5 left" in ran.out


async def test_a_dry_run_shows_the_request_of_the_first_row_to_be_sent_without_the_key(
    box: Sandbox, mms_id: str, folder: Path
) -> None:
    rows = named(3)
    write_recipients(folder / "all.csv", [("15551230009", "Zo\u00eb"), *rows])
    ran = await send(box, mms_id, folder, "--dry-run", "--skip-bad")
    assert (ran.code, box.provider_connections) == (5, 1), "one: the save"
    assert "Dry run: nothing was sent. The request of the first row would be:" in ran.out
    shown = ran.out[ran.out.index("<?xml") :]
    for part in ("<to>1555100000", "<name>Ana 0</name>", f"<mms-id>{mms_id}</mms-id>", "REDACTED"):
        assert part in shown
    assert shown.count("<to>") == 1
    assert rows[0][0] in shown
    assert "sandbox-key" not in ran.out + ran.err
    told = await send(box, mms_id, folder, "--dry-run", "--skip-bad", "--format", "json")
    assert json.loads(told.out)["send"]["detail"].startswith("Dry run: nothing was sent.")
    assert "<name>Ana 0</name>" in told.err
    denied = await send(box, mms_id, folder, "--dry-run")
    assert (denied.code, "Dry run: nothing was sent." in denied.out) == (1, True)
    assert "<?xml" not in denied.out


async def test_a_file_that_is_no_list_of_recipients_is_exit_code_2_and_says_where(
    box: Sandbox, mms_id: str, folder: Path
) -> None:
    (folder / "all.csv").write_bytes(b"to,name\n15551230001,Ana\n15551230002,Jos\xe9\n")
    ran = await send(box, mms_id, folder, "--skip-bad")
    assert (ran.code, box.phones.total) == (2, 0), ran
    assert "all.csv, line 3: not UTF-8: byte 0xe9 at position 16 (column 'name')" in ran.err


async def test_options_that_do_not_go_together_are_refused(box: Sandbox, mms_id: str, folder: Path) -> None:
    write_recipients(folder / "all.csv", named(1))
    for more, said in (
        (("--to", "15551230001"), "--to"),
        (("--idempotency-key", "k"), "--idempotency-key"),
        (("--data", "name=Ana"), "--data name"),
        (("--recheck-every", "10m"), "checked again"),
        (("--canary-wait", "1m"), "--canary"),
        (("--row-log", "all.csv"), "overwrite"),
    ):
        ran = await send(box, mms_id, folder, *more)
        assert (ran.code, said in ran.err) == (2, True), (more, ran)
    alone = await mmscheck("send", "sale.xml", "--canary", "3", cwd=folder)
    assert (alone.code, "--canary: only together with --recipients" in alone.err) == (2, True)
    assert box.phones.total == 0


async def test_ctrl_c_finishes_what_is_in_flight_and_the_same_command_goes_on(folder: Path) -> None:
    async with Sandbox(ways=Ways(answer_seconds=0.2)) as box:
        mms_id = await stored(box)
        write_recipients(folder / "all.csv", named(60))
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *arguments(box, mms_id, "--in-flight", "3", "--format", "json"),
            cwd=folder,
            env=surroundings(),
            stdout=asyncio.subprocess.PIPE,
        )
        await until(lambda: box.phones.total >= 5)
        process.send_signal(signal.SIGINT)
        out, _ = await asyncio.wait_for(process.communicate(), 120)
        told = json.loads(out)
        campaign = told["send"]["campaign"]
        assert (process.returncode, told["exit_code"]) == (5, 5)
        assert "interrupted" in campaign["stopped"]
        assert campaign["accepted"] == box.phones.total < 60
        assert campaign["left"] == 60 - campaign["accepted"]
        rest = await send(box, mms_id, folder, "--in-flight", "60", "--format", "json")
        assert rest.code == 0
        found = json.loads(rest.out)["send"]["campaign"]
        assert (found["recorded"], found["accepted"]) == (campaign["accepted"], campaign["left"])
        assert set(box.phones.counts.values()) == {1}
        assert len(box.phones.counts) == 60


async def test_the_kill_switch_stops_a_campaign(folder: Path) -> None:
    async with Sandbox(ways=Ways(answer_seconds=0.2)) as box:
        mms_id = await stored(box)
        write_recipients(folder / "all.csv", named(60))
        running = asyncio.create_task(send(box, mms_id, folder, "--in-flight", "3", "--format", "json"))
        await until(lambda: box.phones.total >= 5)
        async with await open_ledger() as ledger:
            await ledger.hold(reason="wrong picture", who="Kim")
        ran = await running
        campaign = json.loads(ran.out)["send"]["campaign"]
        assert (ran.code, campaign["stopped"]) == (5, "held by Kim: wrong picture")
        assert campaign["accepted"] == box.phones.total < 60
        assert campaign["left"] == 60 - campaign["accepted"]


async def test_a_dry_run_knows_what_an_earlier_run_has_sent(box: Sandbox, mms_id: str, folder: Path) -> None:
    write_recipients(folder / "all.csv", named(3))
    assert (await send(box, mms_id, folder)).code == 0
    write_recipients(folder / "all.csv", named(4))
    ran = await send(box, mms_id, folder, "--dry-run", "--format", "json")
    campaign = json.loads(ran.out)["send"]["campaign"]
    assert (ran.code, len(box.sent)) == (5, 3)
    assert (campaign["recorded"], campaign["left"], campaign["denied"]) == (3, 1, 0)


PRICED = '[prices]\ncurrency = "USD"\n\n[prices.countries.US]\nmms = "0.0200"\nsms = "0.0079"\n'


async def test_max_cost_stops_a_campaign_before_it_begins_and_says_what_it_may_cost(
    box: Sandbox, mms_id: str, folder: Path
) -> None:
    write_recipients(folder / "all.csv", [(f"1212555{n:04}", f"Ana {n}") for n in range(1000, 1010)])
    for amount in ("0.50", "ten", "-1", "nan"):
        ran = await send(box, mms_id, folder, "--max-cost", amount)
        assert (ran.code, box.phones.total, "--max-cost" in ran.err) == (2, 0, True), ran
    (folder / "mmscheck.toml").write_text(PRICED)
    ran = await send(box, mms_id, folder, "--max-cost", "0.19", "--format", "text", "--format", "json=r.json")
    assert (ran.code, box.phones.total) == (5, 0), ran
    assert "0.20 USD" in ran.out
    told = json.loads((folder / "r.json").read_text())["send"]["campaign"]
    assert (told["accepted"], told["left"]) == (0, 10)
    planned = await send(box, mms_id, folder, "--max-cost", "0.19", "--dry-run")
    assert (box.phones.total, "0.20 USD" in planned.out) == (0, True), planned
    enough = await send(box, mms_id, folder, "--max-cost", "0.20")
    assert (enough.code, box.phones.total) == (0, 10), enough
    # One row of a country without a price: nobody knows what it costs, and nobody gets it.
    write_recipients(folder / "more.csv", [("12125552000", "Bo"), ("15145550123", "Cy")])
    ran = await send(box, mms_id, folder, "--campaign", "more", "--max-cost", "9", recipients="more.csv")
    assert (ran.code, box.phones.total) == (5, 10), ran
    assert "no price for numbers of CA" in ran.out
