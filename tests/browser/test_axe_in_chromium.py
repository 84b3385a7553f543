"""axe-core on every kind of page, on a phone and a laptop, light and dark, with everything open."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.kinds_of_page import KINDS
from tests.support.pages import LAPTOP, PHONE, Scheme, visit

pytestmark = pytest.mark.browser

OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
SIZES = {"phone": PHONE, "laptop": LAPTOP}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Writes each kind of page once."""
    return cache(lambda kind: KINDS[kind](tmp_path_factory.mktemp(kind)))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_wrong_with_everything_open(
    browser: Browser, written: Callable[[str], Path], kind: str, size: str, scheme: Scheme
) -> None:
    with visit(browser, SIZES[size], scheme) as seen:
        page = seen.open(written(kind))
        page.evaluate(OPEN_ALL)
        if page.locator("#zones").is_visible():
            page.check("#zones")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert seen.violations() == []
