"""A merge column that fills no tag is said before the first send, and blanks go out as nobody's name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmscheck.model.report import Evaluation
from mmscheck.model.words import Outcome
from mmscheck.sandbox import Sandbox
from mmscheck.sinch import DEFAULT_API_URL
from tests.support.campaigns import DOCUMENT, bind, numbers, plan, run, stored, write_recipients
from tests.support.command import fields, message, mmscheck

USED, ADVISED = "merge-data-used", "merge-data-used-advised"
PEOPLE = [(number, name) for number, name in zip(numbers(3), ("Ana", "Bo", "Cy"), strict=True)]


def of(evaluations: tuple[Evaluation, ...], rule: str) -> Evaluation:
    (found,) = [item for item in evaluations if item.rule == rule]
    return found


@pytest.mark.parametrize("dry", [True, False])
async def test_a_column_that_fills_no_tag_stops_before_the_first_send(tmp_path: Path, *, dry: bool) -> None:
    file = write_recipients(tmp_path / "all.csv", PEOPLE, header="to,Vorname")
    async with Sandbox() as box:
        mms_id = await stored(box)
        outcome = await run(box, plan(mms_id, skip_bad=True), file, dry=dry)
        assert (outcome.denied, box.phones.total) == (1, 0)
    found = of(outcome.report.messages[0].evaluations, USED)
    assert found.message == (
        "The merge data do not match the tags: column 'Vorname' fills no tag of this message; its tags: name."
        " Nothing fills name, so the default would go out."
    )


async def test_a_column_beside_those_of_the_tags_is_told_and_stops_nothing(tmp_path: Path) -> None:
    rows = [(*row, str(at)) for at, row in enumerate(PEOPLE)]
    file = write_recipients(tmp_path / "all.csv", rows, header="to,NAME,id")
    async with Sandbox() as box:
        mms_id = await stored(box)
        outcome = await run(box, plan(mms_id), file)
        assert (outcome.result.accepted, box.phones.total) == (3, 3)
    told = of(outcome.report.messages[0].evaluations, ADVISED)
    assert "column 'id' fills no tag of this message; its tags: name" in told.message


async def test_a_tag_that_no_column_fills_is_told(tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", [(number,) for number in numbers(2)], header="to")
    async with Sandbox() as box:
        mms_id = await stored(box)
        outcome = await run(box, plan(mms_id), file)
        assert outcome.result.accepted == 2
    told = of(outcome.report.messages[0].evaluations, ADVISED)
    assert "no column fills name: everybody gets the default" in told.message


@pytest.mark.parametrize("blank", ["", "  ", "\t", "\u00a0", "\u200b "])
async def test_a_cell_of_blanks_is_an_empty_one(tmp_path: Path, blank: str) -> None:
    rows = [(PEOPLE[0][0], blank, "7"), (*PEOPLE[1], "8")]
    file = write_recipients(tmp_path / "all.csv", rows, header="to,name,id")
    async with Sandbox() as box:
        mms_id = await stored(box)
        outcome = await run(box, plan(mms_id, document=DOCUMENT), file)
        assert outcome.result.accepted == 2, "an empty cell of the first row is no missing column"
        assert sorted(send.subject for send in box.sent) == ["Sale for Bo", "Sale for you"]


async def test_a_row_of_blanks_is_denied_where_the_tag_has_no_default(tmp_path: Path) -> None:
    document = message("<message-text>Hello {$name}</message-text>")
    file = write_recipients(tmp_path / "all.csv", [(PEOPLE[0][0], " "), PEOPLE[1]])
    async with Sandbox() as box:
        mms_id = await stored(box)
        await bind("77", document=document, at=box.provider_url)
        outcome = await run(box, plan("77", document=document), file)
        assert (outcome.denied, box.phones.total, mms_id != "77") == (1, 0, True)
    assert "has neither a value nor a default" in outcome.result.notes[0].detail


async def test_rows_with_texts_of_their_own_are_judged_one_by_one(tmp_path: Path) -> None:
    rows = [
        (numbers(3)[0], "Hi {$first|you}", "Ana", ""),
        (numbers(3)[1], "", "", "Bo"),
        (numbers(3)[2], "", "Cy", ""),
    ]
    file = write_recipients(tmp_path / "all.csv", rows, header="to,custom-text-1,first,name")
    document = message("<message-text>Hello {$nick|you}</message-text>")
    async with Sandbox() as box:
        await bind("77", document=document, at=box.provider_url)
        outcome = await run(box, plan("77", document=document, skip_bad=True), file, dry=True)
    notes = {note.line: note for note in outcome.result.notes}
    assert notes.keys() == {3, 4}
    assert notes[4].columns == ("first",)
    assert "column 'first' fills no tag" in notes[4].detail


async def test_check_and_a_single_send_say_it_of_their_data_too(tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    await bind("100001", at=DEFAULT_API_URL)
    for command in (("check", "sale.xml"), ("send", "sale.xml", "--dry-run", *fields())):
        ran = await mmscheck(*command, "--data", "Vorname=Ana", "--format", "json", cwd=tmp_path)
        found = {item["rule"]: item for item in json.loads(ran.out)["messages"][0]["evaluations"]}
        assert (ran.code, found[USED]["outcome"]) == (1, Outcome.FAILED)
        assert "the value given for 'Vorname' fills no tag of this message" in found[USED]["message"]
        ran = await mmscheck(*command, "--data", "name= ", cwd=tmp_path)
        assert (ran.code, "is given a value of blanks" in " ".join(ran.out.split())) == (1, True)


async def test_who_means_the_default_says_so_in_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    (tmp_path / "mmscheck.toml").write_text(f'[rules.{USED}]\nseverity = "warning"\n')
    assert (await mmscheck("check", "sale.xml", "--data", "Vorname=Ana", cwd=tmp_path)).code == 0
