"""Contact cards to vCard 3.0 (RFC 2426): UTF-8, CR LF, folded, with N and FN, and a small JPEG as picture."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

from PIL import Image

from mmscheck.base.phone import dialled_in
from mmscheck.base.text import quoted as shown
from mmscheck.fix import nearest, pictures
from mmscheck.fix.colours import plain
from mmscheck.fix.lines import Line, read, written
from mmscheck.fix.values import WHITE, Answer, Job, Mended, Unmended
from mmscheck.media.refusal import RefusedError

PHOTO_SIDE = 400
"""Pixels: what the rule on pictures in cards advises."""

PHOTO_BYTES = 60_000
"""Bytes of a picture that is made anew: 400 x 400 in good quality."""

NO_KINDS = frozenset(
    {
        *("QUOTED-PRINTABLE", "BASE64", "7BIT", "8BIT", "INLINE", "URL", "CID", "CONTENT-ID", "UTF-8"),
        *("US-ASCII", ""),
    }
)
"""What vCard 2.1 writes alone and means no kind by; everything else is one (section 2.1.3)."""

STRUCTURED = frozenset({"N", "ADR", "ORG"})
"""Values with parts, between semicolons."""

TEXTS = frozenset({"FN", "NOTE", "TITLE", "ROLE", "NICKNAME", "LABEL", "SORT-STRING", *STRUCTURED})
"""Values in which a comma of vCard 2.1 is a comma, and in 3.0 would divide."""

BINARY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})

SPECIAL = ("+", "*", "#")
"""How numbers begin that hold everywhere, and codes for the network."""

_LINK = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
_OF_DATA = re.compile(r"data:[\w.+-]+/([\w.+-]+)", re.IGNORECASE | re.ASCII)
_TOKEN = re.compile(r"[A-Z0-9-]+", re.ASCII)
_BACKSLASH = re.compile(r"\\(?![;,:nN\\])")
"""A backslash that escapes nothing: in vCard 2.1 that is a backslash."""
_COMMA = re.compile(r"(?<!\\),")


def mend(job: Job) -> Answer:
    """The cards of a job in one file; RefusedError when there is none."""
    cards, notes = _cards(job.data)
    if not cards:
        raise RefusedError("there is no contact in it")
    done = ["written as vCard 3.0 in UTF-8", *notes]
    text = [line for card in cards for line in _card(card, job, done)]
    data = written(iter(text))
    if len(data) > job.most:
        return Unmended(why=f"the contacts come to {len(data):,} bytes; at most {job.most:,} fit")
    return Mended(data=data, suffix=".vcf", done=tuple(dict.fromkeys(done)))


def _cards(data: bytes) -> tuple[list[list[Line]], list[str]]:
    """The lines of each card, and what could not be taken along."""
    cards: list[list[Line]] = []
    notes: list[str] = []
    depth = 0
    for line in read(data):
        value = line.value.strip().upper()
        if line.key in {"BEGIN", "END"} and value == "VCARD":
            depth += 1 if line.key == "BEGIN" else -1
            depth = max(depth, 0)
            if line.key == "BEGIN" and depth == 1:
                cards.append([])
        elif not line.name:
            notes.append(f"line {line.number} left out, as it is no property")
        elif depth == 1 and cards:
            cards[-1].append(line)
        else:
            notes.append(f"line {line.number} left out, as it is of no contact of its own")
    return cards, notes


def _card(lines: Sequence[Line], job: Job, done: list[str]) -> Iterator[str]:
    old = next((line.text().strip() for line in lines if line.key == "VERSION"), "")
    yield "BEGIN:VCARD"
    yield "VERSION:3.0"
    yield from _names(lines, old, done)
    for line in lines:
        if line.key in {"VERSION", "N", "FN"}:
            continue
        if line.key in BINARY and _is_packed(line):
            yield from _binary(line, job, done)
        else:
            value = _value(line, old)
            if line.key == "TEL" and job.wishes.country is not None:
                value = _international(value, job.wishes.country, done)
            yield f"{line.name}{_params(line)}:{value}"
    yield "END:VCARD"


def _names(lines: Sequence[Line], old: str, done: list[str]) -> Iterator[str]:
    """N and FN, which 3.0 demands both; one that is missing is made of what is there."""
    names = {
        key: [line for line in lines if line.key == key and line.text().strip(" ;")] for key in ("N", "FN")
    }
    full = _value(names["FN"][0], old) if names["FN"] else ""
    parts = _value(names["N"][0], old) if names["N"] else ""
    if not full:
        family, given, *_ = (*re.split(r"(?<!\\);", parts), "", "")
        full = f"{given} {family}".strip() or _stand_in(lines, old)
        done.append("FN made of the rest of the name")
    if not parts:
        parts = f"{full};;;;"
        done.append("N made of the rest of the name")
    yield f"N:{parts}"
    yield f"FN:{full}"
    for key, kept in (("N", parts), ("FN", full)):
        others = dict.fromkeys(_value(line, old) for line in names[key][1:])
        done += [f"left out: another {key}, {shown(each)}, as 3.0 has one" for each in others if each != kept]


def _stand_in(lines: Sequence[Line], old: str) -> str:
    """What a contact without a name is shown by."""
    for key in ("ORG", "NICKNAME", "EMAIL", "TEL"):
        for line in lines:
            if line.key == key and (text := _value(line, old).strip(" ;")):
                return text.split(";")[0]
    return ""


def _value(line: Line, old: str) -> str:
    text = line.text().strip()
    if line.key == "TEL" and text.lower().startswith("tel:"):
        text = text[4:]
    text = text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")
    if old not in {"2.1", ""} or line.key not in TEXTS:
        return text
    return _COMMA.sub(r"\\,", _BACKSLASH.sub(r"\\\\", text))


def _international(number: str, country: str, done: list[str]) -> str:
    """A number with + and country code; as it is where it has them, or is none of that country."""
    whole = number.startswith(SPECIAL)
    made = None if whole else dialled_in(country, number)
    if made is None:
        return number
    done.append(f"telephone numbers written with + and country code, as dialled in {country}")
    return made


def _params(line: Line) -> str:
    types: list[str] = []
    others: list[str] = []
    for piece in line.params:
        name, equals, value = (part.strip() for part in piece.partition("="))
        upper = name.upper()
        if not equals:
            types += [upper] if upper not in NO_KINDS and _TOKEN.fullmatch(upper) else []
        elif upper == "TYPE":
            types += [each.strip().upper() for each in value.strip('"').split(",")]
        elif upper == "PREF":
            types.append("PREF")
        elif upper == "VALUE" and line.key == "TEL":
            continue
        elif upper not in {"CHARSET", "ENCODING"}:
            others.append(f";{upper}={value}")
    kinds = ",".join(dict.fromkeys(each for each in types if each))
    return (f";TYPE={kinds}" if kinds else "") + "".join(others)


def _is_packed(line: Line) -> bool:
    value = line.value.strip()
    if value[:5].lower() == "data:":
        return True
    return line.encoding == "BASE64" and not _LINK.match(value)


def _binary(line: Line, job: Job, done: list[str]) -> Iterator[str]:
    """A packed value anew: a picture as a small JPEG, anything else as it is."""
    value = line.value.strip()
    packed = value.replace("\\,", ",").partition(";base64,")[2] if value[:5].lower() == "data:" else value
    bare = re.sub(r"[^A-Za-z0-9+/]", "", packed)
    try:
        data = base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        done.append(f"the {line.key} in line {line.number} left out, as it cannot be unpacked")
        return
    if line.key not in {"PHOTO", "LOGO"}:
        own = _OF_DATA.match(value)
        stated = line.param("TYPE") or (own[1] if own else "")
        kind = f";TYPE={stated.upper()}" if _TOKEN.fullmatch(stated.upper()) else ""
        yield f"{line.name};ENCODING=b{kind}:{base64.b64encode(data).decode('ascii')}"
        return
    small = _small(data, job)
    if small is None:
        done.append(f"the {line.key} in line {line.number} left out, as it cannot be shown")
        return
    if small != data:
        done.append(f"the {line.key} made a JPEG of {len(small):,} bytes")
    yield f"{line.name};ENCODING=b;TYPE=JPEG:{base64.b64encode(small).decode('ascii')}"


def _small(data: bytes, job: Job) -> bytes | None:
    """A picture that every phone shows in a contact; None where it cannot be decoded."""
    try:
        with pictures.opened(data) as picture:
            is_jpeg, size = picture.format == "JPEG", picture.size
            made, done = plain(picture, WHITE)
    except RefusedError:
        return None
    most = job.aims.photo_bytes or PHOTO_BYTES
    if is_jpeg and not done and max(size) <= PHOTO_SIDE and len(data) <= most:
        return data
    made.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS)
    for quality in (85, 75, 60, 45):
        small = nearest.jpeg(made, quality)
        if len(small) <= min(most, PHOTO_BYTES):
            return small
    return small
