"""``mmscheck suppress``: the list by hand, from a file and to a file; and a send that it stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.base.url import authority_of
from mmscheck.send.order import provider_account
from tests.support.command import mmscheck

PHONE = "15551230001"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return tmp_path


async def run(lab: Path, *words: str, code: int = 0) -> str:
    where = () if "--ledger" in words else ("--ledger", "ledger.sqlite3")
    done = await mmscheck(*words, *where, cwd=lab)
    assert done.code == code, done
    return done.out + done.err


async def test_numbers_come_on_the_list_and_off_it_with_who_and_why(lab: Path) -> None:
    told = await run(lab, "suppress", "add", PHONE, "--reason", "asked by phone", "--who", "ann")
    assert "1 number put on the list of" in told
    assert str(lab) in told, "which ledger that is"
    listed = await run(lab, "suppress", "list")
    assert "…0001" in listed
    assert "asked by phone (ann)" in listed
    assert PHONE not in listed
    await run(lab, "suppress", "remove", PHONE, "--reason", "signed again", "--who", "bob")
    assert "(bob: signed again)" in await run(lab, "suppress", "list", "--to", PHONE)
    assert "Nothing is wrong" in await run(lab, "ledger", "verify")


async def test_an_export_is_imported_again(lab: Path) -> None:
    (lab / "old.csv").write_text("name,to\nAna,+1 555 123 0001\nBob,15551230002\n\n")
    (lab / "plain.txt").write_text("15551230003\n15551230002\n")
    assert "2 numbers" in await run(lab, "suppress", "import", "old.csv", "--reason", "from before")
    assert "1 number put" in await run(lab, "suppress", "import", "plain.txt", "--reason", "from before")
    assert "3 entries written" in await run(lab, "suppress", "export", "out.csv")
    assert await run(lab, "suppress", "export", "out.csv", code=2), "nothing is written over"
    again = ("suppress", "import", "out.csv", "--reason", "copied", "--ledger", "other.sqlite3")
    assert "3 numbers" in await run(lab, *again)
    assert (lab / "out.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("to\n15551230001\nSTOP\n", "line 3"),
        ("a,b\n1,2\n", "line 1: expected a column named to"),
        ("name\nAna\n", "line 1: expected a column named to"),
        ('to\n"1555', "line 2"),
    ],
)
async def test_a_file_with_what_is_no_number_puts_nobody_on_the_list(lab: Path, text: str, told: str) -> None:
    (lab / "numbers.csv").write_text(text)
    assert told in await run(lab, "suppress", "import", "numbers.csv", "--reason", "x", code=2)
    assert not (lab / "ledger.sqlite3").exists()


EXPORTED = ("account api.example.com", "sender 28444", "list_name sales", "list_name -50 %", "everything")


async def test_an_export_holds_elsewhere_what_it_held_here_and_no_more(lab: Path) -> None:
    for words in (
        ("--account", "https://API.example.com/gateway"),
        ("--from", "28444"),
        ("--list", "sales"),
        ("--list", "-50 %"),
        (),
    ):
        await run(lab, "suppress", "add", PHONE, "--reason", "asked", *words)
    await run(lab, "suppress", "export", "out.csv")
    other = ("--ledger", "other.sqlite3")
    again = ("suppress", "import", "out.csv", "--reason", "copied", *other)
    assert "line 2" in await run(lab, *again, "--list", "sales", code=2)
    assert "5 numbers" in await run(lab, *again)
    listed = await run(lab, "suppress", "list", "--to", PHONE, *other)
    assert [line.split("  ")[3] for line in listed.splitlines()[:-1]] == list(EXPORTED)
    assert "0 numbers" in await run(lab, *again), "all are on the list"


async def test_the_columns_of_another_programs_file_narrow_nothing(lab: Path) -> None:
    (lab / "crm.csv").write_text(f"to,account,list\n{PHONE},Acme Ltd,gold\n")
    await run(lab, "suppress", "import", "crm.csv", "--reason", "from the last provider")
    assert "  everything  " in await run(lab, "suppress", "list", "--to", PHONE)


@pytest.mark.parametrize(
    "words", [("--account", "Acme Ltd"), ("--account", "https://"), ("--from", "Acme"), ("--from", "+")]
)
async def test_a_scope_that_no_send_can_be_in_is_refused(lab: Path, words: tuple[str, str]) -> None:
    added = await run(lab, "suppress", "add", PHONE, "--reason", "asked", *words, code=2)
    assert repr(words[1]) in added
    assert "0 entries" in await run(lab, "suppress", "list")


@pytest.mark.parametrize("text", ["15551230001;Ann", "15551230001;5", "１５5551230001", "4915112345678;5"])  # noqa: RUF001
async def test_a_row_with_more_than_one_number_in_ascii_digits_puts_nobody_on_the_list(
    lab: Path, text: str
) -> None:
    """Digits taken out of it would be somebody else's number, and the one who said STOP would be texted."""
    (lab / "numbers.csv").write_text(f"to\n{text}\n")
    assert "line 2" in await run(lab, "suppress", "import", "numbers.csv", "--reason", "x", code=2)


@pytest.mark.parametrize(
    "url",
    [
        "https://API.example.com/x",
        "http://a.example:80",
        "http://a.example:443",
        "https://[::1]:99/",
        "http://u@b.example.:8080?y",
    ],
)
def test_an_account_is_named_as_sends_name_it(url: str) -> None:
    assert authority_of(url) == provider_account(url)
