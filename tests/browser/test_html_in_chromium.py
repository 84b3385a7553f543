from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from mmscheck.report import html
from tests.support import html_reports, reports
from tests.support.pages import PHONE, visit

pytestmark = pytest.mark.browser

OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pages")
    for name, view in {
        "three": html_reports.three(),
        "everything": html_reports.everything(),
        "attacked": html_reports.attacked(),
        **reports.SAMPLES,
    }.items():
        (place / f"{name}.html").write_text(html.render(view), encoding="utf-8")
    return place


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the right."""
    found: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return found


@pytest.mark.parametrize("name", ["three", "everything", "attacked", *sorted(reports.SAMPLES)])
def test_every_report_opens_on_a_phone_without_an_error_and_fits(
    browser: Browser, folder: Path, name: str
) -> None:
    with visit(browser, PHONE) as seen:
        page = seen.open(folder / f"{name}.html")
        page.evaluate(OPEN_ALL)
        assert fits(page)


def test_a_hostile_report_is_inert(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "attacked.html")
        page.evaluate(OPEN_ALL)
        for control in page.locator("input[type=checkbox]:visible").all():
            control.click()
        page.locator("#filters button").click()
        for button in page.locator("button[data-copy]").all():
            button.click()
        assert page.locator("script").count() == 1
        assert page.locator("img, iframe, object, embed, link").count() == 0
        assert page.evaluate("document.title").startswith("DENY")
        assert page.evaluate("document.body.innerText.includes('alert(1)')")


def test_the_verdict_is_the_first_heading_and_headings_never_skip_a_level(
    browser: Browser, folder: Path
) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "three.html")
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(h => +h.tagName[1])")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        expect(page.locator("h1")).to_contain_text("2 of 3 messages may not go out")


def test_findings_are_filtered_by_severity_owner_and_rule_with_the_mouse(
    browser: Browser, folder: Path
) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "everything.html")
        total = page.locator(".finding").count()
        page.uncheck("input[name=kind][value=advice]")
        left = page.locator(".finding:visible").count()
        assert 0 < left < total
        assert page.locator(".finding[data-kind=advice]:visible").count() == 0
        page.uncheck("input[name=owner][value=content]")
        assert 0 < page.locator(".finding:visible").count() < left
        assert page.locator(".finding[data-owner=content]:visible").count() == 0
        page.get_by_role("button", name="Show all").click()
        expect(page.locator(".finding:visible")).to_have_count(total)
        page.select_option("#rule", "not-chunked")
        expect(page.locator(".finding:visible")).to_have_count(1)
        expect(page.locator("#told")).to_contain_text("1 of")


def tab_to(page: Page, there: str) -> None:
    """Move the focus by keyboard until the expression holds."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(there):
            return
    pytest.fail(f"no way by keyboard to {there}")


def test_findings_and_the_overlay_work_by_keyboard(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "everything.html")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        before = page.locator(".finding:visible").count()
        assert not page.locator(".zone").first.is_visible()
        tab_to(page, "document.activeElement.id === 'zones'")
        page.keyboard.press("Space")
        assert page.locator(".zone").first.is_visible()
        assert page.locator(".zone-note").first.is_visible()
        tab_to(page, "document.activeElement.name === 'kind'")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Space")
        assert page.locator(".finding:visible").count() < before


def test_filtering_several_messages_hides_those_without_such_findings(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "three.html")
        assert page.locator("article.message:visible").count() == 3
        page.select_option("#rule", "not-chunked")
        assert page.locator("article.message:visible").count() == 2
        expect(page.locator("#told")).to_contain_text("1 message without such findings hidden")


def test_a_copy_button_copies_the_suggested_subject_and_says_so(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "everything.html")
        button = page.locator("button[data-copy=m1-plain]")
        button.focus()
        page.keyboard.press("Enter")
        expect(button).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == "Cafe 'n' tac"


def test_a_server_s_configuration_is_copied_as_it_stands(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "three.html")
        block = page.locator(".copyable:has(pre)").first
        block.locator("button").click()
        expect(block.locator("button")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == block.locator("pre").text_content()


def test_messages_are_searched_and_sorted(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "three.html")
        names = page.locator("#messages tbody tr:visible th a")
        page.get_by_role("button", name="Message").click()
        assert names.all_text_contents() == ["broken", "everything", "good"]
        page.get_by_role("button", name="Message").press("Enter")
        assert names.all_text_contents() == ["good", "everything", "broken"]
        assert page.locator("th[aria-sort=descending]").count() == 1
        page.get_by_role("button", name="Verdict").click()
        assert names.all_text_contents()[-1] == "good"
        page.fill("#search", "EVERY")
        expect(page.locator("#listed")).to_have_text("1 of 3 messages match")
        assert names.all_text_contents() == ["everything"]
        page.fill("#search", "")
        page.select_option("#verdict", "1")
        expect(page.locator("#listed")).to_have_text("1 of 3 messages match")


def test_the_link_to_a_message_opens_it(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "three.html")
        assert page.locator("#m1 > details").get_attribute("open") is None
        page.locator("#messages a[href='#m1']").click()
        expect(page.locator("#m1 > details")).to_have_attribute("open", "")


def test_paper_shows_everything_and_no_controls(browser: Browser, folder: Path) -> None:
    with visit(browser, (794, 1123)) as seen:
        page = seen.open(folder / "three.html")
        page.emulate_media(media="print")
        assert page.locator("#m1 .phone").first.is_visible()
        assert page.locator("#m2 .answers").is_visible()
        assert page.locator("button:visible:not([data-sort]), input:visible, select:visible").count() == 0
        assert fits(page)
        assert page.pdf().startswith(b"%PDF")


def test_a_page_without_pictures_offers_no_safe_zones(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        assert not seen.open(folder / "permitted.html").locator("#zones").is_visible()
        assert seen.open(folder / "everything.html").locator("#zones").is_visible()


def test_without_its_script_a_report_shows_everything_and_no_dead_controls(
    browser: Browser, folder: Path
) -> None:
    with visit(browser, script=False) as seen:
        page = seen.open(folder / "everything.html")
        assert page.locator(".finding:visible").count() == page.locator(".finding").count() > 0
        assert page.locator("#filters:visible, button[data-copy]:visible, .bar-of-tools:visible").count() == 0
        page.check("#zones")
        assert page.locator(".zone").first.is_visible()


def test_pictures_are_drawn_from_the_bytes(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "everything.html")
        loaded = page.evaluate(
            """Promise.all([...document.querySelectorAll('.defs image')].map(async (each) => {
                const image = new Image(); image.src = each.getAttribute('href'); await image.decode();
                return image.naturalWidth === Number(each.getAttribute('width')); }))"""
        )
        assert len(loaded) >= 4
        assert all(loaded)
        assert page.get_by_role("img", name="Film clip-small.mp4, first frame").count() == 1
        assert page.locator(".wave rect").count() > 10
