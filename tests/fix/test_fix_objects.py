"""Cards, calendars, documents and passes."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from mmscheck.cli.main import main
from mmscheck.fix.aims import aims
from mmscheck.fix.values import Answer, Job, Mended, Unmended, Wishes
from mmscheck.fix.work import mend
from mmscheck.judge.pipeline import load_rules
from mmscheck.media import calendars, contacts
from tests.fix.made import opened, photo, saved, written

AIMS = aims(load_rules("lint"))
FIXTURES = Path(__file__).parents[2] / "fixtures" / "media"


def answer(data: bytes, type_: str, most: int = 500_000) -> Answer:
    return mend(Job(data=data, type=type_, name="a", aims=AIMS, wishes=Wishes(), most=most))


def product(data: bytes, type_: str) -> str:
    made = answer(data, type_)
    assert isinstance(made, Mended), made
    assert all(len(line) <= 75 for line in made.data.split(b"\r\n"))
    again = answer(made.data, type_)
    assert isinstance(again, Mended)
    assert again.data == made.data, "mending twice changes nothing more"
    return made.data.decode().replace("\r\n ", "")


def card(*lines: str, version: str = "2.1") -> bytes:
    return "\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""]).encode()


def test_a_card_of_outlook_loses_nothing() -> None:
    made = product(
        card(
            "N;CHARSET=utf-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;Dr.;",
            "FN;CHARSET=utf-8;ENCODING=QUOTED-PRINTABLE:Dr. J=C3=B6rg M=C3=BCller=",
            ", Notar",
            "TEL;CELL;VOICE;PREF:+49 151 1234567",
            "item1.EMAIL;INTERNET:jm@example.com",
            "item1.X-ABLabel:Kanzlei",
            "ADR;WORK;ENCODING=QUOTED-PRINTABLE:;;Hauptstra=C3=9Fe 5=0D=0AHof;Ulm;;89073;",
            "X-SOMETHING;X-FOO=bar:kept",
        ),
        "text/vcard",
    )
    for line in (
        "VERSION:3.0",
        "N:Müller;Jörg;;Dr.;",
        "FN:Dr. Jörg Müller\\, Notar",
        "TEL;TYPE=CELL,VOICE,PREF:+49 151 1234567",
        "item1.EMAIL;TYPE=INTERNET:jm@example.com",
        "item1.X-ABLabel:Kanzlei",
        "ADR;TYPE=WORK:;;Hauptstraße 5\\nHof;Ulm;;89073;",
        "X-SOMETHING;X-FOO=bar:kept",
    ):
        assert line in made.split("\r\n"), made


@pytest.mark.parametrize(
    ("lines", "name", "parts"),
    [
        (("ORG:Corner Shop;Sales",), "Corner Shop", "Corner Shop;;;;"),
        (("N:Doe;Jane;;;",), "Jane Doe", "Doe;Jane;;;"),
        (("FN:Jane Doe",), "Jane Doe", "Jane Doe;;;;"),
        (("TEL:+15551230001",), "+15551230001", "+15551230001;;;;"),
    ],
)
def test_a_name_that_is_missing_is_made_of_what_is_there(
    lines: tuple[str, ...], name: str, parts: str
) -> None:
    made = product(card(*lines, version="3.0"), "text/vcard").split("\r\n")
    assert f"FN:{name}" in made
    assert f"N:{parts}" in made


@pytest.mark.parametrize("form", ["PHOTO;ENCODING=b;TYPE=PNG:", "PHOTO:data:image/png;base64,"])
def test_a_large_picture_becomes_a_small_jpeg(form: str) -> None:
    packed = base64.b64encode(saved(photo((1500, 1200)), "PNG")).decode()
    made = product(card("N:Doe;Jane;;;", "FN:Jane Doe", form + packed, version="3.0"), "text/vcard")
    (line,) = (line for line in made.split("\r\n") if line.startswith("PHOTO"))
    head, _, value = line.partition(":")
    assert head == "PHOTO;ENCODING=b;TYPE=JPEG"
    picture = base64.b64decode(value)
    assert opened(picture).size == (400, 320)
    assert len(picture) <= 60_000


def test_what_is_left_out_is_said() -> None:
    made = answer(card("N:Doe;Jane;;;", "<html>", "PHOTO;ENCODING=b:AAAA", version="3.0"), "text/vcard")
    assert isinstance(made, Mended)
    assert "line 4 left out, as it is no property" in made.done
    assert "the PHOTO in line 5 left out, as it cannot be shown" in made.done


def test_cards_that_are_cut_off_and_marked_are_read() -> None:
    data = b"\xef\xbb\xbf" + card("N:Doe;Jane;;;", "FN:Jane Doe", "TEL:+15551230001")[:-11]
    assert "END:VCARD" not in data.decode()
    made = product(data, "text/vcard").encode()
    facts = contacts.decode(made, "text/vcard")
    assert (facts.contacts, facts.named, facts.oddities) == (1, True, ())


def test_a_calendar_gets_the_zones_it_names_and_proper_lines() -> None:
    data = "\n".join(
        [
            "BEGIN:VCALENDAR",
            "METHOD:PUBLISH",
            "BEGIN:VEVENT",
            "UID:1@example.com",
            "DTSTAMP:20260101T000000Z ",
            "DTSTART;TZID=Europe/Berlin:20260701T090000",
            "DTEND;TZID=Europe/Berlin:20260701T100000",
            "SEQUENCE:",
            "SUMMARY:" + "Sommerfest für alle " * 6,
            "not a property",
            "END:VEVENT",
        ]
    )
    made = product(data.encode(), "text/calendar")
    lines = made.split("\r\n")
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert "TZID:Europe/Berlin" in lines
    at = lines.index("BEGIN:DAYLIGHT")
    assert lines[at : at + 6] == [
        "BEGIN:DAYLIGHT",
        "DTSTART:20250330T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "TZNAME:CEST",
    ]
    assert "SEQUENCE:" not in lines
    assert "SUMMARY:" + "Sommerfest für alle " * 5 + "Sommerfest für alle" in lines
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert calendars.decode(made.encode(), "text/calendar").oddities == ()


def test_a_damaged_pdf_is_written_anew() -> None:
    data = (FIXTURES / "flyer-small.pdf").read_bytes()
    damaged = data.replace(b"startxref", b"startxrfe").replace(b"xref\n", b"xr\n")
    made = answer(damaged, "application/pdf")
    assert isinstance(made, Mended)
    with pikepdf.open(io.BytesIO(made.data), attempt_recovery=False) as document:
        assert len(document.pages) == 1


@pytest.mark.parametrize("user", ["", "secret"])
def test_a_password_is_never_taken_off(user: str) -> None:
    file = io.BytesIO()
    with pikepdf.open(FIXTURES / "flyer-small.pdf") as document:
        document.save(file, encryption=pikepdf.Encryption(owner="o", user=user))
    made = answer(file.getvalue(), "application/pdf")
    assert isinstance(made, Unmended)
    assert "password" in made.why


def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **files: bytes
) -> list[dict[str, Any]]:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "media", **files)
    main(["fix", "media", "--output", "out", "--format", "json"])
    told: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["files"]
    return told


def test_objects_go_through_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(
        tmp_path,
        monkeypatch,
        capsys,
        card__vcf=card("FN:Jane Doe", version="2.1"),
        right__vcf=(FIXTURES / "contact-small.vcf").read_bytes(),
        event__ics=b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260701T090000Z\nEND:VEVENT",
    )
    assert [each["action"] for each in told] == ["mended", "mended", "copied"]
    assert main(["lint", "out", "--strict"]) == 0


def test_a_pass_is_not_mended_and_says_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (FIXTURES / "pass-small.pkpass").read_bytes()
    (entry,) = run(tmp_path, monkeypatch, capsys, a__pkpass=data[:-40])
    assert entry["action"] == "left"
    assert "signed by its owner" in entry["why_not"]
    assert entry["who_can"] == "content"


def test_no_name_and_no_kind_of_a_card_is_lost_without_a_word() -> None:
    data = card(
        "N:Doe;Jane;;;",
        "FN:Jane",
        "FN:Johanna",
        "TEL;X-MINE;CUSTOM:+15551230001",
        "NOTE:c:\\path",
        "SOUND:data:audio/ogg;base64,T2dnUw==",
    )
    made = answer(data, "text/vcard")
    assert isinstance(made, Mended)
    assert any("Johanna" in clause for clause in made.done)
    lines = made.data.decode().split("\r\n")
    assert "TEL;TYPE=X-MINE,CUSTOM:+15551230001" in lines
    assert "NOTE:c:\\\\path" in lines
    assert "SOUND;ENCODING=b;TYPE=OGG:T2dnUw==" in lines


def calendar(*lines: str, version: str = "2.0") -> bytes:
    whole = ("BEGIN:VCALENDAR", f"VERSION:{version}", "PRODID:x", "BEGIN:VEVENT", *lines, "END:VEVENT")
    return "\r\n".join((*whole, "END:VCALENDAR", "")).encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("D1 #5", "FREQ=DAILY;INTERVAL=1;COUNT=5"),
        ("W2 MO WE #0", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"),
        ("W1 TU", "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU;COUNT=2"),
        ("MP1 1+ MO 1- FR #0", "FREQ=MONTHLY;INTERVAL=1;BYDAY=1MO,-1FR"),
        ("MD1 15 LD 19971224T000000Z", "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=15,-1;UNTIL=19971224T000000Z"),
        ("YM1 6 7 #3", "FREQ=YEARLY;INTERVAL=1;BYMONTH=6,7;COUNT=3"),
    ],
)
def test_a_calendar_of_1996_recurs_as_it_did(old: str, new: str) -> None:
    text = product(
        calendar(
            "DTSTART:20260706T090000Z",
            "DTEND:20260706T100000Z",
            "SUMMARY;ENCODING=QUOTED-PRINTABLE:F=C3=BCr=3Dalle",
            f"RRULE:{old}",
            "AALARM:20260706T085000Z",
            version="1.0",
        ),
        "text/calendar",
    )
    assert f"RRULE:{new}\r\n" in text
    assert "SUMMARY:Für=alle\r\n" in text
    assert "ALARM" not in text


def test_a_zone_is_right_for_as_long_as_an_event_recurs() -> None:
    text = product(
        calendar("DTSTART;TZID=Europe/Berlin:20260701T090000", "RRULE:FREQ=WEEKLY;BYDAY=WE"), "text/calendar"
    )
    assert "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU" in text
    assert "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU" in text
    assert text.index("PRODID") < text.index("BEGIN:VTIMEZONE") < text.index("BEGIN:VEVENT")


def test_a_signature_that_does_not_hold_any_more_is_named() -> None:
    with pikepdf.open(FIXTURES / "flyer-small.pdf") as document:
        document.Root.AcroForm = pikepdf.Dictionary(SigFlags=3, Fields=pikepdf.Array())
        file = io.BytesIO()
        document.save(file)
    made = answer(file.getvalue(), "application/pdf")
    assert isinstance(made, Mended)
    assert "its digital signature holds no more" in made.done
    plain = answer((FIXTURES / "flyer-small.pdf").read_bytes(), "application/pdf")
    assert isinstance(plain, Mended)
    assert len(plain.done) == 1


def test_what_a_heic_holds_beside_its_picture_is_named() -> None:
    data = (FIXTURES / "photo-small.heic").read_bytes()
    mark = b"urn:mpeg:hevc:2015:auxid:1\0"
    made = answer(data + (8 + len(mark)).to_bytes(4) + b"free" + mark, "image/heic")
    assert isinstance(made, Mended)
    assert "left out: which of its parts are transparent" in made.done


def test_numbers_are_completed_only_for_a_country_that_is_named() -> None:
    numbers = card(
        "N:M;J;;;", "FN:J M", "TEL:(212) 555-0100", "TEL:+49 151 1234567", "TEL:*69", version="3.0"
    )
    assert "TEL:(212) 555-0100" in product(numbers, "text/vcard")
    wishes = Wishes(country="US")
    made = mend(Job(data=numbers, type="text/vcard", name="a", aims=AIMS, wishes=wishes, most=9_000))
    assert isinstance(made, Mended)
    text = made.data.decode()
    assert "TEL:+12125550100\r\n" in text
    assert "TEL:+49 151 1234567\r\n" in text
    assert "TEL:*69\r\n" in text
    assert "telephone numbers written with + and country code, as dialled in US" in made.done


@pytest.mark.parametrize("zone", ["(UTC-05:00) Eastern Time (US and Canada)", "GMT +01:00", "../x", "\t"])
def test_a_zone_that_nobody_knows_stays_as_it_is(zone: str) -> None:
    made = product(
        "\r\n".join(
            (
                "BEGIN:VCALENDAR",
                "VERSION:2.0",
                "PRODID:a",
                "BEGIN:VEVENT",
                "UID:1",
                "DTSTAMP:20260101T000000Z",
                f'DTSTART;TZID="{zone}":20260101T090000',
                "SUMMARY:a",
                "END:VEVENT",
                "END:VCALENDAR",
                "",
            )
        ).encode(),
        "text/calendar",
    )
    assert "BEGIN:VTIMEZONE" not in made
