"""Which patterns rule data may have."""

from __future__ import annotations

import re

import pytest

from mmscheck.base.patterns import pattern_fault


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a+)+", "(?:a|b)*", "(a{2}){3}", "a*b*", "a.*b+", r"(a)\1", "(?=a)", "(?!a)", "(?i)a", "(?P<x>a)"),
        *("(", "a{2,1}", "[", "*", "a?a?a?a?a?", "(?:a?b){2,}", "(?#x)"),
    ],
)
def test_a_pattern_that_could_be_slow_is_refused(pattern: str) -> None:
    assert pattern_fault(pattern)


@pytest.mark.parametrize(
    "pattern", [r"\Aa", "[*+{}()?]", r"\(\?=\*\+", "a?b?", "x{1,60}y", r"[^\]]*\)", "(?:a|b)?"]
)
def test_a_pattern_that_cannot_be_slow_is_taken(pattern: str) -> None:
    assert pattern_fault(pattern) is None
    re.compile(pattern)
