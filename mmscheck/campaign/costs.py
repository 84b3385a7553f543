"""What the rows of a campaign cost at most, counted while they are judged and added up exactly."""

from __future__ import annotations

from collections import Counter

from mmscheck.base.phone import country_of, digits
from mmscheck.checks.texts import Segments, segments
from mmscheck.model.effective import key_of, merge
from mmscheck.model.prices import CostEstimate, CostLine, Prices
from mmscheck.model.request import SendRequest
from mmscheck.model.rule import RuleSet

_UNKNOWN_LENGTH = "the fallback text has merge tags whose values are not known"
_NO_SEGMENTS = "no rule of the profile says how many characters one SMS holds"


class CostCounter:
    """Counts in whole numbers, by country and length; money comes in at the end."""

    def __init__(self, prices: Prices, ruleset: RuleSet) -> None:
        """What one SMS holds is what the rule on the fallback text goes by."""
        self._prices = prices
        self._room = next((r.params for r in ruleset.rules if isinstance(r.params, Segments)), None)
        self._counts: Counter[tuple[str, int]] = Counter()
        self._unpriced: Counter[str] = Counter()

    def count(self, request: SendRequest) -> None:
        """One more row that is to be sent."""
        country = country_of(digits(request.to))
        length = self._segments(request)
        if country is None or country not in self._prices.countries:
            of = f"numbers of {country}" if country else "numbers whose country is not known"
            self._unpriced[f"there is no price for {of}"] += 1
        elif isinstance(length, str):
            self._unpriced[length] += 1
        else:
            self._counts[country, length] += 1

    def _segments(self, request: SendRequest) -> int | str:
        """How many SMS the fallback takes (0 without one), or why that is not known."""
        text = request.fallback_sms_text
        if not text or not text.strip():
            return 0
        if self._room is None:
            return _NO_SEGMENTS
        data = {key_of(name): value for name, value in request.changes.data}
        # Whether the provider fills tags in it is documented nowhere, so the longer form counts.
        filled = merge(text, data)
        if "{$" in filled:
            return _UNKNOWN_LENGTH
        return max(segments(text, self._room), segments(filled, self._room))

    def estimate(self) -> CostEstimate:
        """All that was counted."""
        lines = []
        for (country, length), messages in sorted(self._counts.items()):
            price = self._prices.countries[country]
            each = max(price.mms, price.sms * length)
            lines.append(CostLine(country=country, messages=messages, segments=length, each=each))
        return CostEstimate(
            currency=self._prices.currency,
            lines=tuple(lines),
            unpriced=self._unpriced.total(),
            why="; ".join(why for why, _ in self._unpriced.most_common(3)),
        )
