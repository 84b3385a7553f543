"""What a telephone number says about itself, by Google's numbering data (phonenumbers)."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

FULL = re.compile(r"[1-9][0-9]{6,14}\Z")
"""Country code and number in digits; E.164 allows 15."""

SHORT_CODE = re.compile(r"[1-9][0-9]{2,7}\Z")
"""A short code: fewer digits than any full number of the countries served."""

_UNITED_STATES = frozenset({"US", "PR", "VI", "GU", "AS", "MP"})
"""The states and the territories whose numbers US operators serve."""


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A number as read: ``country`` is an ISO code, None when the digits do not tell.

    ``possible`` means that its length fits its country's plan; ``toll_free`` that it is a freephone
    number, which under country code 1 the United States and Canada share.
    """

    country_code: int
    country: str | None
    possible: bool
    toll_free: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a number's country code and length say; where it is, costs ten times as much to find out."""

    country_code: int
    possible: bool


def plan(digits: str) -> Plan | None:
    """Code and length of the number, or None when it begins with no country code or cannot be one."""
    import phonenumbers  # noqa: PLC0415 - takes 40 ms to load, and only a send has numbers

    number = _parsed(digits)
    if number is None:
        return None
    length = phonenumbers.is_possible_number_with_reason(number)
    # The looser is_possible_number takes a number without its area code for possible.
    possible = length == phonenumbers.ValidationResult.IS_POSSIBLE
    return Plan(country_code=number.country_code or 0, possible=possible)


def _parsed(digits: str) -> PhoneNumber | None:
    import phonenumbers  # noqa: PLC0415 - takes 40 ms to load, and only a send has numbers

    try:
        return phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None


@functools.lru_cache(maxsize=64)
def read(digits: str) -> Number | None:
    """The number, or None when it begins with no country code or cannot be one; a campaign has one sender."""
    import phonenumbers  # noqa: PLC0415 - takes 40 ms to load, and only a send has numbers

    number, found = _parsed(digits), plan(digits)
    if number is None or found is None:
        return None
    region = phonenumbers.region_code_for_number(number)
    kind = phonenumbers.number_type(number)
    return Number(
        country_code=found.country_code,
        country="US" if region in _UNITED_STATES else region,
        possible=found.possible,
        toll_free=kind == phonenumbers.PhoneNumberType.TOLL_FREE,
    )


def is_short_code(sender: str) -> bool:
    """Whether the digits can only be a short code."""
    return SHORT_CODE.match(sender) is not None


def spelling(number: str) -> str | None:
    """What is wrong with how a full number is written, or None; the check of a possible number is apart."""
    if number.startswith("+"):
        return "it begins with +"
    if number.startswith("00"):
        return "it begins with 00"
    if not (number.isascii() and number.isdigit()):
        return "it holds something other than the digits 0 to 9"
    if number.startswith("0"):
        return "it begins with 0, so its country code is missing"
    if not FULL.match(number):
        return f"it has {len(number)} digits, and a number with its country code has 7 to 15"
    return None
