"""What messages cost by the table of a configuration, and what a campaign comes to at most."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Of one MMS, and of each SMS that its fallback text takes."""

    mms: Decimal
    sms: Decimal


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """By the country of the recipient's number (ISO 3166-1), all in one ``currency`` (ISO 4217)."""

    currency: str
    countries: Mapping[str, Price]


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """Messages to one country whose fallback takes so many SMS; ``each`` is the most that one may cost."""

    country: str
    messages: int
    segments: int
    each: Decimal

    @property
    def amount(self) -> Decimal:
        """What they cost at most."""
        return self.each * self.messages


class CostEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows that are to be sent cost at most; ``unpriced`` ones are not in it, for the reason given.

    A phone gets the MMS or the fallback text, and nobody knows beforehand which: the dearer one counts.
    """

    currency: str
    lines: tuple[CostLine, ...] = ()
    unpriced: int = 0
    why: str = ""

    @property
    def amount(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def messages(self) -> int:
        """All that are to be sent, whether or not their price is known."""
        return sum(line.messages for line in self.lines) + self.unpriced


def money(amount: Decimal) -> str:
    """An amount for people and programs: exact, never in powers of ten, with two decimals at least."""
    exponent = amount.normalize().as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 0)
    return f"{amount:,.{places}f}"
