"""What makes a query count as signed, and what does not."""

from __future__ import annotations

import pytest

from mmscheck.fetch.probes import signed_by

BASE = "http://media.example.com/a.jpg"


@pytest.mark.parametrize("name", ["exp", "ex", "hm", "oe", "oh", "valid_until", "validUntil", "expires_at"])
def test_the_parameters_of_an_expiry_are_part_of_a_signature(name: str) -> None:
    assert signed_by(f"{BASE}?w=640&{name}=5f5e0ff0") == name


@pytest.mark.parametrize("query", ["", "w=640&h2=480", "v=2", "cb=1577836800", "format=jpeg", "expo=a"])
def test_other_parameters_are_not(query: str) -> None:
    assert signed_by(f"{BASE}?{query}") is None
