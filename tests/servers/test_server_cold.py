"""A real cache in front of an application that streams: what is fine on the second GET fails on the first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import mmscheck
from tests.support.servers.daemon import HOME
from tests.support.servers.judging import document, get, warm
from tests.support.servers.world import World, require_servers

pytestmark = pytest.mark.servers

HOST = "stream.varnish.example"
LENGTH_RULES = ("content-length", "not-chunked", "length-when-cold")


@pytest.fixture(autouse=True)
def varnish() -> None:
    require_servers(HOST)


async def checked(world: World, url: str, folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code of the installed command and the evaluations by rule."""
    (folder / "sale.xml").write_text(document(url))
    ran = await mmscheck(
        *("check", "sale.xml", "--format", "json", "--allow-net", "127.0.0.1/32"),
        *("--connect-to", f"{HOST}:80:{HOME}:{world.port(HOST)}"),
        *options,
        cwd=folder,
    )
    (message,) = json.loads(ran.out)["messages"]
    return ran.code, {item["rule"]: item for item in message["evaluations"]}


def outcomes(evaluations: dict[str, Any]) -> dict[str, str]:
    return {rule: evaluations[rule]["outcome"] for rule in LENGTH_RULES}


async def test_cold_it_is_denied_although_a_second_get_is_fine(world: World, tmp_path: Path) -> None:
    url = f"http://{HOST}/media/first/photo-large.jpg"
    code, evaluations = await checked(world, url, tmp_path)
    assert code == 1
    assert outcomes(evaluations) == dict.fromkeys(LENGTH_RULES, "failed")
    second = get(world, url)
    assert second.getheader("Content-Length") == "122709"
    assert second.getheader("Transfer-Encoding") is None


async def test_warm_it_is_reported_as_failing_when_cold_although_the_first_answer_was_fine(
    world: World, tmp_path: Path
) -> None:
    url = f"http://{HOST}/media/second/photo-large.jpg"
    warm(world, url)
    code, evaluations = await checked(world, url, tmp_path)
    assert outcomes(evaluations) == {
        "content-length": "passed",
        "not-chunked": "passed",
        "length-when-cold": "failed",
    }
    assert "Transfer-Encoding: chunked" in evaluations["length-when-cold"]["message"]
    assert "do_stream = false" in evaluations["length-when-cold"]["fix"]
    assert code == 0, "a warning does not deny"
    assert get(world, url).getheader("Content-Length") == "122709"


async def test_strictly_what_is_fine_only_when_warm_is_denied(world: World, tmp_path: Path) -> None:
    url = f"http://{HOST}/media/third/photo-large.jpg"
    warm(world, url)
    code, _ = await checked(world, url, tmp_path, "--strict")
    assert code == 1


async def test_without_a_new_query_nobody_says_that_it_is_fine_when_cold(
    world: World, tmp_path: Path
) -> None:
    url = f"http://{HOST}/media/fourth/photo-large.jpg"
    warm(world, url)
    _, evaluations = await checked(world, url, tmp_path, "--no-cache-bust")
    assert outcomes(evaluations)["length-when-cold"] == "cant-tell"
