"""Numbers nobody has looked up for more than a year are listed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from mmscheck.errors import RuleSetError
from mmscheck.ruleset import stale_limits
from tests.support.rule_roots import LIMITS, limit, make_root, put

CHECKED = dt.date(2026, 11, 1)
YEAR_LATER = CHECKED + dt.timedelta(days=365)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_root(tmp_path)
    put(
        root / "limits" / "near.toml",
        'name = "Near"\nkind = "carrier"\ncountry = "US"\n'
        + limit("sender.short-code.slides-max", 5, "slides").replace("2026-11-01", "2026-11-02"),
    )
    put(
        root / "limits" / "default.toml",
        LIMITS + limit("transcoding.slides-max", 9, "slides").replace("11-01", "11-03"),
    )
    return root


def test_a_number_is_listed_from_the_day_after_a_year(root: Path) -> None:
    assert stale_limits(root, today=YEAR_LATER) == ()
    (sentence,) = stale_limits(root, today=YEAR_LATER + dt.timedelta(days=1))
    path = root / "limits" / "default.toml"
    assert sentence == f"{path}: limits.slides-max: checked on 2026-11-01, 366 days ago; look it up again"


def test_numbers_of_senders_parties_and_transcoding_are_listed_too(root: Path) -> None:
    found = stale_limits(root, today=YEAR_LATER + dt.timedelta(days=3))
    assert [each.split(": ")[1] for each in found] == [
        "limits.slides-max",
        "transcoding.slides-max",
        "sender.short-code.slides-max",
    ]


def test_the_age_can_be_set(root: Path) -> None:
    assert len(stale_limits(root, today=CHECKED + dt.timedelta(days=31), max_age_days=30)) == 1


def test_a_file_that_cannot_be_read_is_not_an_empty_list(root: Path) -> None:
    put(root / "limits" / "near.toml", "[[[")
    with pytest.raises(RuleSetError, match="not TOML"):
        stale_limits(root, today=YEAR_LATER)


def test_the_packaged_numbers_are_looked_at_without_a_folder() -> None:
    assert stale_limits(today=dt.date(2026, 11, 23)) == ()
    assert len(stale_limits(today=dt.date(2027, 12, 1))) > 80
