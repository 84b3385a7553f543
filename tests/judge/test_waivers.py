"""Waivers: what they match, when they end, and what the installed command makes of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mmscheck.base.redact import redact_url
from mmscheck.judge.waivers import WaiverRun
from mmscheck.model.mms import MediaRef
from mmscheck.model.report import Report
from mmscheck.model.rule import FLOOR, NEVER_WAIVED
from mmscheck.model.waiver import Waiver, WaiverState
from mmscheck.model.words import MediaKind, Outcome
from mmscheck.sandbox import Sandbox
from tests.support import reports
from tests.support.command import image, message, mmscheck
from tests.support.reports import SIGNED, evaluation, medium, slide

OTHER = SIGNED.replace("c0ffee", "decaff")
MEDIA = (
    MediaRef(url=SIGNED, kind=MediaKind.VIDEO, slide=1, index=1, line=7),
    MediaRef(url=OTHER, kind=MediaKind.VIDEO, slide=2, index=2, line=9),
)
TARGETS = (reports.MESSAGE, slide(1), medium(1, 1), medium(2, 2))


def run(
    *waivers: Waiver, started: str = "2026-11-01T12:00:00.000Z", sources: tuple[str, ...] = ("a.xml",)
) -> Report:
    """Messages in which ``odd`` failed on the message, a slide and two media, and ``fine`` passed."""
    failed = tuple(evaluation("odd", Outcome.FAILED, target) for target in TARGETS)
    fine = evaluation("fine", Outcome.PASSED)
    made = tuple(reports.message(source, (*failed, fine), MEDIA) for source in sources)
    return replace(reports.report(*made), started=started, waivers=waivers)


class Applied:
    """The waivers of a report applied to all of its messages."""

    def __init__(self, report: Report) -> None:
        waivers = WaiverRun(report)
        self.waived = tuple(map(waivers.waived, report.messages))
        self.uses = waivers.uses


def waiver(rule: str = "odd", **values: Any) -> Waiver:
    given: dict[str, Any] = {"reason": "r", "who": "w", "expires": dt.date(2026, 11, 1), **values}
    return Waiver(rule=rule, **given)


def state_of(made: Waiver, **given: Any) -> tuple[WaiverState, int]:
    (use,) = Applied(run(made, **given)).uses
    return use.state, use.matches


@pytest.mark.parametrize(
    ("scope", "matched"),
    [
        ({}, TARGETS),
        ({"source": "a.xml"}, TARGETS),
        ({"source": "./a.xml"}, ()),
        ({"source": "A.xml"}, ()),
        ({"source": "folder/a.xml"}, ()),
        ({"slide": 1}, TARGETS[1:3]),
        ({"slide": 2}, TARGETS[3:]),
        ({"slide": 3}, ()),
        ({"url": SIGNED}, TARGETS[2:3]),
        ({"url": OTHER}, TARGETS[3:]),
        ({"url": SIGNED.upper()}, ()),
        ({"url": SIGNED.partition("?")[0]}, ()),
        ({"url": redact_url(SIGNED)}, ()),
        ({"url": SIGNED, "slide": 2}, ()),
        ({"url": SIGNED, "slide": 1, "source": "a.xml"}, TARGETS[2:3]),
    ],
    ids=str,
)
def test_a_waiver_matches_exactly_what_it_names(scope: dict[str, Any], matched: tuple[Any, ...]) -> None:
    applied = Applied(run(waiver(**scope)))
    assert tuple(item.target for item in applied.waived[0]) == matched
    assert applied.uses[0].matches == len(matched)
    assert applied.uses[0].state is (WaiverState.USED if matched else WaiverState.UNUSED)


@pytest.mark.parametrize("rule", ["fine", "od", "odd-one", "ODD"])
def test_a_waiver_for_another_rule_or_one_that_passed_is_not_used(rule: str) -> None:
    assert state_of(waiver(rule)) == (WaiverState.UNUSED, 0)


@pytest.mark.parametrize(
    ("started", "holds"),
    [
        ("2026-11-01T00:00:00.000Z", True),
        ("2026-11-01T23:59:59.999Z", True),
        ("2026-11-02T00:00:00.000Z", False),
        ("2026-11-01T23:30:00.000-05:00", False),
        ("2026-11-02T00:30:00.000+01:00", True),
        ("2026-11-01T12:00:00", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_a_waiver_holds_to_the_end_of_its_day_in_utc(started: str, holds: bool) -> None:  # noqa: FBT001 - a row's own value
    applied = Applied(run(waiver(), started=started))
    assert bool(applied.waived[0]) is holds
    assert applied.uses[0].state is (WaiverState.USED if holds else WaiverState.EXPIRED)
    assert applied.uses[0].matches == len(TARGETS)


def test_use_is_counted_over_the_whole_run() -> None:
    both = ("a.xml", "b.xml")
    assert state_of(waiver(source="b.xml"), sources=both) == (WaiverState.USED, 4)
    assert state_of(waiver(), sources=both) == (WaiverState.USED, 8)
    applied = Applied(run(waiver(source="b.xml"), sources=both))
    assert [len(items) for items in applied.waived] == [0, 4]


def test_of_two_for_one_evaluation_both_are_used_and_the_first_that_holds_is_named() -> None:
    past, narrow, wide = waiver(expires=dt.date(2026, 10, 31)), waiver(slide=2), waiver()
    applied = Applied(run(past, narrow, wide))
    assert [item.waiver for item in applied.waived[0]] == [wide, wide, wide, narrow]
    assert [(use.state, use.matches) for use in applied.uses] == [
        (WaiverState.EXPIRED, 4),
        (WaiverState.USED, 1),
        (WaiverState.USED, 4),
    ]


@pytest.mark.parametrize("rule", sorted(NEVER_WAIVED))
def test_what_nobody_can_waive_is_not_let_through(rule: str) -> None:
    failed = reports.report(reports.message("a.xml", (evaluation(rule, Outcome.FAILED),)))
    applied = Applied(replace(failed, waivers=(waiver(rule, expires=dt.date(2099, 1, 1)),)))
    assert applied.waived == ((),)
    assert applied.uses[0].state is WaiverState.REFUSED


# --- the installed command

WAIVABLE = {
    "no-redirect": image("redirect/photo-small.jpg"),
    "image-dimensions-advised": image("photo-small.jpg"),
}
"""Rules that are not of the floor, and slides on which nothing but they fail."""

PARAMS = {"image-dimensions-advised": "params = { canvases = [{ width = 100, height = 100 }] }\n"}
"""Under which they fail there."""

REFUSED = sorted(FLOOR | {"xml-well-formed"})


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


def configure(folder: Path, box: Sandbox, rule: str, expires: dt.date, more: str = "") -> None:
    """A configuration under which the rule guards the gate, and a waiver of it."""
    network = (
        f'connect-to = ["media.example.com:80:127.0.0.1:{box.media_port}"]\nallow-net = ["127.0.0.1/32"]\n'
    )
    waived = (
        f'[[waivers]]\nrule = "{rule}"\nreason = "moved next week"\nwho = "A. Person"\nexpires = {expires}\n'
    )
    text = f'{network}[rules.{rule}]\nseverity = "error"\n{PARAMS.get(rule, "")}{waived}{more}'
    (folder / "mmscheck.toml").write_text(text)


async def checked(folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON report and text report of a check."""
    files = ("--format", "text", "--format", "json=report.json")
    ran = await mmscheck("check", *(arguments or ("sale.xml",)), *files, cwd=folder)
    return ran.code, json.loads((folder / "report.json").read_text()), ran.out


def day(days: int) -> dt.date:
    return dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)


@pytest.mark.parametrize("rule", WAIVABLE)
async def test_a_waiver_lets_a_message_out_and_shows_in_both_reports(
    box: Sandbox, tmp_path: Path, rule: str
) -> None:
    (tmp_path / "sale.xml").write_text(message(WAIVABLE[rule]))
    configure(tmp_path, box, rule, day(1))
    code, report, text = await checked(tmp_path)
    assert (code, report["verdict"], report["exit_code"]) == (0, "permit", 0)
    (failed,) = (item for item in report["messages"][0]["evaluations"] if item["outcome"] == "failed")
    leave = {"who": "A. Person", "reason": "moved next week", "expires": str(day(1))}
    assert (failed["rule"], failed["waived"]) == (rule, leave)
    assert [(each["rule"], each["state"], each["matches"]) for each in report["waivers"]] == [
        (rule, "used", 1)
    ]
    assert f"WAIVED: {rule}" in text
    assert "1 failed and was waived" in " ".join(text.split())


@pytest.mark.parametrize("rule", WAIVABLE)
async def test_an_expired_waiver_lets_nothing_out_and_reports_itself(
    box: Sandbox, tmp_path: Path, rule: str
) -> None:
    (tmp_path / "sale.xml").write_text(message(WAIVABLE[rule]))
    configure(tmp_path, box, rule, day(-1))
    code, report, text = await checked(tmp_path)
    assert (code, report["waivers"][0]["state"], report["waivers"][0]["matches"]) == (1, "expired", 1)
    assert all(item["waived"] is None for item in report["messages"][0]["evaluations"])
    assert f"ERROR, blocks: {rule}" in text
    assert "WARNING: waiver expired" in text


@pytest.mark.parametrize("rule", WAIVABLE)
async def test_a_waiver_that_matches_nothing_reports_itself(box: Sandbox, tmp_path: Path, rule: str) -> None:
    (tmp_path / "sale.xml").write_text(message(WAIVABLE[rule]))
    configure(tmp_path, box, rule, day(1), 'source = "other.xml"\n')
    code, report, text = await checked(tmp_path)
    assert (code, report["waivers"][0]["state"]) == (1, "unused")
    assert "WARNING: waiver not used" in text
    (tmp_path / "other.xml").write_text(message(WAIVABLE[rule]))
    code, report, _ = await checked(tmp_path, "sale.xml", "other.xml")
    assert (code, report["waivers"][0]["state"]) == (1, "used")
    assert [each["verdict"] for each in report["messages"]] == ["deny", "permit"]


@pytest.mark.parametrize("rule", WAIVABLE)
async def test_the_rules_digest_names_the_waivers(box: Sandbox, tmp_path: Path, rule: str) -> None:
    (tmp_path / "sale.xml").write_text(message(WAIVABLE[rule]))
    digests = set()
    for who in ("A. Person", "B. Person"):
        configure(tmp_path, box, rule, day(1))
        file = tmp_path / "mmscheck.toml"
        file.write_text(file.read_text().replace("A. Person", who))
        digests.add((await checked(tmp_path))[1]["ruleset"]["digest"])
    assert len(digests) == 2


@pytest.mark.parametrize("rule", REFUSED)
async def test_nothing_is_checked_under_a_waiver_that_nobody_can_have(
    box: Sandbox, tmp_path: Path, rule: str
) -> None:
    (tmp_path / "sale.xml").write_text(message(image("photo-small.jpg")))
    configure(tmp_path, box, rule, day(1))
    ran = await mmscheck("check", "sale.xml", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert f"mmscheck.toml: waivers[0].rule: {rule} " in ran.err
    assert "cannot be waived" in ran.err
