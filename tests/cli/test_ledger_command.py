"""``mmscheck ledger``, ``hold`` and ``release``: what they print and how they end."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mmscheck.cli import main as program
from mmscheck.errors import UsageError
from mmscheck.ledger import Ledger, Save, open_ledger
from tests.support.ledgers import MEANINGS, accepted, claimed, refused, unguarded, unknown

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def where(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.sqlite3")


@pytest.fixture
def run(where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("MMSCHECK_LEDGER", where)

    def called(*arguments: str) -> tuple[int, str, str]:
        code = program.main(arguments)
        return (code, *capsys.readouterr())

    return called


@pytest.fixture
def filled(where: str) -> str:
    async def fill() -> None:
        async with await open_ledger(where, meanings=MEANINGS) as ledger:
            await _fill(ledger)

    asyncio.run(fill())
    return where


async def _fill(ledger: Ledger) -> None:
    await ledger.answer(await claimed(ledger, "key-1", campaign="may", row=4), accepted("T1"))
    await ledger.answer(await claimed(ledger, "key-2"), unknown())
    await ledger.answer(await claimed(ledger, "key-3", mms_id="9\x1b[2J"), refused())
    await ledger.record_postback({"code": "E102", "tracking-id": "T1", "status": "Sent/Rejected"})
    await ledger.record_postback(
        {"code": "N101", "tracking-id": "T9", "mms-id": "100001", "to": "15550000002"}
    )


def test_a_list_has_a_line_for_each_send(run: Run, filled: str) -> None:
    code, out, err = run("ledger", "list")
    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 5)
    assert [line.split()[:2] for line in lines[1:4]] == [["1", "failed"], ["3", "unknown"], ["5", "refused"]]
    assert "[may, row 4]" in lines[1]
    assert len({line.index(word) for line, word in zip(lines[1:3], ("100001", "100001"), strict=True)}) == 1
    assert "\x1b" not in out
    assert "\\x1b[2J" in lines[3]
    assert lines[4] == "3 sends"


def test_a_list_can_be_narrowed(run: Run, filled: str) -> None:
    for arguments, wanted in (
        (("--state", "unknown"), [3]),
        (("--false-permits",), [1]),
        (("--campaign", "may"), [1]),
        (("--state", "sent"), []),
    ):
        code, out, _ = run("ledger", "list", *arguments, "--format", "json")
        assert (code, [send["id"] for send in json.loads(out)]) == (0, wanted)


def test_a_send_is_shown_with_its_history_and_what_may_be_about_it(run: Run, filled: str) -> None:
    code, out, _ = run("ledger", "show", "3")
    assert code == 0
    assert "send-intended" in out
    assert "send-unknown" in out
    assert "not decided" in out
    assert "T9" in out
    code, out, _ = run("ledger", "show", "1", "--format", "json")
    shown = json.loads(out)
    assert [row["kind"] for row in shown["history"]] == ["send-intended", "send-accepted", "send-failed"]
    assert [row["code"] for row in shown["postbacks"]] == ["E102"]


def test_an_unknown_send_is_resolved_once(run: Run, filled: str) -> None:
    words = ("ledger", "resolve", "3", "--as", "sent", "--reason", "the phone has it", "--who", "ann")
    code, out, _ = run(*words)
    assert (code, out.split()[1]) == (0, "resolved-sent")
    code, _, err = run(*words)
    assert (code, "only what is unknown can be" in err) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ledger", "show", "99"),
        ("ledger", "resolve", "99", "--as", "sent", "--reason", "x", "--who", "ann"),
        ("ledger", "resolve", "3", "--as", "sent"),
        ("ledger", "resolve", "3", "--as", "perhaps", "--reason", "x"),
        ("ledger", "resolve", "3", "--as", "sent", "--reason", " ", "--who", "ann"),
        ("ledger", "list", "--state", "gone"),
        ("ledger", "list", "--ledger", "mysql://x/y"),
        ("hold",),
        ("hold", ""),
    ],
)
def test_what_cannot_be_done_is_exit_2(run: Run, filled: str, arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("mmscheck: ")


def test_verify_tells_tampering_by_its_exit_code(run: Run, filled: str) -> None:
    code, out, _ = run("ledger", "verify")
    assert (code, out.startswith("Nothing is wrong with ")) == (0, True)
    asyncio.run(unguarded(filled, "UPDATE history SET at = 1 WHERE seq = 2"))
    code, out, _ = run("ledger", "verify")
    assert (code, out.splitlines()[0]) == (1, "row 2: its content was changed (send-accepted of sends 1)")
    code, out, _ = run("ledger", "verify", "--format", "json")
    assert (code, json.loads(out)["found"][0]["seq"]) == (1, 2)


@pytest.mark.parametrize("arguments", [("list",), ("show", "1"), ("verify",)])
def test_no_ledger_is_exit_4_and_none_is_made(run: Run, where: str, arguments: tuple[str, ...]) -> None:
    code, out, err = run("ledger", *arguments)
    assert (code, out) == (4, "")
    assert "there is no ledger at" in err
    assert "Nothing was sent" not in err
    assert not Path(where).exists()


def test_an_id_that_is_not_there_points_to_the_list(run: Run, filled: str) -> None:
    code, out, err = run("ledger", "show", "99", "--ledger", filled)
    assert (code, out) == (2, "")
    assert "there is no send 99 in the ledger; `mmscheck ledger list` shows the ids" in err
    assert "Nothing was checked" not in err


@pytest.mark.parametrize("arguments", [("resolve", "abc"), ("resolve", "1", "--as", "nope")])
def test_what_checks_nothing_does_not_say_that_nothing_was_checked(
    run: Run, arguments: tuple[str, ...]
) -> None:
    code, out, err = run("ledger", *arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"See mmscheck ledger {arguments[0]} --help."
    assert "Nothing was checked" not in err


def test_a_ledger_that_cannot_be_written_is_exit_4(run: Run, tmp_path: Path) -> None:
    code, _, err = run("hold", "stop", "--ledger", str(tmp_path))
    assert (code, "cannot be written" in err) == (4, True)


def test_hold_and_release_say_what_they_did(run: Run, where: str) -> None:
    code, out, _ = run("hold", "wrong\x1b picture", "--who", "ann", "--new")
    assert (code, out.startswith("held: wrong\\x1b picture (ann, since ")) == (0, True)
    code, out, _ = run("release", "--who", "bob", "--format", "json")
    assert (code, [hold["who"] for hold in json.loads(out)]) == (0, ["ann"])
    code, out, _ = run("release", "--who", "bob", "--new")
    assert (code, out) == (0, f"nothing was held\nledger {where}: 0 sends in flight, never sent\n")


def test_hold_names_the_ledger_and_what_goes_through_it(run: Run, filled: str) -> None:
    code, out, err = run("hold", "wrong picture", "--who", "ann")
    held, told = out.splitlines()
    assert (code, err, held.startswith("held: wrong picture (ann, since ")) == (0, "", True)
    assert re.fullmatch(
        rf"ledger {re.escape(filled)}: 0 sends in flight, last sent \d+ (seconds|minutes) ago", told
    )
    code, out, err = run("release", "--who", "ann", "--format", "json")
    assert (code, len(json.loads(out))) == (0, 1)
    assert err.startswith(f"ledger {filled}: 0 sends in flight, last sent ")


def test_hold_counts_what_is_in_flight(run: Run, where: str) -> None:
    """The one in flight belongs to this very process, which is at work still."""

    async def claim() -> None:
        async with await open_ledger(where) as ledger:
            await claimed(ledger)

    asyncio.run(claim())
    assert "1 send in flight" in run("hold", "stop", "--who", "ann")[1]


@pytest.mark.parametrize("command", [("hold", "stop"), ("release",)])
def test_a_ledger_that_nobody_uses_is_exit_2(run: Run, where: str, command: tuple[str, ...]) -> None:
    done = "held" if command[0] == "hold" else "released"
    for made in (False, True):
        if made:
            asyncio.run(_opened(where))
        code, out, err = run(*command, "--who", "ann")
        assert (code, out) == (2, "")
        assert where in err
        assert f"nothing was {done}. Name the ledger that the sends go through" in err
        assert Path(where).exists() == made
    assert run(*command, "--who", "ann", "--new")[0] == 0


async def _opened(where: str) -> None:
    await (await open_ledger(where)).close()


def test_a_hold_of_a_new_ledger_is_let_go_without_a_word(run: Run, where: str) -> None:
    assert run("hold", "stop", "--who", "ann", "--new")[0] == 0
    assert run("release", "--who", "ann")[0] == 0


def test_a_bound_id_makes_it_the_one_that_is_used(run: Run, where: str) -> None:
    async def bind() -> None:
        async with await open_ledger(where) as ledger:
            await ledger.record_save(Save(mms_id="1", digest="sha256:a"))

    asyncio.run(bind())
    code, out, _ = run("hold", "stop", "--who", "ann")
    assert (code, "never sent" in out) == (0, True)


@pytest.mark.parametrize(
    "command",
    [
        ("hold", "stop"),
        ("release",),
        ("ledger", "list"),
        ("ledger", "verify"),
        ("ledger", "copy", "copy"),
        ("ledger", "adopt", "--reason", "x"),
        ("ledger", "saves"),
        ("ledger", "postbacks"),
        ("postbacks", "--listen", "127.0.0.1:0", "--no-secret"),
        ("save", "sale.xml"),
        ("send", "sale.xml"),
        ("send", "sale.xml", "--dry-run"),
        ("send", "sale.xml", "--recipients", "people.csv"),
        ("bind", "1", "sale.xml"),
    ],
)
def test_a_variable_that_is_set_to_nothing_is_exit_2(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for empty in ("", " "):
        monkeypatch.setenv("MMSCHECK_LEDGER", empty)
        code, out, err = run(*command)
        assert (code, out) == (2, "")
        assert "is empty: give" in err
    assert not (tmp_path / "state").exists()


async def test_the_library_reads_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMSCHECK_LEDGER", str(tmp_path / "shared"))
    async with await open_ledger() as ledger:
        assert ledger.shown == str(tmp_path / "shared")
    async with await open_ledger(str(tmp_path / "other")) as ledger:
        assert ledger.shown == str(tmp_path / "other")
    monkeypatch.setenv("MMSCHECK_LEDGER", "")
    with pytest.raises(UsageError, match="MMSCHECK_LEDGER is empty"):
        await open_ledger()


def test_a_copy_is_whole_while_the_ledger_is_in_use(run: Run, filled: str, tmp_path: Path) -> None:
    copy = tmp_path / "kept"

    async def copied() -> str:
        async with await open_ledger(filled) as ledger:
            head = await asyncio.to_thread(run, "ledger", "copy", str(copy))
            assert head[0] == 0
            assert head[2] == f"copied {filled} to {copy}\n"
            await claimed(ledger, "key-9")
            return head[1].strip()

    head = asyncio.run(copied())
    assert re.fullmatch(r"\d+:[0-9a-f]{64}", head)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.glob("kept*")] == ["kept"]
    code, out, _ = run("ledger", "verify", "--expect", head)
    assert (code, out.splitlines()[0].startswith("Nothing is wrong")) == (0, True)
    code, out, _ = run("ledger", "list", "--ledger", str(copy), "--format", "json")
    assert [send["id"] for send in json.loads(out)] == [1, 3, 5]


@pytest.mark.parametrize("name", ["kept", "kept-wal", "kept-shm", "kept-journal", "kept-head"])
@pytest.mark.parametrize("what", ["file", "folder", "broken link"])
def test_a_copy_is_never_made_over_anything(
    run: Run, filled: str, tmp_path: Path, name: str, what: str
) -> None:
    there = tmp_path / name
    if what == "broken link":
        there.symlink_to(tmp_path / "nowhere")
    elif what == "folder":
        there.mkdir()
    else:
        there.write_text("mine")
    before = sorted(one.name for one in tmp_path.iterdir())
    code, out, err = run("ledger", "copy", str(tmp_path / "kept"))
    assert (code, out) == (2, "")
    assert f"{there} is there already" in err
    assert sorted(one.name for one in tmp_path.iterdir()) == before
    assert what != "file" or there.read_text() == "mine"


def test_a_copy_that_fails_leaves_nothing(run: Run, filled: str, tmp_path: Path) -> None:
    code, out, err = run("ledger", "copy", str(tmp_path / "no folder" / "kept"))
    assert (code, out) == (4, "")
    assert "could not be copied" in err
    code, _, err = run("ledger", "copy", filled)
    assert (code, "is there already" in err) == (2, True)


def test_a_ledger_that_is_behind_is_adopted_with_a_reason(run: Run, filled: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert run("ledger", "copy", str(kept))[0] == 0
    assert run("ledger", "adopt", "--reason", "x", "--who", "ann")[0] == 2
    assert run("hold", "stop", "--who", "ann")[0] == 0
    kept.replace(filled)
    code, out, _ = run("ledger", "verify")
    assert (code, "rows are missing" in out) == (1, True)
    assert run("ledger", "adopt", "--who", "ann")[0] == 2
    code, _, err = run("ledger", "adopt", "--reason", "only a hold is missing", "--who", "ann")
    assert (code, "is gone on with" in err) == (0, True)
    assert run("ledger", "verify")[0] == 0


def test_what_a_disk_error_needs_is_said(run: Run, filled: str) -> None:
    Path(filled).write_bytes(Path(filled).read_bytes()[:5000])
    code, _, err = run("ledger", "list")
    assert code == 4
    assert "Stop everything that uses it" in err
