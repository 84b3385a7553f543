"""Quiet hours by a number's own time zones, held against the clocks themselves."""

from __future__ import annotations

import datetime as dt
import math
import os
import random
import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest

from mmscheck.base.time_zones import area_codes, country_of, zones_of
from mmscheck.model.ledger import RefusalReason
from mmscheck.model.recipient import MARKETING, Consent, QuietHours, RecipientRules, quiet_hours
from mmscheck.send.recipient import QuietCalendar, terms_of

DAY = 24 * 3600

# Clocks change in these hours: North America, Lord Howe (by half an hour), Adelaide, Europe.
EDGES = tuple(
    int(dt.datetime.fromisoformat(f"{moment}:00Z").timestamp())
    for moment in (
        *("2026-11-01T06", "2026-11-01T10", "2027-03-14T07", "2027-03-14T12"),
        *("2027-04-03T15", "2026-10-03T15", "2026-10-03T16", "2027-03-28T01", "2026-12-31T12"),
    )
)

HOURS = (
    *(quiet_hours("21:00-08:00"), quiet_hours("20:00-09:00"), quiet_hours("22:30-07:15")),
    *(quiet_hours("01:30-03:10"), quiet_hours("12:00-13:00")),
)


def is_quiet(number: str, hours: QuietHours, moment: float) -> bool:
    """By the clock of each zone, as anybody would read it."""
    for zone in zones_of(number):
        local = dt.datetime.fromtimestamp(moment, ZoneInfo(zone)).time()
        begin, end = (dt.time(minutes // 60, minutes % 60) for minutes in (hours.begin, hours.end))
        inside = begin <= local < end if begin <= end else local >= begin or local < end
        if inside:
            return True
    return False


def check(number: str, hours: QuietHours, now: int, chance: random.Random) -> None:
    quiet, until = QuietCalendar(RecipientRules(quiet=hours)).stand(number, now)
    assert quiet is is_quiet(number, hours, now), (number, now)
    if math.isinf(until):
        within = (now + chance.randrange(3 * DAY) for _ in range(20))
        assert all(is_quiet(number, hours, one) is quiet for one in within), number
        return
    assert is_quiet(number, hours, until) is not quiet, (number, now, until)
    between = [until - 1, *(chance.randrange(now, int(until)) for _ in range(10))]
    assert all(is_quiet(number, hours, one) is quiet for one in between), (number, now, until)


@pytest.mark.parametrize("part", range(4))
def test_every_north_american_area_code_at_any_moment(part: int) -> None:
    codes = area_codes()
    assert len(codes) > 400
    chance = random.Random(part)
    for code in codes[part::4]:
        hours = chance.choice(HOURS)
        assert hours is not None
        now = chance.choice((*EDGES, 1_796_000_000)) + chance.randrange(-DAY, DAY)
        check(f"{code}5550100", hours, now, chance)


@pytest.mark.parametrize(
    "number",
    [
        *("17095550100", "18675550100", "19075550100", "16715550100", "18085550100"),
        *("61885550100", "61255501000", "61412345678", "919812345678", "9779812345678", "41791234567"),
    ],
)
def test_half_hours_and_edges_of_summer_time(number: str) -> None:
    chance = random.Random(number)
    for edge in EDGES:
        for hours in HOURS:
            assert hours is not None
            check(number, hours, edge + chance.randrange(-7200, 7200), chance)


def test_all_zones_of_an_area_code_count() -> None:
    florida = "18505550100"
    assert zones_of(florida) == ("America/Chicago", "America/New_York")
    calendar = QuietCalendar(RecipientRules(quiet=HOURS[0]))
    at = {
        hour: calendar.stand(florida, dt.datetime(2026, 7, 1, hour, 30, tzinfo=dt.UTC).timestamp())[0]
        for hour in (12, 13, 0, 1)
    }
    assert at == {12: True, 13: False, 0: False, 1: True}, "8:30 in New York is 7:30 in Chicago"


# Codes with more than one clock, or on the other side of one from their neighbours, as NANPA's NPA report of
# 2025-11-26 has them: E, C, M and P. Each may have more (the edges of what it rounds), and 689 none but E.
_CLOCKS = {
    "EC": "219 270 364 423 448 574 606 729 807 812 850 906 931",
    "CM": "308 605 620 701 785 915",
    "MP": "208 458 541 775",
    "CMP": "867",
}
_STANDARD = {"E": -5, "C": -6, "M": -7, "P": -8}
_WINTER = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


def clocks(code: str) -> set[float]:
    """Hours from UTC in winter, of each zone of an area code."""
    found = (_WINTER.astimezone(ZoneInfo(zone)).utcoffset() for zone in zones_of(f"1{code}5550100"))
    return {offset.total_seconds() / 3600 for offset in found if offset is not None}


@pytest.mark.parametrize("letters", _CLOCKS)
def test_area_codes_have_every_clock_that_their_administrator_names(letters: str) -> None:
    wanted = {_STANDARD[letter] for letter in letters}
    assert {code: wanted - clocks(code) for code in _CLOCKS[letters].split() if wanted - clocks(code)} == {}


def test_orlando_has_the_clock_of_florida() -> None:
    """Of 689 libphonenumber 9.0.42 says Chicago; 407 and 321 are the same place."""
    assert clocks("689") == clocks("407") == clocks("321") == {-5}


@pytest.mark.parametrize(
    ("overlay", "older"),
    [
        *(("364", "270"), ("448", "850"), ("458", "541"), ("729", "423"), ("930", "812"), ("581", "418")),
        *(("367", "418"), ("778", "250"), ("236", "250"), ("531", "402"), ("639", "306"), ("483", "334")),
        *(("357", "559"), ("436", "440"), ("457", "318"), ("621", "713"), ("624", "716"), ("679", "313")),
        *(("837", "530"), ("861", "309"), ("924", "507")),
    ],
)
def test_a_code_laid_over_another_is_in_the_same_hours(overlay: str, older: str) -> None:
    assert clocks(overlay) >= clocks(older)
    assert f"1{overlay}" in area_codes()


def test_a_number_of_no_known_zone_is_never_texted() -> None:
    terms = terms_of(RecipientRules(quiet=HOURS[0]))
    refusal = terms.quiet("99912345678", 1_796_000_000)
    assert refusal is not None
    assert refusal.reason is RefusalReason.QUIET_HOURS
    assert "nobody knows its time zone" in refusal.text


def test_a_number_whose_area_nobody_knows_has_the_zones_of_its_country() -> None:
    assert len(zones_of("15005550100")) > 30


def test_nothing_is_quiet_until_somebody_says_so() -> None:
    assert QuietCalendar(RecipientRules()).stand("12125550100", 1_796_000_000) == (False, math.inf)


@pytest.mark.parametrize(
    ("number", "country"),
    [("12125550100", "US"), ("14165550100", "CA"), ("61412345678", "AU"), ("17875550100", "PR"), ("999", "")],
)
def test_marketing_has_the_hours_of_its_country(number: str, country: str) -> None:
    assert country_of(number) == country
    rules = RecipientRules(marketing=True)
    if country in MARKETING:
        chance = random.Random(1)
        now = 1_796_000_000
        quiet, _ = QuietCalendar(rules).stand(number, now)
        assert quiet is is_quiet(number, MARKETING[country], now)
        check(number, MARKETING[country], now, chance)


@pytest.mark.parametrize("text", ["", "21-8", "21:00-21:00", "24:00-08:00", "21:00 - 08:00", "9:00-10:00"])
def test_hours_that_are_none_are_told(text: str) -> None:
    assert quiet_hours(text) is None


@pytest.mark.parametrize(
    ("number", "reason"), [("12125550100", None), ("14165550100", "it is in CA"), ("999", "cannot be told")]
)
def test_only_wanted_countries_are_texted(number: str, reason: str | None) -> None:
    refusal = terms_of(RecipientRules(countries=("US",))).lasting(number, 0)
    assert (refusal is None) if reason is None else (refusal is not None and reason in refusal.text)


@pytest.mark.parametrize(
    ("consent", "told"),
    [
        (None, "no consent-source"),
        (Consent(source="web form", at=""), "no consent-source"),
        (Consent(source=" ", at="2026-11-30"), "no consent-source"),
        (Consent(source="web form", at="last week"), "no date"),
        (Consent(source="web form", at="2027-11-30"), "in the future"),
        (Consent(source="web form", at="2026-11-30"), None),
        (Consent(source="web form", at="2026-11-30T10:00Z"), None),
    ],
)
def test_consent_is_demanded_whole(consent: Consent | None, told: str | None) -> None:
    import msgspec  # noqa: PLC0415

    terms = msgspec.structs.replace(terms_of(RecipientRules(require_consent=True)), consent=consent)
    refusal = terms.lasting("12125550100", 1_796_100_000)
    assert (refusal is None) if told is None else (refusal is not None and told in refusal.text)


NO_CLOCKS = """
import sys
sys.modules["tzdata"] = None
from mmscheck.model.recipient import RecipientRules, quiet_hours
from mmscheck.send.recipient import terms_of
terms = terms_of(RecipientRules(quiet=quiet_hours("21:00-08:00")))
refusal = terms.quiet("12125551234", 1_000_000_000)
print(refusal.unknown, refusal.text)
"""


def test_a_system_without_the_clocks_texts_nobody_while_there_are_quiet_hours() -> None:
    """As in a small container: nobody knows there what the time is, and no run may end in an error."""
    done = subprocess.run(
        [sys.executable, "-c", NO_CLOCKS],
        env={**os.environ, "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("True ")
    assert "no clock of America/New_York" in done.stdout
