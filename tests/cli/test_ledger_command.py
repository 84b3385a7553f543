"""``mmscheck ledger``, ``hold`` and ``release``: what they print and how they end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmscheck.cli import main as program
from mmscheck.ledger import Ledger, open_ledger
from tests.support.ledgers import MEANINGS, accepted, claimed, refused, unguarded, unknown

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def where(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.sqlite3")


@pytest.fixture
def run(where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for name in ("ledger", "hold", "release"):
        monkeypatch.setitem(program.SUBCOMMANDS, name, program.SUBCOMMANDS.get(name, "see its help"))
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
    code, out, _ = run("hold", "wrong\x1b picture", "--who", "ann")
    assert (code, out.startswith("held: wrong\\x1b picture (ann, since ")) == (0, True)
    code, out, _ = run("release", "--who", "bob", "--format", "json")
    assert (code, [hold["who"] for hold in json.loads(out)]) == (0, ["ann"])
    assert run("release", "--who", "bob")[:2] == (0, "nothing was held\n")
