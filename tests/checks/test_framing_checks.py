"""What helps against a Content-Encoding, by what it says and by what the bytes are."""

from __future__ import annotations

import pytest

from mmscheck.model.words import Outcome
from tests.support.media_targets import JPEG, fetched, judge, sniffed

NO_COMPRESSION = "bytes are not compressed"


@pytest.mark.parametrize(
    ("coding", "bytes_are", "words"),
    [
        ("gzip", "application/gzip", ""),
        ("br", None, ""),
        ("aws-chunked", "image/jpeg", "--metadata-directive REPLACE"),
        ("aws-chunked,gzip", "application/gzip", "--metadata-directive REPLACE"),
        ("UTF-8", "image/jpeg", NO_COMPRESSION),
        ("none", "image/jpeg", NO_COMPRESSION),
        ("gzip", "image/jpeg", NO_COMPRESSION),
        ("gzip", "text/vcard", NO_COMPRESSION),
    ],
)
def test_no_compression_is_to_be_switched_off_where_there_is_none(
    coding: str, bytes_are: str | None, words: str
) -> None:
    headers = (*JPEG, ("Content-Encoding", coding))
    result = judge("not-compressed", fetched(headers, sniffed=sniffed(bytes_are)))
    assert result.outcome is Outcome.FAILED
    assert words in result.fix
    assert bool(words) == bool(result.fix)
    assert "Switch off compression" not in result.fix
