"""Whether a number may be texted now, as far as no ledger is needed: country, consent, quiet hours."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right

import msgspec

from mmscheck.base.phone import e164
from mmscheck.base.time_zones import country_of, turns, without_clock, zones_of
from mmscheck.model.ledger import ClaimRefused, NumberTerms, RefusalReason
from mmscheck.model.recipient import Consent, QuietHours, RecipientRules

_FRESH = 12 * 3600
"""Seconds for which one look ahead serves; it looks much further."""


class QuietCalendar:
    """When the numbers of a run may be texted, by their time zones; each set of zones is reckoned once."""

    def __init__(self, rules: RecipientRules) -> None:
        """``rules`` have the quiet hours."""
        self._rules = rules
        self._known: dict[tuple[tuple[str, ...], QuietHours], tuple[tuple[int, bool], ...]] = {}

    def stand(self, to: str, now: float) -> tuple[bool, float]:
        """Whether it is quiet for this number now, and until when that stays so.

        A number of which a zone or its clock is not known is quiet for ever: nobody knows what it says.
        """
        if not self._rules.timed:
            return False, math.inf
        number = e164(to)
        quiet = self._rules.quiet_in("" if self._rules.quiet else country_of(number))
        zones = zones_of(number)
        if quiet is None:
            return False, math.inf
        if not zones or without_clock(zones):
            return True, math.inf
        ahead = self._turns(zones, quiet, int(now))
        at = bisect_right(ahead, (now, True)) - 1
        until = ahead[at + 1][0] if at + 1 < len(ahead) else math.inf
        return ahead[at][1], until

    def _turns(self, zones: tuple[str, ...], quiet: QuietHours, now: int) -> tuple[tuple[int, bool], ...]:
        known = self._known.get((zones, quiet))
        if known is None or not known[0][0] <= now < known[0][0] + _FRESH:
            known = turns(zones, quiet.holds, (quiet.begin, quiet.end), now)
            self._known[zones, quiet] = known
        return known


class RecipientTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The rules for all recipients of a run, and one calendar for all of them.

    ``consent`` is of one send, and ``approval`` the digest of what must have been approved, empty for none.
    """

    rules: RecipientRules = RecipientRules()
    calendar: QuietCalendar = msgspec.field(default_factory=lambda: QuietCalendar(RecipientRules()))
    consent: Consent | None = None
    approval: str = ""

    @property
    def asked(self) -> frozenset[RefusalReason]:
        """What a number is held to by these rules."""
        rules = self.rules
        held = {
            RefusalReason.SUPPRESSED: True,
            RefusalReason.COUNTRY: bool(rules.countries),
            RefusalReason.NO_CONSENT: rules.require_consent,
            RefusalReason.QUIET_HOURS: rules.timed,
            RefusalReason.TOO_SOON: rules.gap is not None,
            RefusalReason.TOO_MANY: rules.per_day is not None,
        }
        return frozenset(reason for reason, is_asked in held.items() if is_asked)

    def refusals(self, to: str, now: float) -> tuple[ClaimRefused, ...]:
        """Why this number is not texted now, as far as no ledger is needed; what lasts comes first."""
        every = self._country(to), self._consent(now), self.quiet(to, now)
        return tuple(one for one in every if one is not None)

    def lasting(self, to: str, now: float) -> ClaimRefused | None:
        """Why this number is not texted at any time, or None: the country, or no consent that is known."""
        return self._country(to) or self._consent(now)

    def _country(self, to: str) -> ClaimRefused | None:
        countries = self.rules.countries
        if not countries or (country := country_of(e164(to))) in countries:
            return None
        where = f"it is in {country}" if country else "its country cannot be told"
        text = f"this number is in none of the wanted countries ({', '.join(countries)}): {where}"
        return ClaimRefused(reason=RefusalReason.COUNTRY, text=text, send=None, unknown=not country)

    def _consent(self, now: float) -> ClaimRefused | None:
        if self.rules.require_consent and (wrong := _unproven(self.consent, now)):
            return ClaimRefused(reason=RefusalReason.NO_CONSENT, text=wrong, send=None)
        return None

    def quiet(self, to: str, now: float) -> ClaimRefused | None:
        """Why this number is not texted now, or None."""
        quiet, until = self.calendar.stand(to, now)
        if not quiet:
            return None
        zones = zones_of(e164(to))
        if lacking := without_clock(zones):
            text = f"quiet hours: this system's time zone data (tzdata) have no clock of {_named(lacking)}"
            return ClaimRefused(reason=RefusalReason.QUIET_HOURS, text=text, send=None, unknown=True)
        if math.isinf(until):
            why = "no hour suits all its time zones" if zones else "nobody knows its time zone"
            text = f"quiet hours: {why}"
            return ClaimRefused(reason=RefusalReason.QUIET_HOURS, text=text, send=None, unknown=not zones)
        text = f"quiet hours where this number may be ({_named(zones)}), until {_time(until)}"
        return ClaimRefused(reason=RefusalReason.QUIET_HOURS, text=text, send=None)

    def held_to(self, to: str, now: float) -> NumberTerms:
        """What the claim has to hold this send to."""
        _, until = self.calendar.stand(to, now)
        gap = self.rules.gap
        return NumberTerms(
            gap=None if gap is None else int(gap * 1_000_000),
            per_day=self.rules.per_day,
            until=None if math.isinf(until) else int(until * 1_000_000),
            list_name=self.rules.list_name,
            approval=self.approval,
        )


def terms_of(rules: RecipientRules) -> RecipientTerms:
    """The terms of a run."""
    return RecipientTerms(rules=rules, calendar=QuietCalendar(rules))


_MOST_ZONES = 3


def _named(zones: tuple[str, ...]) -> str:
    more = f" and {len(zones) - _MOST_ZONES} more" if len(zones) > _MOST_ZONES else ""
    return ", ".join(zones[:_MOST_ZONES]) + more


def _time(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%MZ}"


def _unproven(consent: Consent | None, now: float) -> str:
    """What is missing of a proof of consent; empty for a whole one."""
    if consent is None or not consent.source.strip() or not consent.at.strip():
        return "it has no consent-source and consent-at, and consent is required"
    try:
        at = dt.datetime.fromisoformat(consent.at.strip())
    except ValueError:
        return f"its consent-at {consent.at[:40]!a} is no date or time, as in 2026-11-30"
    moment = (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp()
    # A date alone, somewhere ahead of UTC, may be tomorrow's.
    return "its consent-at is in the future" if moment > now + 86_400 else ""
