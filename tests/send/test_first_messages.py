"""The first message to a number: who sends it and how to stop, by what a real ledger knows of the number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest

from mmscheck.judge.engine import judge
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.mms import Mms
from mmscheck.model.report import MessageReport
from mmscheck.model.request import Changes, SendRequest
from mmscheck.model.words import Outcome
from mmscheck.ruleset import Config
from mmscheck.sandbox import Sandbox
from tests.support.campaigns import QUICK, named, plan, run, stored, write_recipients
from tests.support.message_targets import message, slide

NAMED = load_rules(config=Config(sender_names=("Example Shop",)))


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(ways=QUICK) as running:
        yield running


def outcome(report: MessageReport, rule: str = "text-first-opt-out") -> Outcome:
    (found,) = (item.outcome for item in report.evaluations if item.rule == rule)
    return found


def judged(
    stored_message: Mms, *, first: bool | None, data: Mapping[str, str] | None = None
) -> MessageReport:
    request = SendRequest(to="12125550123", changes=Changes(data=tuple((data or {}).items())))
    return judge(NAMED, stored_message, {}, changes=request.changes, request=request, first=first)


@pytest.mark.parametrize(
    "text",
    [
        "Example Shop: sale. Reply STOP to end",
        "Sale. Text stop to opt out",
        "Sale. Txt END to 12345",
        "Répondez ARRET pour ne plus recevoir",
        "Responde BAJA para cancelar",
        "Abmelden mit STOPP",
        "Unsubscribe: https://shop.example/u",
        "Antworte „stopp“",
    ],
)
def test_ways_to_opt_out_are_known(text: str) -> None:
    assert outcome(judged(message(slide(1, text)), first=True)) is Outcome.PASSED


@pytest.mark.parametrize(
    "text",
    [
        "Stop by our store",
        "NON-STOP SALE",
        "END OF SEASON SALE",
        "Weekend sale",
        "Alto Adige wines",
        "Bajamar",
    ],
)
def test_ordinary_words_are_no_way_to_opt_out(text: str) -> None:
    assert outcome(judged(message(slide(1, text)), first=True)) is Outcome.FAILED


def test_a_later_message_needs_neither_and_nobody_knows_without_a_ledger() -> None:
    for first in (False, None):
        report = judged(message(slide(1, "Sale")), first=first)
        assert outcome(report) is outcome(report, "text-first-names-sender") is Outcome.INAPPLICABLE


def test_the_name_may_be_merged_in_and_stand_in_the_subject() -> None:
    rule = "text-first-names-sender"
    assert (
        outcome(judged(message(slide(1, "Sale"), subject="EXAMPLE  shop sale"), first=True), rule) == "passed"
    )
    assert outcome(judged(message(slide(1, "{$s} sale")), first=True, data={"s": "Example Shop"}), rule) == (
        "passed"
    )
    assert outcome(judged(message(slide(1, "Sale")), first=True), rule) == "failed"
    plain = judge(load_rules(), message(), {}, changes=Changes(), request=SendRequest(), first=True)
    assert outcome(plain, rule) is Outcome.INAPPLICABLE


async def test_the_ledger_tells_which_message_is_the_first(box: Sandbox, tmp_path: Path) -> None:
    mms_id = await stored(box)
    two = write_recipients(tmp_path / "two.csv", named(2))
    before = await run(box, plan(mms_id), two, dry=True)
    assert outcome(before.report.messages[0]) is Outcome.FAILED
    assert (await run(box, plan(mms_id), two)).result.accepted == 2
    # Another stored message to the same numbers, and to one more.
    other = await stored(box)
    again = await run(box, plan(other), two, dry=True)
    assert outcome(again.report.messages[0]) is Outcome.INAPPLICABLE
    brand = plan(other)
    foreign = await run(
        box,
        plan(other, common=msgspec.structs.replace(brand.common, service_id="another-brand")),
        two,
        dry=True,
    )
    assert outcome(foreign.report.messages[0]) is Outcome.FAILED


async def test_strict_denies_the_rows_for_which_it_is_the_first(box: Sandbox, tmp_path: Path) -> None:
    mms_id = await stored(box)
    assert (await run(box, plan(mms_id), write_recipients(tmp_path / "a.csv", named(2)))).result.accepted == 2
    other = await stored(box)
    three = write_recipients(tmp_path / "b.csv", named(3))
    outcome_ = await run(box, plan(other, strict=True, skip_bad=True), three)
    assert [note.to for note in outcome_.result.notes if "how to stop" in note.detail] == [named(3)[2][0]]
