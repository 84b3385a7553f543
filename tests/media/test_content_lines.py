"""The reader of content lines: never broken by what it is given, and no slower for it."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from mmscheck.media import MediaWorkers
from mmscheck.media.content_lines import MOST_LINES, Oddities, read, unescaped
from mmscheck.media.decoding import decode
from mmscheck.media.previews_cards import draw
from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import CalendarFacts, ContactFacts, Undecoded
from tests.media.dialects import DIALECTS, card
from tests.media.test_calendar_values import START, ZONE, calendar

SIZE = 600_000
"""Bytes of a file that would take hours if time grew with the square of the size."""

SEEDS = (*DIALECTS.values(), calendar((START, "RRULE:FREQ=DAILY", 'X;Y="a":b'), head=ZONE))
PIECES = (b":", b";", b'"', b"=", b"=\r\n", b"\r", b"\n ", b"\x00", b"\xff", b"BEGIN:", b"END:", b"\\", b"")


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The file with pieces put in, taken out, doubled, or set to anything."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 2, 5, 20))):
        start = chance.randrange(len(changed))
        end = min(len(changed), start + chance.choice((0, 1, 5, 40)))
        some = (chance.choice(PIECES), bytes(changed[start:end]) * 2, chance.randbytes(3))
        changed[start:end] = chance.choice(some)
        changed = changed or bytearray(b"x")
    return bytes(changed)


@pytest.mark.parametrize("type_", ["text/vcard", "text/calendar"])
def test_no_mutation_is_our_fault(type_: str) -> None:
    chance = random.Random(20_261_130)
    for count in range(3000):
        data = mutated(SEEDS[count % len(SEEDS)], chance)
        found = decode(type_, data)
        assert not (isinstance(found, Undecoded) and found.contained), (found, data)


def test_a_likeness_is_drawn_of_all_that_is_read() -> None:
    chance = random.Random(1)
    for count in range(2000):
        data = mutated(SEEDS[count % len(SEEDS)], chance)
        contact, calendar_ = decode("text/vcard", data), decode("text/calendar", data)
        if isinstance(contact, ContactFacts):
            draw(data, "text/vcard", contact)  # ``preview`` would hide what goes wrong in it
        if isinstance(calendar_, CalendarFacts) and calendar_.events:
            draw(data, "text/calendar", calendar_)


def around(middle: bytes) -> bytes:
    return card("N:P;A", "FN:Ana").replace(b"END:VCARD", middle + b"\r\nEND:VCARD")


def filled(piece: bytes) -> bytes:
    return (piece * (SIZE // len(piece) + 1))[:SIZE]


HOSTILE: dict[str, Callable[[], bytes]] = {
    "carriage returns": lambda: around(filled(b"\r")),
    "blanks": lambda: around(b"NOTE:" + filled(b" ")),
    "lines of blanks": lambda: around(b"NOTE:a" + filled(b"\r\n" + b" " * 70)),
    "quotation marks": lambda: around(b"NOTE;X=" + filled(b'"') + b":x"),
    "open quotation marks": lambda: around(filled(b'A;B="x:y\r\n')),
    "semicolons": lambda: around(b"N" + filled(b";") + b":x"),
    "dots": lambda: around(filled(b".") + b":x"),
    "colons": lambda: around(b"N;X=" + filled(b'"a:')),
    "backslashes": lambda: around(b"NOTE:" + filled(b"\\")),
    "equals signs": lambda: around(b"NOTE;QUOTED-PRINTABLE:" + filled(b"=")),
    "soft breaks": lambda: around(b"NOTE;QUOTED-PRINTABLE:" + filled(b"a=\r\n")),
    "folded names": lambda: around(b"N" + filled(b"\r\n O")),
    "folded colons": lambda: around(b"N;X=" + filled(b'\r\n ":')),
    "base64": lambda: around(b"PHOTO;ENCODING=b:" + filled(b"AAAA\r\n")),
    "beginnings": lambda: filled(b"BEGIN:ABCDE\r\n"),
    "beginnings and ends of others": lambda: (
        filled(b"BEGIN:ABCDE\r\n")[: SIZE // 2] + filled(b"END:BCDEF\r\n")
    ),
    "character sets": lambda: around(filled(b"NOTE;CHARSET=x-unknown:\xff\r\n")),
    "a character set that is none": lambda: around(b"FN;CHARSET=punycode:" + filled(b"\xff")),
    "numbers": lambda: calendar((START, "RRULE:FREQ=DAILY;COUNT=" + "1" * SIZE)),
    "days": lambda: calendar((START, "RRULE:FREQ=DAILY;BYDAY=" + "MO," * (SIZE // 3) + "MO")),
    "parts": lambda: calendar((START, "RRULE:" + "FREQ=DAILY;" * (SIZE // 11))),
    "dates": lambda: calendar((START, "EXDATE:" + "20261201," * (SIZE // 9))),
    "places": lambda: calendar((START, "GEO:" + "1" * SIZE)),
    "attachments": lambda: calendar((START, "ATTACH;ENCODING=BASE64:" + "A" * SIZE)),
}


async def test_no_shape_of_a_file_takes_time_in_the_square_of_its_size() -> None:
    async with MediaWorkers(workers=2, timeout=120) as workers:
        for name, make in HOSTILE.items():
            data = make()
            kind = "ics" if data.startswith(b"BEGIN:VCALENDAR") else "vcf"
            found = await workers.inspect(f"https://media.example.com/x.{kind}", data, preview=True)
            contained = isinstance(found.decoded, Undecoded) and found.decoded.contained
            assert (name, contained) == (name, False)


def test_a_file_of_more_lines_than_any_card_has_is_refused() -> None:
    with pytest.raises(RefusedError, match="more than 300,000 lines"):
        read(b"A:b\n" * (MOST_LINES + 2), Oddities())


def test_lines_are_counted_as_editors_count_them() -> None:
    odd = Oddities()
    read(b"BEGIN:X\r\r\nodd\r\n\r\nodd\nNOTE;BASE64:AAAA\r\nAAAA\r\n AAAA\r\n\r\nodd\rodd\nEND:X", odd)
    assert odd.told() == ("a line that is no property (lines 2, 4, 9 and 1 more)",)


def test_what_a_line_says_is_read() -> None:
    (found,) = read(
        b'begin:x\r\nitem1.Tel;type="a;b:c";TYPE=d;quoted-printable:=41=\r\n=42\r\nend : x\r\n', Oddities()
    )
    (line,) = found.lines
    assert (line.number, line.name, line.text, line.encoding) == (2, "TEL", "AB", "QUOTED-PRINTABLE")
    assert line.params["TYPE"] == "a;b:c"
    assert (found.name, found.whole, found.number) == ("X", True, 1)
    assert unescaped(r"a\, b\; c\\n\nd") == "a, b; c\\n\nd"


def test_the_first_line_may_have_blanks_before_it() -> None:
    assert isinstance(decode("text/vcard", b"\r\n  " + card("FN:Ana", "N:A;B")), ContactFacts)
