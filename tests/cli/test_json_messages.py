"""Messages in JSON through the commands: the same answers and codes as for slide XML, with places."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mmscheck.cli.main import main
from mmscheck.fleet.sources import items
from tests.support.command import Ran

GOOD = """\
{
  "action": "savemms",
  "name": "spring",
  "message-subject": "Spring sale",
  "slide": [
    {"message-text": "Hello"}
  ]
}
"""


def run(cwd: Path, *arguments: object) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(map(str, arguments)))
    return Ran(code=code, out=out.getvalue(), err=err.getvalue())


def put(cwd: Path, name: str, text: str) -> Path:
    file = cwd / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def findings(ran: Ran) -> list[dict[str, Any]]:
    (message,) = json.loads(ran.out)["messages"]
    return [item for item in message["evaluations"] if item["outcome"] in {"failed", "cant-tell"}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GOOD, 0),
        (GOOD.replace("Spring sale", "Spring \U0001f33c"), 1),
        (GOOD.replace('"Hello"', '"Hello"]'), 1),
        (GOOD.replace("savemms", "sendmms").replace('"name": "spring",', '"from-mask": "ACME",'), 3),
    ],
)
@pytest.mark.parametrize("command", ["check", "lint"])
def test_the_codes_are_those_of_slide_xml(tmp_path: Path, command: str, text: str, code: int) -> None:
    put(tmp_path, "sale.json", text)
    assert run(tmp_path, command, "sale.json").code == code


def test_a_finding_has_line_column_pointer_and_a_caret(tmp_path: Path) -> None:
    put(tmp_path, "sale.json", GOOD.replace("Spring sale", "Spring \u00e9t\u00e9"))
    text = run(tmp_path, "lint", "sale.json").out
    assert "subject-ascii (sale.json:4:22, message-subject)" in text
    line, carets = text.partition("\n          4 | ")[2].split("\n")[:2]
    assert carets.partition("| ")[2] == " " * line.index("\u00e9") + "^ ^"
    (item,) = findings(run(tmp_path, "lint", "sale.json", "--format", "json"))
    assert (item["line"], item["evidence"]["column"], item["evidence"]["pointer"]) == (
        4,
        22,
        "message-subject",
    )


def test_a_slide_and_a_medium_are_pointed_at(tmp_path: Path) -> None:
    slides = '{"message-text": "Hello"},\n    {"image": {"url": "a.jpg"}}, {}'
    put(tmp_path, "sale.json", GOOD.replace('{"message-text": "Hello"}', slides))
    items = findings(run(tmp_path, "lint", "sale.json", "--format", "json"))
    places = {
        item["rule"]: (item["line"], item["evidence"]["column"], item["evidence"]["pointer"])
        for item in items
    }
    assert places["url-absolute"] == (7, 23, "slide[1].image.url")
    assert places["slide-not-empty"] == (7, 34, "slide[2]")


def test_what_cannot_be_read_is_a_finding_with_its_place(tmp_path: Path) -> None:
    put(tmp_path, "sale.json", GOOD.replace('"name"', '"action"'))
    ran = run(tmp_path, "check", "sale.json", "--format", "json")
    item = next(each for each in findings(ran) if each["rule"] == "xml-well-formed")
    assert ran.code == 1
    assert (item["line"], item["evidence"]["column"]) == (3, 3)
    assert "the key action is there twice: also on line 2, column 3" in item["message"]


def test_folders_are_walked_for_messages_and_other_json_is_counted(tmp_path: Path) -> None:
    put(tmp_path, "all/sale.json", GOOD)
    put(tmp_path, "all/package.json", '{"name": "tools", "version": "1.0.0"}')
    put(tmp_path, "all/broken.json", GOOD[:-5])
    ran = run(tmp_path, "lint", "all", "--format", "json")
    report = json.loads(ran.out)
    assert [Path(each["source"]).name for each in report["messages"]] == ["broken.json", "sale.json"]
    assert "1 .json file holds no message, and was left out." in report["allowances"]


def test_an_archive_gives_its_messages_in_json(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("sale.json", GOOD)
        archive.writestr("package.json", '{"name": "tools"}')
    found = list(items((str(tmp_path / "all.zip"),)))
    assert [getattr(each, "other", None) for each in found] == [None, True]


def test_another_json_is_skipped_and_a_message_never(tmp_path: Path) -> None:
    put(tmp_path, "sale.json", GOOD)
    put(tmp_path, "broken.json", GOOD.replace(",", ""))
    put(tmp_path, "package.json", '{"name": "tools"}')
    others = ("lint", "--skip-other-xml", "package.json")
    assert run(tmp_path, *others).code == 0
    assert run(tmp_path, *others, "sale.json").code == 0
    assert run(tmp_path, *others, "broken.json").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("save", "sale.json", "--dry-run"),
        ("send", "sale.json", "--mms-id", "1", "--to", "15551230001", "--dry-run"),
    ],
)
def test_no_call_is_made_for_a_message_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MMSCHECK_LEDGER", str(tmp_path / "ledger.db"))
    put(tmp_path, "sale.json", GOOD)
    ran = run(tmp_path, *arguments)
    assert ran.code == 2
    assert "is JSON: mmscheck checks it, and does not yet make calls of the JSON API" in ran.err


def test_a_message_in_json_is_not_mended_and_said_so(tmp_path: Path) -> None:
    put(tmp_path, "sale.json", GOOD.replace("Spring sale", "Caf\u00e9"))
    ran = run(tmp_path, "fix", "sale.json", "--output", "mended")
    assert ran.code == 1
    assert "documents in JSON are not yet written anew" in ran.out
    assert not (tmp_path / "mended" / "sale.json").exists()


def test_of_a_message_in_json_whose_file_got_another_name_nothing_is_kept(tmp_path: Path) -> None:
    media = Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.heic"
    (tmp_path / "photo.heic").write_bytes(media.read_bytes())
    put(tmp_path, "mmscheck.toml", '[assets]\n"http://media.example.com/" = "."\n')
    image = '{"image": {"url": "http://media.example.com/photo.heic"}}'
    put(tmp_path, "sale.json", GOOD.replace('{"message-text": "Hello"}', image))
    ran = run(tmp_path, "fix", "sale.json", "photo.heic", "--output", "mended")
    assert ran.code == 1
    assert "photo.heic is now photo.jpg" in ran.out or "not yet written anew" in ran.out
    assert not (tmp_path / "mended" / "sale.json").exists()


def test_a_good_message_in_json_is_copied_as_it_is(tmp_path: Path) -> None:
    put(tmp_path, "sale.json", GOOD)
    assert run(tmp_path, "fix", "sale.json", "--output", "mended").code == 0
    assert (tmp_path / "mended" / "sale.json").read_text(encoding="utf-8") == GOOD
