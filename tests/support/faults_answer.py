"""Faults of the answer as a whole: its status and its type."""

from __future__ import annotations

from tests.support.fault_answers import (
    CARD,
    CHUNKED,
    HEIC,
    LENGTH,
    NO_FILE,
    PAGE,
    SIZE,
    SOUND,
    TYPE,
    answer,
    chunks,
    in_turn,
    page,
    when,
)
from tests.support.fault_rows import FaultRow, but

STATUSES = (
    FaultRow(
        name="206",
        differs=but(NO_FILE, failed="response-well-formed"),
        answer=answer(
            TYPE, LENGTH, f"Content-Range: bytes 0-{SIZE - 1}/{SIZE + 1}", status="206 Partial Content"
        ),
    ),
    FaultRow(name="204", differs=NO_FILE, answer=answer(status="204 No Content", body=b"")),
    FaultRow(
        name="204-with-a-body",
        differs=but(NO_FILE, failed="response-well-formed"),
        answer=answer(TYPE, status="204 No Content"),
    ),
    FaultRow(
        name="304",
        differs=but(NO_FILE, failed="response-well-formed"),
        answer=answer('ETag: "1"', status="304 Not Modified", body=b""),
    ),
    FaultRow(
        name="101",
        differs=NO_FILE,
        answer=answer("Upgrade: x", "Connection: upgrade", status="101 Switching Protocols", body=b""),
    ),
    FaultRow(name="403-wall", differs=NO_FILE, answer=page("403 Forbidden", "cf-mitigated: challenge")),
    FaultRow(name="404", differs=NO_FILE, answer=page("404 Not Found")),
    FaultRow(
        name="404-malformed",
        differs=but(NO_FILE, failed="response-well-formed"),
        answer=answer("Content-Length: 3", CHUNKED, status="404 Not Found", body=b""),
    ),
    FaultRow(name="500", differs=NO_FILE, answer=page("500 Oops")),
    FaultRow(
        name="503", differs=but(NO_FILE, unknown="media-reachable"), answer=page("503 Busy", "Retry-After: 1")
    ),
    FaultRow(
        name="429", differs=but(NO_FILE, unknown="media-reachable"), answer=page("429 Too Many Requests")
    ),
)
TYPES = (
    FaultRow(
        name="no-type",
        differs=but(
            failed="content-type-present content-type-specific",
            inapplicable="content-type-valid content-type-matches content-type-registered",
        ),
        answer=answer(LENGTH),
    ),
    FaultRow(
        name="octet-stream",
        differs=but(failed="content-type-specific", inapplicable="content-type-matches"),
        answer=answer("Content-Type: application/octet-stream", LENGTH),
    ),
    FaultRow(
        name="type-malformed",
        differs=but(
            failed="content-type-valid content-type-specific",
            inapplicable="content-type-matches content-type-registered",
        ),
        answer=answer("Content-Type: jpeg", LENGTH),
    ),
    FaultRow(
        name="two-types",
        differs=but(
            failed="content-type-valid content-type-specific",
            inapplicable="content-type-matches content-type-registered",
        ),
        answer=answer(TYPE, "Content-Type: image/png", LENGTH),
    ),
    FaultRow(
        name="other-type",
        differs=but(failed="content-type-matches"),
        answer=answer("Content-Type: image/png", LENGTH),
    ),
    FaultRow(
        name="alias-type",
        differs=but(failed="content-type-registered"),
        answer=answer("Content-Type: image/jpg", LENGTH),
    ),
    FaultRow(
        name="page-with-200",
        differs=but(failed="media-kind-matches media-type-accepted not-a-web-page"),
        answer=page("200 OK"),
    ),
    FaultRow(
        name="page-called-a-picture",
        differs=but(failed="content-type-matches media-kind-matches media-type-accepted not-a-web-page"),
        answer=answer(TYPE, f"Content-Length: {len(PAGE)}", body=PAGE),
    ),
    FaultRow(
        name="empty",
        differs=but(
            failed="media-type-known", unknown="content-type-matches media-kind-matches media-type-accepted"
        ),
        answer=answer(TYPE, "Content-Length: 0", body=b""),
    ),
    FaultRow(
        name="heic-called-jpeg",
        differs=but(failed="content-type-matches media-type-accepted"),
        answer=answer(TYPE, f"Content-Length: {len(HEIC)}", body=HEIC),
    ),
    FaultRow(
        name="vcard",
        answer=answer("Content-Type: text/vcard", f"Content-Length: {len(CARD)}", body=CARD),
        path="/card.vcf",
        kind="vcard",
    ),
    FaultRow(
        name="vcard-as-octet-stream",
        differs=but(failed="content-type-specific", inapplicable="content-type-matches"),
        answer=answer("Content-Type: application/octet-stream", f"Content-Length: {len(CARD)}", body=CARD),
        path="/card.vcf",
        kind="vcard",
    ),
    FaultRow(
        name="vcard-as-an-image",
        differs=but(failed="media-kind-matches media-type-accepted"),
        answer=answer("Content-Type: text/vcard", f"Content-Length: {len(CARD)}", body=CARD),
    ),
    FaultRow(
        name="chunked-when-gzip-is-asked-for",
        differs=but(failed="length-under-gzip"),
        answer=when(b"Accept-Encoding: gzip", answer(TYPE, CHUNKED, body=chunks()), SOUND),
    ),
    FaultRow(
        name="not-found-but-once",
        answer=in_turn(page("404 Not Found"), SOUND),
        differs=NO_FILE,
    ),
    FaultRow(
        name="busy-but-once",
        answer=in_turn(page("503 Busy"), SOUND),
        policy={"retries": 1},
    ),
)
