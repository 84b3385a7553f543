"""HTTP responses made from a random source: sound ones, odd ones, and rubbish, cut into segments."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Literal

import msgspec

SOUND = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc"
"""What redirects lead to."""

End = Literal["close", "reset", "stay"]
"""What becomes of a connection."""

_STATUS_LINES = (
    *(
        "HTTP/1.1 200",
        "HTTP/1.0 200 OK",
        "HTTP/2 200",
        "HTTP/2.0 200 OK",
        "HTTP/1.1  200 OK",
        "http/1.1 200 OK",
    ),
    *("ICY 200 OK", "HTTP/1.1 200OK", "HTTP/1.1 0200 OK", "HTTP/1.1 2OO OK", "HTTP/1.1", "HTTP/1.2 200 OK"),
    *(" HTTP/1.1 200 OK", "\r\nHTTP/1.1 200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 -200 OK", "HTTP/11 200 OK"),
    *("HTTP/1.1 201 Created", "HTTP/1.1 204 No Content", "HTTP/1.1 206 Partial Content"),
    *("HTTP/1.1 304 Not Modified", "HTTP/1.1 404 Not Found", "HTTP/1.1 429 Too Many", "HTTP/1.1 503 Busy"),
    *("HTTP/1.1 301 Moved", "HTTP/1.1 302 Found", "HTTP/1.1 999 Odd", "HTTP/1.1 600 Odd", "HTTP/1.1 099 Odd"),
)
_LENGTHS = (
    *(
        "{n}",
        "{n}, {n}",
        "{n},{m}",
        "+{n}",
        "-{n}",
        "0x{n}",
        "{n}.0",
        "0{n}",
        " {n} ",
        "\t{n}\t",
        "",
        " ",
        ",",
    ),
    *("{n};", "{n} {n}", "{n}\x00", "{n}\x0b", "\u00b2", "1e3", "{n}_0", "9" * 19, "9" * 400, "{m}", "{n},"),
)
_LENGTH_NAMES = (
    *("content-length", "CONTENT-LENGTH", "Content-Length ", " Content-Length", "Content_Length"),
    *("Content-Length\t", "Content-Lengt\u00e9", "Content-Length\x00", "X-Content-Length", "Content-Length:"),
)
_CODINGS = (
    *(
        "chunked",
        "Chunked",
        "CHUNKED ",
        "identity",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "xchunked",
    ),
    *('"chunked"', "chunked;q=1", ", chunked", "", "\x0bchunked", "gzip", "chunked\x00", "identity, chunked"),
)
_CODING_NAMES = (
    *(
        "transfer-encoding",
        "TRANSFER-ENCODING",
        "Transfer-Encoding ",
        " Transfer-Encoding",
        "Transfer_Encoding",
    ),
    *("Transfer-Encoding\t", "X-Transfer-Encoding", "Transfer-Encoding\x00"),
)
_TYPES = (
    *("image/jpeg", "IMAGE/JPG", "image/jpeg; charset=binary", "application/octet-stream", "text/html", ""),
    *(
        "image",
        "image/jpeg, image/png",
        "*/*",
        "image/j\u00e9",
        "image/jpeg\x00",
        ";",
        "multipart/byteranges",
    ),
)
_OTHERS = (
    *(
        "Location: /sound.jpg",
        "Location: ",
        "Location: http://[",
        "Connection: close",
        "Connection: keep-alive",
    ),
    *(
        "Content-Encoding: gzip",
        "Content-Encoding: identity",
        "Content-Range: bytes 0-2/3",
        "Set-Cookie: a=b",
    ),
    *("no colon", ": no name", "a b: c", "\u00fc: c", " folded", "\tfolded", "X: \x00", "X: a\rb", "X: a\nb"),
    *(
        "Age: 5",
        "ETag: W/",
        "Retry-After: 1",
        "Upgrade: h2c",
        "Keep-Alive: timeout=1",
        "Trailer: X",
        "X:" + "y" * 9000,
    ),
)
_CHUNK_SIZES = (
    "{x}",
    "{X}",
    "0{x}",
    "{x};a=b",
    "{x} ",
    " {x}",
    "0x{x}",
    "+{x}",
    "-{x}",
    "{x}_",
    "",
    "g",
    "f" * 17,
)
_ENDS = (
    "0\r\n\r\n",
    "0\r\n",
    "",
    "0\r\nX: y\r\n\r\n",
    "0\r\nContent-Length: 9\r\n\r\n",
    "00\r\n\r\n",
    "0\n\n",
    "0;a\r\n\r\n",
)
_INTERIM = (
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "HTTP/1.1 101 Up\r\n\r\n",
)
_RUBBISH = (b"\0", b"\r", b"\n", b"\r\n\r\n", b" ", b":", b"\xff", b"HTTP/1.1 200 OK\r\n", b"0\r\n\r\n")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, in segments ``gap`` seconds apart, and what becomes of the connection then."""

    parts: tuple[bytes, ...]
    gap: float = 0.0
    end: End = "close"

    @property
    def sent(self) -> bytes:
        return b"".join(self.parts)


def answer(chance: Random) -> Answer:
    """One response; ``odds`` is how likely each of its parts is an odd one."""
    odds = chance.choice((0.0, 0.02, 0.05, 0.1, 0.3))
    sent = _Writer(chance, odds).response()
    while odds and chance.random() < 0.3:
        sent = _mangled(chance, sent)
    if chance.random() < odds / 5:
        sent = chance.randbytes(chance.choice((1, 40, 4000)))
    ends: tuple[End, ...] = ("reset", "stay")
    end: End = chance.choice(ends) if chance.random() < max(odds / 2, 0.02) else "close"
    return Answer(parts=_parts(chance, sent), gap=chance.choice((0.0, 0.0, 0.0, 0.003)), end=end)


class _Writer:
    """Writes the parts of one response."""

    def __init__(self, chance: Random, odds: float) -> None:
        self._chance = chance
        self._odds = odds
        self._body = chance.randbytes(chance.choice((0, 1, 3, 3, 100, 5000, 5000, 70_000)))

    def _odd(self) -> bool:
        return self._chance.random() < self._odds

    def _pick(self, sound: str, odd: tuple[str, ...]) -> str:
        return self._chance.choice(odd) if self._odd() else sound

    def response(self) -> bytes:
        chunked = self._chance.random() < 0.25
        lines = [self._pick("HTTP/1.1 200 OK", _STATUS_LINES), *self._headers(chunked=chunked)]
        head = "".join(line + self._pick("\r\n", ("\n", "\r", "\r\r\n", "\n\r")) for line in lines)
        whole = self._interim() + head + self._pick("\r\n", ("\n", "", "\r"))
        return whole.encode("latin-1") + self._framed(chunked=chunked)

    def _interim(self) -> str:
        return self._chance.choice(_INTERIM) * self._chance.choice((1, 1, 2, 40)) if self._odd() else ""

    def _headers(self, *, chunked: bool) -> list[str]:
        lines = [f"Content-Type: {self._pick('image/jpeg', _TYPES)}"]
        if not chunked or self._odd():
            lines += [self._length() for _ in range(self._chance.choice((0, 2)) if self._odd() else 1)]
        if chunked or self._odd():
            lines += [self._coding() for _ in range(self._chance.choice((0, 2)) if self._odd() else 1)]
        while self._odd():
            lines += [self._chance.choice(_OTHERS)] * self._chance.choice((1, 1, 1, 120))
        self._chance.shuffle(lines)
        return lines

    def _length(self) -> str:
        size = len(self._body)
        near = max(size + self._chance.choice((-2, -1, 1, 2)), 0)
        gap = self._pick(" ", ("", "\t", "\r\n "))
        value = self._pick("{n}", _LENGTHS).format(n=near if self._odd() else size, m=near)
        return f"{self._pick('Content-Length', _LENGTH_NAMES)}:{gap}{value}"

    def _coding(self) -> str:
        name, value = self._pick("Transfer-Encoding", _CODING_NAMES), self._pick("chunked", _CODINGS)
        return f"{name}:{self._pick(' ', ('', '  '))}{value}"

    def _framed(self, *, chunked: bool) -> bytes:
        body = self._chunks() if chunked else self._body
        if self._odd():
            body += self._chance.choice((b"x", b"\r\n", SOUND, b"\0" * 5000))
        return body[: self._chance.randrange(len(body) + 1)] if self._odd() else body

    def _chunks(self) -> bytes:
        framed, at = b"", 0
        while at < len(self._body):
            piece = self._body[at : at + self._chance.choice((1, 10, 1000, 100_000))]
            at += len(piece)
            size = self._pick("{x}", _CHUNK_SIZES).format(x=f"{len(piece):x}", X=f"{len(piece):X}")
            framed += (size + self._pick("\r\n", ("\n", "\r", ""))).encode() + piece
            framed += self._pick("\r\n", ("\n", "", "\r")).encode()
        return framed + self._pick("0\r\n\r\n", _ENDS).encode()


def _mangled(chance: Random, sent: bytes) -> bytes:
    """One place of the head changed."""
    most = max(sent.find(b"\r\n\r\n") + 4, 1)
    at = chance.randrange(most)
    kind = chance.randrange(4)
    if kind == 0:
        return sent[:at] + chance.choice(_RUBBISH) + sent[at:]
    if kind == 1:
        return sent[:at] + sent[at + chance.choice((1, 2, 10)) :]
    if kind == 2:
        return sent[:at] + bytes([sent[at] ^ 1 << chance.randrange(8)]) + sent[at + 1 :] if sent else sent
    return sent[:at] + sent[at : at + 30] + sent[at:]


def _parts(chance: Random, sent: bytes) -> tuple[bytes, ...]:
    cuts = sorted(chance.randrange(len(sent) + 1) for _ in range(chance.choice((0, 0, 1, 2, 5))))
    bounds = [0, *cuts, len(sent)]
    return tuple(sent[start:end] for start, end in pairwise(bounds) if end > start)
