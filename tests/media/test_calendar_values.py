"""An event is judged by when it is; everything else in a calendar that is odd is told and refused nowhere."""

from __future__ import annotations

import pytest

from mmscheck.media.decoding import decode
from mmscheck.model.facts import CalendarFacts, Undecoded

START = "DTSTART:20261201T170000Z"
END = "DTEND:20261201T180000Z"
ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Shop Time",
    "BEGIN:STANDARD",
    "DTSTART:20071104T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
    "TZOFFSETFROM:-0400",
    "TZOFFSETTO:-0500",
    "TZNAME;LANGUAGE=en-us:EST",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def calendar(
    *events: tuple[str, ...], head: tuple[str, ...] = (), version: str = "2.0", end: str = "\r\n"
) -> bytes:
    """A calendar of these events, the first line of the first of them being the fifth of the file."""
    rows = [row for event in events for row in ("BEGIN:VEVENT", *event, "END:VEVENT")]
    all_ = ("BEGIN:VCALENDAR", f"VERSION:{version}", "PRODID:x", *head, *rows, "END:VCALENDAR", "")
    return end.join(all_).encode()


def facts(data: bytes) -> CalendarFacts:
    found = decode("text/calendar", data)
    assert isinstance(found, CalendarFacts), found
    return found


def refused(data: bytes) -> str:
    found = decode("text/calendar", data)
    assert isinstance(found, Undecoded), found
    assert not found.contained
    return found.reason


@pytest.mark.parametrize(
    "lines",
    [
        (START,),
        (START, END),
        (START, "DTEND:20261201T170000Z"),
        (START, "DURATION:PT1H30M"),
        (START, "DURATION:P1W"),
        (START, "DURATION:P1DT"),
        (START, "DURATION:PT1W"),
        (START, "DURATION:+PT0S"),
        ("DTSTART:20261201T170000", "DTEND:20261201T180000"),
        ("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202"),
        ("DTSTART:20261201", "DTEND:20261201"),
        ("DTSTART;VALUE=DATE-TIME: 20261201t170000z ", END),
        ("DTSTART;TZID=Europe/Berlin:20261201T170000", "DTEND;TZID=Europe/Berlin:20261201T180000"),
        ("DTSTART;TZID=Nowhere:20261201T170000", "DTEND;TZID=Elsewhere:20261201T160000"),
        ('DTSTART;TZID="(UTC-05:00) Eastern":20261201T170000',),
        ("DTSTART;TZID=Asia/Tokyo:20261201T090000", "DTEND:20261201T010000Z"),
        (START, "RRULE:FREQ=WEEKLY;BYDAY=TH ;COUNT=3"),
        (START, "RRULE:FREQ=WEEKLY;BYDAY=MO, FR"),
        (START, "RRULE:FREQ=MONTHLY;BYDAY=2 TH;INTERVAL=1;"),
        (START, "RRULE:freq=yearly;byday=-1su;bymonth=3;until=20281231"),
        (START, "RRULE:FREQ=MONTHLY;BYDAY=255SU"),
        (START, "RRULE:UNTIL=20271231T000000Z;FREQ=DAILY;WKST=SU"),
        (START, "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1,15;BYSETPOS=1"),
        (START, "RRULE:RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD"),
        (START, "RDATE;VALUE=DATE:20261202, 20261203", "EXDATE:20261204T170000Z,20261205T170000Z"),
        (START, "RDATE;VALUE=PERIOD:20261202T170000Z/PT1H"),
        (START, "SUMMARY:", "LOCATION:", "DESCRIPTION:", "CLASS:", "URL:", "CATEGORIES:", "ORGANIZER:"),
        (START, 'ORGANIZER;CN="Shop "Best"":mailto:a@example.com'),
        (START, 'ATTENDEE;CN="Ann: Lee":mailto:a@example.com', 'ATTENDEE;CN="Ann:mailto:a@example.com'),
        (START, "X-DURATION;VALUE=DURATION:1H", "X-EMPTY:", "GEO:37.33;-122.03", "SEQUENCE:0"),
        (START, "ATTACH;ENCODING=BASE64;VALUE=BINARY:QUJD", "ATTACH:https://example.com/a"),
        (START, "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=utf-8:a=", "=C3=9C"),
        (START, "BEGIN:VALARM", "TRIGGER:-PT15M", "ACTION:DISPLAY", "END:VALARM"),
    ],
)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r\r\n", "\r"])
def test_an_event_that_can_be_placed_in_time_passes_without_a_word(lines: tuple[str, ...], end: str) -> None:
    assert facts(calendar(("UID:1", *lines), end=end)) == CalendarFacts(events=1, version="2.0")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("UID:1", END), "the event in line 4 has no DTSTART"),
        (("DTSTART:",), "DTSTART in line 5 is no date and no time"),
        (("DTSTART:soon",), "DTSTART in line 5 is no date and no time"),
        (("DTSTART:20261301",), "DTSTART in line 5 is no date and no time"),
        (("DTSTART:20261201T250000",), "DTSTART in line 5 is no date and no time"),
        ((START, "DTEND:"), "DTEND in line 6 is no date and no time"),
        ((START, "DTEND:later"), "DTEND in line 6 is no date and no time"),
        ((START, "DURATION:"), "DURATION in line 6 is no length of time"),
        ((START, "DURATION:1H"), "DURATION in line 6 is no length of time"),
        ((START, "DURATION:P1H"), "DURATION in line 6 is no length of time"),
        ((START, "DURATION:P"), "DURATION in line 6 is no length of time"),
        ((START, "DURATION:-PT1H"), "the event in line 4 ends before it begins"),
        ((START, "DTEND:20251201T180000Z"), "the event in line 4 ends before it begins"),
        ((START, "DTEND;TZID=X:20261130T120000"), "the event in line 4 ends before it begins"),
        (("DTSTART:20261201", "DTEND:20261130"), "the event in line 4 ends before it begins"),
        ((START, "RRULE:"), "RRULE in line 6 is empty"),
        ((START, "RRULE:every day"), "RRULE in line 6 does not say how often: FREQ is missing"),
        ((START, "RRULE:BYDAY=MO"), "RRULE in line 6 does not say how often: FREQ is missing"),
        ((START, "RRULE:FREQ=FORTNIGHTLY"), "RRULE in line 6 cannot be read: its FREQ is none"),
        ((START, "RRULE:FREQ=WEEKLY;BYDAY=XX"), "RRULE in line 6 cannot be read: its BYDAY is none"),
        ((START, "RRULE:FREQ=WEEKLY;BYDAY="), "RRULE in line 6 cannot be read: its BYDAY is none"),
        ((START, "RRULE:FREQ=DAILY;UNTIL=soon"), "RRULE in line 6 cannot be read: its UNTIL is none"),
        ((START, "RRULE:FREQ=DAILY;INTERVAL=0"), "RRULE in line 6 cannot be read: its INTERVAL is none"),
        ((START, "RRULE:FREQ=DAILY;COUNT=-1"), "RRULE in line 6 cannot be read: its COUNT is none"),
        ((START, "RRULE:FREQ=YEARLY;BYMONTH=13"), "RRULE in line 6 cannot be read: its BYMONTH is none"),
    ],
)
def test_an_event_that_cannot_be_placed_in_time_is_refused_with_its_line(
    lines: tuple[str, ...], why: str
) -> None:
    for end in ("\r\n", "\n", "\r\r\n"):
        assert refused(calendar(lines, end=end)) == why


OPTIONAL = (
    *("SEQUENCE", "PRIORITY", "PERCENT-COMPLETE", "DTSTAMP", "CREATED", "LAST-MODIFIED", "RECURRENCE-ID"),
    *("EXDATE", "RDATE", "EXRULE", "GEO"),
)


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize(
    "value", ["", " ", ";", "odd", "37.33,-122.03", "\N{SNOWMAN}", "1" * 5000, "P", "=" * 50]
)
def test_an_optional_property_that_is_empty_or_odd_is_told_with_its_line(name: str, value: str) -> None:
    found = facts(calendar((START, END, f"{name}:{value}")))
    assert found.events == 1
    assert found.oddities == (f"{name} that is empty or cannot be read (line 7)",)


@pytest.mark.parametrize("name", ["TRIGGER", "DURATION", "REPEAT"])
@pytest.mark.parametrize("value", ["", "odd"])
def test_an_alarm_that_is_odd_is_told(name: str, value: str) -> None:
    found = facts(calendar((START, "BEGIN:VALARM", f"{name}:{value}", "END:VALARM")))
    assert found.oddities == (f"{name} that is empty or cannot be read (line 7)",)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("ATTACH;ENCODING=BASE64;VALUE=BINARY:abc",), "ATTACH that is empty or cannot be read (line 6)"),
        (("X-GARBAGE",), "a line that is no property (line 6)"),
        (("LOCATION:Main St", "1"), "a line that is no property (line 7)"),
        (('"q":x',), "a line that is no property (line 6)"),
        (("END:VTODO",), "an END without a BEGIN (line 6)"),
        (("BEGIN:VALARM", "TRIGGER:-PT5M"), "something that is never closed (line 6)"),
        (("DTSTART:20270101",), "an event with more than one beginning or end (line 4)"),
        ((END, "DURATION:PT1H"), "an event with more than one beginning or end (line 4)"),
        (("RRULE:FREQ=DAILY;COUNT=3;UNTIL=20271231",), "RRULE that says the same thing twice (line 6)"),
        (("RRULE:FREQ=DAILY;X-WHEN=2",), "RRULE with a part that does not exist (line 6)"),
    ],
)
def test_what_readers_skip_is_told_with_its_line(lines: tuple[str, ...], told: str) -> None:
    assert facts(calendar((START, *lines))).oddities == (told,)


def test_text_that_is_not_in_utf_8_is_told() -> None:
    data = calendar((START, "SUMMARY:Fr\N{LATIN SMALL LETTER U WITH DIAERESIS}hling"))
    assert facts(data).oddities == ()
    assert "neither in UTF-8" in facts(data.decode().encode("iso-8859-1")).oddities[0]
    assert facts(data.decode().encode("utf-8-sig")).oddities == ("a byte order mark (line 1)",)


@pytest.mark.parametrize(
    "zone",
    [
        ZONE,
        ("BEGIN:VTIMEZONE", "TZID:Zone Y", "", "END:VTIMEZONE"),
        (*ZONE[:-1], "TZID:Second", *ZONE[2:]),
        (
            "BEGIN:VTIMEZONE",
            "TZID-ALIAS-OF:X",
            "BEGIN:STANDARD",
            "DTSTART:never",
            "RRULE:",
            "END:STANDARD",
            "END:VTIMEZONE",
        ),
    ],
)
def test_time_zones_are_not_judged(zone: tuple[str, ...]) -> None:
    event = ("DTSTART;TZID=Shop Time:20261201T170000", "DTEND;TZID=Shop Time:20261201T180000")
    assert facts(calendar(event, head=zone)) == CalendarFacts(events=1, version="2.0")
    assert facts(calendar(head=zone)).events == 0


def test_a_calendar_of_other_things_holds_no_event() -> None:
    assert facts(calendar(head=("BEGIN:VTODO", "SUMMARY:x", "END:VTODO"))).events == 0
    assert facts(calendar()).events == 0


def test_an_event_that_is_called_off_is_told() -> None:
    (told,) = facts(calendar((START,), head=("METHOD:CANCEL",))).oddities
    assert told == "METHOD:CANCEL, which calls events off: phones add nothing (line 4)"
    for method in ("PUBLISH", "REQUEST", ""):
        assert facts(calendar((START,), head=(f"METHOD:{method}",))).oddities == ()


def test_the_rules_of_vcalendar_1_are_read() -> None:
    found = facts(calendar((START, "RRULE:W1 MO #0"), version="1.0"))
    assert found.oddities == ("a calendar without VERSION:2.0 (line 1)",)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<!DOCTYPE html><html><body>Sign in: please</body></html>", "there is no calendar in it"),
        (b"BEGIN:VEVENT\r\nDTSTART:20261201\r\nEND:VEVENT\r\n", "there is no calendar in it"),
        (calendar((START,))[:-17], "the calendar that begins in line 1 is cut off: its END is missing"),
        (calendar((START,)).replace(b"END:VEVENT\r\n", b""), "the event that begins in line 4 is cut off"),
        (
            calendar((START,), (START,)).replace(b"END:VEVENT\r\n", b"", 1),
            "the event that begins in line 4 is cut",
        ),
    ],
)
def test_what_no_phone_can_read_is_refused(data: bytes, why: str) -> None:
    assert why in refused(data)


def test_a_calendar_that_is_cut_off_is_refused_wherever_that_is() -> None:
    whole = calendar((START, END, "SUMMARY:Sale"), (START, "RRULE:FREQ=DAILY"), head=ZONE).rstrip()
    for end in range(20, len(whole)):
        assert refused(whole[:end])


def test_more_faults_than_three_are_not_told() -> None:
    assert refused(calendar(*[(END,)] * 9)).count("has no DTSTART") == 3
