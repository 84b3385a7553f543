"""Values of any depth are redacted as texts are, and are left as they were themselves."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

import pytest

from mmscheck.base.redact import redact_text, redact_values
from mmscheck.base.secret_words import KNOWN, is_hinted

TEXTS = (
    *("", "plain", "http://a.example/b.jpg?sig=0123456789abcdef", "?token=abc", "eyJhbGciOiJIUzI1NiJ9.e30.x"),
    *("bot123:abc", "bot123456:AAE-x", "is it?", "ghp_0123456789abcdef", "https://u:p@a.example/"),
)


def by_recursion(value: Any) -> Any:
    """The same said in the plainest way."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, list):
        return [by_recursion(item) for item in value]
    if isinstance(value, dict):
        return {redact_text(key): by_recursion(item) for key, item in value.items()}
    return value


def made(random: Random, depth: int) -> Any:
    """A JSON value."""
    kind = random.randrange(5) if depth else 0
    if kind > 2:
        return [made(random, depth - 1) for _ in range(random.randrange(4))]
    if kind:
        return {random.choice(TEXTS): made(random, depth - 1) for _ in range(random.randrange(4))}
    return random.choice((*TEXTS, 1, 2.5, None, True))


@pytest.mark.parametrize("seed", range(100))
def test_every_text_is_redacted_wherever_it_stands(seed: int) -> None:
    value = made(Random(seed), 5)
    before = deepcopy(value)
    redacted = redact_values(value)
    assert redacted == by_recursion(value)
    assert repr(redacted) == repr(by_recursion(value))  # the order of keys, too
    assert value == before


def test_no_depth_is_too_deep() -> None:
    value: Any = "?token=abc"
    for _ in range(20_000):
        value = [value]
    redacted = redact_values(value)
    while isinstance(redacted, list):
        (redacted,) = redacted
    assert redacted == redact_text("?token=abc")


@pytest.mark.parametrize("text", [each for each in TEXTS if KNOWN.search(each)])
def test_no_token_is_too_short_to_be_looked_for(text: str) -> None:
    assert is_hinted(text)
    assert redact_text(text) != text


def test_the_shortest_token_is_among_them() -> None:
    assert sum(map(bool, map(KNOWN.search, TEXTS))) == 4
