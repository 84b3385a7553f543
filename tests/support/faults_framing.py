"""Faults of framing: where the body ends, by its length or by its chunks."""

from __future__ import annotations

from tests.support.fault_answers import (
    BAD_CHUNKS,
    BAD_LENGTH,
    CHUNKED,
    CHUNKS,
    LENGTH,
    MALFORMED,
    SIZE,
    SOUND,
    TYPE,
    UNREAD,
    answer,
    chunks,
    endless,
)
from tests.support.fault_rows import FaultRow, but

CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Café Größe\r\nN:Größe;Café;;;\r\nEND:VCARD\r\n"
"""A card with six characters beyond ASCII."""

FRAMING = (
    FaultRow(name="sound", answer=SOUND),
    FaultRow(name="http-1.0", answer=answer(TYPE, LENGTH, version="HTTP/1.0")),
    FaultRow(
        name="no-length-but-close",
        differs=but(failed="content-length length-under-gzip", inapplicable="content-length-true"),
        answer=answer(TYPE, "Connection: close"),
    ),
    FaultRow(
        name="no-length-http-1.0",
        differs=but(failed="content-length length-under-gzip", inapplicable="content-length-true"),
        answer=answer(TYPE, version="HTTP/1.0"),
    ),
    FaultRow(name="chunked", differs=CHUNKS, answer=answer(TYPE, CHUNKED, body=chunks())),
    FaultRow(
        name="chunk-extensions", differs=CHUNKS, answer=answer(TYPE, CHUNKED, body=chunks(extension=b";a=b"))
    ),
    FaultRow(
        name="length-and-chunked",
        says={"response-well-formed": f"({LENGTH}; {CHUNKED})"},
        differs=but(MALFORMED, failed="not-chunked"),
        answer=answer(TYPE, LENGTH, CHUNKED, body=chunks()),
    ),
    FaultRow(
        name="length-and-identity",
        differs=MALFORMED,
        answer=answer(TYPE, LENGTH, "Transfer-Encoding: identity"),
    ),
    FaultRow(
        name="two-lengths", differs=BAD_LENGTH, answer=answer(TYPE, LENGTH, f"Content-Length: {SIZE + 1}")
    ),
    FaultRow(
        name="two-lengths-in-one",
        differs=BAD_LENGTH,
        answer=answer(TYPE, f"Content-Length: {SIZE}, {SIZE - 1}"),
    ),
    FaultRow(
        name="the-same-length-twice",
        differs=but(MALFORMED, failed="content-length-true"),
        answer=answer(TYPE, LENGTH, LENGTH),
    ),
    FaultRow(
        name="the-same-length-in-one",
        differs=but(MALFORMED, failed="content-length-true"),
        answer=answer(TYPE, f"Content-Length: {SIZE}, {SIZE}"),
    ),
    FaultRow(name="length-with-a-plus", differs=BAD_LENGTH, answer=answer(TYPE, f"Content-Length: +{SIZE}")),
    FaultRow(name="length-in-hex", differs=BAD_LENGTH, answer=answer(TYPE, f"Content-Length: {SIZE:#x}")),
    FaultRow(name="length-negative", differs=BAD_LENGTH, answer=answer(TYPE, f"Content-Length: -{SIZE}")),
    FaultRow(name="length-empty", differs=BAD_LENGTH, answer=answer(TYPE, "Content-Length:")),
    FaultRow(
        name="length-too-large",
        differs=but(UNREAD, failed="media-reachable content-length-true"),
        answer=answer(TYPE, f"Content-Length: {SIZE + 9}"),
    ),
    FaultRow(
        name="length-too-small",
        says={"content-length-true": "at least 9 more followed"},
        differs=but(failed="content-length-true response-well-formed"),
        answer=answer(TYPE, f"Content-Length: {SIZE - 9}"),
    ),
    FaultRow(
        name="length-in-characters",
        says={"content-length-true": "the length seems to count characters"},
        differs=but(failed="content-length-true response-well-formed"),
        answer=answer("Content-Type: text/vcard", f"Content-Length: {len(CARD)}", body=CARD.encode()),
        path="/ann.vcf",
        kind="vcard",
    ),
    FaultRow(
        name="data-after-the-end",
        says={"response-well-formed": "(HTTP/1.1 200 OK"},
        differs=but(failed="content-length-true response-well-formed"),
        answer=SOUND + b"HTTP/1.1 200 OK\r\n\r\n",
    ),
    FaultRow(
        name="data-after-the-last-chunk",
        differs=but(CHUNKS, failed="response-well-formed"),
        answer=answer(TYPE, CHUNKED, body=chunks() + b"more"),
    ),
    FaultRow(
        name="chunk-size-no-number",
        says={"response-well-formed": "no chunk size: 'zz'"},
        differs=BAD_CHUNKS,
        answer=answer(TYPE, CHUNKED, body=b"zz\r\nabc\r\n0\r\n\r\n"),
    ),
    FaultRow(
        name="chunk-size-negative",
        differs=BAD_CHUNKS,
        answer=answer(TYPE, CHUNKED, body=b"-3\r\nabc\r\n0\r\n\r\n"),
    ),
    FaultRow(
        name="chunk-size-enormous",
        differs=BAD_CHUNKS,
        answer=answer(TYPE, CHUNKED, body=b"f" * 17 + b"\r\nabc\r\n"),
    ),
    FaultRow(
        name="chunk-size-spaced",
        differs=but(CHUNKS, failed="response-well-formed"),
        answer=answer(TYPE, CHUNKED, body=chunks(extension=b" ")),
    ),
    FaultRow(
        name="chunk-longer-than-its-size",
        differs=BAD_CHUNKS,
        answer=answer(TYPE, CHUNKED, body=b"3\r\nabcd\r\n0\r\n\r\n"),
    ),
    FaultRow(
        name="chunk-line-bare-lf",
        differs=BAD_CHUNKS,
        answer=answer(TYPE, CHUNKED, body=b"3\nabc\r\n0\r\n\r\n"),
    ),
    FaultRow(
        name="chunks-without-end",
        differs=but(BAD_CHUNKS, unknown="media-reachable response-well-formed"),
        answer=answer(TYPE, CHUNKED, body=chunks(last=b"")),
    ),
    FaultRow(
        name="trailers",
        says={"response-plain": "X-Sum: 1"},
        differs=but(CHUNKS, failed="response-plain"),
        answer=answer(TYPE, CHUNKED, body=chunks(last=b"0\r\nX-Sum: 1\r\n\r\n")),
    ),
    FaultRow(
        name="endless-trailers",
        differs=but(BAD_CHUNKS, failed="response-plain"),
        answer=endless(answer(TYPE, CHUNKED, body=b"0\r\n"), b"X: y\r\n" * 500),
    ),
    FaultRow(
        name="gzip",
        differs=but(failed="not-compressed not-compressed-under-gzip"),
        answer=answer(TYPE, LENGTH, "Content-Encoding: gzip"),
    ),
)
