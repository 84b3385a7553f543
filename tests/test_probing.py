"""Which requests a check makes, from the rules down to the wire, through the library and the command."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mmscheck.judge.pipeline import check, load_rules
from mmscheck.model.observation import ProbeName
from mmscheck.slidexml import parse
from tests.support.asked import BROWSER, COLD, FIRST, GZIP, WEBP, asked, targets
from tests.support.command import image, message, mmscheck
from tests.support.rawserver import RawServer, policy, response, serve

PHOTO = (Path(__file__).parents[1] / "fixtures" / "media" / "photo-small.jpg").read_bytes()
JPEG = "Content-Type: image/jpeg"
DOCUMENT = message(image("a.jpg"))
RULES = ("length-under-gzip", "length-when-cold", "stable", "response-time")


@pytest.mark.parametrize(
    ("headers", "options", "requests"),
    [
        ((), {}, [FIRST, GZIP]),
        (("CF-Cache-Status: HIT",), {}, [FIRST, GZIP, COLD]),
        (("CF-Cache-Status: HIT",), {"cache_bust": False}, [FIRST, GZIP]),
        (("CF-Cache-Status: MISS",), {}, [FIRST, GZIP]),
        (("X-Cache: MISS",), {}, [FIRST, GZIP, *[COLD] * 3]),
        (("X-Cache: MISS",), {"cache_bust": False}, [FIRST, GZIP]),
        (("Age: 3",), {}, [FIRST, GZIP, *[COLD] * 3]),
        ((), {"deep": True}, [FIRST, GZIP, BROWSER, WEBP, *[FIRST] * 3]),
        (("CF-Cache-Status: HIT",), {"deep": True}, [FIRST, GZIP, COLD, BROWSER, WEBP, *[FIRST] * 3]),
        (
            ("CF-Cache-Status: HIT",),
            {"deep": True, "cache_bust": False},
            [FIRST, GZIP, BROWSER, WEBP, *[FIRST] * 3],
        ),
    ],
)
async def test_a_check_makes_exactly_these_requests(
    headers: tuple[str, ...], options: Mapping[str, Any], requests: list[str]
) -> None:
    async with serve(response(PHOTO, JPEG, *headers)) as server:
        text = DOCUMENT.replace("media.example.com", f"media.example.com:{server.port}")
        # Named twice, asked for once.
        twice = [parse(text.encode(), "a.xml"), parse(text.encode(), "b.xml")]
        report = await check(twice, load_rules(), policy(server), **options)
    assert asked(server) == sorted(requests)
    judged = {item.rule: item.outcome.value for item in report.messages[0].evaluations if item.rule in RULES}
    assert judged["length-under-gzip"] == judged["response-time"] == "passed"
    assert judged["stable"] == ("passed" if options.get("deep") else "inapplicable")
    proven = "CF-Cache-Status: MISS" in headers or ("X-Cache: MISS" in headers and not options)
    cold = "passed" if proven else "cant-tell" if headers else "inapplicable"
    assert judged["length-when-cold"] == cold


async def test_a_signed_url_is_asked_for_as_it_is_alone() -> None:
    async with serve(response(PHOTO, JPEG, "CF-Cache-Status: HIT")) as server:
        url = "a.jpg?Expires=4102444800&amp;Signature=abc&amp;Key-Pair-Id=k"
        text = message(image(url)).replace("media.example.com", f"media.example.com:{server.port}")
        await check([parse(text.encode(), "a.xml")], load_rules(), policy(server), deep=True)
    assert len(server.requests) == 7
    assert {*targets(server)} == {"/a.jpg?Expires=4102444800&Signature=abc&Key-Pair-Id=k"}


async def run(server: RawServer, folder: Path, *options: str) -> Any:
    """The JSON report of the installed command."""
    (folder / "sale.xml").write_text(DOCUMENT)
    to = f"media.example.com:80:127.0.0.1:{server.port}"
    network = ["--connect-to", to, "--allow-net", "127.0.0.1/32", "--format", "json"]
    ran = await mmscheck("check", "sale.xml", *network, *options, cwd=folder)
    return json.loads(ran.out)


async def test_the_command_makes_the_deep_probes_only_when_asked(tmp_path: Path) -> None:
    async with serve(response(PHOTO, JPEG, "CF-Cache-Status: HIT")) as server:
        shallow = await run(server, tmp_path)
        assert asked(server) == sorted([FIRST, GZIP, COLD])
        server.requests.clear()
        deep = await run(server, tmp_path, "--deep")
        assert asked(server) == sorted([FIRST, GZIP, COLD, BROWSER, WEBP, *[FIRST] * 3])
        server.requests.clear()
        await run(server, tmp_path, "--no-cache-bust")
        assert asked(server) == sorted([FIRST, GZIP])
    assert [probe["name"] for probe in _probes(shallow)] == ["accepting gzip", "past the cache"]
    assert [probe["name"] for probe in _probes(deep)] == [
        *(name.value for name in ProbeName if name is not ProbeName.REPEAT),
        *[ProbeName.REPEAT.value] * 3,
    ]


def _probes(report: Any) -> list[dict[str, Any]]:
    probes: list[dict[str, Any]] = report["messages"][0]["media"][0]["observation"]["probes"]
    return probes


async def test_the_report_shows_each_probe_and_no_secret(tmp_path: Path) -> None:
    async with serve(response(PHOTO, JPEG, "CF-Cache-Status: HIT")) as server:
        report = await run(server, tmp_path, "--deep")
        marks = {
            found[0].decode() for head in server.requests if (found := re.search(rb"mmscheck=\w{16}", head))
        }
    probes = {probe["name"]: probe for probe in _probes(report)}
    gzip, four, again = probes["accepting gzip"], probes["over IPv4"], probes["once more"]
    assert (gzip["status"], gzip["reason"], gzip["size"]) == ("answered", None, None)
    assert gzip["hops"][0]["status"] == 200
    assert (four["status"], four["hops"]) == ("skipped", [])
    assert "one family" in four["reason"]
    assert (again["size"], again["sha256"]) == (
        len(PHOTO),
        report["messages"][0]["media"][0]["observation"]["sha256"],
    )
    assert marks
    assert not any(mark in json.dumps(report) for mark in marks)


async def test_a_missing_length_under_gzip_is_advice_and_denies_only_when_strict(tmp_path: Path) -> None:
    async def respond(head: bytes, writer: Any) -> None:
        chunked = (
            b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        writer.write(chunked if b": gzip" in head else response(PHOTO, JPEG))
        writer.close()

    async with serve(respond) as server:
        assert (await run(server, tmp_path))["verdict"] == "permit"
        assert (await run(server, tmp_path, "--strict"))["verdict"] == "deny"
