"""What a head says of its body's length is worked out once, for refusing and for reporting."""

from __future__ import annotations

import pytest

from mmscheck.base.framing import read_framing
from mmscheck.fetch.head import HeadOddities, framing_fault, judge_fields, parse_head
from mmscheck.model.observation import AnomalyKind, Reason

LENGTH, CODING = "Content-Length", "Transfer-Encoding"

ROWS: list[tuple[tuple[tuple[str, str], ...], Reason | None, set[AnomalyKind], int | None, int | None]] = [
    ((), None, set(), None, None),
    (((LENGTH, "5"),), None, set(), 5, 5),
    (((LENGTH, "0"),), None, set(), 0, 0),
    (((LENGTH, "5"), (LENGTH, "5")), Reason.MALFORMED_HTTP, {AnomalyKind.REPEATED_LENGTH}, 5, None),
    (((LENGTH, "5, 05"),), Reason.MALFORMED_HTTP, {AnomalyKind.REPEATED_LENGTH}, 5, None),
    (((LENGTH, "5"), (LENGTH, "6")), Reason.TWO_LENGTHS, {AnomalyKind.TWO_LENGTHS}, None, None),
    (((LENGTH, "5,"),), Reason.MALFORMED_HTTP, {AnomalyKind.BAD_LENGTH}, None, None),
    (((LENGTH, ""),), Reason.MALFORMED_HTTP, {AnomalyKind.BAD_LENGTH}, None, None),
    (((LENGTH, "+5"),), Reason.MALFORMED_HTTP, {AnomalyKind.BAD_LENGTH}, None, None),
    (((LENGTH, "5" * 19),), Reason.MALFORMED_HTTP, {AnomalyKind.BAD_LENGTH}, None, None),
    (((LENGTH, "five"), (LENGTH, "5")), Reason.MALFORMED_HTTP, {AnomalyKind.BAD_LENGTH}, None, None),
    (((CODING, "Chunked"),), None, set(), None, None),
    (
        ((LENGTH, "5"), (CODING, "chunked")),
        Reason.LENGTH_AND_CHUNKED,
        {AnomalyKind.LENGTH_AND_CHUNKED},
        5,
        None,
    ),
    (((LENGTH, "5"), (CODING, "gzip")), Reason.MALFORMED_HTTP, {AnomalyKind.LENGTH_AND_CHUNKED}, 5, None),
    (((f"{LENGTH} ", "5"),), Reason.MALFORMED_HTTP, set(), 5, None),
]


@pytest.mark.parametrize(("headers", "reason", "kinds", "stated", "expected"), ROWS)
def test_what_is_refused_is_what_is_reported(
    headers: tuple[tuple[str, str], ...],
    reason: Reason | None,
    kinds: set[AnomalyKind],
    stated: int | None,
    expected: int | None,
) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = parse_head(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode())
    fault, oddities = framing_fault(head), HeadOddities()
    judge_fields(head, oddities)
    assert (None if fault is None else fault.reason) == reason
    assert {each.kind for each in oddities.anomalies} == kinds
    assert read_framing(headers).stated_length == stated
    assert (read_framing(headers).body_length, head.length) == (expected, expected)
    # A length that is refused for no other reason than its name is noted by the bytes of its line.
    assert bool(kinds) == (reason is not None) or headers[0][0] != LENGTH


def test_codings_are_lower_case_and_without_the_word_for_none() -> None:
    found = read_framing((("Content-Encoding", "GZIP, identity"), (CODING, "Identity")))
    assert found.content_codings == ("gzip",)
    assert (found.transfer_codings, found.transfer_coded, found.chunked) == (("identity",), False, False)
