"""A campaign against the sandbox over real sockets: who is sent what, what stops it, and going on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.model.campaign import RowFate
from mmscheck.sandbox import Sandbox
from tests.support.campaigns import QUICK, named, plan, run, stored, write_recipients


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(ways=QUICK) as running:
        yield running


async def test_every_row_is_sent_once_with_its_own_texts(box: Sandbox, tmp_path: Path) -> None:
    mms_id = await stored(box)
    file = write_recipients(tmp_path / "all.csv", named(40))
    outcome = await run(box, plan(mms_id), file)
    assert (outcome.denied, outcome.result.accepted, outcome.result.left) == (None, 40, 0)
    assert set(box.phones.counts.values()) == {1}
    assert len(box.phones.counts) == 40
    digests = {box.phones.received(number)[0].digest for number, _ in named(40)}
    assert len(digests) == 40
    again = await run(box, plan(mms_id), file)
    assert (again.result.accepted, again.result.recorded) == (0, 40)
    assert box.phones.total == 40


async def test_an_accent_in_the_subject_is_named_with_row_and_column_before_anything_is_sent(
    box: Sandbox, tmp_path: Path
) -> None:
    mms_id = await stored(box)
    rows = named(10)
    rows[6] = (rows[6][0], "José")
    file = write_recipients(tmp_path / "all.csv", rows)
    outcome = await run(box, plan(mms_id), file)
    assert outcome.denied == 1
    (note,) = outcome.result.notes
    assert (note.line, note.columns, note.fate) == (8, ("name",), RowFate.DENIED)
    assert "LATIN SMALL LETTER E WITH ACUTE" in note.detail
    assert box.phones.total == 0
    skipping = await run(box, plan(mms_id, skip_bad=True), file)
    assert (skipping.result.accepted, skipping.result.denied, skipping.denied) == (9, 1, None)
    assert rows[6][0] not in box.phones.counts
