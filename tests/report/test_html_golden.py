"""Whole pages compared with files under ``fixtures/golden``, so that every change is seen.

Renew them after a change that is meant, then open them in a browser before keeping them:

    MMSCHECK_UPDATE_GOLDEN=1 python -m pytest tests/report/test_html_golden.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmscheck.report import FORMATS
from tests.support import reports

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden"
CASES = {
    "denied.html": reports.denied(),
    "several.html": reports.several(),
    "let-through.html": reports.let_through(),
    "hostile.html": reports.hostile(),
}


@pytest.mark.parametrize("name", CASES)
def test_the_page_is_what_the_golden_file_holds(name: str) -> None:
    page = FORMATS["html"](CASES[name])
    if os.environ.get("MMSCHECK_UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(page, encoding="utf-8", newline="\n")
    assert page == (GOLDEN / name).read_bytes().decode("utf-8")
