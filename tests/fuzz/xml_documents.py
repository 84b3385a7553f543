"""Slide XML documents made from a random source: some well formed, some mangled in a way that happens."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from random import Random

MARKER = "media.example.com"
"""The host of every URL that is meant as a medium; other URLs have other hosts."""

_KINDS = ("image", "audio", "video", "vcard", "ical", "pdf", "passbook")
_NO_KINDS = ("Image", "img", "contact", "picture", "x:image", "media")
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE)
_SOUND_TEXTS = (
    "Summer sale",
    "Up to 50% off: https://shop.example.com/sale",
    "Hello {$name|friend}",
    "&lt;3",
)
_TEXTS = (
    "",
    " ",
    "Soldes d'été",
    "sale \U0001f389",
    "{$name|friend}, hello",
    "{$name",
    "{{$a|{$b|c}}}",
    "=?utf-8?B?c2FsZQ==?=",
    "a\tb\r\nc",
    "&#0;",
    "&#x1F600;",
    "&#xD83D;&#xDE00;",
    "&#xFFFE;",
    "&#1114112;",
    "\u202eelas",
    "A" * 81,
    "e\u0301" * 40,
    "x" * 5001,
    "<![CDATA[<b>&amp;]]>",
    "]]>",
    "<!-- -- -->",
    "&amp;amp;",
    "&lt;url>",
)
_SOUND_URLS = (f"http://{MARKER}/a.jpg", f"https://{MARKER}/b/clip.mp4", f"http://{MARKER}/a.vcf?v=2")
_URLS = (
    f"https://{MARKER}/clip.mp4?Expires=1&amp;Signature=x&amp;Key-Pair-Id=k",
    f"http://{MARKER}/a.jpg?a=1&b=2",
    f"http://user:pass@{MARKER}/a.jpg",
    f"http://{MARKER}\\a.jpg",
    f" \n http://{MARKER}/a.jpg\n ",
    f"http://{MARKER}/a b.jpg",
    f"HTTP://{MARKER}:99999/a.jpg#x",
    f"http://{MARKER}/%2520.jpg",
    f"ftp://{MARKER}/a.jpg",
    f"//{MARKER}/a.jpg",
    f"http://[::1]/{MARKER}",
    f"http://169.254.169.254/{MARKER}",
    f"<![CDATA[http://{MARKER}/a.jpg?a=1&b=2]]>",
    f"http://{MARKER}/<b>a</b>.jpg",
    f"http://{MARKER}/<!-- a -->.jpg",
    f"http://{MARKER}/\u00fc.jpg",
    "",
)
_DURATIONS = ("5", "0", "-1", "31", "5.0", "\u0665", "", "9" * 400, "five", " 5 ")
_SOUND_PROLOGUES = (
    "",
    '<?xml version="1.0"?>',
    "<?xml version='1.0' standalone='yes'?>",
    '<?xml version="1.0" encoding="utf-8"?>\n<!-- made by hand -->',
    '<?xml-stylesheet href="a.css"?>',
)
_PROLOGUES = (
    '<?xml version="1.1"?>',
    '\n<?xml version="1.0"?>',
    "<!DOCTYPE request>",
    '<!DOCTYPE request SYSTEM "http://evil.example.com/a.dtd">',
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
    '<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    "<!doctype html>",
    "<?xml",
    '<?xml version="1.0" encoding=""?>',
    "<?xml encoding='utf-8'?>",
    "<?xml version=1.0?>",
)
_ENCODINGS = (
    *("utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-1", "windows-1252", "ascii", "shift_jis"),
    *("gb18030", "koi8-r", "utf-7", "cp037"),
)
_NAMES = (*_ENCODINGS, "UTF8", "rot13", "zip", "unicode", "iso-8859-12", "x" * 300, 'utf-8" a="')
_BYTES = (
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xf4\x90\x80\x80",
    b"\r",
    b"\x1b[31m",
)
_PIECES = (
    "&",
    "<",
    ">",
    '"',
    "'",
    "&nbsp;",
    "&eacute;",
    "&unknown;",
    "&#;",
    "&#x;",
    "&#xZZ;",
    "&amp",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "</slide>",
    "<slide>",
    "<url>",
    "</request>",
    "<request/>",
    '<slide a="1" a="2">',
    "<slide a=1>",
    "<slide a>",
    '<slide a="<">',
    '<slide a="',
    '<x:slide xmlns:x="urn:x">',
    "<x:slide>",
    '<slide xmlns="urn:x"/>',
    "<xml:slide/>",
    "<<slide>",
    "< slide>",
    "<slide/ >",
    "<1slide/>",
    "\0",
    "\x0b",
    "\ufffe",
    "\ufeff",
    "\u2028",
    "%",
    "<!ENTITY a 'b'>",
    "<!DOCTYPE a>",
    "<?xml version='1.0'?>",
    "{",
    "\n" * 70,
)


def document(chance: Random) -> bytes:
    """One document; ``odds`` is how likely each of its parts is an odd one."""
    odds = chance.choice((0.0, 0.0, 0.01, 0.03, 0.1, 0.5))
    writer = _Writer(chance, odds)
    text = writer.prologue() + writer.request()
    if odds:
        for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 5))):
            text = chance.choice(_MANGLERS)(chance, text)
    data = writer.encoded(text)
    while chance.random() < odds:
        data = _mangled_bytes(chance, data)
    return data


class _Writer:
    """Writes the parts of one document."""

    def __init__(self, chance: Random, odds: float) -> None:
        self._chance = chance
        self._odds = odds

    def _pick(self, sound: Sequence[str], odd: Sequence[str]) -> str:
        return self._chance.choice(odd if self._odd() else sound)

    def _odd(self) -> bool:
        return self._chance.random() < self._odds

    def _times(self, text: str) -> str:
        return text * (self._chance.choice((0, 2)) if self._odd() else 1)

    def prologue(self) -> str:
        if self._odd():
            return f'<?xml version="1.0" encoding="{self._chance.choice(_NAMES)}"?>'
        return self._pick(_SOUND_PROLOGUES, _PROLOGUES)

    def request(self) -> str:
        shape = self._chance.choice(("modern", "modern", "modern", "legacy", "content"))
        slides = "".join(self._slide() for _ in range(self._chance.choice((1, 1, 1, 2, 3, 8, 9))))
        head = self._element("action", self._pick(("saveMMS", "sendMMS"), ("sendSavedMMS", "")))
        head += self._element("api-key", "key-5ec2e7") if self._chance.random() < 0.3 else ""
        for name in ("name", "message-subject"):
            head += self._times(self._element(name, self._text()))
        root = self._pick(("request",), ("html", "response", "r:request", "slide"))
        if shape == "content":
            slides = f"<content><sequence>{slides}</sequence></content>"
        whole = f"<{root}{self._attribute()}>{head}{slides}</{root}>"
        return whole if shape == "modern" else _legacy(whole)

    def _slide(self) -> str:
        inner = self._medium() * (self._chance.random() < 0.6) + self._medium() * self._odd()
        inner += self._times(self._element("message-text", self._text()))
        if self._chance.random() < 0.2:
            inner += self._element("duration", self._pick(("5",), _DURATIONS))
        if self._odd():
            inner += self._slide() if self._odd() else f"http://{MARKER}/loose.jpg"
        return f"<slide{self._attribute()}>{inner}</slide>"

    def _medium(self) -> str:
        url = self._times(self._element("url", self._pick(_SOUND_URLS, _URLS)))
        return self._element(self._pick(_KINDS, _NO_KINDS), url)

    def _text(self) -> str:
        return self._pick(_SOUND_TEXTS, _TEXTS) + (self._chance.choice(_TEXTS) if self._odd() else "")

    def _element(self, name: str, inner: str) -> str:
        return f"<{name}{self._attribute()}>{inner}</{name}>\n"

    def _attribute(self) -> str:
        if not self._odd() or self._chance.random() < 0.8:
            return ""
        long = "x" * self._chance.choice((10, 10_000, 70_000))
        value = self._chance.choice(("1", f"http://{MARKER}/b.jpg", long, "&lt;", "é"))
        name = self._chance.choice(("id", "url", "xmlns", "xmlns:x", "xml:lang", "src", "a" * 300))
        mark = self._chance.choice('"""\'')
        return f' {name}={mark}{value}"'

    def encoded(self, text: str) -> bytes:
        name = self._pick(("utf-8",), _ENCODINGS)
        data = text.encode(name, self._chance.choice(("xmlcharrefreplace", "replace")))
        return self._chance.choice(_MARKS) + data if self._odd() else data


def _legacy(text: str) -> str:
    """The same in upper case, as far as names go."""
    parts = text.split("<")
    return "<".join([parts[0], *(f"{name.upper()}{mark}{rest}" for name, mark, rest in _names(parts[1:]))])


def _names(parts: list[str]) -> list[tuple[str, str, str]]:
    return [part.partition(">") if part[:1] != "!" else ("", "", part) for part in parts]


def _insert(chance: Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_PIECES) + text[at:]


def _delete(chance: Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.choice((1, 1, 2, 10, 100)) :]


def _cut(chance: Random, text: str) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _repeat(chance: Random, text: str) -> str:
    start = chance.randrange(len(text) + 1)
    piece = text[start : start + chance.choice((1, 10, 60))]
    return text[:start] + piece * chance.choice((2, 5, 40)) + text[start:]


def _move(chance: Random, text: str) -> str:
    start, to = chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)
    piece, rest = text[start : start + 20], text[:start] + text[start + 20 :]
    return rest[:to] + piece + rest[to:]


def _nest(chance: Random, text: str) -> str:
    depth = chance.choice((1, 5, 33, 300, 3000))
    name = chance.choice(("slide", "content", "x", "request"))
    at = text.find("<slide")
    return f"{text[:at]}{f'<{name}>' * depth}{text[at:]}{f'</{name}>' * depth}"


def _flood(chance: Random, text: str) -> str:
    at = max(text.rfind("</"), 0)
    piece = chance.choice(("<x/>", "<!---->", "<![CDATA[]]>", "<x a='1'/>", "\n", "&amp;", "<url/>"))
    return text[:at] + piece * chance.choice((100, 100, 11_000)) + text[at:]


def _alter_name(chance: Random, text: str) -> str:
    old = chance.choice(("slide", "url", "image", "message-text", "request", "message-subject", "video"))
    new = chance.choice(
        ("slides", "URL", "link", "x:slide", "text", "urI", "s" * 60_000, "sl\u0131de", "name")
    )
    return text.replace(old, new, chance.choice((1, 2, 99)))


_MANGLERS: tuple[Callable[[Random, str], str], ...] = (
    *(_insert,) * 6,
    *(_delete,) * 3,
    _cut,
    _repeat,
    _move,
    _nest,
    _flood,
    _alter_name,
    _alter_name,
)


def _mangled_bytes(chance: Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    piece = chance.choice((*_BYTES, bytes([chance.randrange(256)])))
    return data[:at] + piece + data[at + chance.choice((0, 1)) :]
