"""A table of faults: each row is what a server sends over a real socket, and what every rule says of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mmscheck.model.report import Evaluation
from tests.support.fault_rows import USUAL, FaultRow, judge, problems, rules_judged
from tests.support.faults_answer import STATUSES, TYPES
from tests.support.faults_framing import FRAMING
from tests.support.faults_head import HEADS
from tests.support.faults_way import REDIRECTS, SLOW, TLS

ROWS = (*FRAMING, *HEADS, *STATUSES, *TYPES, *REDIRECTS, *TLS, *SLOW)


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, tuple[Evaluation, ...]]:
    """Every row's evaluations, from one run."""
    return judge(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_rule_says_of_a_fault_what_the_table_says(
    row: FaultRow, outcomes: Mapping[str, tuple[Evaluation, ...]]
) -> None:
    assert problems(row, outcomes[row.name]) == []


def test_the_table_knows_every_rule_and_no_other() -> None:
    assert set(USUAL) == set(rules_judged())


def test_no_two_rows_share_a_name() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
