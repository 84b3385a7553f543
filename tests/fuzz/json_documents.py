"""JSON documents made from a random source: some sound, some mangled in a way that happens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.fuzz.xml_documents import MARKER

_TEXTS = (
    "Summer sale",
    "Hello {$name|friend}",
    "Soldes d'été",
    "",
    " ",
    "x" * 5001,
    "A" * 81,
    "a\tb\nc",
    "\x00",
)
_MORE = (
    "{$name",
    "=?utf-8?B?c2FsZQ==?=",
    "sale \U0001f389",
    "\u202eelas",
    "http://shop.example.com/sale",
    "\ud800",
)
_URLS = (
    f"http://{MARKER}/a.jpg",
    f"https://{MARKER}/b.mp4?Expires=1",
    f"//{MARKER}/a",
    f"http://{MARKER}/a b",
    "",
)
_MEDIA = (
    "image",
    "audio",
    "video",
    "contact",
    "calendar",
    "pdf",
    "vcard",
    "ical",
    "passbook",
    "excel",
    "Image",
)
_FIELDS: dict[str, Sequence[Any]] = {
    "client-reference": ("abc", "x" * 65, "ä" * 40, 7, ""),
    "disable-fallback-sms": (True, False, "true", 1, None),
    "disable-fallback-sms-link": (True, False, "no"),
    "fallback-sms-text": ("See it", "", 5),
    "fallback-sms-link-expiration": (
        "2027-01-31T12:00:00Z",
        "1970-01-01T00:30:00Z",
        "never",
        "9999-12-31T23:59:59-14:00",
    ),
    "mms-expiry-timestamp": (
        "1970-01-02T00:00:00Z",
        "2027",
        "2027-01-31T12:00:00",
        "0001-01-01T00:00:00+14:00",
        5,
    ),
    "from-mask": ("ACME", "A" * 51, "12345", "a b"),
    "to-displayonly": ("14045550123,14045550124", "+1,", ""),
    "to": ("14045550123", "61412345678", 14045550123, "x"),
    "from": ("28444", 28444),
    "service-id": ("acme", "a b"),
    "cache-content": (True, False, "yes"),
    "custom-slides": ([], [{"slide": 1, "message-text": "x"}]),
    "x-api-key": ("s3cr3t0000000000",),
    "mms-id": ("123",),
    "Name": ("spring",),
    "messageSubject": ("Spring",),
    "other": ({"deep": [{"url": f"http://{MARKER}/x.jpg"}]}, [[[]]], "x", None),
    "slides": ([], [{"message-text": "x"}]),
}
_ACTIONS = ("savemms", "savemms", "sendmms", "sendmms", "saveMMS", "sendsavedmms", "hello", 5, None)
_PIECES = (
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "NaN",
    "-Infinity",
    "1e999",
    "//",
    "/*",
    "'",
    "\\ud800",
    "\x00",
    "\u00a0",
    "tru",
    "01",
)
_BYTES = (b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\0", b"\r", b"\x1b[31m", b"\xc0\xaf")
_CODECS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1")


def document(chance: Random) -> bytes:
    """One document: sound as often as not."""
    text = _written(chance, _message(chance))
    for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 5))):
        text = chance.choice(_MANGLERS)(chance, text)
    if chance.random() < 0.04:
        return text.encode(chance.choice(_CODECS), "replace")
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.04:
        at = chance.randrange(len(data) + 1)
        data = data[:at] + chance.choice(_BYTES) + data[at:]
    return data


def _message(chance: Random) -> Any:
    sound = chance.random() < 0.5
    message: dict[str, Any] = {}
    if sound or chance.random() < 0.9:
        message["action"] = chance.choice(_ACTIONS[:4] if sound else _ACTIONS)
    message["name"] = "spring" if sound else _value(chance, _TEXTS)
    if chance.random() < 0.7:
        message["message-subject"] = "Spring sale" if sound else _value(chance, (*_TEXTS, *_MORE))
    names = list(_FIELDS)
    for _ in range(0 if sound and chance.random() < 0.5 else chance.randrange(4)):
        name = chance.choice(names)
        message[name] = chance.choice(_FIELDS[name])
    message["slide"] = [_slide(chance, sound=sound) for _ in range(chance.choice((1, 1, 2, 3, 8, 9)))]
    if not sound and chance.random() < 0.1:
        message["slide"] = chance.choice(({}, "x", None, [5], [[]], [None], {"message-text": "x"}))
    items = list(message.items())
    chance.shuffle(items)
    return dict(items) if chance.random() < 0.97 else [dict(items)]


def _value(chance: Random, texts: Sequence[str]) -> Any:
    return chance.choice((*texts, 5, None, True, [], {}))


def _slide(chance: Random, *, sound: bool) -> Any:
    if sound and chance.random() < 0.5:
        return {"message-text": "Hello"}
    slide: dict[str, Any] = {}
    for _ in range(chance.randrange(3)):
        url: Any = chance.choice(_URLS[:1] if sound else _URLS)
        shape = chance.choice(
            ({"url": url}, {"url": url}, {"url": url}, url, {"URL": url}, {"link": url}, [url])
        )
        slide[chance.choice(_MEDIA[:6] if sound else _MEDIA)] = {"url": url} if sound else shape
    if sound or chance.random() < 0.5:
        slide["message-text"] = "Hello" if sound else _value(chance, (*_TEXTS, *_MORE))
    if not sound and chance.random() < 0.2:
        slide[chance.choice(("duration", "messageText", "text", "mesage-text", "x"))] = _value(chance, _TEXTS)
    return slide


def _written(chance: Random, message: Any) -> str:
    indent = chance.choice((None, None, 2))
    return json.dumps(message, indent=indent, ensure_ascii=chance.random() < 0.5)


def _insert(chance: Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_PIECES) + text[at:]


def _cut(chance: Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.randrange(20) :]


def _double(chance: Random, text: str) -> str:
    found = text.find('"', chance.randrange(len(text) + 1))
    end = text.find(",", found)
    return text if found < 0 or end < 0 else text[: end + 1] + text[found : end + 1] + text[end + 1 :]


def _deep(chance: Random, text: str) -> str:
    depth = chance.choice((10, 40, 3000))
    at = text.find(":") + 1
    return text[:at] + "[" * depth + "1" + "]" * chance.choice((0, depth)) + "," + text[at:]


def _trailing(chance: Random, text: str) -> str:
    return text + chance.choice(("x", "{}", text, "\x00", "//", "   \n", "]", "}"))


_MANGLERS = (_insert, _insert, _cut, _double, _deep, _trailing)
