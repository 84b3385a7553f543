"""What the ledger makes of ``mmscheck send``: every state, over real sockets, from the installed command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.sinch import POSTBACK_MEANINGS
from tests.support.bound import bind_files, send_bound
from tests.support.command import PROGRAM, Ran, fields, message, mmscheck, reads_nothing, surroundings
from tests.support.raw_provider import ACCEPTED, REFUSED, Act, RawProvider, answer, read_request

LATER = "<response><status>Failure</status><error-code>{}</error-code></response>"


@pytest.fixture
async def provider() -> AsyncIterator[RawProvider]:
    async with RawProvider(answer(ACCEPTED)) as raw:
        yield raw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(message("<message-text>See you</message-text>"))
    return tmp_path


async def send(provider: RawProvider, folder: Path, *more: str, **changes: str) -> Ran:
    return await send_bound("sale.xml", "--api-url", provider.url, *fields(**changes), *more, cwd=folder)


async def states(*, recover: bool = True) -> list[SendState]:
    async with await open_ledger(recover=recover) as ledger:
        return [one.state async for one in ledger.sends()]


def all_bytes(where: Path) -> bytes:
    """Of the database with whatever stands beside it."""
    return b"".join(file.read_bytes() for file in where.parent.glob(f"{where.name}*"))


def in_turn(*acts: Act) -> Act:
    """One act for each connection; the last for all that follow."""
    waiting: Iterator[Act] = iter(acts)

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(waiting, acts[-1])(reader, writer)

    return act


async def swallow(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read the request and hang up: it may have been sent."""
    await read_request(reader)


async def test_the_same_send_again_gives_the_recorded_answer_and_posts_nothing(
    provider: RawProvider, folder: Path
) -> None:
    first = await send(provider, folder)
    assert (first.code, provider.connections) == (0, 1)
    again = await send(provider, folder, "--format", "json")
    assert (again.code, provider.connections) == (0, 1)
    told = json.loads(again.out)
    assert (told["exit_code"], told["send"]["status"]) == (0, "accepted")
    assert (told["send"]["tracking_id"], told["send"]["recorded"]) == ("MMS_MT_test", True)
    text = await send(provider, folder)
    assert "Nothing was sent now" in text.out
    assert await states() == [SendState.ACCEPTED]


async def test_another_payload_under_the_same_key_is_refused(provider: RawProvider, folder: Path) -> None:
    assert (await send(provider, folder)).code == 0
    ran = await send(provider, folder, fallback_sms_text="Another text")
    assert (ran.code, provider.connections) == (5, 1)
    assert "used for another send (request_digest differ)" in " ".join(ran.out.split())
    keyed = await send(provider, folder, "--idempotency-key", "job-7")
    assert (keyed.code, provider.connections) == (0, 2)
    elsewhere = await send(provider, folder, "--idempotency-key", "job-7", to="15551230002")
    assert (elsewhere.code, provider.connections) == (5, 2)


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 201])
async def test_a_key_that_is_none_is_exit_2_before_anything_else(
    provider: RawProvider, folder: Path, key: str
) -> None:
    ran = await send(provider, folder, "--idempotency-key", key)
    assert (ran.code, ran.out, provider.connections) == (2, "", 0)
    assert "--idempotency-key" in ran.err


async def test_an_unknown_send_waits_for_a_person(provider: RawProvider, folder: Path) -> None:
    provider.act = in_turn(swallow, answer(ACCEPTED))
    assert (await send(provider, folder)).code == 6
    again = await send(provider, folder)
    assert (again.code, provider.connections) == (6, 1)
    assert "mmscheck ledger resolve 2 " in " ".join(again.out.split())
    words = ("--as", "not-sent", "--reason", "asked them", "--who", "ann")
    assert (await mmscheck("ledger", "resolve", "2", *words, cwd=folder)).code == 0
    assert (await send(provider, folder)).code == 0
    assert (provider.connections, await states()) == (2, [SendState.ACCEPTED])


async def test_an_unknown_outcome_is_said_on_the_screen_also_when_the_report_is_a_file(
    provider: RawProvider, folder: Path
) -> None:
    provider.act = swallow
    ran = await send(provider, folder, "--format", f"json={folder / 'report.json'}")
    assert (ran.code, ran.out) == (6, "")
    assert "It may have been sent" in ran.err
    assert "mmscheck ledger resolve" in ran.err


async def test_what_was_found_to_be_sent_is_not_sent_again(provider: RawProvider, folder: Path) -> None:
    provider.act = swallow
    await send(provider, folder)
    words = ("--as", "sent", "--reason", "the phone has it", "--who", "ann")
    await mmscheck("ledger", "resolve", "2", *words, cwd=folder)
    ran = await send(provider, folder)
    assert (ran.code, provider.connections) == (0, 1)
    assert "ann" in ran.out


async def test_a_refusal_is_remembered_until_it_is_resolved(provider: RawProvider, folder: Path) -> None:
    provider.act = answer(REFUSED)
    assert (await send(provider, folder)).code == 5
    again = await send(provider, folder, "--format", "json")
    told = json.loads(again.out)["send"]
    assert (again.code, provider.connections) == (5, 1)
    assert (told["status"], told["error_code"], told["recorded"]) == ("refused", "E241", True)
    assert "mmscheck ledger resolve 2 --as not-sent" in told["detail"]


async def test_a_hold_stops_every_send_and_says_whose_it_is(provider: RawProvider, folder: Path) -> None:
    held = await mmscheck("hold", "wrong picture", "--who", "ann", "--new", cwd=folder)
    assert held.code == 0
    ran = await send(provider, folder, "--format", "json=report.json", "--format", "text")
    assert (ran.code, provider.connections) == (5, 0)
    assert "ann since" in ran.out
    assert "wrong picture" in " ".join(ran.out.split())
    report = json.loads((folder / "report.json").read_text())
    assert (report["exit_code"], report["send"]["status"]) == (5, "not-attempted")
    assert (await mmscheck("release", "--who", "bob", cwd=folder)).code == 0
    assert (await send(provider, folder)).code == 0
    assert provider.connections == 1


@pytest.mark.parametrize("kind", ["folder", "no database"])
async def test_a_ledger_that_cannot_be_used_is_exit_4_and_nothing_is_sent(
    provider: RawProvider, folder: Path, kind: str
) -> None:
    where = folder / "ledger"
    where.mkdir() if kind == "folder" else where.write_bytes(b"no database at all" * 100)
    ran = await send(provider, folder, "--ledger", str(where), "--format", "json=report.json")
    assert (ran.code, provider.connections) == (4, 0), ran.err
    assert "Nothing was sent" in ran.err
    assert not (folder / "report.json").exists()


async def test_a_ledger_that_is_no_address_is_exit_2(provider: RawProvider, folder: Path) -> None:
    ran = await send(provider, folder, "--ledger", "mysql://x/y")
    assert (ran.code, ran.out, provider.connections) == (2, "", 0)


async def test_an_answer_that_cannot_be_recorded_is_exit_6(provider: RawProvider, folder: Path) -> None:
    where = folder / "ledger"

    async def break_ledger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with sqlite3.connect(where) as database:
            database.execute("ALTER TABLE history RENAME TO gone")
        database.close()
        await answer(ACCEPTED)(reader, writer)

    provider.act = break_ledger
    ran = await send(provider, folder, "--ledger", str(where), "--format", "json")
    told = json.loads(ran.out)["send"]
    assert (ran.code, provider.connections) == (6, 1)
    assert (told["status"], told["tracking_id"]) == ("unknown", "MMS_MT_test")
    assert "could not record it" in told["detail"]


async def test_a_dry_run_makes_no_intent(provider: RawProvider, folder: Path) -> None:
    ran = await send(provider, folder, "--dry-run")
    assert (ran.code, provider.connections) == (5, 0)
    assert await states() == []


@pytest.mark.parametrize("code", ["E106", "E113", "E618", "E626"])
async def test_what_certainly_was_not_sent_is_tried_again(
    provider: RawProvider, folder: Path, code: str
) -> None:
    provider.act = in_turn(answer(LATER.format(code)), answer(ACCEPTED))
    ran = await send(provider, folder)
    assert (ran.code, provider.received.count(b"POST ")) == (0, 2), ran.out
    async with await open_ledger() as ledger:
        kinds = [row.kind for row in await ledger.history(2)]
    assert kinds == ["send-intended", "send-not-sent", "send-claimed-again", "send-accepted"]


@pytest.mark.parametrize(
    ("options", "tries"), [(("--retries", "1"), 2), (("--retries", "0"), 1), (("--retry-seconds", "0"), 1)]
)
async def test_trying_again_has_a_bound_and_may_be_asked_for_again(
    provider: RawProvider, folder: Path, options: tuple[str, ...], tries: int
) -> None:
    provider.act = answer(LATER.format("E106"))
    ran = await send(provider, folder, *options)
    assert (ran.code, provider.connections) == (5, tries)
    assert await states() == [SendState.NOT_SENT]
    provider.act = answer(ACCEPTED)
    assert (await send(provider, folder)).code == 0


async def test_the_kill_switch_is_read_before_each_try(provider: RawProvider, folder: Path) -> None:
    async def pull(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with await open_ledger(create=False) as ledger:
            await ledger.hold(reason="stop it", who="ann")
        await answer(LATER.format("E113"))(reader, writer)

    provider.act = pull
    ran = await send(provider, folder)
    assert (ran.code, provider.connections) == (5, 1)
    assert "stop it" in ran.out
    assert await states() == [SendState.NOT_SENT]


async def test_of_two_processes_with_one_key_exactly_one_posts(provider: RawProvider, folder: Path) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.5)
        await answer(ACCEPTED)(reader, writer)

    provider.act = slow
    ran = await asyncio.gather(*(send(provider, folder) for _ in range(3)))
    codes = sorted(one.code for one in ran)
    assert (codes[0], set(codes) <= {0, 6}, provider.connections) == (0, True, 1), codes
    assert await states() == [SendState.ACCEPTED]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_a_send_that_is_stopped_during_the_call_is_unknown_afterwards(
    provider: RawProvider, folder: Path, how: signal.Signals
) -> None:
    read = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        read.set()
        await reader.read()

    provider.act = stall
    await bind_files([folder / "sale.xml"], at=provider.url)
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "send", "sale.xml", "--api-url", provider.url, *fields()),
        cwd=folder,
        env=surroundings(),
        stdout=asyncio.subprocess.DEVNULL,
    )
    await asyncio.wait_for(read.wait(), 180)
    process.send_signal(how)
    await process.wait()
    # Who is stopped records it by himself; of who is killed the next one finds out.
    killed = how is signal.SIGKILL
    assert await states(recover=False) == [SendState.INTENDED if killed else SendState.UNKNOWN]
    assert await states() == [SendState.UNKNOWN]
    again = await send(provider, folder)
    assert (again.code, provider.connections) == (6, 1)


async def until_put_off(tries: int) -> None:
    """Wait until the ledger has the end of this try: the process waits before the next one."""
    async with await open_ledger(recover=False) as ledger, asyncio.timeout(60):
        while True:
            (one,) = [send async for send in ledger.sends()]
            if (one.state, one.attempt) == (SendState.NOT_SENT, tries):
                return
            await asyncio.sleep(0.02)


async def test_a_send_that_is_stopped_between_tries_was_not_sent(provider: RawProvider, folder: Path) -> None:
    waiting = asyncio.Event()

    async def later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(LATER.format("E106"))(reader, writer)
        if provider.connections > 3:
            waiting.set()

    provider.act = later
    await bind_files([folder / "sale.xml"], at=provider.url)
    report = ("--format", "json=report.json", "--retries", "9")
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "send", "sale.xml", "--api-url", provider.url, *fields(), *report),
        cwd=folder,
        env=surroundings(),
    )
    await asyncio.wait_for(waiting.wait(), 180)
    await until_put_off(tries=4)  # the pause after it lasts at least two seconds
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 5
    told = json.loads((folder / "report.json").read_text())["send"]
    assert (told["status"], "nothing was sent" in told["detail"]) == ("not-attempted", True)
    assert (await states(), provider.connections) == ([SendState.NOT_SENT], 4)


async def test_what_failed_after_it_was_accepted_does_not_look_accepted_when_repeated(
    provider: RawProvider, folder: Path
) -> None:
    assert (await send(provider, folder)).code == 0
    async with await open_ledger(meanings=POSTBACK_MEANINGS) as ledger:
        await ledger.record_postback({"code": "E102", "tracking-id": "MMS_MT_test"})
    again = await send(provider, folder, "--format", "json")
    told = json.loads(again.out)["send"]
    assert (again.code, provider.connections) == (5, 1)
    assert (told["status"], told["error_code"], told["recorded"]) == ("refused", "E102", True)
    assert "failed later with E102" in told["detail"]


async def test_the_api_key_is_not_in_the_ledger(provider: RawProvider, folder: Path) -> None:
    provider.act = answer(ACCEPTED.replace("MMS_MT_test", "sandbox-key"))
    where = folder / "ledger"
    ran = await send(provider, folder, "--ledger", str(where), "--idempotency-key", "my sandbox-key")
    assert (ran.code, provider.connections) == (0, 1)
    kept = all_bytes(where)
    assert b"15551230001" in kept
    assert b"sandbox-key" not in kept


@pytest.mark.parametrize("arguments", [("--version",), ("check", "sale.xml"), ("send", "--help")])
async def test_what_sends_nothing_does_not_load_the_database(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    script = (
        "import sys; from mmscheck.cli.main import main;"
        f"code = main({arguments!r}); sys.exit(code or 100 * ('sqlalchemy' in sys.modules))"
    )
    process = await asyncio.create_subprocess_exec(*(sys.executable, "-c", script), cwd=folder)
    assert await process.wait() == 0


async def test_a_send_that_is_stopped_while_its_report_is_written_is_not_said_to_be_undecided(
    provider: RawProvider, folder: Path
) -> None:
    pipe = folder / "report.json"
    reader = reads_nothing(pipe)
    await bind_files([folder / "sale.xml"], at=provider.url)
    given = ("--api-url", provider.url, *fields(), "--format", f"json={pipe}")
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "send", "sale.xml", *given),
        cwd=folder,
        env=surroundings(),
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(180):
        while await states() != [SendState.ACCEPTED]:  # noqa: ASYNC110 - another process brings it about
            await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 180)
    os.close(reader)
    assert process.returncode == 6, err
    assert b"interrupted before the report was written" in err
    assert b"MMS_MT_test" in err or b"ccepted" in err
