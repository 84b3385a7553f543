"""Slips and habits of other programs: what is said to them is what helps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmscheck.cache.store import ResultCache
from mmscheck.cli.main import main
from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger.where import prepare
from tests.support.command import message, shell

GUESSES = {
    ("chek", "sale.xml"): "did you mean check?",
    ("ledgr", "list"): "did you mean ledger?",
    ("rules", "explian"): "did you mean explain?",
    ("ledger", "lst"): "did you mean list?",
    ("explain", "content-length"): "mmscheck rules explain",
    ("sale.xml",): "did you mean mmscheck check sale.xml?",
    ("https://media.example.com/a.jpg",): "did you mean mmscheck check https://media.example.com/a.jpg?",
    ("lint", "sale.xml", "--json"): "--format json",
    ("check", "sale.xml", "--output", "x.json"): "--format json=FILE",
    ("check", "sale.xml", "-o", "x.json"): "--format json=FILE",
    ("lint", "sale.xml", "--fix"): "changes no file",
    ("lint", "sale.xml", "--exit-zero"): "nothing changes what an exit code means",
    ("lint", "sale.xml", "--baselin", "x"): "did you mean --baseline?",
    ("check", "sale.xml", "--allownet", "x"): "did you mean --allow-net?",
    ("check", "sale.xml", "--sender", "shortcode"): "did you mean short-code?",
    ("check", "sale.xml", "--sender", "Toll_Free"): "did you mean toll-free?",
    ("send", "sale.xml", "--api-key", "x"): "never on the command line",
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sale.xml").write_text(message("<message-text>Hello</message-text>"))


@pytest.mark.parametrize("words", GUESSES, ids=" ".join)
def test_what_was_probably_meant_is_said(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert GUESSES[words] in said
    assert said.lower().count("did you mean") <= 1


@pytest.mark.parametrize("words", [("qqqq",), ("lint", "sale.xml", "--qqqq"), ("check", "--sender", "qqqq")])
def test_nothing_is_guessed_where_nothing_is_near(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert "did you mean" not in capsys.readouterr().err.lower()


def test_the_program_alone_shows_its_help_and_has_checked_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Usage: mmscheck")
    assert "Nothing was checked." in said


@pytest.mark.parametrize("words", [("help",), ("help", "check"), ("help", "rules", "explain")])
def test_help_is_a_word_too(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert f"Usage: mmscheck {' '.join(words[1:])}".rstrip() in capsys.readouterr().out


@pytest.mark.parametrize("words", [("version",), ("-V",), ("--version",)])
def test_the_version_is_told_to_each_who_asks(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("mmscheck ")


def test_quiet_has_a_letter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "-q", "sale.xml"]) == 0


@pytest.mark.parametrize("text", ["10", "10s", "2m", "0.5", "1h"])
@pytest.mark.parametrize("option", ["--timeout", "--deadline"])
def test_seconds_may_have_a_unit(option: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "sale.xml", option, text]) == 0


@pytest.mark.parametrize("text", ["0", "-1", "0s", "ten", "nan", "10 s", "", "1y", "inf"])
def test_what_is_no_time_is_refused_in_words(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "sale.xml", "--timeout", text]) == 2
    assert "expected seconds above 0, or a duration such as 10s or 2m" in capsys.readouterr().err


CONFIGURATIONS = {
    "sender = short-code\n": "put text in quotation marks",
    "strict = True\n": "write true in small letters",
    'strict = "true"\n': "expected true or false, got 'true': write it without quotation marks",
    'timeout = "5"\n': "write it without quotation marks",
    "[send]\nfrom = 28444\n": "put it in quotation marks",
    '[[waivers]]\nrule = "no-redirect"\nreason = "x"\nwho = "a"\nexpires = "2027-01-31"\n': (
        "expected a date such as 2027-01-31, got '2027-01-31': write it without quotation marks"
    ),
}


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_slips_of_quotation_marks_are_named(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mmscheck.toml").write_text(text)
    assert main(["lint", "sale.xml"]) == 2
    assert CONFIGURATIONS[text] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("photo-small.jpg", "a JPEG picture"),
        ("logo-small.png", "a PNG picture"),
        ("clip-small.mp4", "a film, sound or picture in MP4, MOV or HEIC"),
        ("contact-small.vcf", "a contact card"),
    ],
)
def test_a_file_that_is_no_document_is_called_what_it_is(
    name: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(__file__).parents[2] / "fixtures" / "media" / name
    assert main(["check", str(file)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert f"this is {what}, and no slide XML" in said
    assert "mmscheck lint" in said
    assert "byte 0x" not in said
    assert "\\x" not in said


@pytest.mark.parametrize("name", ["a.csv", "README.md", "noend"])
def test_a_file_that_is_no_medium_is_called_what_it_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(name).write_text('{"a": [1, 2, 3]}\n')
    assert main(["lint", name]) == 2
    said = capsys.readouterr()
    assert "neither slide XML nor a file that a message can hold" in " ".join((said.out + said.err).split())
    assert "among the types" not in said.out


def test_json_that_is_named_is_a_document_and_is_told_why_it_is_no_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("a.json").write_text('{"a": [1, 2, 3]}\n')
    assert main(["lint", "a.json"]) == 1
    assert "cannot be read as a stored message" in " ".join(capsys.readouterr().out.split())


def test_a_file_that_is_called_a_picture_is_still_judged_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.jpg").write_text('{"a": [1, 2, 3]}\n')
    assert main(["lint", "a.jpg"]) == 1


def test_a_code_of_the_provider_leads_to_the_rules_that_foresee_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rules", "explain", "E351"]) == 0
    said = capsys.readouterr().out
    assert "an image could not be fetched" in said
    assert "  content-length " in said
    assert "  not-chunked " in said
    assert main(["rules", "explain", "E987"]) == 2
    assert "list no such code" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["rules list", "rules list --format json", "rules explain subject-ascii"])
async def test_who_has_read_enough_of_a_list_hears_nothing_of_it(command: str, tmp_path: Path) -> None:
    ran = await shell(f"({command_of(command)}; echo $? >code) | true", cwd=tmp_path)
    assert (ran.err, (tmp_path / "code").read_text().strip()) == ("", "0")


async def test_who_stops_reading_a_verdict_is_told_that_it_was_not_whole(tmp_path: Path) -> None:
    ran = await shell(f"({command_of('lint sale.xml')}; echo $? >code) | true", cwd=tmp_path)
    assert (tmp_path / "code").read_text().strip() == "4"
    assert "stopped reading, as head does" in ran.err


def command_of(words: str) -> str:
    return f"sleep 0.5; mmscheck {words}"


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder that this user may not look into."""
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o700)
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    else:
        folder.chmod(0)
    try:
        yield folder
    finally:
        os.seteuid(mine)
        folder.chmod(0o700)


def test_a_cache_without_permission_is_told_with_the_way_out(locked: Path) -> None:
    with pytest.raises(UsageError, match="name one in a folder of yours"):
        ResultCache(locked / "kept", 600.0)


@pytest.mark.parametrize("name", ["ledger.sqlite3", "deep/ledger.sqlite3"])
def test_a_ledger_without_permission_is_told_with_the_way_out(name: str, locked: Path) -> None:
    with pytest.raises(LedgerError, match="--ledger FILE or MMSCHECK_LEDGER"):
        prepare(locked / name, create=True)
