from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from msgspec.structs import replace

from mmscheck.cli.output import MARK, destinations, write_reports, write_site
from mmscheck.errors import ReportError
from mmscheck.model.observation import Fetched
from mmscheck.report import View
from mmscheck.report.html import MOST_IN_ONE, site
from tests.support import html_reports, reports

MANY = html_reports.many(MOST_IN_ONE + 5, distinct=7)


def links(page: str) -> list[str]:
    return [link for link in re.findall(r'href="([^"]*)"', page) if not link.startswith(("#", "data:"))]


def _fetched(view: View) -> Iterator[Fetched]:
    for message in view.report.messages:
        yield from (seen for seen in message.observations.values() if isinstance(seen, Fetched))


def test_a_few_messages_are_one_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_reports(destinations([f"html={file}"]), html_reports.three())
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
    assert links(file.read_text("utf-8")) == []


def test_many_messages_are_an_index_and_a_page_each_whose_links_all_lead_somewhere(tmp_path: Path) -> None:
    file = tmp_path / "my report?.html"
    write_site(file, MANY)
    folder = tmp_path / "my report?_files"
    pages = sorted(folder.glob("message-*.html"))
    assert len(pages) == MOST_IN_ONE + 5
    assert sorted(each.name for each in tmp_path.iterdir()) == ["my report?.html", "my report?_files"]
    for page in (file, *pages):
        for link in links(page.read_text("utf-8")):
            assert (page.parent / unquote(urlsplit(link).path)).is_file(), (page, link)
    assert len(links(file.read_text("utf-8"))) == MOST_IN_ONE + 5
    drawn = {seen.preview.image for seen in _fetched(MANY) if seen.preview and seen.preview.image}
    assert {each.read_bytes() for each in (folder / "media").iterdir()} == drawn


def test_a_page_too_heavy_to_mail_becomes_a_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "LARGEST", 10_000)
    write_site(tmp_path / "report.html", html_reports.three())
    assert len(list((tmp_path / "report_files").glob("message-*.html"))) == 3


def test_a_later_report_replaces_the_pages_of_the_earlier_one(tmp_path: Path) -> None:
    file, folder = tmp_path / "report.html", tmp_path / "report_files"
    write_site(file, MANY)
    (folder / "stale.html").write_text("old", "utf-8")
    write_site(file, MANY)
    assert not (folder / "stale.html").exists()
    assert (folder / MARK).is_file()
    write_site(file, reports.permitted())
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_folder_that_is_not_ours_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    own = tmp_path / "report_files"
    own.mkdir()
    (own / "precious.txt").write_text("mine", "utf-8")
    for view in (MANY, reports.permitted()):
        with pytest.raises(ReportError, match="was not made by mmscheck"):
            write_site(tmp_path / "report.html", view)
    assert (own / "precious.txt").read_text("utf-8") == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["report_files"]


def test_a_report_that_cannot_be_finished_leaves_the_old_one_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.html"
    write_site(file, MANY)
    before = {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}

    def full(view: object, name: str, folder: str, put: site.Put) -> None:
        put("message-00001.html", ["half"])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mmscheck.report.html.write", full)
    with pytest.raises(ReportError, match="No space left"):
        write_site(file, MANY)
    assert {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()} == before


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="could not be written"):
        write_site(tmp_path / "nowhere" / "report.html", reports.permitted())


def test_standard_output_gets_one_page_however_many_messages(capsys: pytest.CaptureFixture[str]) -> None:
    view = html_reports.many(3)
    write_reports(destinations(["html"]), replace(view, color=True))
    page = capsys.readouterr().out
    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith("</html>\n")
    assert page.count(' class="message ') == 3
