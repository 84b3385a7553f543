"""What a telephone number says about itself, by Google's numbering data (phonenumbers)."""

from __future__ import annotations

import functools
import re

import msgspec

from mmscheck.base.phone import e164, parsed, possible
from mmscheck.base.text import enumerated, is_blank, quoted
from mmscheck.model.check import (
    Check,
    MessageTarget,
    NoParams,
    RequestTarget,
    Result,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.words import TargetKind

FULL = re.compile(r"[1-9][0-9]{6,14}\Z")
"""Country code and number in digits; E.164 allows 15."""

SHORT_CODE = re.compile(r"[1-9][0-9]{2,7}\Z")
"""A short code: fewer digits than any full number of the countries served."""

_EXTENSION = re.compile(
    r"[0-9)]\s*(?:;ext=|[,;]?\s*(?:e?xt(?:ensi(?:o|\u00f3)n)?|anexo|int|x|#|~)[.:]?)\s*[0-9]+#?\s*\Z",
    re.IGNORECASE,
)
"""The marks by which people and RFC 3966 put an extension behind a number."""

_UNITED_STATES = frozenset({"US", "PR", "VI", "GU", "AS", "MP"})
"""The states and the territories whose numbers US operators serve."""


class DialledNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A number as read: ``country`` is an ISO code, None when the digits do not tell.

    ``possible`` means that its length fits its country's plan; ``toll_free`` that it is a freephone
    number, which under country code 1 the United States and Canada share.
    """

    country_code: int
    country: str | None
    possible: bool
    toll_free: bool


class NumberingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a number's country code and length say; where it is, costs ten times as much to find out."""

    country_code: int
    possible: bool


def plan(digits: str) -> NumberingPlan | None:
    """Code and length of the number, or None when it begins with no country code or cannot be one."""
    number = parsed(digits)
    if number is None:
        return None
    return NumberingPlan(country_code=number.country_code or 0, possible=possible(number))


def forgiven(digits: str) -> str | None:
    """What a reader of numbers would leave out of these digits, as a clause, or None: they are E.164.

    Two spellings of one phone would be two recipients. Digits that are no number hold nothing to leave out.
    """
    number, proper = parsed(digits), e164(digits)
    if number is None:
        return None
    code = str(number.country_code)
    if proper != digits:
        extra = digits[len(code) : max(len(code), len(digits) - len(proper) + len(code))]
        again = ", or its country code twice" if extra == code else ""
        better = f": write {proper}" if possible(number) else ""
        return f"it holds {extra} behind country code {code} (a prefix for calls at home{again}){better}"
    rest = digits.removeprefix(code)
    if rest.startswith("0") and not _valid(digits):
        return f"it holds 0 behind country code {code} (a prefix for calls at home)"
    if rest.startswith(code) and _valid(rest) and not _valid(digits):
        return f"its country code {code} is there twice: write {e164(rest)}"
    return None


def _valid(digits: str) -> bool:
    import phonenumbers  # noqa: PLC0415 - takes 40 ms to load, and only a send has numbers

    number = parsed(digits)
    return number is not None and phonenumbers.is_valid_number(number)


@functools.lru_cache(maxsize=64)
def read(digits: str) -> DialledNumber | None:
    """The number, or None when it begins with no country code or cannot be one; a campaign has one sender."""
    import phonenumbers  # noqa: PLC0415 - takes 40 ms to load, and only a send has numbers

    number, found = parsed(digits), plan(digits)
    if number is None or found is None:
        return None
    region = phonenumbers.region_code_for_number(number)
    kind = phonenumbers.number_type(number)
    return DialledNumber(
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
        return f"it holds something other than the digits 0 to 9 ({_other(number)})"
    if number.startswith("0"):
        return "it begins with 0, so its country code is missing"
    if not FULL.match(number):
        return f"it has {len(number)} digits, and a number with its country code has 7 to 15"
    return None


def _other(number: str) -> str:
    """What stands in a number beside digits, in a word or two."""
    if _EXTENSION.search(number):
        return "an extension"
    if any(char.isalpha() for char in number):
        return "letters"
    if any(char.isdigit() and not char.isascii() for char in number):
        return "digits of another script"
    return "blanks" if all(char.isspace() or char.isdigit() for char in number) else "punctuation"


_COUNTRIES = {"US": "the United States", "CA": "Canada", "AU": "Australia"}

NUMBER_SHOWN = 30
"""Characters of a wrong number that a message quotes."""

SHARED = frozenset({"US", "CA"})
"""Countries that share the freephone numbers under country code 1."""


class Served(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The country codes of the countries where the provider delivers MMS."""

    country_codes: tuple[int, ...]


def recipient(target: RequestTarget, params: Served) -> Result:
    """The recipient is one full number: country code first, digits only."""
    return _recipient(target.request.to, params)


def named_recipient(target: MessageTarget, params: Served) -> Result:
    """The same of the recipient that the document itself names, if any."""
    field = target.message.field("to")
    return (
        inapplicable("the document names no recipient") if field is None else _recipient(field.text, params)
    )


def _recipient(number: str | None, params: Served) -> Result:
    if number is None or is_blank(number):
        return failed(number="", wrong="there is no recipient number")
    wrong = _wrong(number, params)
    return _failed(number, wrong) if wrong else passed(number=number)


def sender(target: RequestTarget, params: Served) -> Result:
    """The sender is a short code, or a full number with its country code, in digits only."""
    return _sender(target.request.from_, params)


def named_sender(target: MessageTarget, params: Served) -> Result:
    """The same of the sender that the document itself names, if any."""
    field = target.message.field("from")
    return inapplicable("the document names no sender") if field is None else _sender(field.text, params)


def _sender(number: str | None, params: Served) -> Result:
    if number is None or is_blank(number):
        return failed(number="", wrong="there is no sender number")
    if is_short_code(number):
        return passed(number=number, kind="short code")
    wrong = _wrong(number, params)
    return _failed(number, wrong) if wrong else passed(number=number, kind="full number")


def _failed(number: str, wrong: str) -> Result:
    return failed(number=f' "{quoted(number, NUMBER_SHOWN)}"', wrong=wrong)


def _wrong(number: str, params: Served) -> str | None:
    if wrong := spelling(number):
        return wrong
    found = plan(number)
    if found is None:
        return "it begins with no country code that exists"
    if found.country_code not in params.country_codes:
        served = enumerated([str(code) for code in params.country_codes])
        return (
            f"it begins with country code {found.country_code}, but the provider delivers MMS only to "
            f"country codes {served}; perhaps its country code is missing"
        )
    if wrong := forgiven(number):
        return wrong
    return None if found.possible else f"it is too long or too short for country code {found.country_code}"


def same_country(target: RequestTarget, _: NoParams) -> Result:
    """Recipient and sender belong to one country; a short code does not show its country."""
    to, from_ = target.request.to, target.request.from_
    if to is None or from_ is None:
        return cant_tell("a number is missing")
    if is_short_code(from_):
        return inapplicable("a short code does not show its country")
    there, here = _readable(to), _readable(from_)
    if there is None or here is None:
        unreadable = to if there is None else from_
        return cant_tell(f'the number "{quoted(unreadable, NUMBER_SHOWN)}" could not be read')
    return _compared(there, here)


def _readable(number: str) -> DialledNumber | None:
    return None if spelling(number) else read(number)


def _compared(there: DialledNumber, here: DialledNumber) -> Result:
    if there.country_code != here.country_code:
        return failed(to=_place(there), sender=_place(here))
    if here.toll_free and there.country in SHARED:
        return passed(to=there.country, sender="freephone number of the United States and Canada")
    if there.country is None or here.country is None:
        return cant_tell(
            f"several countries share country code {here.country_code}, and the numbers do not show theirs"
        )
    if there.country != here.country:
        return failed(to=_place(there), sender=_place(here))
    return passed(to=there.country, sender=here.country)


def _place(number: DialledNumber) -> str:
    code = f"country code {number.country_code}"
    name = _COUNTRIES.get(number.country or "", number.country)
    return f"{name} ({code})" if name else f"a country with {code}"


_WRONG = frozenset({"number", "wrong"})


CHECKS: tuple[Check, ...] = (
    Check(name="request-to", target=TargetKind.REQUEST, run=recipient, params=Served, reports=_WRONG),
    Check(name="request-from", target=TargetKind.REQUEST, run=sender, params=Served, reports=_WRONG),
    Check(
        name="field-recipient",
        target=TargetKind.MESSAGE,
        run=named_recipient,
        params=Served,
        reports=_WRONG,
    ),
    Check(name="field-sender", target=TargetKind.MESSAGE, run=named_sender, params=Served, reports=_WRONG),
    Check(
        name="request-country",
        target=TargetKind.REQUEST,
        run=same_country,
        reports=frozenset({"to", "sender"}),
    ),
)
"""Every check of the family."""
