"""Redirects as frameworks make them: named with where they end, and gone once the message says that URL."""

from __future__ import annotations

import pytest

from mmscheck.model.words import Outcome
from tests.support.fault_rows import USUAL
from tests.support.servers.judging import judge
from tests.support.servers.world import World, require_servers

HOSTS = (
    "moved.nginx.example",
    "moved.php.example",
    "fpm-moved.nginx.example",
    "moved.express.example",
    "moved.puma.example",
    "moved.webrick.example",
    "moved.thin.example",
)


@pytest.mark.parametrize("host", HOSTS)
def test_the_end_of_a_redirect_is_told_and_is_right_to_write(host: str, world: World) -> None:
    require_servers(host)
    url, end = (f"http://{host}/{folder}photo-large.jpg" for folder in ("", "media/"))
    said = judge(world, [url, end])
    found = said[url].rules["no-redirect"]
    assert found.outcome is Outcome.FAILED
    assert f"redirects to {end} " in found.message
    assert "Write the URL at the end of the redirects into the message" in found.fix
    assert {rule: said[end].rules[rule].outcome for rule in USUAL} == USUAL
    assert said[end].permitted
