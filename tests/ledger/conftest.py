"""An open ledger on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mmscheck.ledger import Ledger, open_ledger
from tests.support.ledgers import MEANINGS


@pytest.fixture
async def ledger(where: str) -> AsyncIterator[Ledger]:
    async with await open_ledger(where, meanings=MEANINGS) as opened:
        yield opened
