from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from mmscheck.model.rule import Limit
from mmscheck.model.words import SenderType
from tests.support.rule_roots import LIMITS, edit, faults_of, limit, load, make_root, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path)


SENDERS = (
    limit("sender.short-code.slides-max", 9, "slides")
    + limit("sender.long-code.slides-max", 7, "slides")
    + limit("sender.toll-free.slides-max", 8.5, "slides")
)
"""Numbers for every kind of sender."""


def maximum(root: Path, sender: SenderType | None) -> int:
    found = load(root, sender=sender).rules[0].params.maximum
    assert type(found) is int
    return found


FAULTS = [
    ("value-true", "value = 8", "value = true", "limits.slides-max.value", "got bool"),
    ("value-text", "value = 8", 'value = "8"', "limits.slides-max.value", "got str"),
    ("value-negative", "value = 8", "value = -1", "limits.slides-max.value", ">= 0"),
    ("value-inf", "value = 8", "value = inf", "limits.slides-max.value", "expected a finite one"),
    ("value-nan", "value = 8", "value = nan", "limits.slides-max.value", "expected a finite one"),
    ("value-missing", "value = 8\n", "", "limits.slides-max.value", "missing"),
    ("unit-missing", 'unit = "slides"\n', "", "limits.slides-max.unit", "missing, expected a text"),
    ("unit-blank", '"slides"', '" "', "limits.slides-max.unit", "expected a text that is not blank"),
    ("source-missing", 'source = "a document"\n', "", "limits.slides-max.source", "missing, expected a text"),
    ("source-blank", '"a document"', '""', "limits.slides-max.source", "expected a text that is not blank"),
    ("date-missing", "checked = 2026-11-01\n", "", "limits.slides-max.checked", "missing"),
    (
        "date-text",
        "2026-11-01",
        '"2026-11-01"',
        "limits.slides-max.checked",
        "expected a date such as 2027-01-31, got '2026-11-01'",
    ),
    ("date-time", "2026-11-01", "2026-11-01T00:00:00", "limits.slides-max.checked", "got datetime"),
    ("date-future", "2026-11-01", "2999-01-01", "limits.slides-max.checked", "is in the future"),
    ("key-unknown", "unit = ", "units = ", "limits.slides-max.units", "did you mean 'unit'?"),
    ("table-unknown", "[limits.", "[limit.", "limit", "did you mean 'limits'?"),
    ("name-odd", "slides-max]", "slides-max]\n[limits.Odd_Name]", "limits.Odd_Name", "kebab-case"),
    ("sender-unknown", LIMITS, LIMITS + limit("sender.short.a", 1), "sender.short", "mean 'short-code'?"),
    ("not-toml", "value = 8", "value = ", "line 2", "not TOML"),
]


@pytest.mark.parametrize(
    ("old", "new", "key", "what"), [row[1:] for row in FAULTS], ids=[r[0] for r in FAULTS]
)
def test_a_faulty_limits_file_names_file_and_key(root: Path, old: str, new: str, key: str, what: str) -> None:
    path = root / "limits" / "default.toml"
    edit(path, old, new)
    faults = faults_of(root)
    assert any(fault.startswith(f"{path}: {key}: ") and what in fault for fault in faults), faults


def test_a_broken_limits_file_is_one_fault_and_not_one_for_every_rule(root: Path) -> None:
    put(root / "limits" / "default.toml", "[[[")
    assert len(faults_of(root)) == 1


def test_a_faulty_entry_is_not_also_an_unknown_limit(root: Path) -> None:
    edit(root / "limits" / "default.toml", "value = 8", "value = true")
    assert len(faults_of(root)) == 1


def test_a_rule_that_names_a_limit_needs_the_file(root: Path) -> None:
    (root / "limits" / "default.toml").unlink()
    (fault,) = faults_of(root)
    assert "slide-count.toml: limits.maximum: unknown limit 'slides-max'" in fault


def test_a_fraction_does_not_serve_where_a_whole_number_is_wanted(root: Path) -> None:
    edit(root / "limits" / "default.toml", "value = 8", "value = 8.0")
    (fault,) = faults_of(root)
    assert fault.endswith("slide-count.toml: limits.maximum: expected int, got float")


def test_today_is_not_the_future_anywhere(root: Path) -> None:
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=14))).date()
    edit(root / "limits" / "default.toml", "2026-11-01", str(today))
    load(root)
    edit(root / "limits" / "default.toml", str(today), str(today + dt.timedelta(days=2)))
    assert "is in the future" in faults_of(root)[0]


def test_a_number_for_everybody_holds_for_every_sender(root: Path) -> None:
    assert [maximum(root, sender) for sender in (None, *SenderType)] == [8, 8, 8, 8]


def test_the_senders_own_number_goes_before_the_one_for_everybody(root: Path) -> None:
    put(root / "limits" / "default.toml", LIMITS + limit("sender.short-code.slides-max", 9, "slides"))
    assert maximum(root, SenderType.SHORT_CODE) == 9
    assert maximum(root, SenderType.LONG_CODE) == 8


def test_without_a_sender_the_tightest_number_is_taken(root: Path) -> None:
    edit(root / "limits" / "default.toml", LIMITS, SENDERS)
    assert maximum(root, None) == 7
    assert maximum(root, SenderType.SHORT_CODE) == 9


def test_without_a_sender_the_number_for_everybody_else_counts_as_well(root: Path) -> None:
    put(root / "limits" / "default.toml", LIMITS + limit("sender.short-code.slides-max", 9, "slides"))
    assert maximum(root, None) == 8


def test_a_number_nobody_is_held_to_does_not_count(root: Path) -> None:
    put(
        root / "limits" / "default.toml",
        SENDERS.replace("8.5", "8") + limit("limits.slides-max", 2, "slides"),
    )
    assert maximum(root, None) == 7


def test_a_sender_without_a_number_is_a_fault(root: Path) -> None:
    path = root / "limits" / "default.toml"
    put(path, limit("sender.short-code.slides-max", 9, "slides"))
    faults = faults_of(root)
    places = [
        f"{path}: sender.{sender}.slides-max: missing, expected" for sender in ("long-code", "toll-free")
    ]
    assert [fault[: len(place)] for fault, place in zip(faults, places, strict=True)] == places


def test_units_of_one_limit_may_not_differ(root: Path) -> None:
    path = root / "limits" / "default.toml"
    put(path, LIMITS + limit("sender.short-code.slides-max", 9, "pages"))
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: sender.short-code.slides-max.unit: units of slides-max differ")


def test_a_lower_limit_may_not_differ_by_sender(root: Path) -> None:
    path = root / "limits" / "default.toml"
    put(path, LIMITS + limit("limits.slides-min", 1) + limit("sender.short-code.slides-min", 2))
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: sender.short-code.slides-min: a lower limit")


def test_the_rule_set_holds_the_limits_that_were_used_and_no_others(root: Path) -> None:
    put(root / "limits" / "default.toml", LIMITS + limit("limits.unused", 1))
    assert load(root).limits == {
        "slides-max": Limit(value=8, unit="slides", source="a document", checked=dt.date(2026, 11, 1))
    }


CARRIER = 'name = "A carrier"\nkind = "carrier"\ncountry = "US"\n'


def test_a_carriers_numbers_are_not_applied_unless_it_is_named(root: Path) -> None:
    put(root / "limits" / "carrier.toml", CARRIER + limit("limits.slides-max", 2, "slides"))
    assert maximum(root, None) == 8


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        (CARRIER + limit("limits.slide-max", 2), "limits.slide-max", "did you mean 'slides-max'?"),
        (CARRIER.replace('"carrier"', '"carier"'), "kind", "invalid enum value 'carier'"),
        (CARRIER + "county = 1\n", "county", "did you mean 'country'?"),
        (limit("limits.slides-max", "true"), "limits.slides-max.value", "got bool"),
        (limit("limits.slides-max", 1).replace("2026", "2999"), "limits.slides-max.checked", "in the future"),
        ("[[[", "line 1", "not TOML"),
        (CARRIER.replace('name = "A carrier"\n', ""), "name", "missing, expected whose numbers"),
        (CARRIER.replace('kind = "carrier"\n', ""), "kind", "missing, expected whose numbers"),
        (CARRIER.replace('country = "US"\n', ""), "country", "missing, expected a carrier's country"),
        (CARRIER + limit("limits.slides-max", 2, "pages"), "limits.slides-max.unit", "expected 'slides'"),
        (
            CARRIER + limit("transcoding.slides-max", 9, "slides"),
            "transcoding.slides-max",
            "not for a carrier",
        ),
        (
            CARRIER + limit("limits.body-length-max", 9, "characters"),
            "limits.body-length-max",
            "unknown limit",
        ),
        (CARRIER + "checked = 1\n", "checked", "unknown key"),
    ],
)
def test_a_faulty_carriers_file_is_a_fault(root: Path, text: str, key: str, what: str) -> None:
    path = put(root / "limits" / "carrier.toml", text)
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: {key}: ")
    assert what in fault
