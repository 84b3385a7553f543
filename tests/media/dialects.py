"""Contact cards in the dialect of every program that many people export them with, made for these tests."""

from __future__ import annotations

import base64

PORTRAIT = b"\xff\xd8\xff\xe0" + bytes(range(256)) + b"\xff\xda\x00" + bytes(90) + b"\xff\xd9"
"""What looks like a JPEG from outside."""


def packed(width: int, *, before: str = "", after: str = "\r\n") -> str:
    """The portrait in base64, in lines of that width, each begun with ``before`` but the first."""
    text = base64.b64encode(PORTRAIT).decode()
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    return f"\r\n{before}".join(lines) + after


def card(*lines: str, version: str = "3.0", end: str = "\r\n", charset: str = "utf-8") -> bytes:
    """A card whose lines may have ends of their own in them."""
    rows = ("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", "")
    return "\r\n".join(rows).replace("\r\n", end).encode(charset)


OUTLOOK = (
    "N;LANGUAGE=de;CHARSET=Windows-1252:Müller;Ana",
    "FN;CHARSET=Windows-1252:Ana Müller",
    "ORG:Example",
    "TEL;WORK;VOICE:+1 (555) 123-0001",
    "ADR;WORK;PREF;ENCODING=QUOTED-PRINTABLE:;;1 Main St=0D=0ASuite 2;Springfield;IL;62701;USA",
    "LABEL;WORK;PREF;ENCODING=QUOTED-PRINTABLE:1 Main St=0D=0A=",
    "Springfield, IL 62701=0D=0A=",
    "USA",
    "X-MS-OL-DEFAULT-POSTAL-ADDRESS:2",
    'X-MS-OL-DESIGN;CHARSET=utf-8:<card xmlns="http://schemas.example.com/cards" ver="1.0"><img/></card>',
)
APPLE = (
    "PRODID:-//Apple Inc.//iPhone OS 18.1//EN",
    "N:Person;Ana;;;",
    "FN: Ana  Person ",
    "ORG:Example\\; Inc.;",
    "item1.EMAIL;type=INTERNET;type=pref:ana@example.com",
    "item1.X-ABLabel:_$!<Other>!$_",
    "item2.ADR;type=HOME;type=pref:;;1 Main St\\nSuite 2;Springfield;IL;62701;USA",
    "item2.X-ABADR:us",
    "TEL;type=CELL;type=VOICE;type=pref:+1 (555) 123-0001",
    "X-SOCIALPROFILE;type=twitter:http://twitter.example.com/ana",
    "NOTE:a note that is so long that it is fol",
    " ded onto the next line",
)

DIALECTS: dict[str, bytes] = {
    "iOS": card(*APPLE, f"PHOTO;ENCODING=b;TYPE=JPEG:{packed(74, before=' ', after='')}"),
    "iOS with CR CR LF": card(*APPLE, end="\r\r\n"),
    "macOS with LF": card(*APPLE, "X-ABUID:1\\:ABPerson", end="\n"),
    "Mac of long ago, with CR": card(*APPLE, end="\r"),
    "macOS, a company": card("N:;;;;", "FN:", "ORG:Example Inc.;", "X-ABShowAs:COMPANY"),
    "Android": card(
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:;=42=6C=75=6D=65=6E=20=4D=C3=BC=6C=6C=65=72=20=",
        "=47=6D=62=48;;;",
        "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=42=6C=75=6D=65=6E=20=4D=C3=BC=6C=6C=65=72=20=",
        "=47=6D=62=48",
        "TEL;CELL;PREF:+1-555-123-0001",
        "X-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Ana;1;;;;;;;;;;;;;",
        "NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=84=C3=96=",
        "=C3=9C",
        f"PHOTO;ENCODING=BASE64;JPEG:{packed(72, before=' ')}",
        version="2.1",
    ),
    "Samsung": card(
        "N:Person;Ana;;;",
        "FN:Ana Person",
        "TEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=4C=61=64=65=6E):+15551230001",
        f"PHOTO;ENCODING=BASE64;JPEG:{packed(74)}",
        "X-SAMSUNGADR;ENCODING=QUOTED-PRINTABLE:;=53=74=72=65=65=74;;;;",
        version="2.1",
    ),
    "Outlook 2003": card(*OUTLOOK, "REV:20261101T101010Z", version="2.1", charset="cp1252"),
    "Outlook 2007 with a picture": card(
        *OUTLOOK,
        f"PHOTO;TYPE=JPEG;ENCODING=BASE64:\r\n {packed(72, before=' ')}",
        "X-MS-CARDPICTURE;TYPE=JPEG;ENCODING=BASE64:",
        f" {packed(72, before=' ')}",
        "REV:20261101T101010Z",
        version="2.1",
        charset="cp1252",
    ),
    "Outlook of today": card(
        "N;LANGUAGE=en-us:Person;Ana",
        "FN:Ana Person",
        "TITLE;CHARSET=UTF-8:Käuferin",
        "TEL;CELL;VOICE:+15551230001",
        "X-MS-IMADDRESS:ana@example.com",
        'X-MS-OL-DESIGN;CHARSET=utf-8:<card ver="1.0" bgcolor="ffffff"/>',
        version="2.1",
    ),
    "Gmail": card(
        "FN:Ana Person",
        "N:Person;Ana;;;",
        "EMAIL;TYPE=INTERNET;TYPE=HOME:ana@example.com",
        "item1.TEL:+15551230001",
        "item1.X-ABLabel:Laden",
        "item2.URL:http\\://www.example.com/",
        "item2.X-ABLabel:_$!<HomePage>!$_",
        "CATEGORIES:myContacts,starred",
    ),
    "Lotus Notes": card(
        "PRODID:-//Apple Inc.//Address Book 6.1//EN",
        "N:Person;Ana;I;;",
        "FN:Ana I Person",
        'TEL;TYPE="home","voice":+15551230001',
        "PROFILE:VCARD",
        f"PHOTO;ENCODING=b;TYPE=JPEG:{packed(76, before='  ', after='')}",
        "NAME:Ana",
    ),
    "Evolution": card(
        "URL:",
        "TITLE:",
        "X-EVOLUTION-VIDEO-URL:",
        "UID:pas-id-1",
        "N:Person;Ana;;;",
        "FN:Ana Person",
        "X-EVOLUTION-FILE-AS:Person\\, Ana",
        "TEL;X-EVOLUTION-UI-SLOT=1;TYPE=WORK,VOICE:+15551230001",
    ),
    "BlackBerry": card("FN:Ana Person", "N:Person;Ana", "TEL;TYPE=WORK:+15551230001", "X-BLACKBERRY-PIN:1"),
    "KDE": card(
        "CLASS:PUBLIC",
        "EMAIL:ana@example.com",
        "FN:Ana Person",
        "N:Person;Ana;;;",
        "TEL;TYPE=CELL:+15551230001",
        "X-KADDRESSBOOK-X-Anniversary:2020-01-01",
    ),
    "Nokia": card(
        "REV:20260101T101010Z",
        "UID:1",
        "N;ENCODING=8BIT;CHARSET=UTF-8:Müller;Ana;;;",
        "TEL;VOICE;CELL:+15551230001",
        "X-CLASS:private",
        version="2.1",
    ),
    "Thunderbird of before": card(
        "n:Person;Ana",
        "fn:Ana Person",
        "email;internet:ana@example.com",
        "tel;cell:+15551230001",
        "x-mozilla-html:FALSE",
        version="2.1",
    ).replace(b"BEGIN:VCARD", b"begin:vcard"),
    "vCard 2.1 with an agent": card(
        "N:Person;Ana",
        "AGENT:",
        *("BEGIN:VCARD", "VERSION:2.1", "N:Other;Bob", "END:VCARD"),
        version="2.1",
    ),
    "Japanese phone": card(
        "N;CHARSET=SHIFT_JIS:山田;花子;;;",
        "SOUND;X-IRMC-N;CHARSET=SHIFT_JIS:ﾔﾏﾀﾞ;ﾊﾅｺ;;;",
        "TEL;CELL:+819012345678",
        version="2.1",
        charset="shift_jis",
    ),
    "blanks behind BEGIN and END": card("N:Person;Ana;;;", "FN:Ana Person").replace(
        b"VCARD\r\n", b"VCARD \t\r\n"
    ),
    "no line end behind END": card("N:Person;Ana;;;", "FN:Ana Person").rstrip(),
    "blanks behind a soft line break": card(
        "N:Person;Ana", "NOTE;ENCODING=QUOTED-PRINTABLE:a= \t", "b=20c", version="2.1"
    ),
    "a soft line break before the end": card("N:Person;Ana", "NOTE;QUOTED-PRINTABLE:a=", version="2.1"),
}
"""Cards that phones read as they are meant: nothing in them is worth a word."""
