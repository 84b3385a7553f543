"""One set of real servers for all tests of this folder, and one report on everything they serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.support.servers.judging import Said, judge, warm
from tests.support.servers.mends import FAULTS, MENDS
from tests.support.servers.rows_apps import ALL_ROWS
from tests.support.servers.world import World, is_served


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The servers as people configure them."""
    with World(FAULTS) as running:
        yield running


@pytest.fixture(scope="session")
def said(world: World) -> Mapping[str, Said]:
    """What is said of each URL of the tables that is served; what is to be warm was asked for before."""
    served = [row for row in ALL_ROWS if is_served(row.host)]
    for row in served:
        for file in row.files() if row.warmed else ():
            warm(world, file.name)
    mended = [each for mend in MENDS if is_served(mend.host) for each in mend.urls]
    return judge(world, [*dict.fromkeys([file.name for row in served for file in row.files()] + mended)])
