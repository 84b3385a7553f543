"""Checks of the telephone numbers of a send: recipient, sender, and whether they fit each other."""

from __future__ import annotations

import msgspec

from mmscheck.base.text import enumerated, is_blank, quoted
from mmscheck.checks import phones
from mmscheck.model.check import (
    Check,
    NoParams,
    RequestTarget,
    Result,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.words import TargetKind

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
    number = target.request.to
    if number is None or is_blank(number):
        return failed(number="", wrong="there is no recipient number")
    wrong = _wrong(number, params)
    return _failed(number, wrong) if wrong else passed(number=number)


def sender(target: RequestTarget, params: Served) -> Result:
    """The sender is a short code, or a full number with its country code, in digits only."""
    number = target.request.from_
    if number is None or is_blank(number):
        return failed(number="", wrong="there is no sender number")
    if phones.is_short_code(number):
        return passed(number=number, kind="short code")
    wrong = _wrong(number, params)
    return _failed(number, wrong) if wrong else passed(number=number, kind="full number")


def _failed(number: str, wrong: str) -> Result:
    return failed(number=f' "{quoted(number, NUMBER_SHOWN)}"', wrong=wrong)


def _wrong(number: str, params: Served) -> str | None:
    if wrong := phones.spelling(number):
        return wrong
    found = phones.plan(number)
    if found is None:
        return "it begins with no country code that exists"
    if found.country_code not in params.country_codes:
        served = enumerated([str(code) for code in params.country_codes])
        return (
            f"it begins with country code {found.country_code}, but the provider delivers MMS only to "
            f"country codes {served}; perhaps its country code is missing"
        )
    if wrong := phones.forgiven(number):
        return wrong
    return None if found.possible else f"it is too long or too short for country code {found.country_code}"


def same_country(target: RequestTarget, _: NoParams) -> Result:
    """Recipient and sender belong to one country; a short code does not show its country."""
    to, from_ = target.request.to, target.request.from_
    if to is None or from_ is None:
        return cant_tell("a number is missing")
    if phones.is_short_code(from_):
        return inapplicable("a short code does not show its country")
    there, here = _readable(to), _readable(from_)
    if there is None or here is None:
        unreadable = to if there is None else from_
        return cant_tell(f'the number "{quoted(unreadable, NUMBER_SHOWN)}" could not be read')
    return _compared(there, here)


def _readable(number: str) -> phones.Number | None:
    return None if phones.spelling(number) else phones.read(number)


def _compared(there: phones.Number, here: phones.Number) -> Result:
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


def _place(number: phones.Number) -> str:
    code = f"country code {number.country_code}"
    name = _COUNTRIES.get(number.country or "", number.country)
    return f"{name} ({code})" if name else f"a country with {code}"


_WRONG = frozenset({"number", "wrong"})

CHECKS: tuple[Check, ...] = (
    Check(name="request-to", target=TargetKind.REQUEST, run=recipient, params=Served, reports=_WRONG),
    Check(name="request-from", target=TargetKind.REQUEST, run=sender, params=Served, reports=_WRONG),
    Check(
        name="request-country",
        target=TargetKind.REQUEST,
        run=same_country,
        reports=frozenset({"to", "sender"}),
    ),
)
"""What this module offers to rule files."""
