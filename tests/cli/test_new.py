"""``mmscheck new``: files that pass, and never in the place of others."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from mmscheck.cli.main import main


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_new_message_passes_lint_strictly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "message"]) == 0
    assert "mmscheck lint message.xml" in capsys.readouterr().out
    assert main(["lint", "--strict", "message.xml"]) == 0


def test_the_new_schema_takes_the_new_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "message", "sale.xml"]) == 0
    assert main(["new", "schema", "our.xsd"]) == 0
    assert "our.xsd" in capsys.readouterr().out
    assert etree.XMLSchema(etree.parse("our.xsd")).validate(etree.parse("sale.xml"))


@pytest.mark.parametrize("what", ["message", "schema"])
@pytest.mark.parametrize("there", ["file", "folder", "dangling link"])
def test_what_is_there_stays(what: str, there: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = Path("x")
    if there == "file":
        place.write_text("mine")
    elif there == "folder":
        place.mkdir()
    else:
        place.symlink_to("nowhere")
    assert main(["new", what, "x"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert not Path("nowhere").exists()
    assert there != "file" or place.read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "message", "no/such/folder.xml"]) == 2
    assert "no/such/folder.xml: cannot be written: No such file or directory" in capsys.readouterr().err


def test_a_dash_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "message", "-"]) == 0
    assert capsys.readouterr().out.startswith("<?xml")
    assert list(Path().iterdir()) == []
