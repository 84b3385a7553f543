from __future__ import annotations

import json
import time

import pytest

from mmscheck.media import MediaWorkers
from mmscheck.media.decoding import decode
from mmscheck.model.facts import CalendarFacts, ContactFacts, DocumentFacts, PassFacts, Undecoded
from tests.media import bombs

URL = "https://media.example.com/x"
PASS = "application/vnd.apple.pkpass"
NOT_WHOLE = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n"


def refused(type_: str, data: bytes) -> str:
    found = decode(type_, data)
    assert isinstance(found, Undecoded), found
    assert not found.contained
    return found.reason


def faults(data: bytes) -> tuple[str, ...]:
    found = decode(PASS, data)
    assert isinstance(found, PassFacts), found
    return found.faults


def contact(*lines: str, version: str = "3.0") -> ContactFacts:
    found = decode("text/vcard", bombs.card(*lines, version=version))
    assert isinstance(found, ContactFacts), found
    return found


@pytest.mark.parametrize(
    ("lines", "version", "named"),
    [
        (("FN:Ada", "N:Lovelace;Ada;;;"), "3.0", True),
        (("N:Lovelace;Ada;;;",), "2.1", True),
        (("FN:", "N:;;;;"), "3.0", False),
        (("TEL:1",), "3.0", False),
        (("FN:Ada",), "4.0", True),
    ],
)
def test_a_contact_is_named_by_either_of_its_names(
    lines: tuple[str, ...], version: str, *, named: bool
) -> None:
    found = contact(*lines, version=version)
    assert (found.named, found.version, found.contacts) == (named, version, 1)


def test_several_contacts_are_counted_and_one_without_a_name_is_advised_against() -> None:
    found = decode("text/vcard", bombs.card("FN:Ada") + bombs.card("TEL:1"))
    assert isinstance(found, ContactFacts)
    assert (found.contacts, found.version, found.named) == (2, "3.0", True)
    assert "a contact without a name, which is shown by its number if at all (line 5)" in found.oddities


@pytest.mark.parametrize(
    ("line", "version", "size"),
    [
        ("PHOTO;ENCODING=b;TYPE=JPEG:AAAAAAAA", "3.0", 6),
        ("PHOTO;ENCODING=BASE64;JPEG:AAAA", "2.1", 3),
        ("PHOTO:data:image/jpeg;base64,AAAA", "4.0", 3),
        ("PHOTO;VALUE=uri:https://example.com/a.jpg", "3.0", None),
        ("PHOTO:https://example.com/a.jpg", "4.0", None),
    ],
)
def test_an_embedded_picture_is_measured_after_decoding(line: str, version: str, size: int | None) -> None:
    assert contact("FN:Ada", line, version=version).largest_photo == size


def test_the_largest_of_several_pictures_counts() -> None:
    assert contact("FN:Ada", bombs.photo(10), bombs.photo(300), bombs.photo(20)).largest_photo == 300


def test_a_contact_in_an_old_character_set_is_read() -> None:
    assert decode("text/vcard", bombs.card("FN:Zoë").decode().encode("iso-8859-1")) is not None
    found = decode("text/vcard", bombs.card("FN:Zoë").decode().encode("utf-16"))
    assert isinstance(found, ContactFacts)


def test_broken_contacts_are_refused() -> None:
    whole = bombs.card("FN:Ada")
    assert refused("text/vcard", whole[: whole.index(b"END")])
    assert refused("text/vcard", bombs.card("FN:Ada", "PHOTO;ENCODING=b:!!!not base64"))
    assert "no contact in it" in refused("text/vcard", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    assert "more than 1000" in refused("text/vcard", bombs.card("FN:A") * 1001)


def test_a_contact_with_a_giant_picture_is_refused_at_once() -> None:
    data = bombs.card("FN:Ada", bombs.photo(8_000_000))
    started = time.process_time()
    assert "more than 8 MB" in refused("text/vcard", data)
    assert time.process_time() - started < 1
    assert contact("FN:Ada", bombs.photo(500_000)).largest_photo == 500_000


def test_broken_calendars_are_refused() -> None:
    ends = b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    start = b"DTSTART:20261201\r\n"
    assert decode("text/calendar", NOT_WHOLE + start + ends) == CalendarFacts(events=1, version="2.0")
    assert refused("text/calendar", NOT_WHOLE + start)
    assert "DTSTART" in refused("text/calendar", NOT_WHOLE + b"DTSTART:soon\r\n" + ends)


def test_a_locked_document_is_told_from_one_that_opens() -> None:
    assert decode("application/pdf", bombs.pdf(password="secret")) == DocumentFacts(
        version="1.7", encrypted=True
    )
    assert decode("application/pdf", bombs.pdf(pages=3)) == DocumentFacts(
        version="1.3", encrypted=False, pages=3
    )


def test_broken_documents_are_refused() -> None:
    whole = bombs.pdf(pages=3)
    assert "structure" in refused("application/pdf", whole[:-60])
    assert refused("application/pdf", b"%PDF-1.4\nand nothing more\n")


def test_what_is_drawn_on_a_page_is_unpacked_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bombs.pdf(padding=100_000_000)
    started = time.process_time()
    found = decode("application/pdf", data)
    assert found == DocumentFacts(version="1.3", encrypted=False, pages=1)
    assert time.process_time() - started < 5
    monkeypatch.setattr("mmscheck.media.documents.MOST_UNPACKED", 99_999_999)
    assert "more than 99999999 bytes" in refused("application/pdf", data)


async def test_a_document_whose_structure_is_a_bomb_is_refused_or_contained() -> None:
    async with MediaWorkers(workers=1, memory_bytes=512 * 1024 * 1024, timeout=5.0) as workers:
        found = await workers.inspect(URL, bombs.structure_bomb(150_000_000))
        after = await workers.inspect(URL, bombs.pdf())
    assert found.sniffed.type == "application/pdf"
    assert isinstance(found.decoded, Undecoded)
    assert isinstance(after.decoded, DocumentFacts)


def test_a_sound_pass_has_no_faults_and_an_archive_in_it_is_a_file_like_others() -> None:
    nested = bombs.pkpass({"zeros": bytes(40_000_000)})
    found = decode(PASS, bombs.pkpass({"inner.zip": nested}))
    assert isinstance(found, PassFacts)
    assert (found.entries, found.faults) == (5, ())
    assert len(nested) < found.unpacked < len(nested) + 3000


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"zeros": bytes(60_000_000)}, "more than 200 times its size"),
        ({"zeros": bytes(70_000_000)}, "unpacks to more than"),
        ({f"file{number}": b"" for number in range(1000)}, "more than 1000 entries"),
    ],
)
def test_a_pass_that_unpacks_to_too_much_is_refused_before_anything_is_read(
    files: dict[str, bytes], told: str
) -> None:
    data = bombs.pkpass(files)
    started = time.process_time()
    assert told in refused(PASS, data)
    assert time.process_time() - started < 0.5


def test_what_a_pass_lacks_is_told() -> None:
    assert faults(bombs.pkpass({"icon.png": None})) == ("icon.png is missing",)
    assert faults(bombs.pkpass({"pass.json": b"[1]"})) == ("pass.json is no JSON object",)
    some = {name: value for name, value in bombs.PASS.items() if name != "teamIdentifier"}
    assert faults(bombs.pkpass({"pass.json": json.dumps(some).encode()})) == (
        "pass.json has no teamIdentifier",
    )


def test_where_a_pass_disagrees_with_its_manifest_is_told() -> None:
    assert faults(bombs.pkpass(manifest={"icon.png": "0" * 40})) == (
        "icon.png differs from its digest in the manifest",
    )
    assert faults(bombs.pkpass(manifest={"logo.png": "0" * 40})) == (
        "logo.png is in the manifest but not in the pass",
    )


@pytest.mark.parametrize("name", ["../up.png", "/etc/up.png", "C:\\up.png", "a\\..\\up.png", "a/../../b"])
def test_a_name_that_leaves_the_folder_is_a_fault(name: str) -> None:
    assert any("lies outside" in fault for fault in faults(bombs.pkpass({name: b"x"})))


def test_a_pass_with_a_damaged_file_is_refused() -> None:
    data = bytearray(bombs.pkpass({"blob": bytes(range(256))}))
    place = data.index(b"blob") + 20
    data[place] ^= 0xFF
    assert "damaged" in refused(PASS, bytes(data))
