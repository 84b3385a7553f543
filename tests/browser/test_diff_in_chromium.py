from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mmscheck.diff import as_html
from mmscheck.report.layout import Page
from tests.support.compared import hostile, sample
from tests.support.pages import LAPTOP, PHONE, Scheme, visit

pytestmark = pytest.mark.browser

SAMPLES = {"sample": sample, "hostile": hostile}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("comparisons")
    for name, made in SAMPLES.items():
        (place / f"{name}.html").write_text(
            as_html.render(made(), Page(width=100, color=False)), encoding="utf-8"
        )
    return place


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (LAPTOP, "light"), (LAPTOP, "dark")])
def test_a_comparison_opens_without_an_error_or_a_request_and_axe_finds_nothing(
    browser: Browser, folder: Path, name: str, size: tuple[int, int], scheme: Scheme
) -> None:
    with visit(browser, size, scheme) as seen:
        page = seen.open(folder / f"{name}.html")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("script, img, iframe, object, embed, link, a, form").count() == 0
        assert seen.violations() == []
        assert (seen.said, seen.asked) == ([], [])


def test_the_style_is_let_in_by_its_digest(browser: Browser, folder: Path) -> None:
    with visit(browser) as seen:
        page = seen.open(folder / "sample.html")
        assert page.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse") == "collapse"
