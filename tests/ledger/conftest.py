"""A ledger's address on each database: every test that asks for ``where`` runs on both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.ledger import Ledger, open_ledger
from tests.support.ledgers import MEANINGS
from tests.support.postgres import Cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "state" / "ledger.sqlite3")
    running = request.getfixturevalue("postgres")
    assert isinstance(running, Cluster)
    return running.fresh()


@pytest.fixture
async def ledger(where: str) -> AsyncIterator[Ledger]:
    async with await open_ledger(where, meanings=MEANINGS) as opened:
        yield opened
