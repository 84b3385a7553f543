"""Faults on the way to the file: redirects, certificates, and time."""

from __future__ import annotations

from tests.support.fault_answers import (
    CHUNKED,
    HUGE,
    IMPATIENT,
    LENGTH,
    NO_ANSWER,
    NO_FILE,
    PHOTO,
    SHORT,
    SMALL,
    SOUND,
    TYPE,
    UNREAD,
    answer,
    breaking,
    chunks,
    endless,
    page,
    redirect,
    site,
)
from tests.support.fault_rows import FaultRow, but
from tests.support.rawserver import saying

REDIRECTS = (
    FaultRow(
        name="redirect",
        differs=but(failed="no-redirect"),
        answer=site({"/photo.jpg": redirect("/b.jpg"), "/b.jpg": SOUND}),
    ),
    FaultRow(
        name="odd-redirect",
        differs=but(
            NO_FILE, unknown="redirect-safe", failed="no-redirect response-well-formed response-plain"
        ),
        answer=site({"/photo.jpg": redirect("/b.jpg", "X(Y): z", "X: a\r\n b"), "/b.jpg": SOUND}),
    ),
    FaultRow(
        name="redirect-to-a-login",
        differs=but(failed="no-redirect media-kind-matches media-type-accepted not-a-web-page"),
        answer=site({"/photo.jpg": redirect("/in"), "/in": page("200 OK")}),
    ),
    FaultRow(
        name="redirect-loop",
        differs=but(NO_FILE, failed="redirect-safe no-redirect"),
        answer=redirect("/photo.jpg"),
    ),
    FaultRow(
        name="redirect-without-location",
        differs=but(NO_FILE, failed="redirect-safe no-redirect"),
        answer=answer("Content-Length: 0", status="302 Found", body=b""),
    ),
)
TLS = (
    FaultRow(name="https", differs=but(passed="tls-valid tls-lasts"), answer=SOUND, tls="good"),
    FaultRow(
        name="certificate-untrusted",
        differs=but(NO_ANSWER, failed="media-reachable tls-valid", unknown="tls-lasts"),
        answer=SOUND,
        tls="untrusted",
    ),
    FaultRow(
        name="certificate-of-another-host",
        differs=but(NO_ANSWER, failed="media-reachable tls-valid", unknown="tls-lasts"),
        answer=SOUND,
        tls="other-host",
    ),
    FaultRow(
        name="certificate-expired",
        differs=but(NO_ANSWER, failed="media-reachable tls-valid", unknown="tls-lasts"),
        answer=SOUND,
        tls="expired",
    ),
    FaultRow(
        name="certificate-chain-incomplete",
        differs=but(NO_ANSWER, failed="media-reachable tls-valid", unknown="tls-lasts"),
        answer=SOUND,
        tls="incomplete",
    ),
)
SLOW = (
    FaultRow(
        name="no-first-byte",
        says={"media-reachable": "0.3 s without a first byte"},
        differs=NO_ANSWER,
        answer=saying(close=False),
        policy=IMPATIENT,
    ),
    FaultRow(
        name="head-drips",
        differs=NO_ANSWER,
        answer=endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", gap=0.05),
        policy=SHORT,
    ),
    FaultRow(
        name="body-stalls",
        differs=but(UNREAD, unknown="media-reachable"),
        answer=saying(SOUND[:-9], close=False),
        window=0.5,
    ),
    FaultRow(
        name="body-stalls-to-the-limit",
        differs=but(UNREAD, unknown="media-reachable"),
        answer=saying(SOUND[:-9], close=False),
        policy=SHORT,
    ),
    FaultRow(
        name="body-drips",
        says={"media-reachable": "slower than the minimum throughput"},
        differs=but(UNREAD, unknown="media-reachable"),
        answer=endless(answer(TYPE, LENGTH, body=b""), b"x", gap=0.05),
        window=0.5,
    ),
    FaultRow(
        name="reset-in-the-body", differs=but(UNREAD, unknown="media-reachable"), answer=breaking(SOUND[:-9])
    ),
    FaultRow(
        name="reset-in-the-head",
        differs=NO_ANSWER,
        answer=breaking(f"HTTP/1.1 200 OK\r\n{TYPE}\r\n".encode()),
    ),
    FaultRow(
        name="ten-gigabytes-declared",
        says={"media-reachable": "declared 10737418240 bytes"},
        differs=but(UNREAD, failed="media-reachable"),
        answer=endless(HUGE, PHOTO),
    ),
    FaultRow(
        name="endless",
        differs=but(UNREAD, failed="media-reachable content-length", inapplicable="content-length-true"),
        answer=endless(answer(TYPE, body=b""), PHOTO),
        policy=SMALL,
    ),
    FaultRow(
        name="endless-chunks",
        differs=but(
            UNREAD, failed="media-reachable content-length not-chunked", inapplicable="content-length-true"
        ),
        answer=endless(answer(TYPE, CHUNKED, body=b""), chunks(last=b"")),
        policy=SMALL,
    ),
)
