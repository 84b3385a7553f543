"""Each server configuration of the table, and what every rule on serving media says of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.fault_rows import problems
from tests.support.servers.judging import Said
from tests.support.servers.rows import ROWS, Row
from tests.support.servers.world import World, require_servers

pytestmark = pytest.mark.servers


def named(row: Row) -> str:
    return f"{row.host}: {row.says}"


@pytest.mark.parametrize("row", ROWS, ids=named)
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
