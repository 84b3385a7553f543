"""No command writes over what it reads, its configuration or its ledger, whatever a writing option says."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from mmscheck.cli.fleet import FORMATS as RUN_FORMATS
from mmscheck.cli.main import main
from mmscheck.cli.spared import READ as SPARED
from mmscheck.cli.spared import WRITTEN as GUARDED
from mmscheck.diff import DIFF_FORMATS
from mmscheck.fix.report import FIX_FORMATS
from mmscheck.report import FORMATS
from tests.support.command import fields, image, message
from tests.support.commands import MADE, NEITHER, READ, WRITTEN, commands

PHOTO = Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg"
CONFIG = """
ca-file = "configured.pem"
extra-rules = ["own"]
[assets]
"http://media.example.com/" = "assets"
"""
LEDGER = "ledger.sqlite3"

CONFIGURED = ("configured.pem", "own/slide/own.toml", "assets/photo-small.jpg")
"""What the lab's configuration names; diff reads none."""

ALWAYS = (
    *("mmscheck.toml", "pyproject.toml", *CONFIGURED),
    *(LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm", "state/mmscheck/ledger.sqlite3"),
)
"""What a run that finds the lab's own configuration reads or must spare besides its inputs."""

_SEND = ("send", "sale.xml", *fields())
_MANY = ("send", "sale.xml", *fields(to=None), "--recipients", "people.csv")
RUNS: dict[str, tuple[tuple[str, ...], ...]] = {
    "check": (("check", "sale.xml", "msgs"),),
    "lint": (("lint", "sale.xml", "msgs"),),
    "fix": (("fix", "sale.xml", "msgs", "--output", "mended"),),
    "send": (_SEND, _MANY),
    "save": (("save", "sale.xml"),),
    "bind": (("bind", "100001", "sale.xml", "--api-url", "http://127.0.0.1:9/"),),
    "delete": (("delete", "100001", "--yes", "--api-url", "http://127.0.0.1:9/"),),
    "report": (("report", "a-run"),),
    "diff": (("diff", "old.json", "new.json"),),
    "postbacks": (("postbacks", "--listen", "127.0.0.1:0"),),
    "serve": (("serve", "--listen", "127.0.0.1:0"),),
    "ledger list": (("ledger", "list"),),
    "ledger show": (("ledger", "show", "1"),),
    "ledger resolve": (("ledger", "resolve", "1", "--as", "sent", "--reason", "seen"),),
    "ledger postbacks": (("ledger", "postbacks"),),
    "ledger summary": (("ledger", "summary"),),
    "ledger copy": (("ledger", "copy", "copied.sqlite3"),),
    "ledger adopt": (("ledger", "adopt", "--reason", "seen"),),
    "ledger saves": (("ledger", "saves"),),
    "ledger deletions": (("ledger", "deletions"),),
    "ledger proofs": (("ledger", "proofs"),),
    "ledger verify": (("ledger", "verify"),),
    "ledger forget": (("ledger", "forget", "15551230001", "--reason", "asked"),),
    "ledger export": (("ledger", "export", "15551230001"),),
    "suppress add": (("suppress", "add", "15551230001", "--reason", "asked"),),
    "suppress remove": (("suppress", "remove", "15551230001", "--reason", "asked"),),
    "suppress list": (("suppress", "list"),),
    "suppress import": (("suppress", "import", "people.csv", "--reason", "asked"),),
    "suppress export": (("suppress", "export", "out.csv"),),
    "hold": (("hold", "stop"),),
    "release": (("release",),),
}
"""The commands that write a file that somebody names, each as it is run here."""

FLAGS = {
    "config_file": "--config",
    "ca_file": "--ca-file",
    "api_ca_file": "--api-ca-file",
    "api_key_file": "--api-key-file",
    "secret_file": "--secret-file",
    "tokens_file": "--tokens",
    "recipients": "--recipients",
    "proof": "--proof",
    "baseline": "--baseline",
}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything that any command reads, and a ledger that somebody has open."""
    for name, text in {
        "sale.xml": message(image("photo-small.jpg")),
        "msgs/deep/b.xml": message(image("photo-small.jpg")),
        "mmscheck.toml": CONFIG,
        "named.toml": CONFIG,
        "pyproject.toml": '[project]\nname = "x"\n',
        "own/slide/own.toml": "",
        "a-run/run.json": "{}",
        "people.csv": "to\n15551230001\n",
        "phones.csv": "to,name\n15551230001,Ann\n",
        "plain.toml": "",
        **dict.fromkeys(("configured.pem", "ca.pem", "api-ca.pem"), trustme.CA().cert_pem.bytes().decode()),
        **dict.fromkeys(("key", "secret"), "0123456789abcdef"),
        "tokens.toml": f'[tokens.a]\nsha256 = "{"0" * 64}"\nrights = ["check"]\n',
        **dict.fromkeys(("old.json", "new.json"), "{}"),
        "known.json": '{"mmscheck-baseline": 1, "faults": []}',
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for folder in ("assets", "msgs"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "photo-small.jpg").write_bytes(PHOTO.read_bytes())
    (tmp_path / "msgs" / "photo.jpg").write_bytes(PHOTO.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("MMSCHECK_API_KEY", "sandbox-key")
    return tmp_path


@pytest.fixture
def ledgers(lab: Path) -> Iterator[Path]:
    """The lab, with its ledger and the default one in use."""
    places = (lab / LEDGER, lab / "state" / "mmscheck" / "ledger.sqlite3")
    places[1].parent.mkdir(parents=True)
    opened = [sqlite3.connect(place) for place in places]
    for one in opened:
        one.execute("PRAGMA journal_mode = WAL")
        one.execute("CREATE TABLE t (x)")
    yield lab
    for one in opened:
        one.close()


def contents(folder: Path) -> dict[str, bytes | str]:
    """Every file below, and where every link leads."""
    return {
        str(each.relative_to(folder)): str(each.readlink()) if each.is_symlink() else each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_symlink() or each.is_file()
    }


PLAIN = ("lint", "--config", "plain.toml", "sale.xml")

Refused = Callable[..., None]

SAYS = ("this would overwrite", "goes to the same file", "the name of a configuration", "is a database")


@pytest.fixture
def refused(lab: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command, which has to end with 2 because of the guard, and to leave the lab as it was."""

    def run(*arguments: str) -> None:
        before = contents(lab)
        code, told = main(arguments), capsys.readouterr().err
        assert (code, any(words in told for words in SAYS)) == (2, True), (arguments, told)
        assert contents(lab) == before, arguments

    return run


def names(words: str) -> set[str]:
    return {param.name or "" for param in dict(commands())[words].params}


def read_by(words: str, run: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The files that this run reads as its parameters say, each with the flag that names it, if one does."""
    for name in sorted(names(words) & READ.keys()):
        if name not in {"recipients", "proof"} or "--recipients" in run:
            flag = FLAGS.get(name)
            named = flag is not None and flag not in run
            read = (file for file in READ[name] if words != "check" or not file.endswith(".jpg"))
            yield from ((file, (flag or "", file) if named else ()) for file in read)


def forms(words: str) -> tuple[str, ...]:
    return tuple({"diff": DIFF_FORMATS, "fix": FIX_FORMATS, "report": RUN_FORMATS}.get(words, FORMATS))


def test_every_parameter_of_every_command_is_known_to_read_write_or_neither() -> None:
    known = READ.keys() | WRITTEN | MADE | NEITHER
    for words, _ in commands():
        assert names(words) <= known, f"{words}: what does {names(words) - known} do to files?"
        if names(words) & WRITTEN:
            assert words in RUNS, f"{words} writes files: say in RUNS how it is run"


def test_the_guard_knows_all_of_them() -> None:
    assert set(GUARDED) == WRITTEN
    assert set(SPARED) == READ.keys() - {
        "path",
        "paths",
        "old",
        "new",
        "folders",
        "media_dir",
        "tls",
        "cluster_tls",
        "run",
    }


@pytest.mark.parametrize("words", [words for words in RUNS if "formats" in names(words)])
def test_no_report_replaces_what_is_read(words: str, ledgers: Path, refused: Refused) -> None:
    for run in RUNS[words]:
        for file, flag in read_by(words, run):
            for form in forms(words):
                refused(*run, *flag, "--format", f"{form}={file}")
        for file in ALWAYS:
            if words in {"diff", "report"} and file in CONFIGURED:
                continue
            ledger = ("--ledger", LEDGER) if "where" in names(words) and file.startswith(LEDGER) else ()
            refused(*run, *ledger, "--format", f"{forms(words)[-1]}={file}")


def test_no_row_log_replaces_what_is_read(ledgers: Path, refused: Refused) -> None:
    for file in ("sale.xml", "people.csv", "key", "ca.pem", *ALWAYS):
        ledger = ("--ledger", LEDGER) if file.startswith(LEDGER) else ()
        refused(*_MANY, "--api-key-file", "key", "--ca-file", "ca.pem", *ledger, "--row-log", file)
    refused(*_MANY, "--row-log", "same.txt", "--format", "json=same.txt")


def test_no_baseline_replaces_what_is_read(ledgers: Path, refused: Refused) -> None:
    for file in ("sale.xml", "msgs/photo.jpg", *ALWAYS):
        refused("lint", "sale.xml", "msgs", "--write-baseline", file)
    refused("lint", "sale.xml", "--write-baseline", "same.txt", "--format", "json=same.txt")


@pytest.mark.parametrize("words", [words for words in RUNS if "where" in names(words)])
def test_no_ledger_is_made_of_what_is_read(words: str, lab: Path, refused: Refused) -> None:
    (lab / "mmscheck.toml").write_text("")
    run = RUNS[words][0]
    for file, flag in read_by(words, run):
        if not flag:
            (lab / file).write_text("")  # SQLite makes a database of an empty file
        for where in (file, f"sqlite:///{file}", f"sqlite:///{lab / file}"):
            refused(*run, *flag, "--ledger", where)
    refused(*run, "--ledger", "mmscheck.toml")


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("how", ["path", "url", "environment", "default"])
def test_no_report_takes_the_place_of_a_ledger_that_is_still_to_be_made(
    end: str, how: str, lab: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = "led.sqlite3"
    given: tuple[str, ...] = ("--ledger", file)
    if how == "url":
        given = ("--ledger", f"sqlite:///{lab}/led.sqlite3")
    elif how == "environment":
        given = ()
        monkeypatch.setenv("MMSCHECK_LEDGER", "led.sqlite3")
    elif how == "default":
        file, given = "state/mmscheck/ledger.sqlite3", ()
        (lab / "state" / "mmscheck").mkdir(parents=True)
    other = str(Path(file).with_name(Path(file).name.upper()))
    for run in (_SEND, ("save", "sale.xml"), RUNS["bind"][0]):
        refused(*run, *given, "--format", f"json={file}{end}")
        refused(
            *run,
            *given,
            "--format",
            f"json={other}{end}",
        )
    refused(*_MANY, *given, "--row-log", f"{file}{end}")


def spellings(lab: Path, file: str) -> Iterator[str]:
    """Other names of the same file."""
    yield str(lab / file)
    yield f"./msgs/../{file}"
    (lab / "soft").symlink_to(lab / file)
    yield "soft"
    os.link(lab / file, lab / "hard")
    yield "hard"
    (lab / "way").symlink_to(lab)
    yield f"way/{file}"


@pytest.mark.parametrize("file", ["sale.xml", "msgs/photo.jpg", "mmscheck.toml", "assets/photo-small.jpg"])
@pytest.mark.parametrize("command", ["lint", "check"])
def test_links_and_other_spellings_are_the_same_file(
    command: str, file: str, lab: Path, refused: Refused
) -> None:
    if command == "check" and file == "msgs/photo.jpg":
        file = "msgs/deep/b.xml"
    for name in spellings(lab, file):
        # A report takes the place of a link, so what check does not read is not touched through a hard one.
        if (command, file, name) != ("check", "assets/photo-small.jpg", "hard"):
            refused(command, "sale.xml", "msgs", "--format", f"json={name}")


def test_an_input_that_is_a_link_is_spared_under_both_names(lab: Path, refused: Refused) -> None:
    (lab / "linked.xml").symlink_to("sale.xml")
    refused("lint", "linked.xml", "--format", "json=sale.xml")
    refused("lint", "linked.xml", "--format", "json=linked.xml")


def test_names_that_differ_in_case_alone_are_taken_for_one_unless_both_are_there(
    lab: Path, refused: Refused
) -> None:
    refused("lint", "sale.xml", "--format", "json=SALE.XML")
    (lab / "SALE.XML").write_text("another file")
    if (lab / "sale.xml").read_text() != "another file":  # on a disk that tells them apart
        assert main((*PLAIN, "--format", "json=SALE.XML")) == 0


def test_pages_of_a_report_never_take_an_input_with_them(lab: Path, refused: Refused) -> None:
    pages = lab / "r_files"
    pages.mkdir()
    (pages / ".mmscheck-report").write_text("")
    (pages / "in.xml").write_text(message(image("photo-small.jpg")))
    refused("lint", "r_files/in.xml", "--format", "html=r.html")
    refused("lint", "sale.xml", "--format", "html=r.html", "--format", "json=r_files/x.json")


def test_a_kept_result_is_no_place_for_a_report(lab: Path, refused: Refused) -> None:
    (lab / "kept").mkdir(mode=0o700)
    (lab / "kept" / "entry").write_text("")
    refused("check", "sale.xml", "--cache", "kept", "--format", "json=kept/entry")


def test_standard_input_from_a_file_is_an_input(
    lab: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (lab / "sale.xml").open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        refused("lint", "-", "--format", "json=sale.xml")


def test_reports_beside_inputs_and_among_assets_are_still_written_twice(lab: Path) -> None:
    (lab / "plain.toml").write_text('[assets]\n"http://media.example.com/" = "assets"\n')
    for name in ("msgs/report.json", "assets/report.json", "report.html"):
        for _ in range(2):
            assert main((*PLAIN, "msgs", "--format", f"{name[-4:].strip('.')}={name}")) == 0
