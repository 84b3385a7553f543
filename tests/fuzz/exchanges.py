"""Made-up answers to a send and notifications, whole and damaged, and what must hold of each.

What an answer says is read here by other means (ElementTree, and json with its pairs), so that the reader
is not its own witness.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from random import Random

from mmscheck.errors import UsageError
from mmscheck.ledger.postbacks import arrival
from mmscheck.model.request import SendRequest, SendStatus
from mmscheck.postbacks import Unreadable, read_postback
from mmscheck.sinch import POSTBACK_MEANINGS, parse_answer
from mmscheck.sinch.answers import parse_json_answer
from mmscheck.sinch.outcome import judge

REQUEST = SendRequest(mms_id="4711", to="15551230001")
KEY = "fuzz-key-0123456789"

_ACCEPTED = {"status": "Success", "mms-id": "4711", "tracking-id": "TRK-1", "to": "15551230001"}
_REFUSED = {"status": "Failure", "error-code": "E110", "error-info": "the number"}
_TOLD = {
    "origin": "MMS_MT",
    "code": "N102",
    "status": "Message Sent/Delivered",
    "mms-id": "4711",
    "to": "15551230001",
    "tracking-id": "TRK-1",
}
_CODES = ("N003", "N101", "N102", "N202", "N301", "N302", "N401", "E102", "E999", "X1", "")
_ODD = ("", " ", "\x00", "\ufffd", "\ud800", "]]>", "&amp;", "<b/>", "{}", "[", '"', "9" * 40, "Success")
_STATUSES = (200, 200, 200, 201, 302, 400, 404, 500, 503)


def xml(root: str, fields: list[tuple[str, str]], *, upper: bool) -> bytes:
    """A document of plain elements."""
    named = [(name.replace("-", "").upper() if upper else name, text) for name, text in fields]
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in named)
    tag = root.upper() if upper else root
    return f"<{tag}>{inner}</{tag}>".encode("utf-8", "surrogatepass")


def damaged(chance: Random, data: bytes) -> bytes:
    """The bytes cut, flipped, doubled or mixed with others."""
    broken = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(broken) + 1)
        match chance.randrange(5):
            case 0:
                del broken[place:]
            case 1:
                broken[place:place] = chance.choice(_ODD).encode("utf-8", "surrogatepass")
            case 2:
                broken[place : place + chance.randint(1, 9)] = b""
            case 3:
                broken[place:place] = broken[chance.randrange(len(broken) + 1) : place]
            case _ if place < len(broken):
                broken[place] = chance.randrange(256)
    return bytes(broken[:200_000])


def _fields(chance: Random, base: Mapping[str, str]) -> list[tuple[str, str]]:
    fields = list(base.items())
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        name = chance.choice((*base, "error-code", "error-info", "status", "unknown"))
        fields.insert(chance.randrange(len(fields) + 1), (name, chance.choice((*base.values(), *_ODD))))
    if chance.random() < 0.2:
        del fields[chance.randrange(len(fields))]
    return fields


def xml_answer(chance: Random) -> tuple[bytes, int]:
    """An answer and its HTTP status."""
    fields = _fields(chance, chance.choice((_ACCEPTED, _ACCEPTED, _REFUSED)))
    data = xml("response", fields, upper=chance.random() < 0.5)
    return (damaged(chance, data) if chance.random() < 0.4 else data), chance.choice(_STATUSES)


def json_answer(chance: Random) -> tuple[bytes, int]:
    """The same of the JSON API, with values of other types among them."""
    parts = []
    for name, text in _fields(chance, chance.choice((_ACCEPTED, _ACCEPTED, _REFUSED))):
        spelled = name if chance.random() < 0.9 else name.replace("-", "_").upper()
        value = json.dumps(text) if chance.random() < 0.9 else chance.choice(_OTHER_TYPES)
        parts.append(f"{json.dumps(spelled)}: {value}")
    whole = f"{{{', '.join(parts)}}}"
    if chance.random() < 0.2:
        whole = f'{{"response": {whole}{chance.choice(("", _SECOND))}}}'
    data = whole.encode()
    return (damaged(chance, data) if chance.random() < 0.4 else data), chance.choice(_STATUSES)


_OTHER_TYPES = ("true", "null", "1", "[]", "{}", '["Success"]', "NaN", "1e999", '"\\ud800"', "4711", "1.5")
_SECOND = ', "status": "Failure"'


def try_answer(data: bytes, status: int, *, is_json: bool = False) -> str | None:
    """What went wrong with it, or None."""
    answer = parse_json_answer(data) if is_json else parse_answer(data)
    if judge(answer, status, REQUEST, KEY).status is not SendStatus.ACCEPTED:
        return None
    if status not in range(200, 300):
        return f"accepted with HTTP {status}"
    said = _plain_json(data) if is_json else _plain_xml(data)
    if said is None:
        return "accepted what another parser does not read, or a field twice"
    return _wrongly_accepted(said)


_READ = {"status", "to", "from", "mmsid", "trackingid", "errorcode", "errorinfo", "statusdetails"}
"""Fields of an answer; what else stands there, and how often, says nothing."""


def _plain_xml(data: bytes) -> dict[str, str] | None:
    try:
        root = ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError):
        return None
    said: dict[str, str] = {}
    for child in root:
        name = child.tag.rpartition("}")[2].replace("-", "").replace("_", "").lower()
        if name in said and name in _READ:
            return None
        said[name] = "".join(child.itertext()).strip()
    return said


def _plain_json(data: bytes) -> dict[str, str] | None:
    try:
        said = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_none)
    except ValueError:
        return None
    if isinstance(said, dict) and "response" in said:
        said = said["response"] if len(said) == 1 else None
    if not isinstance(said, dict):
        return None
    read = {name: value for name, value in said.items() if name in _READ and value is not None}
    # An id may be a whole number; whatever else is no text is no answer.
    texts = {name: str(value) for name, value in read.items() if type(value) in {str, int}}
    return texts if len(texts) == len(read) else None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name.replace("-", "").replace("_", "").lower() for name, _ in pairs]
    read = [name for name in names if name in _READ]
    if len({name for name, _ in pairs}) < len(pairs) or len(set(read)) < len(read):
        raise ValueError("a name twice")
    return dict(zip(names, (value for _, value in pairs), strict=True))


def _none(name: str) -> None:
    raise ValueError(name)


def _wrongly_accepted(said: Mapping[str, str]) -> str | None:
    if said.get("status", "").lower() != "success":
        return "accepted without a success"
    if said.get("errorcode", "").strip() or said.get("errorinfo", "").strip():
        return "accepted beside an error"
    if (said.get("mmsid") or "").strip() not in {REQUEST.mms_id, ""}:
        return "accepted for another message"
    return None


def notification(chance: Random) -> bytes:
    """A notification in one of the documented forms, often damaged."""
    fields = [(name, text) for name, text in _fields(chance, _TOLD) if name != "code"]
    fields.append(("code", chance.choice(_CODES)))
    match chance.randrange(4):
        case 0:
            data = xml("postback", fields, upper=False)
        case 1:
            data = xml("postback", fields, upper=True)
        case 2:
            inner = ", ".join(f'"{name}": "{text}"' for name, text in fields)
            data = f"{{{inner}}}".encode("utf-8", "surrogatepass")
        case _:
            data = b"xml=" + xml("postback", fields, upper=True).replace(b"<", b"%3C").replace(b"&", b"%26")
    return damaged(chance, data) if chance.random() < 0.7 else data


def try_notification(data: bytes) -> str | None:
    """What went wrong with it, or None: it is read as names and texts, or told why not."""
    found = read_postback(data)
    if isinstance(found, Unreadable):
        return None if found.why else "refused without a reason"
    if not all(isinstance(part, str) for pair in found.items() for part in pair):
        return "read as something else than texts"
    try:
        arrival(found, POSTBACK_MEANINGS, "127.0.0.1")
    except UsageError:
        return None if not found.get("code", found.get("CODE", "")).strip() else "has a code and was refused"
    return None
