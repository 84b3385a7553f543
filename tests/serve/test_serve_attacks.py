"""Whoever is not meant to come in, and whatever comes in to do harm."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from mmscheck.errors import UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.ruleset import Config
from mmscheck.sandbox import Sandbox
from mmscheck.serve import Caps, Setup, read_tokens, running
from tests.support.command import image, message
from tests.support.serving import BAD, FIELDS, GOOD, TOKENS, Answer, Client, form, serving, tokens_file

XML = {"Content-Type": "application/xml"}


async def raw(client: Client, data: bytes, *, until: bytes = b"") -> bytes:
    """Everything that comes back for these bytes."""
    parts = urlsplit(client.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(data)
    await writer.drain()
    try:
        async with asyncio.timeout(60):
            return await (reader.readuntil(until) if until else reader.read())
    finally:
        writer.close()


def post(length: int) -> bytes:
    """The head of a lint with a body of so many bytes."""
    return (
        "POST /v1/lint HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def part(headers: str, body: str) -> bytes:
    """A multipart body with one part."""
    return (
        f'--a\r\nContent-Disposition: form-data; name="file"\r\n{headers}\r\n\r\n{body}\r\n--a--\r\n'.encode()
    )


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong-token-0123456789abcdef",
        f"Basic {TOKENS['sender'][0]}",
        f"Bearer {TOKENS['sender'][0][:-1]}",
        f"Bearer {TOKENS['sender'][0]}x",
        "Bearer \u00e9",
    ],
)
async def test_without_a_right_token_nothing_is_done(tmp_path: Path, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with serving(tmp_path) as client:
        for method, path in (
            ("POST", "/v1/check"),
            ("GET", "/v1/me"),
            ("GET", "/metrics"),
            ("POST", "/v1/send"),
        ):
            answer = await client.ask(method, path, headers=headers)
            assert (answer.status, answer.problem) == (401, "no-token")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert not any(line["event"] == "job" for line in client.log)


async def test_each_token_does_what_its_rights_say_and_no_more(tmp_path: Path) -> None:
    allowed = {"checker": 422, "sender": 422, "holder": 422, "boss": 422}
    async with Sandbox() as box, serving(tmp_path, box=box) as client:
        for name, status in allowed.items():
            assert (await client.by(name).post("/v1/lint", data=BAD, headers=XML)).status == status
        for name in ("checker", "holder", "boss"):
            body = {"document": GOOD.decode(), "request": FIELDS}
            assert (await client.by(name).post("/v1/send", body)).problem == "no-right"
            assert (await client.by(name).post("/v1/save", data=GOOD, headers=XML)).problem == "no-right"
        for name in ("checker", "sender", "boss"):
            assert (await client.by(name).post("/v1/hold", {"reason": "x"})).problem == "no-right"
        for name in ("checker", "sender", "holder"):
            body = {"content": f"sha256:{'0' * 64}", "name": "Me"}
            assert (await client.by(name).post("/v1/approvals", body)).problem == "no-right"


async def test_without_tokens_nobody_sends_and_only_this_machine_comes(tmp_path: Path) -> None:
    async with Sandbox() as box, serving(tmp_path, box=box, tokens=False) as client:
        for path in ("/v1/send", "/v1/save", "/v1/hold"):
            answer = await client.post(path, {"document": GOOD.decode(), "request": FIELDS})
            assert (answer.status, answer.problem) == (403, "no-right")
    setup = Setup(host="0.0.0.0", port=0, where=str(tmp_path / "l"), config=Config(), policy=FetchPolicy())
    with pytest.raises(UsageError, match="without --tokens only this machine"):
        async with running(setup, lambda line: None):
            pass


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""])
async def test_a_name_that_was_bound_to_this_address_is_turned_away(tmp_path: Path, host: str) -> None:
    async with serving(tmp_path, tokens=False) as client:
        for path in ("/", "/v1/me", "/openapi.json", "/v1/check"):
            answer = await raw(
                client, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
            )
            assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400")), answer
        doubled = b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        assert b" 200 " not in (await raw(client, doubled)).split(b"\r\n")[0]


async def test_a_page_of_another_origin_reaches_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False) as client:
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"):
            answer = await client.post("/v1/lint", data=BAD, headers={**XML, "Origin": origin})
            assert (answer.status, answer.problem) == (403, "other-origin")
            assert "Access-Control-Allow-Origin" not in answer.headers
        for site in ("cross-site", "same-site"):
            assert (await client.get("/v1/me", headers={"Sec-Fetch-Site": site})).problem == "other-origin"
        own = await client.post("/v1/lint", data=BAD, headers={**XML, "Origin": client.url})
        assert own.status == 422
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert (await client.get("/", headers=link)).status == 200
        assert (await client.get("/v1/me", headers=link)).problem == "other-origin"


async def test_a_named_origin_is_let_in_and_told_so(tmp_path: Path) -> None:
    origin = "https://tools.example.com"
    async with serving(tmp_path, tokens=False, origins=(origin,)) as client:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        before = await client.ask("OPTIONS", "/v1/check", headers=asked)
        assert (before.status, before.headers["Access-Control-Allow-Origin"]) == (204, origin)
        answer = await client.post("/v1/lint", data=BAD, headers={**XML, "Origin": origin})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (422, origin)
        assert (await client.ask("OPTIONS", "/v1/check", headers={"Origin": "https://x"})).status == 403


async def test_a_slow_body_is_cut_and_holds_up_nobody(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False, caps=Caps(body_seconds=0.5)) as client:
        slow = asyncio.create_task(raw(client, post(99) + b"<", until=b"\r\n\r\n"))
        assert (await client.get("/healthz")).status == 200
        assert (await slow).startswith(b"HTTP/1.1 408 ")


async def test_whoever_opens_connections_and_says_nothing_is_cut(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False, caps=Caps(head_seconds=0.5, connections=20)) as client:
        silent = [asyncio.create_task(raw(client, b"GET / HTTP/1.1\r\nHost: lo")) for _ in range(40)]
        assert (await client.get("/healthz")).status == 200
        ended = await asyncio.gather(*silent, return_exceptions=True)
        assert all(one == b"" or isinstance(one, ConnectionError) for one in ended)


async def test_a_large_body_is_refused_before_and_while_it_comes(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False, caps=Caps(document=1000, body=5000)) as client:
        assert (await raw(client, post(9_999_999_999), until=b"\r\n\r\n")).startswith(b"HTTP/1.1 413 ")

        async def endless() -> object:
            while True:
                yield b"<a>" * 1000

        assert (await client.post("/v1/lint", data=endless(), headers=XML)).problem == "too-large"
        big = form(("file", "a.jpg", b"x" * 4000), ("file", "b.jpg", b"x" * 4000))
        assert (await client.post("/v1/lint", data=big)).problem == "too-large"
        assert (
            await client.post("/v1/lint", data=form(("document", "a.xml", b"x" * 1001)))
        ).problem == "too-large"


async def test_multipart_bombs_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False, caps=Caps(files=5)) as client:
        many = form(*(("file", f"{number}.jpg", b"x") for number in range(20)))
        assert (await client.post("/v1/lint", data=many)).problem == "too-large"
        kind = {"Content-Type": 'multipart/form-data; boundary="a"'}
        nested = part("Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\nx\r\n--b--")
        assert (await client.post("/v1/lint", data=nested, headers=kind)).problem == "malformed"
        coded = part("Content-Encoding: gzip", "x")
        assert (await client.post("/v1/lint", data=coded, headers=kind)).problem == "other-type"
        for broken in (b"", b"--a", b"--a\r\n\r\n", b"x" * 100_000, b"--a\r\n" + b"X: y\r\n" * 20_000):
            assert (await client.post("/v1/lint", data=broken, headers=kind)).status == 400
        unbounded = {"Content-Type": "multipart/form-data"}
        assert (await client.post("/v1/lint", data=b"x", headers=unbounded)).status == 400


async def test_headers_of_a_part_that_never_end_are_cut_while_they_come(tmp_path: Path) -> None:
    kind = {"Content-Type": 'multipart/form-data; boundary="a"'}
    taken = 0

    async def endless(piece: bytes) -> AsyncIterator[bytes]:
        nonlocal taken
        yield b"--a\r\n"
        while True:
            taken += len(piece)
            yield piece

    async with serving(tmp_path, tokens=False, caps=Caps(body=200_000, body_seconds=120.0)) as client:
        for piece in (b"X: y\r\n" * 1000, b"X-" + b"y" * 10_000, b"X: " + b"z" * 10_000 + b"\r\n"):
            taken = 0
            answer = await client.post("/v1/lint", data=endless(piece), headers=kind)
            assert answer.problem in {"malformed", "too-large"}
            assert taken < 20_000_000, "it was read on and on"
            assert (await client.get("/healthz")).status == 200


async def test_parts_that_hold_next_to_nothing_are_counted_all_the_same(tmp_path: Path) -> None:
    kind = {"Content-Type": 'multipart/form-data; boundary="a"'}
    one = b'--a\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\n%s\r\n'
    async with serving(tmp_path, tokens=False, caps=Caps(files=5)) as client:
        for name in (b"file", b"document"):
            for content in (b"", b"x"):
                many = one % (name, content) * 10_000 + b"--a--\r\n"
                assert (await client.post("/v1/lint", data=many, headers=kind)).problem == "too-large"
        bare = b"--a\r\n\r\n\r\n" * 90_000 + b"--a--\r\n"
        assert (await client.post("/v1/lint", data=bare, headers=kind)).problem in {"malformed", "too-large"}
        assert (await client.get("/healthz")).status == 200


async def test_a_compressed_body_is_not_opened(tmp_path: Path) -> None:
    bomb = gzip.compress(b"<request>" + b" " * 50_000_000)
    async with serving(tmp_path, tokens=False) as client:
        for coding in ("gzip", "deflate", "br"):
            headers = {**XML, "Content-Encoding": coding}
            assert (await client.post("/v1/lint", data=bomb, headers=headers)).problem == "other-type"


def everything(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


async def test_names_are_text_and_no_paths(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    async with serving(tmp_path, tokens=False) as client:
        before = everything(tmp_path)
        for name in (
            "../../outside",
            "/etc/passwd",
            "..\\..\\outside",
            "<script>alert(1)</script>.xml",
        ):
            answer = await client.post("/v1/lint", data=form(("document", name, BAD)))
            assert answer.status in {400, 422}
        assert not outside.exists()
        assert everything(tmp_path) == before


async def test_what_a_document_names_inside_the_network_is_not_fetched(tmp_path: Path) -> None:
    asked: list[bytes] = []

    async def secret(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(secret, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    document = message(
        *(image("a.jpg", host) for host in (f"127.0.0.1:{port}", f"localhost:{port}"))
    ).encode()
    async with server, serving(tmp_path, tokens=False) as client:
        answer = await client.post("/v1/check", data=document, headers=XML)
        lone = await client.post("/v1/check", {"urls": [f"http://127.0.0.1:{port}/a.jpg"]})
        own = await client.post("/v1/check", {"urls": [f"{client.url}/v1/me"]})
    assert {answer.status, lone.status, own.status} == {422}
    assert asked == []
    assert "local" not in own.text


async def test_hostile_xml_is_a_finding_and_no_trouble(tmp_path: Path) -> None:
    lol = (
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(8))
        + b"]><request><name>&i;</name></request>"
    )
    passwd = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><request><name>&x;</name></request>'
    async with serving(tmp_path, tokens=False) as client:
        for document in (lol, passwd, b"\x00" * 1000, b"<a>" * 100_000):
            answer = await client.post("/v1/lint", data=document, headers=XML)
            assert answer.status == 422
            assert "root:" not in answer.text


async def test_broken_requests_get_problems_and_no_traces(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False) as client:
        for body in (b"{", b"[]", b'{"document": 7}', b"\xff\xfe", b"[" * 100_000, b'{"document":"a","x":1}'):
            answer = await client.post("/v1/check", data=body, headers={"Content-Type": "application/json"})
            assert (answer.status, answer.problem) == (400, "malformed")
            assert "Traceback" not in answer.text
        assert (
            await client.post("/v1/check", data=b"x", headers={"Content-Type": "image/png"})
        ).status == 415
        assert (await client.get("/v1/check")).headers["Allow"] == "POST"
        assert (await client.ask("PUT", "/v1/jobs/x")).status == 405
        assert (await client.get("/v1/../../etc/passwd")).status == 404
        assert (await client.get("/v1/checks/%2e%2e%2fx")).status == 404
        assert (await raw(client, b"\x16\x03\x01\x02\x00\r\n\r\n")).startswith(
            (b"HTTP/1.0 400", b"HTTP/1.1 400")
        )


async def test_a_token_has_its_rate(tmp_path: Path) -> None:
    file = tmp_path / "rated.toml"
    file.write_text('[tokens.a]\ntoken = "a-token-0123456789abcdefgh"\nrights = ["check"]\nrate = 0.2\n')
    file.chmod(0o600)
    setup = Setup(
        host="127.0.0.1",
        port=0,
        where=str(tmp_path / "l"),
        config=Config(),
        policy=FetchPolicy(),
        tokens=read_tokens(file),
    )
    async with running(setup, lambda line: None) as service, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{service.addresses[0][1]}/v1/me"
        headers = {"Authorization": "Bearer a-token-0123456789abcdefgh"}
        statuses = []
        for _ in range(3):
            async with session.get(url, headers=headers) as response:
                statuses.append(response.status)
        assert statuses[0] == 200
        assert statuses[-1] == 429
        assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is none in it"),
        ("[tokens]\n", "there is none"),
        ("x = ", "is no TOML"),
        ('[tokens.a]\nrights = ["check"]\n', "either token or sha256"),
        ('[tokens.a]\nrights = ["root"]\ntoken = "0123456789abcdef01234567"\n', "rights"),
        ('[tokens.a]\nrights = []\ntoken = "0123456789abcdef01234567"\n', "length >= 1"),
        ('[tokens.a]\nrights = ["send"]\ntoken = "short"\n', "length >= 24"),
        ('[tokens."a b"]\nrights = ["send"]\nsha256 = "x"\n', "tokens"),
        ('[tokens.a]\nrights = ["send"]\nrite = 1\n', "tokens.a: .*rite"),
        (
            "".join(
                f'[tokens.{name}]\nrights = ["send"]\ntoken = "{"0123456789abcdef" * 2}"\n' for name in "ab"
            ),
            "same token",
        ),
    ],
)
def test_a_tokens_file_that_is_none_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(UsageError, match=told) as error:
        read_tokens(file)
    assert "0123456789abcdef01234567" not in str(error.value)


def test_tokens_that_others_may_read_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text('[tokens.a]\nrights = ["check"]\ntoken = "0123456789abcdef01234567"\n')
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        read_tokens(file)
    file.chmod(0o600)
    assert "0123456789abcdef" not in repr(read_tokens(file))


async def test_the_log_tells_of_everything_and_holds_no_secret(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await client.by("checker").post("/v1/lint", data=BAD, headers=XML)
        await client.get("/s/secret-of-a-link")
        await client.ask("GET", "/v1/me?token=abc", headers={"Authorization": "Bearer not-the-token-0123456"})
        told = repr(client.log)
    assert {"request", "job"} == {line["event"] for line in client.log}
    for secret in ("secret-of-a-link", "not-the-token", TOKENS["checker"][0], "abc", "Sale"):
        assert secret not in told


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://a]b", "x:y:z", "\u00ff"])
async def test_an_origin_that_is_none_is_another(tmp_path: Path, origin: str) -> None:
    async with serving(tmp_path, tokens=False) as client:
        answer = await client.post("/v1/lint", data=BAD, headers={**XML, "Origin": origin})
        assert (answer.status, answer.problem) == (403, "other-origin")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def answered(client: Client, status: int) -> Answer:
    """The first answer of that status to a document that is not small."""
    async with asyncio.timeout(60):
        while True:
            answer = await client.post("/v1/lint", data=b" " * 20_000, headers=XML)
            if answer.status == status:
                return answer
            await asyncio.sleep(0.01)


async def test_all_bodies_together_have_a_bound(tmp_path: Path) -> None:
    caps = Caps(held=100_000, body_seconds=30.0)
    async with serving(tmp_path, tokens=False, caps=caps) as client:
        parts = urlsplit(client.url)
        _, slow = await asyncio.open_connection(parts.hostname, parts.port)
        slow.write(post(99_000) + b"<" * 90_000)
        await slow.drain()
        answer = await answered(client, 429)
        assert answer.problem == "too-many"
        assert int(answer.headers["Retry-After"]) >= 1
        slow.close()
        await answered(client, 422)


async def test_whoever_may_only_send_reads_what_he_sent_and_nothing_else(tmp_path: Path) -> None:
    known = {"only": ("only-token-0123456789abcdefgh", ["send"]), **TOKENS}
    async with Sandbox() as box, serving(tmp_path, box=box, known=known) as anybody:
        client = anybody.by("only")
        place = (await client.post("/v1/save", data=BAD, headers=XML)).json()["instance"]
        assert (await client.get(place)).status == 200
        assert (await client.get("/v1/me")).json()["rights"] == ["send"]
        assert (await client.post("/v1/lint", data=BAD, headers=XML)).problem == "no-right"
        assert (await client.get("/metrics")).problem == "no-right"
        assert (await anybody.by("sender").get(place)).problem == "not-found"


async def test_no_token_can_be_called_as_whoever_comes_without_one(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False) as anybody:
        place = (await anybody.post("/v1/lint", data=BAD, headers=XML)).headers["Content-Location"]
        name = (await anybody.get("/v1/me")).json()["name"]
    file = tokens_file(tmp_path, {f'"{name}"': ("local-token-0123456789abcdef", ["check"])})
    with pytest.raises(UsageError, match="a token's name is made of"):
        read_tokens(file)
    async with serving(tmp_path, known={"local": ("local-token-0123456789abcdef", ["check"])}) as anybody:
        assert (await anybody.by("local").get(place)).problem == "not-found"
