from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmscheck.base.text import encodable
from mmscheck.report.escape import visible, visible_json
from tests.support.reports import HOSTILE

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates included


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("plain, caf\xe9, \U0001f33c", "plain, caf\xe9, \U0001f33c"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\x9b1m\x7f\x00", "\\x9b1m\\x7f\\x00"),
        ("\u202egpj\u2066", "\\u202egpj\\u2066"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
        ("\u200b\ufeff\xad", "\\u200b\\ufeff\\xad"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("\xa0", "\\xa0"),
    ],
)
def test_what_cannot_be_seen_is_written_out(raw: str, wanted: str) -> None:
    assert visible(raw) == wanted


@given(ANY_TEXT)
def test_visible_text_is_printable_on_one_line_and_encodable(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert shown.encode("utf-8") is not None


@given(ANY_TEXT)
def test_escaped_json_says_the_same_and_hides_nothing(text: str) -> None:
    plain = json.dumps({"key": encodable(text)}, ensure_ascii=False, indent=2)
    escaped = visible_json(plain)
    assert json.loads(escaped) == {"key": encodable(text)}
    assert all(line.isprintable() for line in escaped.split("\n"))


def test_lone_surrogates_become_escapes_and_nothing_else_changes() -> None:
    assert encodable(HOSTILE) == HOSTILE.replace("\udcff", "\\udcff")
