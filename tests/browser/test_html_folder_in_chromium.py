from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from mmscheck.cli.output import write_site
from mmscheck.report.html.overview import FIRST
from tests.support import html_reports
from tests.support.pages import LAPTOP, PHONE, visit

pytestmark = pytest.mark.browser

NUMBER = FIRST + 50


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("folder") / "report.html"
    write_site(file, html_reports.many(NUMBER, distinct=10))
    return file


def test_a_long_index_lists_the_first_messages_and_all_of_them_on_demand(
    browser: Browser, index: Path
) -> None:
    with visit(browser) as seen:
        page = seen.open(index)
        rows = page.locator("#messages tbody tr:visible")
        assert rows.count() == FIRST
        expect(page.locator("#listed")).to_have_text("250 of 250 messages match, the first 200 listed")
        page.locator("#more").press("Enter")
        assert rows.count() == NUMBER
        assert not page.locator("#more").is_visible()


def test_search_and_sorting_reach_messages_that_are_not_drawn_yet(browser: Browser, index: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(index)
        page.fill("#search", "00249")
        expect(page.locator("#messages tbody tr:visible")).to_have_count(1)
        page.fill("#search", "")
        page.get_by_role("button", name="Verdict").click()
        page.get_by_role("button", name="Verdict").click()
        first = page.locator("#messages tbody tr:visible").first
        expect(first).to_contain_text("Permit", ignore_case=True)
        assert page.locator("#messages tbody tr:visible").count() == FIRST


@pytest.mark.parametrize("size", [PHONE, LAPTOP])
def test_from_the_index_to_a_message_its_pictures_and_back(
    browser: Browser, index: Path, size: tuple[int, int]
) -> None:
    with visit(browser, size) as seen:
        page = seen.open(index)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("link", name="broken 00002").click()
        expect(page.locator("h1")).to_have_text("Message 3 of 250")
        drawn = page.evaluate(
            """Promise.all([...document.querySelectorAll('.defs image')].map(async (each) => {
                const image = new Image(); image.src = each.href.baseVal; await image.decode();
                return image.naturalWidth; }))"""
        )
        assert len(drawn) >= 2
        assert all(drawn)
        page.get_by_role("link", name="Next").click()
        expect(page.locator("h1")).to_have_text("Message 4 of 250")
        page.get_by_role("link", name="All messages").click()
        expect(page.locator("h1")).to_contain_text("may not go out")


def test_without_a_script_and_on_paper_the_index_lists_every_message(browser: Browser, index: Path) -> None:
    with visit(browser, script=False) as seen:
        assert seen.open(index).locator("#messages tbody tr:visible").count() == NUMBER
    with visit(browser) as seen:
        page = seen.open(index)
        page.emulate_media(media="print")
        assert page.locator("#messages tbody tr:visible").count() == NUMBER
