"""Every way in which a campaign can break off, against what it then says was sent.

Each fault is a real one: the ledger's file goes away, a pipe's reader leaves, a folder is removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.campaign import CampaignLimits, Watcher, exit_code
from mmscheck.sandbox import Mishaps, Sandbox, Ways
from tests.support.campaigns import DOCUMENT, named, plan, run, stored, until, write_recipients
from tests.support.command import PROGRAM, fields, reads_nothing, surroundings

ROWS = 40
BRISK = Ways(answer_seconds=0.2)
LATE = Ways(mishaps=Mishaps(chances={"late-answer": 1.0}, late_seconds=30))


class Scene(msgspec.Struct, kw_only=True):
    """One campaign of the installed command, while it runs."""

    folder: Path
    box: Sandbox
    process: asyncio.subprocess.Process

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.sqlite3"

    async def sent(self, count: int = 4) -> None:
        await until(lambda: self.box.phones.total >= count or self.process.returncode is not None, 180)


Fault = Callable[[Scene], Coroutine[Any, Any, None]]


async def ledger_gone_while_sending(scene: Scene) -> None:
    await scene.sent()
    scene.ledger.rename(scene.folder / "elsewhere.sqlite3")


async def ledger_gone_while_canaries_are_waited_for(scene: Scene) -> None:
    await scene.sent(3)
    await asyncio.sleep(0.5)
    scene.ledger.rename(scene.folder / "elsewhere.sqlite3")


async def list_of_rows_unread_while_sending(scene: Scene) -> None:
    reader = await asyncio.to_thread((scene.folder / "rows.fifo").open, "rb")
    await scene.sent()
    reader.close()
    scene.process.send_signal(signal.SIGINT)


async def report_has_no_folder_any_more(scene: Scene) -> None:
    await scene.sent()
    shutil.rmtree(scene.folder / "reports")


async def stopped_while_the_report_is_written(scene: Scene) -> None:
    """The report goes into a pipe that is full before it is whole."""
    await until(lambda: scene.box.phones.total == ROWS, 180)
    await asyncio.sleep(2.0)
    scene.process.send_signal(signal.SIGINT)


async def interrupted(scene: Scene) -> None:
    await scene.sent()
    scene.process.send_signal(signal.SIGINT)


async def given_up(scene: Scene) -> None:
    await interrupted(scene)
    await asyncio.sleep(0.3)
    scene.process.send_signal(signal.SIGINT)


async def file_is_shorter(scene: Scene) -> None:
    await scene.sent()
    write_recipients(scene.folder / "all.csv", named(ROWS)[:5])


async def nothing(_scene: Scene) -> None:
    """No fault."""


JSON = ("--format", "json=reports/report.json")
FAULTS: dict[str, tuple[Fault, tuple[str, ...], set[int]]] = {
    "none": (nothing, JSON, {0}),
    "ledger while sending": (ledger_gone_while_sending, JSON, {6}),
    "ledger while canaries": (ledger_gone_while_canaries_are_waited_for, (*JSON, "--canary", "3"), {6}),
    "row log": (list_of_rows_unread_while_sending, (*JSON, "--row-log", "rows.fifo"), {6}),
    "report folder": (report_has_no_folder_any_more, JSON, {6}),
    "stopped in the report": (
        stopped_while_the_report_is_written,
        ("--format", "json=reports/json.fifo"),
        {6},
    ),
    "interrupted": (interrupted, JSON, {5}),
    "given up": (given_up, JSON, {6}),
    "file shorter": (file_is_shorter, JSON, {0, 5}),
}


@contextlib.asynccontextmanager
async def campaign(folder: Path, *more: str, ways: Ways = BRISK) -> AsyncIterator[Scene]:
    async with Sandbox(ways=ways) as box:
        where = str(folder / "ledger.sqlite3")
        mms_id = await stored(box, where)
        (folder / "sale.xml").write_text(DOCUMENT)
        (folder / "reports").mkdir()
        os.mkfifo(folder / "rows.fifo")
        unread = reads_nothing(folder / "reports" / "json.fifo")
        write_recipients(folder / "all.csv", named(ROWS))
        given = ("--recipients", "all.csv", "--in-flight", "2", "--api-url", box.provider_url)
        process = await asyncio.create_subprocess_exec(
            *(
                str(PROGRAM),
                "send",
                "sale.xml",
                *given,
                *fields(mms_id=mms_id, to=None),
                "--ledger",
                where,
                *more,
            ),
            cwd=folder,
            env=surroundings(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield Scene(folder=folder, box=box, process=process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()
            os.close(unread)


@pytest.mark.parametrize("name", FAULTS)
async def test_what_a_campaign_says_was_sent_is_what_was_sent(tmp_path: Path, name: str) -> None:
    fault, more, codes = FAULTS[name]
    async with campaign(tmp_path, *more, ways=LATE if fault is given_up else BRISK) as scene:
        breaking = asyncio.create_task(fault(scene))
        out, err = await asyncio.wait_for(scene.process.communicate(), 240)
        await breaking
        phones = scene.box.phones
        assert phones.total >= 3
        assert max(phones.counts.values()) == 1
    said = (out + err).decode()
    assert scene.process.returncode in codes, said
    assert "othing was" not in said
    assert "othing is" not in said
    assert "Traceback" not in said
    report = tmp_path / "reports" / "report.json"
    if report.is_file():
        told = json.loads(report.read_text())
        counts = told["send"]["campaign"]
        assert told["exit_code"] == scene.process.returncode
        assert (told["send"]["status"] == "unknown") == (told["exit_code"] == 6)
        assert counts["accepted"] <= phones.total <= counts["accepted"] + counts["unknown"]
        assert "othing was" not in report.read_text()
        ended = sum(counts[key] for key in ("accepted", "unknown", "refused", "not-sent", "left"))
        assert ended == counts["rows"] == ROWS


async def before_the_first_call(tmp_path: Path, *more: str) -> tuple[int, str]:
    async with campaign(tmp_path, *more) as scene:
        out, err = await asyncio.wait_for(scene.process.communicate(), 240)
        assert scene.box.phones.total == 0
    return scene.process.returncode or 0, (out + err).decode()


async def test_before_the_first_call_it_says_that_nothing_was_sent(tmp_path: Path) -> None:
    code, said = await before_the_first_call(tmp_path, "--ledger", str(tmp_path / "reports"))
    assert (code, "Nothing was sent." in said) == (4, True), said


@pytest.mark.parametrize("more", [("--row-log", "/dev/full"), ("--format", "json=/dev/full")])
async def test_what_cannot_be_written_is_found_out_before_the_first_call(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    code, said = await before_the_first_call(tmp_path, *more)
    assert (code, "could not be written" in said) == (4, True), said


class Breaking(Watcher):
    """Fails where nobody foresees it: when so many have ended."""

    def __init__(self, after: int) -> None:
        self._after = after

    def ended(self, done: int, failed: int) -> None:
        if done == self._after:
            raise ZeroDivisionError


@pytest.mark.parametrize("after", [1, 5, ROWS])
async def test_what_nobody_foresaw_ends_it_with_its_counts(tmp_path: Path, after: int) -> None:
    file = write_recipients(tmp_path / "all.csv", named(ROWS))
    with (tmp_path / "rows.csv").open("w", newline="") as log:
        async with Sandbox() as box:
            mms_id = await stored(box)
            given = plan(mms_id, limits=CampaignLimits(in_flight=3))
            outcome = await run(box, given, file, watcher=Breaking(after), log=log)
            sent = box.phones.total
    assert isinstance(outcome.failure, ZeroDivisionError)
    assert outcome.broken == "mmscheck itself failed (ZeroDivisionError)"
    assert (outcome.result.accepted, outcome.result.left) == (sent, ROWS - sent)
    assert exit_code(outcome, dry=False) == 6
    with (tmp_path / "rows.csv").open(newline="") as log:
        rows = list(csv.DictReader(log))
    assert [row["fate"] for row in rows] == ["left"] * outcome.result.left


async def test_rows_that_were_not_reached_are_listed(tmp_path: Path) -> None:
    async with campaign(tmp_path, "--row-log", "rows.csv", *JSON) as scene:
        await interrupted(scene)
        await asyncio.wait_for(scene.process.communicate(), 240)
        reached = set(scene.box.phones.counts)
    with (tmp_path / "rows.csv").open(newline="") as log:
        rows = list(csv.DictReader(log))
    left = [(number, line) for line, (number, _) in enumerate(named(ROWS), start=2) if number not in reached]
    assert [(row["to"], int(row["line"]), row["fate"]) for row in rows] == [
        (number, line, "left") for number, line in left
    ]
    assert left
