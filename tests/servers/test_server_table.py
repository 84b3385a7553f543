"""Each server configuration of the table, and what every rule on serving media says of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.fault_rows import problems
from tests.support.servers.judging import Said
from tests.support.servers.mends import MENDS
from tests.support.servers.rows import Row
from tests.support.servers.rows_apps import ALL_ROWS, recognised
from tests.support.servers.world import World, require_servers

pytestmark = pytest.mark.servers


def named(row: Row) -> str:
    return f"{row.host}: {row.says}"


@pytest.mark.parametrize("row", ALL_ROWS, ids=named)
def test_every_rule_says_of_a_real_server_what_the_table_says(
    row: Row, said: Mapping[str, Said], world: World
) -> None:
    require_servers(row.host)
    differing = [
        f"{file.name}: {problem}"
        for file in row.files()
        for problem in problems(file, said[file.name].rules.values())
    ]
    assert not differing, "\n".join([*differing, world.logs()])


@pytest.mark.parametrize("host", sorted({*(row.host for row in ALL_ROWS), *(mend.host for mend in MENDS)}))
def test_who_serves_it_is_recognised_and_nobody_else(host: str, said: Mapping[str, Said]) -> None:
    require_servers(host)
    found = {url: set(each.servers) for url, each in said.items() if url.split("/")[2] == host}
    assert found == dict.fromkeys(found, recognised(host))
    assert found
