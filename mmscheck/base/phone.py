"""Telephone numbers: the one form that each has, and whether two spellings are of one phone.

By Google's numbering data (phonenumbers), which takes 40 ms to load: only what has a number at hand loads it.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_KEPT = 4096
"""Numbers whose reading is remembered: each is read several times on its way, and reading takes 30 µs."""


def digits(number: str | None) -> str:
    """The ASCII digits of a number, and nothing else."""
    return re.sub(r"[^0-9]", "", number or "")


@functools.lru_cache(maxsize=_KEPT)
def parsed(number: str, region: str | None = None) -> PhoneNumber | None:
    """A number of digits alone, with its country code, or as it is dialled in a region (ISO code).

    None when it begins with no country code or cannot be a number. It forgives a trunk prefix.
    """
    import phonenumbers  # noqa: PLC0415 - see above

    try:
        return phonenumbers.parse(number if region else f"+{number}", region)
    except phonenumbers.NumberParseException:
        return None


def country_of(number: str) -> str | None:
    """The country (ISO 3166-1) of a number of digits alone; None where the numbering data knows none."""
    import phonenumbers  # noqa: PLC0415 - see above

    read = parsed(number)
    region = None if read is None else phonenumbers.region_code_for_number(read)
    # 001 stands for numbers of no country.
    return region if region and region.isalpha() else None


def dialled_in(region: str, number: str) -> str | None:
    """The international form (+ and digits) of a number as people in that country write it; None for none.

    Letters on a dial count as their digits.
    """
    import phonenumbers  # noqa: PLC0415 - see above

    read = parsed(number, region)
    if read is None or not phonenumbers.is_possible_number(read):
        return None
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)


def dialled_at_home(number: str) -> bool:
    """Whether ten digits are a number of the US as people there write it, and none with a country code.

    A third of all American numbers could be foreign ones by their length alone: 2025550143 is not Egypt's.
    """
    import phonenumbers  # noqa: PLC0415 - see above

    home, whole = parsed(number, "US"), parsed(number)
    return (
        home is not None
        and phonenumbers.is_valid_number(home)
        and not (whole is not None and phonenumbers.is_valid_number(whole))
    )


def is_region(name: str) -> bool:
    """Whether the numbering data have the country (ISO 3166-1, two capital letters)."""
    import phonenumbers  # noqa: PLC0415 - see above

    return name in phonenumbers.SUPPORTED_REGIONS


_NORTH_AMERICAN = re.compile(r"1[2-9][0-9]{9}")
"""Whole as it stands: country code 1, and ten digits that begin with no trunk prefix (which is 1)."""


def e164(number: str | None) -> str:
    """The digits of the number's one international form (E.164, without +); its digits where it has none."""
    if number and _NORTH_AMERICAN.fullmatch(number):
        return number  # read for every send, and reading takes a tenth of what the ledger does for one
    plain = digits(number)
    return _form(parsed(plain)) or plain


def _form(number: PhoneNumber | None) -> str:
    import phonenumbers  # noqa: PLC0415 - see above

    if number is None:
        return ""
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def possible(number: PhoneNumber) -> bool:
    """Whether its length is that of a whole number in its country's plan."""
    import phonenumbers  # noqa: PLC0415 - see above

    # The looser is_possible_number takes a number without its area code for possible.
    reason = phonenumbers.is_possible_number_with_reason(number)
    return bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE)


def same_number(one: str | None, other: str | None) -> bool:
    """Whether both are one phone: the provider may write a number as it is dialled at home.

    That is without its country code, and with a trunk prefix where the country has one.
    """
    first, second = digits(one), digits(other)
    if not (first and second):
        return False
    return first == second or _spells(first, second) or _spells(second, first)


def another_number(one: str | None, other: str | None) -> bool:
    """Whether both are known, and are not one phone."""
    return bool(digits(one) and digits(other)) and not same_number(one, other)


def _spells(text: str, number: str) -> bool:
    """Whether the digits are a spelling of a whole number: an international one, or the one at its home."""
    import phonenumbers  # noqa: PLC0415 - see above

    whole = parsed(number)
    if whole is None or not possible(whole):
        return False
    home = phonenumbers.region_code_for_country_code(whole.country_code or 0)
    readings = (parsed(text), parsed(text, home), parsed(text.removeprefix("00")))
    return _form(whole) in map(_form, readings)
