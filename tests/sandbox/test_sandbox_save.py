from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mmscheck.sandbox import Sandbox
from tests.sandbox.raw_http import KEY, call, get, medium, post, save_xml, slide, text

HOST = "http://media.example.com"


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)], slow_seconds=60) as sandbox:
        yield sandbox


def image(path: str = "photo-small.jpg") -> str:
    return medium("image", f"{HOST}/{path}")


def port_of(box: Sandbox) -> int:
    port = urlsplit(box.provider_url).port
    assert port is not None
    return port


async def code(box: Sandbox, body: str | bytes) -> str:
    answer = await call(box, body)
    assert answer["status"] == "Failure"
    assert answer["error-info"]
    return answer["error-code"]


async def test_a_good_message_is_saved_under_a_numeric_id(box: Sandbox) -> None:
    answer = await call(box, save_xml(slide(image(), text())))
    assert answer["status"] == "Success"
    assert re.fullmatch("[0-9]+", answer["mms-id"])
    assert set(answer) == {"status", "mms-id"}
    other = await call(box, save_xml(slide(text())))
    assert other["mms-id"] != answer["mms-id"]


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("image", "photo-large.jpg"),
        ("image", "logo-small.png"),
        ("image", "dance-small.gif"),
        ("audio", "jingle-small.mp3"),
        ("audio", "chime-small.wav"),
        ("video", "clip-small.mp4"),
        ("video", "clip-small.3gp"),
        ("video", "clip-small.avi"),
        ("video", "clip-small.mpg"),
        ("video", "clip-small.wmv"),
        ("vcard", "contact-small.vcf"),
        ("ical", "event-large.ics"),
        ("pdf", "flyer-small.pdf"),
        ("passbook", "pass-small.pkpass"),
    ],
)
async def test_every_documented_type_is_taken(box: Sandbox, kind: str, file: str) -> None:
    answer = await call(box, save_xml(slide(medium(kind, f"{HOST}/{file}"))))
    assert answer["status"] == "Success", answer


@pytest.mark.parametrize(
    ("kind", "path", "wanted"),
    [
        ("image", "chunked/photo-small.jpg", "E351"),
        ("image", "chunked-and-length/photo-small.jpg", "E351"),
        ("image", "no-length/photo-small.jpg", "E351"),
        ("image", "http10/photo-small.jpg", "E351"),
        ("image", "wrong-length/photo-small.jpg", "E351"),
        ("image", "two-lengths/photo-small.jpg", "E351"),
        ("image", "truncated/photo-small.jpg", "E351"),
        ("image", "empty/photo-small.jpg", "E351"),
        ("image", "redirect/photo-small.jpg", "E351"),
        ("image", "status-403/photo-small.jpg", "E351"),
        ("image", "status-500/photo-small.jpg", "E351"),
        ("image", "missing.jpg", "E351"),
        ("image", "short-length/photo-small.jpg", "E341"),
        ("image", "html/photo-small.jpg", "E629"),
        ("image", "wrong-type/photo-small.jpg", "E629"),
        ("image", "gzip/photo-small.jpg", "E341"),
        ("image", "photo-small.webp", "E629"),
        ("image", "photo-small.heic", "E629"),
        ("image", "mystery.bin", "E629"),
        ("image", "clip-small.mp4", "E629"),
        ("audio", "chunked/jingle-small.mp3", "E352"),
        ("audio", "photo-small.jpg", "E629"),
        ("video", "chunked/clip-small.mp4", "E353"),
        ("video", "clip-small.mov", "E629"),
        ("vcard", "chunked/contact-small.vcf", "E355"),
        ("vcard", "gzip/contact-small.vcf", "E629"),
        ("ical", "chunked/event-small.ics", "E356"),
        ("ical", "contact-small.vcf", "E629"),
        ("pdf", "chunked/flyer-small.pdf", "E357"),
        ("passbook", "chunked/pass-small.pkpass", "E358"),
        ("passbook", "octet-stream/mystery.bin", "E629"),
    ],
)
async def test_a_file_the_documentation_refuses_is_refused(
    box: Sandbox, kind: str, path: str, wanted: str
) -> None:
    assert await code(box, save_xml(slide(text()), slide(medium(kind, f"{HOST}/{path}")))) == wanted


@pytest.mark.parametrize("fault", ["octet-stream", "no-type"])
async def test_a_type_that_the_bytes_tell_is_not_refused(box: Sandbox, fault: str) -> None:
    answer = await call(box, save_xml(slide(image(f"{fault}/photo-small.jpg"))))
    assert answer["status"] == "Success"


async def test_a_slow_file_is_given_up(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmscheck.sandbox.media_files.COPY_SECONDS", 0.3)
    assert await code(box, save_xml(slide(image("slow/photo-small.jpg")))) == "E351"


async def test_files_over_their_limit_are_too_big(tmp_path: Path) -> None:
    sizes = {"image": 1_000_001, "audio": 1_000_001, "video": 1_000_001, "vcard": 2_097_153}
    objects = {"ical": 2_097_153, "pdf": 2_097_153, "passbook": 2_097_153}
    wanted = ["E331", "E332", "E333", "E335", "E336", "E337", "E338"]
    for kind, size in (sizes | objects).items():
        (tmp_path / kind).write_bytes(b"x" * size)
    async with Sandbox(media_dir=tmp_path) as sandbox:
        found = [
            await code(sandbox, save_xml(slide(medium(kind, f"{sandbox.media_url}{kind}"))))
            for kind in sizes | objects
        ]
    assert found == wanted


async def test_an_image_of_just_the_limit_is_taken(tmp_path: Path) -> None:
    photo = (resources.files("mmscheck.fixtures") / "media" / "photo-small.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(photo[:-2] + b"\xff" * (1_000_000 - len(photo)) + b"\xff\xd9")
    async with Sandbox(media_dir=tmp_path) as sandbox:
        answer = await call(sandbox, save_xml(slide(medium("image", f"{sandbox.media_url}a.jpg"))))
    assert answer["status"] == "Success"


@pytest.mark.parametrize("name", ["photo-small.jpg", "logo-small.png", "dance-small.gif"])
async def test_an_image_without_its_end_is_corrupted(tmp_path: Path, name: str) -> None:
    data = (resources.files("mmscheck.fixtures") / "media" / name).read_bytes()
    (tmp_path / name).write_bytes(data[:-20])
    async with Sandbox(media_dir=tmp_path) as sandbox:
        assert await code(sandbox, save_xml(slide(medium("image", sandbox.media_url + name)))) == "E341"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("not xml", "E108"),
        ("", "E108"),
        ("<request>", "E108"),
        ("<!DOCTYPE request>" + save_xml(slide(text())), "E108"),
        (save_xml(slide(medium("image", "x"))).replace("<url>x", "<url>a?b=1&c=2"), "E108"),
        ("<mms/>", "E100"),
        ("<Request/>", "E100"),
        ("<request/>", "E104"),
        (save_xml(slide(text()), key="wrong"), "E104"),
        (save_xml(slide(text())).replace("saveMMS", "sendMMS"), "E110"),
        (save_xml(slide(text())).replace("saveMMS", ""), "E107"),
        (save_xml(slide(text())).replace("api-key", "api_key"), "E104"),
        (save_xml(slide(text()), name=" "), "E311"),
        (save_xml(slide(text())).replace("name>", "label>"), "E311"),
        (save_xml(slide(text()), subject=" "), "E314"),
        (save_xml(slide(text()), subject="x" * 81), "E314"),
        (save_xml(slide(text())).replace("message-subject>", "subject>"), "E314"),
        (save_xml(), "E312"),
        (save_xml(*[slide(text())] * 9), "E225"),
        (save_xml(slide()), "E313"),
        (save_xml(slide(text(" "))), "E313"),
        (save_xml(slide(text("x" * 5001))), "E334"),
        (save_xml(slide(text(), "<duration>-1</duration>")), "E230"),
        (save_xml(slide(text(), "<duration>ten</duration>")), "E230"),
        (save_xml(slide(text(), "<duration/>")), "E230"),
        (save_xml(slide(medium("vcard", "x"), medium("pdf", "x"))), "E223"),
        (save_xml(slide(medium("vcard", "x"), medium("vcard", "x"))), "E223"),
        (save_xml(slide(medium("vcard", "x"), image())), "E224"),
        (save_xml(slide(medium("audio", "x"), medium("video", "x"))), "E226"),
        (save_xml(slide(image(), medium("video", "x"))), "E227"),
        (save_xml(slide(image(), image())), "E229"),
        (save_xml(slide(medium("image", ""))), "E351"),
        (save_xml(slide("<image/>")), "E351"),
        (save_xml(slide(medium("image", "photo-small.jpg"))), "E351"),
        (save_xml(slide(medium("image", "ftp://media.example.com/a.jpg"))), "E351"),
        (save_xml(slide(medium("image", "https://media.example.com/photo-small.jpg"))), "E351"),
        (save_xml(slide(medium("image", "http://media.example.com:0/a.jpg"))), "E351"),
        (save_xml(slide(medium("image", "http://[::1/a.jpg"))), "E351"),
        (save_xml(slide(medium("image", "http://media.example.com/a b.jpg"))), "E351"),
    ],
)
async def test_what_the_documentation_refuses_is_refused_with_its_code(
    box: Sandbox, body: str, wanted: str
) -> None:
    assert await code(box, body) == wanted


@pytest.mark.parametrize(
    "slides",
    [
        [slide(text("x" * 5000), "<duration>30</duration>")],
        [slide(text())] * 8,
        [slide(image(), medium("audio", f"{HOST}/jingle-small.mp3"), text())],
        [slide(medium("video", f"{HOST}/clip-small.mp4"), text())],
        [slide(medium("vcard", f"{HOST}/contact-small.vcf"), text())],
        [slide(image(), "<unheard-of/>", "<duration>0</duration>")],
    ],
)
async def test_what_the_documentation_allows_is_saved(box: Sandbox, slides: list[str]) -> None:
    assert (await call(box, save_xml(*slides, subject="x" * 80)))["status"] == "Success"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"{HOST}/chunked/photo-small.jpg", "the response has Transfer-Encoding: chunked"),
        (f"{HOST}/no-length/photo-small.jpg", "the response has no Content-Length"),
        (f"{HOST}/two-lengths/photo-small.jpg", "the response has more than one Content-Length"),
        (f"{HOST}/truncated/photo-small.jpg", "the response broke off"),
        (f"{HOST}/empty/photo-small.jpg", "the file is empty"),
        (f"{HOST}/redirect/photo-small.jpg", "the response has status 302"),
        (f"{HOST}/missing.jpg", "the response has status 404"),
        ("https://media.example.com/photo-small.jpg", "the sandbox fetches http URLs only"),
        (f"{HOST}:0/photo-small.jpg", "the URL is not the full path to a file"),
        (f"{HOST}/a b.jpg", "the URL is not the full path to a file"),
        (f"{HOST}/caf\u00e9.jpg", "the URL is not the full path to a file"),
        ("", "the URL is not the full path to a file"),
    ],
)
async def test_the_refusal_says_which_file_and_why(box: Sandbox, url: str, reason: str) -> None:
    answer = await call(box, save_xml(slide(image()), slide(medium("image", url))))
    assert answer["error-code"] == "E351"
    assert answer["error-info"] == f"The image in slide 2 could not be copied: {reason}."


async def test_what_a_media_host_says_cannot_spoil_the_answer(box: Sandbox) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Type: \x01\x1b[31m\r\n\r\nx")
        writer.close()

    async with await asyncio.start_server(reply, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        answer = await call(box, save_xml(slide(medium("image", f"http://127.0.0.1:{port}/a.jpg"))))
    assert answer["error-code"] == "E629"
    assert answer["error-info"].isprintable()


async def test_of_several_faults_the_first_in_the_message_is_told(box: Sandbox) -> None:
    slides = [slide(image("slow/photo-small.jpg")), slide(image("missing.jpg"))]
    first = await call(box, save_xml(slides[1], slide(medium("audio", f"{HOST}/missing.mp3"))))
    assert first["error-code"] == "E351"
    assert "slide 1" in first["error-info"]


async def test_a_host_that_no_route_maps_is_never_dialled(box: Sandbox) -> None:
    for host in ("unmapped.example.com", "10.0.0.1", "192.0.2.1", "169.254.169.254", "media.example.com:81"):
        answer = await call(box, save_xml(slide(medium("image", f"http://{host}/a.jpg"))))
        assert answer["error-code"] == "E351"
        assert "knows no host" in answer["error-info"]


async def test_loopback_addresses_need_no_route(box: Sandbox) -> None:
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:{box.media_port}/photo-small.jpg"
        assert (await call(box, save_xml(slide(medium("image", url)))))["status"] == "Success"


async def test_a_non_ascii_subject_is_taken_and_the_log_tells_what_becomes_of_it(box: Sandbox) -> None:
    assert (await call(box, save_xml(slide(text()), subject="Sale 🎉")))["status"] == "Success"
    (event,) = box.events
    assert event.notes == ("the carrier would drop this: the subject holds U+1F389 PARTY POPPER",)
    assert "the carrier would drop this" in str(event)


async def test_the_legacy_dialects_are_answered_in_upper_case(box: Sandbox) -> None:
    url = f"{HOST}/photo-small.jpg"
    flat = (
        f"<REQUEST><ACTION>saveMMS</ACTION><API_KEY>{KEY}</API_KEY><SUBJECT>Sale</SUBJECT><NAME>n</NAME>"
        f"<SLIDE><IMAGE><URL>{url}</URL></IMAGE><TEXT>Hi</TEXT><DURATION>5</DURATION></SLIDE></REQUEST>"
    )
    nested = (
        f"<REQUEST><ACTION>saveMMS</ACTION><API_KEY>{KEY}</API_KEY><CONTENT><NAME>n</NAME>"
        f'<SUBJECT>Sale</SUBJECT><SEQUENCE><SLIDE duration="5"><IMAGE><URL>{url}</URL></IMAGE></SLIDE>'
        "</SEQUENCE></CONTENT></REQUEST>"
    )
    for body in (flat, nested):
        answer = await call(box, body)
        assert answer["STATUS"] == "Success", answer
        assert answer["MMSID"].isdigit()
    for bad in (flat.replace(">5<", ">x<"), nested.replace('"5"', '"x"')):
        refused = await call(box, bad)
        assert (refused["STATUS"], refused["ERRORCODE"]) == ("Failure", "E230")
        assert refused["ERRORINFO"]


async def test_other_methods_and_paths_are_told_where_to_go(box: Sandbox) -> None:
    assert (await post(box, save_xml(slide(text())), path="/ep/v3/")).status == 404
    assert (await post(box, save_xml(slide(text())), path="/ep/v1")).status == 200
    asked = await get(port_of(box), "/ep/v1/")
    assert asked.status == 405
    assert b"<error-code>E100</error-code>" in asked.body
    oversized = await post(box, b" " * 1_048_577)
    assert oversized.status == 413


async def test_many_saves_at_once_get_ids_of_their_own(box: Sandbox) -> None:
    body = save_xml(slide(image()))
    answers = await asyncio.gather(*(call(box, body) for _ in range(20)))
    assert len({answer["mms-id"] for answer in answers}) == 20
    assert box.provider_connections == 20
