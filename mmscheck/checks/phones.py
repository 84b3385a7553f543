"""What a telephone number says about itself, by Google's numbering data (phonenumbers)."""

from __future__ import annotations

import re

import msgspec

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


def read(digits: str) -> Number | None:
    """The number, or None when it begins with no country code or cannot be one."""
    import phonenumbers  # noqa: PLC0415 - takes 40 ms to load, and only a send has numbers

    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(number)
    kind = phonenumbers.number_type(number)
    length = phonenumbers.is_possible_number_with_reason(number)
    return Number(
        country_code=number.country_code or 0,
        country="US" if region in _UNITED_STATES else region,
        # The looser is_possible_number takes a number without its area code for possible.
        possible=length == phonenumbers.ValidationResult.IS_POSSIBLE,
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
