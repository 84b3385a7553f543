"""Telephone numbers, compared as far as they are known."""

from __future__ import annotations

import re

SHORTEST = 7
"""Digits: with fewer in common, two numbers would be the same by accident."""


def digits(number: str | None) -> str:
    """The ASCII digits of a number, and nothing else."""
    return re.sub(r"[^0-9]", "", number or "")


def same_number(one: str | None, other: str | None) -> bool:
    """Whether both may be one phone: the provider may write a number with or without its country code."""
    first, second = digits(one), digits(other)
    if min(len(first), len(second)) < SHORTEST:
        return bool(first) and first == second
    return first.endswith(second) or second.endswith(first)


def another_number(one: str | None, other: str | None) -> bool:
    """Whether both are known, and cannot be one phone."""
    return bool(digits(one) and digits(other)) and not same_number(one, other)
