"""Message sizes against several carriers: one evaluation, one verdict for each distinct number."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mmscheck.checks.sizes import Published, WeighedPart, WireSize, judge
from mmscheck.model.words import Outcome

LOW = Published(name="Low", maximum=1000, source="a page (checked 2026-11-15)")
TWIN = Published(name="Twin", maximum=1000, source="another page (checked 2026-11-15)")
GENERAL = Published(name="General", maximum=1000, own=False, source="a table (checked 2026-11-15)")
HIGH = Published(name="High", maximum=2000, source="a page (checked 2026-11-15)")


def part(size: int, unknown: str = "") -> WeighedPart:
    return WeighedPart(what="a.jpg on slide 1", size=size, unknown=unknown)


def size(*carriers: Published, maximum: int | None = None) -> WireSize:
    return WireSize(factor=1.0, addition=0, maximum=maximum, carriers=carriers)


def verdicts(evidence: Any) -> list[tuple[int, list[str], str]]:
    return [(each["maximum"], each["carriers"], each["outcome"]) for each in evidence["limits"]]


@pytest.mark.parametrize(
    ("total", "outcome", "low", "high"),
    [
        (1000, Outcome.PASSED, "passed", "passed"),
        (1001, Outcome.FAILED, "failed", "passed"),
        (2000, Outcome.FAILED, "failed", "passed"),
        (2001, Outcome.FAILED, "failed", "failed"),
    ],
)
def test_each_distinct_number_is_judged_by_itself(total: int, outcome: Outcome, low: str, high: str) -> None:
    result = judge((part(total),), size(HIGH, LOW))
    assert result.outcome is outcome
    assert verdicts(result.evidence) == [(1000, ["Low"], low), (2000, ["High"], high)]


def test_carriers_with_one_number_are_judged_together_and_named_each() -> None:
    result = judge((part(1001),), size(LOW, HIGH, TWIN, GENERAL))
    assert verdicts(result.evidence)[0] == (1000, ["Low", "Twin", "General"], "failed")
    assert result.evidence["limits"][0]["without_own_number"] == ["General"]
    assert len(result.evidence["limits"][0]["sources"]) == 3
    assert result.wording["limits"] == (
        "Low, Twin and General (the general number; no own one is published): 1,000 bytes packed, "
        "1 byte too many; High: 2,000 bytes packed, fits"
    )


def test_carriers_numbers_count_instead_of_the_general_one() -> None:
    assert judge((part(900),), size(LOW)).outcome is Outcome.PASSED
    assert judge((part(900),), size(maximum=500)).outcome is Outcome.FAILED


def test_without_carriers_the_one_number_is_everybodys() -> None:
    result = judge((part(500),), size(maximum=500))
    assert (result.outcome, verdicts(result.evidence)) == (Outcome.PASSED, [(500, [], "passed")])
    result = judge((part(501),), size(maximum=500))
    assert result.wording["limits"] == "every carrier: 500 bytes packed, 1 byte too many"


FILES = Published(name="Files", maximum=1000, unit="bytes of files", own=False, whose="Sinch")
WIRE = Published(name="Wire", maximum=2000, unit="bytes on the wire")
TEXT = WeighedPart(what="the text of slide 1", size=400, is_text=True)
PICTURE = WeighedPart(what="a.jpg on slide 1", size=1000, elastic=True)
CARD = WeighedPart(what="a.vcf on slide 2", size=1001)


@pytest.mark.parametrize(
    ("parts", "reduced", "outcomes"),
    [
        ((part(1000),), 0, ("passed", "passed")),
        ((part(1001),), 0, ("failed", "passed")),
        ((part(1000), TEXT), 0, ("passed", "failed")),
        ((part(800), TEXT), 0, ("passed", "passed")),
        ((part(400), part(600)), 0, ("passed", "passed")),
        ((PICTURE, PICTURE), 0, ("failed", "failed")),
        ((PICTURE, PICTURE), 1, ("passed", "passed")),
        ((PICTURE, CARD), 1, ("failed", "passed")),
    ],
)
def test_each_number_is_judged_in_its_own_unit(
    parts: tuple[WeighedPart, ...], reduced: int, outcomes: tuple[str, str]
) -> None:
    params = WireSize(factor=1.5, addition=100, reduced=reduced, carriers=(WIRE, FILES))
    result = judge(parts, params)
    found = {each["carriers"][0]: each["outcome"] for each in result.evidence["limits"]}
    assert (found["Files"], found["Wire"]) == outcomes
    assert (result.outcome is Outcome.FAILED) == ("failed" in outcomes)


def test_the_report_names_whose_number_it_is_and_what_it_counts() -> None:
    result = judge((part(1001),), WireSize(factor=1.0, addition=9, carriers=(WIRE, FILES)))
    assert result.wording["total"] == "1,010 bytes packed for sending, 1,001 of files"
    assert result.wording["limits"] == (
        "Files (the general number of Sinch; no own one is published): 1,000 bytes of files, 1 byte too many"
        "; Wire: 2,000 bytes packed, fits"
    )


def test_what_is_not_known_is_no_verdict_for_a_carrier_it_might_exceed() -> None:
    result = judge((part(900, "not there"),), size(LOW, HIGH))
    assert result.outcome is Outcome.CANT_TELL
    assert verdicts(result.evidence) == [(1000, ["Low"], "cant-tell"), (2000, ["High"], "cant-tell")]
    result = judge((part(1500, "not there"),), size(LOW, HIGH))
    assert result.outcome is Outcome.FAILED
    assert verdicts(result.evidence) == [(1000, ["Low"], "failed"), (2000, ["High"], "cant-tell")]
    assert "not known whether it fits" in result.wording["limits"]


def test_parameters_are_read_strictly() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "A", "maximum": 1, "colour": 2}, Published)
