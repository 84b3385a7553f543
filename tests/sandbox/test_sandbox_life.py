from __future__ import annotations

import ast
import asyncio
import contextlib
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import mmscheck.sandbox
from mmscheck.errors import SandboxError
from mmscheck.sandbox import Sandbox
from mmscheck.sandbox.loopback import MAX_CONNECTIONS
from tests.sandbox.raw_http import call, exchange, get, response, save_xml, slide, text


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


async def test_a_taken_port_is_named_and_nothing_is_left_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"the media host cannot listen on 127.0.0.1 port {port}: "):
            await Sandbox(media_port=port).__aenter__()
        half = Sandbox(provider_port=port)
        with pytest.raises(SandboxError, match=f"the provider cannot listen on 127.0.0.1 port {port}: "):
            await half.__aenter__()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", half.media_port)


async def test_whoever_says_nothing_keeps_nobody_out() -> None:
    async with Sandbox() as box:
        place = ("127.0.0.1", port_of(box.provider_url))
        with contextlib.ExitStack() as idle:
            for _ in range(MAX_CONNECTIONS + 44):
                idle.enter_context(await asyncio.to_thread(socket.create_connection, place))
            assert (await call(box, save_xml(slide(text()))))["status"] == "Success"


async def test_a_web_page_makes_no_calls() -> None:
    async with Sandbox() as box:
        body = save_xml(slide(text())).encode()
        lines = ("POST /ep/v1/ HTTP/1.1", "Host: x", "Origin: null", "Connection: close")
        head = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", ""))
        answer = response(await exchange(port_of(box.provider_url), head.encode() + body))
        assert (answer.status, box.events) == (403, [])


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "", "::"])
async def test_it_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(SandboxError, match="loopback addresses only"):
        await Sandbox(host=host).__aenter__()


async def test_ports_can_be_chosen() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with Sandbox(provider_port=port) as box:
        assert box.provider_url == f"http://127.0.0.1:{port}/ep/v1/"
        assert box.media_url == f"http://127.0.0.1:{box.media_port}/"


async def test_it_runs_on_ipv6_too() -> None:
    async with Sandbox(host="::1") as box:
        assert box.media_url == f"http://[::1]:{box.media_port}/"
        request = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert response(await exchange(box.media_port, request, "::1")).status == 200


async def test_shutting_down_ends_every_connection_and_task() -> None:
    before = asyncio.all_tasks()
    async with Sandbox(slow_seconds=60) as box:
        ports = (box.media_port, port_of(box.provider_url))
        idle = await asyncio.open_connection("127.0.0.1", ports[1])
        slow = await asyncio.open_connection("127.0.0.1", ports[0])
        slow[1].write(b"GET /slow/photo-large.jpg HTTP/1.1\r\n\r\n")
        await slow[0].readuntil(b"\r\n\r\n")
        save = asyncio.create_task(
            call(box, save_xml(slide(f"<image><url>{box.media_url}slow/photo-large.jpg</url></image>")))
        )
        await asyncio.sleep(0.1)
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 15
    async with asyncio.timeout(15):
        for reader, writer in (idle, slow):
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
        await asyncio.gather(save, return_exceptions=True)
    assert asyncio.all_tasks() == before
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_a_sandbox_is_used_once() -> None:
    box = Sandbox()
    assert (box.sent, box.events) == ([], [])
    assert box.provider_connections == 0
    with pytest.raises(SandboxError, match="not been started"):
        _ = box.provider_url
    async with box:
        pass
    with pytest.raises(SandboxError, match="make a new one"):
        await box.__aenter__()


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (("a.example.com", 80, "192.0.2.1", 80), "a.example.com is mapped to 192.0.2.1"),
        (("a.example.com", 80, "other.example.com", 80), "loopback addresses only"),
        (("a.example.com", None, "127.0.0.1", 70_000), "70000, which is no port"),
    ],
)
def test_a_route_off_this_machine_is_refused(route: tuple[str, int | None, str, int], words: str) -> None:
    with pytest.raises(SandboxError, match=words):
        Sandbox(connect_to=[route])


def test_what_cannot_be_served_is_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="nowhere: is not a folder"):
        Sandbox(media_dir=tmp_path / "nowhere")
    with pytest.raises(SandboxError, match="needs an API key"):
        Sandbox(api_key=" ")


async def test_routes_match_as_curls_do() -> None:
    routes = [("cdn.example.com", None, "127.0.0.1", 0), ("", 8080, "localhost", 0)]
    async with Sandbox(connect_to=routes) as box:
        for place in ("cdn.example.com", "CDN.example.com:99", "any.example.com:8080"):
            body = save_xml(slide(f"<image><url>http://{place}/photo-small.jpg</url></image>"))
            assert (await call(box, body))["status"] == "Success", place
        body = save_xml(slide("<image><url>http://any.example.com/photo-small.jpg</url></image>"))
        assert (await call(box, body))["error-code"] == "E351"


async def test_every_request_is_an_event_and_a_line() -> None:
    lines: list[str] = []
    async with Sandbox(on_event=lines.append) as box:
        await call(box, save_xml(slide(f"<image><url>{box.media_url}photo-small.jpg</url></image>")))
        await call(box, "<request/>")
        await get(box.media_port, "/a%1b%5b31m%0ab")
        assert [event.source for event in box.events] == ["media", "provider", "provider", "media"]
        assert lines == [str(event) for event in box.events]
    assert lines[0] == "media  GET /photo-small.jpg  200"
    assert lines[1].startswith("provider  saveMMS  Success; mms-id ")
    assert lines[2] == "provider  POST  Failure; E104 The api-key is not valid."
    assert all(line.isprintable() for line in lines)
    assert "\\x1b" in lines[3]


async def test_connections_are_counted_even_when_nothing_is_said() -> None:
    async with Sandbox() as box:
        for _ in range(3):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port_of(box.provider_url))
            writer.close()
        async with asyncio.timeout(10):
            while box.provider_connections < 3:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        assert box.provider_connections == 3
        assert box.events == []


async def test_beyond_the_bound_those_go_that_have_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmscheck.sandbox.loopback.MAX_CONNECTIONS", 2)
    async with Sandbox(slow_seconds=60) as box:
        slow, asking = await asyncio.open_connection("127.0.0.1", box.media_port)
        asking.write(b"GET /slow/photo-small.jpg HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await slow.readline()).startswith(b"HTTP/1.1 200")
        idle, silent = await asyncio.open_connection("127.0.0.1", box.media_port)
        assert (await get(box.media_port, "/")).status == 200
        # A reset or an end, as the system has it.
        with contextlib.suppress(ConnectionError):
            assert await idle.read() == b""
        # Whoever is being answered stays, and a newcomer goes when all are.
        third, other = await asyncio.open_connection("127.0.0.1", box.media_port)
        other.write(b"GET /slow/photo-small.jpg HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await third.readline()
        with pytest.raises((ConnectionError, ValueError)):
            await get(box.media_port, "/")
        for writer in (asking, silent, other):
            writer.transport.abort()


async def test_a_client_that_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmscheck.sandbox.loopback.IDLE_SECONDS", 0.2)
    async with Sandbox() as box:
        for beginning in (b"", b"POST /ep/v1/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"):
            async with asyncio.timeout(15):
                assert await exchange(port_of(box.provider_url), beginning) == b""


async def test_a_client_may_ask_first_whether_to_send_a_body() -> None:
    async with Sandbox() as box:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(box.provider_url))
        body = save_xml(slide(text())).encode()
        lines = ("POST /ep/v1/ HTTP/1.1", "Host: x", "Expect: 100-continue", f"Content-Length: {len(body)}")
        head = "\r\n".join((*lines, "", ""))
        writer.write(head.encode())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()


def test_the_sandbox_shares_no_code_with_the_checker() -> None:
    allowed = {"mmscheck.errors", "aiohttp", "lxml", *sys.stdlib_module_names}
    for file in Path(str(mmscheck.sandbox.__file__)).parent.glob("*.py"):
        # The decoder runs as a program of its own, which only that file is.
        decoder = {"av"} if file.name == "decode.py" else set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            for name in names:
                own = name == "mmscheck.sandbox" or name.startswith("mmscheck.sandbox.")
                known = own or name in allowed or name.partition(".")[0] in allowed | decoder
                assert known, f"{file.name}: {name}"
