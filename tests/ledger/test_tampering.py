"""Whatever is changed behind the ledger's back is refused by the database, and else found and named."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re

import pytest

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger import Ledger, Save, open_ledger
from mmscheck.model.ledger import Verification
from tests.support.ledgers import (
    WITHOUT_LOOKUPS,
    WITHOUT_PLACES,
    accepted,
    claimed,
    raw,
    refused,
    unguarded,
    unknown,
    without_numbers,
)


@pytest.fixture
async def filled(ledger: Ledger) -> Ledger:
    """12 rows: three claims and their ends, a postback with effect, a save, a hold and a release, a check."""
    claims = [await claimed(ledger, f"key-{number}") for number in (1, 2, 3)]
    for claim, end in zip(claims, (accepted("T1"), refused(), unknown()), strict=True):
        await ledger.answer(claim, end)
    await ledger.record_postback({"code": "E102", "tracking-id": "T1"})
    await ledger.record_save(Save(mms_id="100001", digest="sha256:a"))
    await ledger.hold(reason="wait", who="ann")
    await ledger.release(who="ann")
    await ledger.record_check("check", verdict="permit")
    return ledger


def told(found: Verification) -> str:
    return "\n".join(f"{one.seq}: {one.what}" for one in found.found)


async def test_an_untouched_ledger_is_found_whole(filled: Ledger) -> None:
    found = await filled.verify()
    assert found.found == ()
    assert found.rows == 12
    assert found.head.startswith("12:")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET body = '{}' WHERE seq = 3",
        "DELETE FROM history WHERE seq = 3",
        "DELETE FROM history",
    ],
)
async def test_the_database_refuses_to_change_history(filled: Ledger, where: str, statement: str) -> None:
    with pytest.raises(Exception, match="append-only"):
        await raw(where, statement)
    assert (await filled.verify()).found == ()


async def test_the_database_refuses_ways_round_the_delete(filled: Ledger, where: str) -> None:
    columns = "at, kind, target, subject, body, previous, hash"
    statement = (
        f"INSERT OR REPLACE INTO history (seq, {columns}) SELECT seq, {columns} FROM history WHERE seq = 3"
    )
    with pytest.raises(Exception, match="append-only"):
        await raw(where, statement if "://" not in where else "TRUNCATE history")
    assert (await filled.verify()).found == ()


@pytest.mark.parametrize("column", ["at", "kind", "target", "subject", "body", "previous", "hash"])
async def test_a_change_of_any_column_is_found_and_its_row_named(
    filled: Ledger, where: str, column: str
) -> None:
    value = "at + 1" if column == "at" else "'{}'"
    await unguarded(where, f"UPDATE history SET {column} = {value} WHERE seq = 5")
    assert "5: its content was changed" in told(await filled.verify())


async def test_a_change_with_a_new_hash_breaks_the_row_after(filled: Ledger, where: str) -> None:
    row = list(
        (
            await raw(
                where, "SELECT seq, at, kind, target, subject, body, previous FROM history WHERE seq = 5"
            )
        )[0]
    )
    row[5] = row[5].replace("refused", "unknown")
    text = json.dumps(row, separators=(",", ":"), ensure_ascii=False)
    new = hashlib.sha256(text.encode()).hexdigest()
    await unguarded(where, f"UPDATE history SET body = '{row[5]}', hash = '{new}' WHERE seq = 5")
    found = told(await filled.verify())
    assert "5: its content" not in found
    assert "6: it does not follow the row before it" in found


async def test_a_removed_row_is_found(filled: Ledger, where: str) -> None:
    await unguarded(where, "DELETE FROM history WHERE seq = 5")
    assert "5: row 5 missing" in told(await filled.verify())


async def test_a_removed_beginning_is_found(filled: Ledger, where: str) -> None:
    await unguarded(where, "DELETE FROM history WHERE seq <= 2")
    assert "1: rows 1 to 2 missing" in told(await filled.verify())


async def test_a_removed_row_whose_successors_were_renumbered_is_found(filled: Ledger, where: str) -> None:
    renumber = [f"UPDATE history SET seq = {seq - 1} WHERE seq = {seq}" for seq in range(6, 13)]
    await unguarded(where, "DELETE FROM history WHERE seq = 5", *renumber)
    assert "5: it does not follow the row before it" in told(await filled.verify())


async def test_swapped_rows_are_found(filled: Ledger, where: str) -> None:
    moves = ((4, 100), (5, 4), (100, 5))
    await unguarded(where, *(f"UPDATE history SET seq = {new} WHERE seq = {old}" for old, new in moves))
    found = told(await filled.verify())
    assert "4: it does not follow" in found
    assert "5: it does not follow" in found


async def test_an_inserted_row_is_found(filled: Ledger, where: str) -> None:
    shift = [f"UPDATE history SET seq = {seq + 1} WHERE seq = {seq}" for seq in range(12, 4, -1)]
    insert = "INSERT INTO history VALUES (5, 1, 'send-accepted', 'sends', '2', '{}', 'p', 'h')"
    await unguarded(where, *shift, insert)
    assert "5: its content was changed" in told(await filled.verify())


async def test_a_row_added_at_the_end_is_found(filled: Ledger, where: str) -> None:
    await raw(where, "INSERT INTO history VALUES (13, 1, 'send-accepted', 'sends', '2', '{}', 'p', 'h')")
    assert "13: row 12 was the last one" in told(await filled.verify())


async def test_a_tail_that_was_cut_off_is_found(filled: Ledger, where: str) -> None:
    await unguarded(where, "DELETE FROM history WHERE seq > 10")
    assert "11: the history ends at row 10, and its last row was row 12" in told(await filled.verify())


async def test_a_tail_cut_off_together_with_the_note_of_it_is_found_by_the_projections(
    filled: Ledger, where: str
) -> None:
    await unguarded(
        where,
        "DELETE FROM history WHERE seq > 4",
        "UPDATE head SET seq = 4, hash = (SELECT hash FROM history WHERE seq = 4)",
    )
    found = told(await filled.verify())
    assert (
        "2: sends 2 is not what this row left it as: changed_at, detail, error_code, http_status, state"
        in found
    )
    assert "None: mms 100001 stands in no history" in found


async def test_a_lost_note_of_the_end_is_found(filled: Ledger, where: str) -> None:
    await raw(where, "DELETE FROM head")
    assert "the note of the last row is missing" in told(await filled.verify())


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        (
            "UPDATE sends SET state = 'not-sent' WHERE id = 3",
            "6: sends 3 is not what this row left it as: state",
        ),
        ("UPDATE sends SET key = 'x' WHERE id = 1", "sends 1 is not what this row left it as: key"),
        ("DELETE FROM sends WHERE id = 3", "sends 3, which this row last changed, was removed"),
        ("UPDATE holds SET released_at = NULL", "holds 10 is not what this row left it as: released_at"),
        ("DELETE FROM postbacks", "was removed"),
        ("UPDATE mms SET digest = 'sha256:b'", "mms 100001 is not what this row left it as: digest"),
        (
            "INSERT INTO holds (id, reason, who, held_at) VALUES (99, 'x', 'y', 1)",
            "None: holds 99 stands in no history",
        ),
    ],
)
async def test_a_projection_that_disagrees_is_found(
    filled: Ledger, where: str, statement: str, wanted: str
) -> None:
    await raw(where, statement)
    assert wanted in told(await filled.verify())


async def test_many_rows_are_verified_page_by_page(ledger: Ledger, where: str) -> None:
    await asyncio.gather(*(claimed(ledger, f"key-{number}") for number in range(1100)))
    assert (await ledger.verify()).found == ()
    await raw(where, "UPDATE sends SET state = 'not-sent' WHERE id = 1050")
    assert [one.seq for one in (await ledger.verify()).found] == [1050]
    assert len([send async for send in ledger.sends()]) == 1100


REWRITTEN = (
    "DELETE FROM history WHERE seq > 4",
    "DELETE FROM postbacks",
    "DELETE FROM mms",
    "DELETE FROM holds",
    (
        "UPDATE sends SET state = 'intended', detail = '', tracking_id = NULL, http_status = NULL, "
        "changed_at = claimed_at"
    ),
    (
        "UPDATE sends SET state = 'accepted', detail = 'Accepted.', tracking_id = 'T1', http_status = 200, "
        "changed_at = (SELECT at FROM history WHERE seq = 4) WHERE id = 1"
    ),
    "UPDATE sends SET error_code = NULL",
    "UPDATE head SET seq = 4, hash = (SELECT hash FROM history WHERE seq = 4)",
)
"""Everything after row 4 undone as if it had never been, as well as one can who may write."""


async def test_an_end_that_was_cut_off_without_a_trace_is_found_by_a_head_noted_before(
    filled: Ledger, where: str
) -> None:
    rows, _, digest = (await filled.verify()).head.partition(":")
    await filled.hold(reason="later rows do no harm", who="ann")
    for known in (rows, digest, f"{rows}:{digest}"):
        assert (await filled.verify(known)).found == ()
    await unguarded(where, *REWRITTEN)
    kinds = ("the trigger history_no", *(("rows are missing",) if "://" not in where else ()))
    assert all(one.what.startswith(kinds) for one in (await filled.verify()).found)
    assert "5: there were 12 rows" in told(await filled.verify(rows))
    assert "the row that was the last one when this was noted is gone" in told(await filled.verify(digest))
    assert "5: there were 12 rows" in told(await filled.verify(f"{rows}:{digest}"))


async def test_a_noted_head_at_another_row_is_found(filled: Ledger) -> None:
    _, _, digest = (await filled.verify()).head.partition(":")
    assert "12: the row noted as row 11 is row 12" in told(await filled.verify(f"11:{digest}"))


async def test_the_head_of_an_empty_ledger_is_the_beginning_of_each(ledger: Ledger) -> None:
    head = (await ledger.verify()).head
    await claimed(ledger)
    assert (await ledger.verify(head)).found == ()


@pytest.mark.parametrize("text", ["", "x", "12:", ":" + "a" * 64, "a" * 63, "12:" + "g" * 64, "-1", "1" * 19])
async def test_a_noted_head_that_is_none_is_refused(ledger: Ledger, text: str) -> None:
    with pytest.raises(UsageError, match="ROWS, HASH or ROWS:HASH"):
        await ledger.verify(text)


@pytest.mark.parametrize(
    ("sqlite", "postgresql", "wanted"),
    [
        (
            ("DROP TRIGGER history_no_update",),
            ("DROP TRIGGER history_no_change ON history",),
            "is gone or switched off",
        ),
        (
            ("DROP TRIGGER history_no_delete",),
            ("ALTER TABLE history DISABLE TRIGGER history_no_truncate",),
            "is gone or switched off",
        ),
        (
            ("DROP TRIGGER history_no_replace",),
            ("ALTER TABLE history ENABLE REPLICA TRIGGER history_no_change",),
            "is gone or switched off",
        ),
        (
            (
                "DROP TRIGGER history_no_update",
                "CREATE TRIGGER history_no_update BEFORE UPDATE ON history BEGIN SELECT 1; END",
            ),
            (
                "DROP TRIGGER history_no_change ON history",
                (
                    "CREATE TRIGGER history_no_change BEFORE UPDATE ON history "
                    "FOR EACH ROW EXECUTE FUNCTION history_append_only()"
                ),
            ),
            "is another than it was",
        ),
        (
            (
                "DROP TRIGGER history_no_delete",
                "CREATE TRIGGER history_no_delete BEFORE DELETE ON history WHEN 0 BEGIN SELECT 1; END",
            ),
            (
                (
                    "CREATE OR REPLACE FUNCTION history_append_only() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RETURN NULL; END $$"
                ),
            ),
            "another than it was|what the triggers of the history do was changed",
        ),
    ],
)
async def test_a_guard_that_was_taken_away_is_found(
    filled: Ledger, where: str, sqlite: tuple[str, ...], postgresql: tuple[str, ...], wanted: str
) -> None:
    await raw(where, *(postgresql if "://" in where else sqlite))
    (fault,) = (await filled.verify()).found
    assert re.search(wanted, fault.what)


FORGED_MMS = {
    "id": "666",
    "state": "ready",
    "digest": "sha256:evil",
    "media": "[]",
    "name": None,
    "subject": None,
    "saved_at": 1,
    "changed_at": 1,
}


def _put_in(seq: str) -> tuple[str, str]:
    """An id that nobody bound, with a row of the history that says who did."""
    body = json.dumps(FORGED_MMS, sort_keys=True, separators=(",", ":"))
    return (
        (
            "INSERT INTO mms (id, state, digest, media, saved_at, changed_at) "
            "VALUES ('666', 'ready', 'sha256:evil', '[]', 1, 1)"
        ),
        f"INSERT INTO history VALUES ({seq}, 1, 'mms-saved', 'mms', '666', '{body}', 'p', 'h')",
    )


SEQS = ["NULL", "0", "-1", str(-(2**62) - 10), str(-(2**63)), "1.5", "'x'", "x'01'", "9223372036854775807"]
ANYTHING = frozenset({"NULL", "1.5", "'x'", "x'01'"})
"""What only SQLite takes for a number."""


@pytest.mark.parametrize(
    ("where", "seq"),
    [
        *[("sqlite", seq) for seq in SEQS],
        *[pytest.param("postgresql", seq, marks=pytest.mark.servers) for seq in SEQS if seq not in ANYTHING],
    ],
    indirect=["where"],
)
async def test_a_row_that_no_walk_comes_by_is_refused_and_found(filled: Ledger, where: str, seq: str) -> None:
    head = (await filled.verify()).head
    refused_at_once = seq != SEQS[-1]
    mms, history = _put_in(seq)
    await raw(where, mms)
    if refused_at_once:
        with pytest.raises(Exception, match="numbered"):
            await raw(where, history)
    guard = (
        "ALTER TABLE history DROP CONSTRAINT history_numbered"
        if "://" in where
        else "DROP TRIGGER history_numbered"
    )
    await raw(where, guard, history)
    found = told(await filled.verify(head))
    if refused_at_once:
        assert "was put in beside the history (mms-saved of mms 666)" in found
        # What it says of the stored message is not believed.
        assert "mms 666 stands in no history" in found
    else:
        assert "missing" in found


async def test_an_older_ledger_with_such_rows_is_opened_and_they_are_found(
    filled: Ledger, where: str
) -> None:
    await filled.close()
    later = (
        ("ALTER TABLE history DROP CONSTRAINT history_numbered",)
        if "://" in where
        else ("DROP TRIGGER history_numbered", "DROP TABLE identity")
    )
    await raw(
        where,
        *without_numbers(where),
        *later,
        *WITHOUT_LOOKUPS,
        *WITHOUT_PLACES,
        "UPDATE ledger_schema SET version = 3",
        *_put_in("-5"),
    )
    async with await open_ledger(where) as ledger:
        found = told(await ledger.verify())
    assert "a row numbered -5 was put in beside the history (mms-saved of mms 666)" in found
    assert "mms 666 stands in no history" in found


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)  # the other takes no row without an id
async def test_rows_without_an_id_are_found_however_many(ledger: Ledger, where: str) -> None:
    await raw(
        where,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) "
        "INSERT INTO holds (id, reason, who, held_at) SELECT NULL, 'x', 'y', 1 FROM n",
    )
    assert "holds: 700 rows without an id stand in no history" in told(await ledger.verify())


@pytest.mark.parametrize(
    ("sqlite", "postgresql", "what"),
    [
        (
            "CREATE TRIGGER lost AFTER UPDATE ON sends BEGIN SELECT 1; END",
            (
                "CREATE TRIGGER lost BEFORE UPDATE ON sends FOR EACH ROW "
                "EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            ),
            "the trigger lost on sends",
        ),
        (
            "CREATE TRIGGER no_hold BEFORE INSERT ON holds BEGIN SELECT RAISE(IGNORE); END",
            "CREATE RULE no_hold AS ON INSERT TO holds DO INSTEAD NOTHING",
            "no_hold on holds",
        ),
        (
            "CREATE VIEW seen AS SELECT * FROM sends",
            "CREATE VIEW seen AS SELECT * FROM sends",
            "the view seen on",
        ),
        (
            "CREATE INDEX other ON mms (state)",
            "CREATE INDEX other ON mms (state)",
            "the index other on mms",
        ),
        (
            "CREATE UNIQUE INDEX one ON sends (recipient) WHERE state = 'x'",
            "ALTER TABLE sends ADD CONSTRAINT one UNIQUE (recipient)",
            "the index one on sends",
        ),
        (
            "CREATE TRIGGER last BEFORE UPDATE ON head BEGIN SELECT 1; END",
            "CREATE POLICY nothing ON holds USING (false)",
            "on h",
        ),
        (
            "CREATE TRIGGER last AFTER INSERT ON holds BEGIN DELETE FROM holds; END",
            "ALTER TABLE holds FORCE ROW LEVEL SECURITY, ENABLE ROW LEVEL SECURITY",
            "on holds",
        ),
    ],
)
async def test_what_somebody_added_to_the_schema_is_found(
    filled: Ledger, where: str, sqlite: str, postgresql: str, what: str
) -> None:
    await raw(where, postgresql if "://" in where else sqlite)
    (fault,) = (await filled.verify()).found
    assert what in fault.what
    assert "is none of the ledger's: somebody added it" in fault.what


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)  # the other tells of tables in its own words
async def test_a_table_or_index_of_the_schema_that_was_changed_is_found(filled: Ledger, where: str) -> None:
    await raw(where, "DROP INDEX sends_state", "ALTER TABLE holds ADD COLUMN more TEXT")
    found = told(await filled.verify())
    assert "the index sends_state is gone" in found
    assert "the table holds is another than it was" in found


async def test_a_ledger_may_be_closed_twice(ledger: Ledger) -> None:
    await ledger.close()
    await ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        await claimed(ledger)
