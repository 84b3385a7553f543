"""Faults of the response head: its lines, its size, and what stands in its place."""

from __future__ import annotations

from tests.support.fault_answers import (
    BAD_LENGTH,
    LENGTH,
    MALFORMED,
    NO_ANSWER,
    NO_HTTP,
    PHOTO,
    SIZE,
    SOUND,
    TYPE,
    answer,
    endless,
)
from tests.support.fault_rows import FaultRow, but

HEADS = (
    FaultRow(name="bare-lf", differs=but(failed="response-plain"), answer=answer(TYPE, LENGTH, end="\n")),
    FaultRow(
        name="one-bare-lf", differs=but(failed="response-plain"), answer=answer(f"X-A: b\n{TYPE}", LENGTH)
    ),
    FaultRow(
        name="obs-fold",
        differs=but(failed="response-plain"),
        answer=answer(TYPE, LENGTH, "X-Long: one\r\n\ttwo"),
    ),
    FaultRow(
        name="folded-length",
        differs=but(BAD_LENGTH, failed="response-plain"),
        answer=answer(TYPE, f"Content-Length:\r\n {SIZE}"),
    ),
    FaultRow(
        name="folded-type",
        differs=but(
            failed="response-plain content-type-valid content-type-specific",
            inapplicable="content-type-matches content-type-registered",
        ),
        answer=answer("Content-Type:\r\n image/jpeg", LENGTH),
    ),
    FaultRow(
        name="space-before-the-colon",
        says={"response-well-formed": f"(Content-Length : {SIZE})"},
        differs=MALFORMED,
        answer=answer(TYPE, f"Content-Length : {SIZE}"),
    ),
    FaultRow(name="space-before-a-harmless-colon", differs=MALFORMED, answer=answer(TYPE, LENGTH, "X-A : b")),
    FaultRow(name="space-before-the-first-header", differs=MALFORMED, answer=answer(f" {TYPE}", LENGTH)),
    FaultRow(name="line-without-colon", differs=MALFORMED, answer=answer(TYPE, LENGTH, "no colon here")),
    FaultRow(name="name-that-is-no-token", differs=MALFORMED, answer=answer(TYPE, LENGTH, "X(Y): z")),
    FaultRow(name="name-empty", differs=MALFORMED, answer=answer(TYPE, LENGTH, ": z")),
    FaultRow(name="control-character", differs=MALFORMED, answer=answer(TYPE, LENGTH, "X-A: b\x00c")),
    FaultRow(
        name="escape-character",
        differs=but(failed="response-well-formed"),
        answer=answer(TYPE, LENGTH, "X-A: \x1b[31mred"),
    ),
    FaultRow(name="bare-cr", differs=MALFORMED, answer=answer(TYPE, LENGTH, "X-A: b\rX-C: d")),
    FaultRow(
        name="http-2.0-status-line",
        differs=but(failed="response-well-formed"),
        answer=answer(TYPE, LENGTH, version="HTTP/2.0"),
    ),
    FaultRow(name="http-2-status-line", differs=MALFORMED, answer=answer(TYPE, LENGTH, version="HTTP/2")),
    FaultRow(name="http-1.2-status-line", differs=MALFORMED, answer=answer(TYPE, LENGTH, version="HTTP/1.2")),
    FaultRow(name="lower-case-http", differs=NO_HTTP, answer=answer(TYPE, LENGTH, version="http/1.1")),
    FaultRow(name="icy", differs=NO_HTTP, answer=answer(TYPE, LENGTH, version="ICY")),
    FaultRow(name="status-of-four-digits", differs=NO_HTTP, answer=answer(TYPE, LENGTH, status="2000 OK")),
    FaultRow(name="no-reason-phrase", answer=answer(TYPE, LENGTH, status="200")),
    FaultRow(
        name="two-spaces-in-the-status-line", differs=MALFORMED, answer=answer(TYPE, LENGTH, status=" 200 OK")
    ),
    FaultRow(name="empty-line-first", differs=but(failed="response-well-formed"), answer=b"\r\n" + SOUND),
    FaultRow(name="http-0.9", differs=NO_HTTP, answer=PHOTO),
    FaultRow(
        name="http-0.9-page",
        says={"response-well-formed": "(<html><body>Hello"},
        differs=NO_HTTP,
        answer=b"<html><body>Hello</body></html>\n",
    ),
    FaultRow(name="ssh", differs=NO_HTTP, answer=b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    FaultRow(name="nothing-at-all", differs=NO_ANSWER, answer=b""),
    FaultRow(
        name="head-cut-off",
        differs=NO_ANSWER,
        answer=b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Le",
    ),
    FaultRow(
        name="headers-101",
        differs=but(failed="response-well-formed"),
        answer=answer(TYPE, LENGTH, *["X: y"] * 99),
    ),
    FaultRow(name="headers-100", answer=answer(TYPE, LENGTH, *["X: y"] * 98)),
    FaultRow(
        name="headers-100000",
        says={"response-well-formed": "more than 65536 bytes"},
        differs=NO_HTTP,
        answer=answer(TYPE, LENGTH, *["X: y"] * 100_000),
    ),
    FaultRow(
        name="header-of-a-megabyte", differs=NO_HTTP, answer=answer(TYPE, LENGTH, "X: " + "y" * (1 << 20))
    ),
    FaultRow(
        name="head-without-end", differs=NO_HTTP, answer=endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000)
    ),
    FaultRow(
        name="early-hints",
        differs=but(failed="response-plain"),
        answer=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + SOUND,
    ),
    FaultRow(
        name="continue-first",
        differs=but(failed="response-plain"),
        answer=b"HTTP/1.1 100 Continue\r\n\r\n" + SOUND,
    ),
    FaultRow(
        name="interim-for-ever",
        differs=but(NO_ANSWER, failed="media-reachable response-well-formed response-plain"),
        answer=endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 1000),
    ),
    FaultRow(
        name="range-in-a-200",
        differs=but(failed="response-well-formed"),
        answer=answer(TYPE, LENGTH, f"Content-Range: bytes 0-{SIZE - 1}/{SIZE}"),
    ),
)
