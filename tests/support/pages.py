"""A real browser for the tests of HTML reports: Debian's Chromium, driven by Playwright.

Nothing a page asks for leaves the machine: every request that is neither a file nor a ``data:`` URL is noted
and refused.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

CHROMIUM = "/usr/bin/chromium"
AXE = Path(__file__).parents[1] / "browser" / "node_modules" / "axe-core" / "axe.min.js"
ARGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE, LAPTOP = (360, 740), (1366, 768)

Scheme = Literal["light", "dark"]


def required(what: str) -> None:
    """Skip where something is missing, or fail where CI must not go without."""
    if os.environ.get("MMSCHECK_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; skips or fails where it is missing."""
    if not (shutil.which("chromium") or Path(CHROMIUM).exists()):
        required("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or CHROMIUM, args=list(ARGS)
        )
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One page that is open, with everything it said and asked for."""

    def __init__(self, context: BrowserContext) -> None:
        """Open an empty page that notes errors and refuses every way out."""
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog: {dialog.message}"))
        context.route("**/*", self._route)

    def _route(self, route: Route) -> None:
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
            return
        self.asked.append(route.request.url)
        route.abort()

    def open(self, file: Path) -> Page:
        """Load a report."""
        self.page.goto(file.as_uri())
        return self.page

    def violations(self) -> list[str]:
        """What axe-core finds wrong with the page as it is now."""
        if not AXE.exists():
            required("axe-core (npm ci in tests/browser)")
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{item['id']}: {node['html'][:200]} ({node['failureSummary']})"
            for item in found["violations"]
            for node in item["nodes"]
        ]


@contextmanager
def visit(
    browser: Browser, size: tuple[int, int] = LAPTOP, scheme: Scheme = "light", *, script: bool = True
) -> Iterator[Visit]:
    """A fresh page of that size and colour scheme; it must have asked for nothing and met no error."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        java_script_enabled=script,
        permissions=["clipboard-read", "clipboard-write"],
    )
    try:
        seen = Visit(context)
        yield seen
        assert not seen.asked
        assert not seen.said
    finally:
        context.close()
