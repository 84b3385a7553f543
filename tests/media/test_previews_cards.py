from __future__ import annotations

import io
import json
import random
from pathlib import Path

import pikepdf
import pytest

from mmscheck.media.decoding import decode
from mmscheck.media.previews import preview
from mmscheck.media.previews_cards import MOST_BYTES, short
from mmscheck.model.facts import Preview
from tests.media import bombs

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"


def lines(data: bytes, type_: str) -> tuple[tuple[str, str], ...]:
    found = preview(type_, data, decode(type_, data))
    assert found is None or found == Preview(lines=found.lines)
    return found.lines if found else ()


def event(*rows: str) -> bytes:
    inner = ("BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", *rows, "END:VEVENT")
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *inner, "END:VCALENDAR", "")).encode()


def test_a_contact_says_who_it_is_and_how_to_be_reached() -> None:
    rows = (
        "FN:Ann Lee",
        "N:Lee;Ann;;;",
        "ORG:Shop;Sales",
        "TITLE:Buyer",
        "TEL:+1 555",
        "EMAIL:a@example.com",
    )
    assert lines(bombs.card(*rows), "text/vcard") == (
        ("Name", "Ann Lee"),
        ("Organisation", "Shop, Sales"),
        ("Title", "Buyer"),
        ("Phone", "+1 555"),
        ("Email", "a@example.com"),
    )


def test_a_contact_without_fn_is_named_by_its_n_and_further_contacts_are_counted() -> None:
    two = bombs.card("N:Lee;Ann;;;", version="2.1") + bombs.card("N:Ray;Bob;;;", version="2.1")
    (label, name), count = lines(two, "text/vcard")
    assert label == "Name"
    assert {"Ann", "Lee"} == set(name.split())
    assert count == ("Contacts", "2")


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        ("DTSTART:20260601T100000Z", "2026-06-01 10:00 UTC"),
        ("DTSTART;TZID=Europe/Berlin:20260601T100000", "2026-06-01 10:00 Europe/Berlin"),
        ("DTSTART:20260601T100000", "2026-06-01 10:00"),
        ("DTSTART;VALUE=DATE:20260601", "2026-06-01"),
    ],
)
def test_an_event_says_what_it_is_and_when_and_where(start: str, shown: str) -> None:
    found = lines(event("SUMMARY:Sale", start, "LOCATION:Shore Road\\, 1"), "text/calendar")
    assert found == (("Event", "Sale"), ("Start", shown), ("Place", "Shore Road, 1"))


def test_a_document_says_its_title_and_its_pages() -> None:
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(bombs.pdf(pages=3))) as document:
        document.docinfo["/Title"] = "Flyer \N{EURO SIGN}"
        document.save(file)
    assert lines(file.getvalue(), "application/pdf") == (("Title", "Flyer €"), ("Pages", "3"))
    assert lines(bombs.pdf(password="x"), "application/pdf") == (("Protected", "needs a password"),)


def test_a_pass_says_who_gives_it_and_what_for() -> None:
    found = lines(bombs.pkpass(), "application/vnd.apple.pkpass")
    assert found == (("Organisation", "Shop"), ("Description", "Coupon"))


@pytest.mark.parametrize("content", [b"[]", b"no", b'{"description": 7}', b"[" * 50_000])
def test_a_pass_whose_content_is_odd_has_no_lines(content: bytes) -> None:
    assert lines(bombs.pkpass({"pass.json": content}), "application/vnd.apple.pkpass") == ()


def test_a_long_pass_is_not_read_to_its_end() -> None:
    content = json.dumps(
        {"description": "x", "filler": random.Random(1).randbytes(MOST_BYTES).hex()}
    ).encode()
    assert lines(bombs.pkpass({"pass.json": content}), "application/vnd.apple.pkpass") == ()


def test_a_long_contact_file_is_not_read_twice() -> None:
    assert lines(bombs.card("FN:Ann", bombs.photo(MOST_BYTES)), "text/vcard") == ()


def test_values_are_cut_and_hold_no_controls() -> None:
    assert short("a" * 200) == "a" * 79 + "…"
    assert short("a\tb\r\nc\x00\x1b[31md\u202ee\u2028f\ud800g") == "a b c [31md e f g"
    assert short("👩\u200d🚀") == "👩\u200d🚀"
    assert short(["a", "b"]) == "a, b"
    assert short("\u202e \n") == ""


def test_no_more_lines_than_fit_and_none_twice() -> None:
    found = lines(bombs.card("FN:Ann", *[f"TEL:{number}" for number in range(20)], "TEL:0"), "text/vcard")
    assert len(found) == 8
    assert len(lines(bombs.card("FN:Ann", "TEL:0", "TEL:0"), "text/vcard")) == 2


def test_hostile_text_stays_text() -> None:
    found = lines(bombs.card("FN:<script>alert(1)</script>", "TEL:=1+1"), "text/vcard")
    assert found == (("Name", "<script>alert(1)</script>"), ("Phone", "=1+1"))
    json.dumps(lines((MEDIA / "contact-large.vcf").read_bytes(), "text/vcard"))
