"""On what terms a number may be texted: quiet hours, how often, where it is, and whose consent is known."""

from __future__ import annotations

import re

import msgspec

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """From one minute of the day to another, by the clock where the number is; often past midnight."""

    begin: int
    end: int

    def holds(self, minute: int) -> bool:
        """Whether this minute of the day is quiet."""
        if self.begin <= self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


def quiet_hours(text: str) -> QuietHours | None:
    """The hours of ``21:00-08:00``; None for a text that is none, or for no time at all."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        return None
    begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    return QuietHours(begin=begin, end=end) if begin != end else None


FEDERAL = QuietHours(begin=21 * 60, end=8 * 60)
"""Not before 8 a.m. and not after 9 p.m. at the called party's location (47 CFR 64.1200(c)(1), 2026-12-01).

Several states have narrower hours (Florida, Texas, Connecticut and others): ``--quiet-hours 20:00-09:00``.
"""

MARKETING: dict[str, QuietHours] = {
    "US": FEDERAL,
    # CRTC, Unsolicited Telecommunications Rules, Part III, 23: 9:00 to 21:30 on weekdays, 10:00 to 18:00 at
    # weekends, for calls. CASL, which holds for messages, has no hours. The hours that both days share.
    "CA": QuietHours(begin=18 * 60, end=10 * 60),
    # Telecommunications (Telemarketing and Research Calls) Industry Standard 2017: 9:00 to 20:00 on weekdays,
    # to 17:00 on Saturdays, for calls. The Spam Act 2003, which holds for messages, has no hours.
    "AU": QuietHours(begin=17 * 60, end=9 * 60),
}
"""Quiet hours of marketing by country, where nobody gives others; elsewhere ``FEDERAL`` (a judgement)."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """Where consent came from and when, as the sender has it; kept with the send."""

    source: str
    at: str


class RecipientRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a send to a number is held to, beside the suppression list.

    ``quiet`` hours by the number's own time zones; ``marketing``: without any, those of its country.
    ``wait``: a campaign waits for them to end, else it leaves such rows out. ``gap`` seconds since the last
    message of any campaign, ``per_day`` messages in any 24 hours. ``countries`` (ISO codes) are all that may
    be texted, empty for every one. ``list_name`` is the list of recipients that it is.
    ``require_proof``: a campaign goes out only when a proof of it was approved.
    """

    quiet: QuietHours | None = None
    marketing: bool = False
    wait: bool = True
    gap: float | None = None
    per_day: int | None = None
    countries: tuple[str, ...] = ()
    require_consent: bool = False
    list_name: str = ""
    require_proof: bool = False

    @property
    def timed(self) -> bool:
        """Whether there are quiet hours."""
        return self.quiet is not None or self.marketing

    def quiet_in(self, country: str) -> QuietHours | None:
        """The quiet hours of a number in this country (ISO code)."""
        if self.quiet is not None or not self.marketing:
            return self.quiet
        return MARKETING.get(country, FEDERAL)
