"""One of a thing is said as one."""

from __future__ import annotations

import msgspec
import pytest

from mmscheck.cli.ledger_text import verification_text
from mmscheck.model.ledger import Tampering, Verification
from mmscheck.report.layout import Page
from mmscheck.report.text_summary import campaign_lines
from tests.support.kinds_of_page import campaign


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "Nothing is wrong with x"), (1, "1 thing is wrong with x"), (2, "2 things are wrong with x")],
)
def test_faults_of_a_ledger(number: int, told: str) -> None:
    found = tuple(Tampering(seq=row, what="its content was changed") for row in range(number))
    text = verification_text(Verification(rows=9, head="h", found=found), "x")
    assert text.splitlines()[-1].startswith(f"{told}: 9 rows")


@pytest.mark.parametrize(("more", "told"), [(1, "and 1 more row;"), (1200, "and 1,200 more rows;")])
def test_rows_that_are_not_shown(more: int, told: str) -> None:
    result = campaign().campaign
    assert result is not None
    lines = campaign_lines(msgspec.structs.replace(result, more=more), Page(width=100, color=False))
    assert any(line.strip().startswith(told) for line in lines)
