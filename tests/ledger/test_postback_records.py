"""Postbacks in any order and number, and what they make of sends and stored messages."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from mmscheck.errors import UsageError
from mmscheck.ledger import Filter, Ledger, Save, open_ledger
from mmscheck.model.ledger import MmsState, PostbackMeaning, Recorded, SendState
from mmscheck.sinch.codes import POSTBACK_CODES
from tests.support.ledgers import MEANINGS, accepted, claimed, intent, raw, unknown

DAY = 24 * 3600


def postback(code: str, tracking_id: str = "T1", **fields: str) -> dict[str, str]:
    return {"code": code, "tracking-id": tracking_id, "mms-id": "100001", "to": "15550000001", **fields}


async def stand(ledger: Ledger, send_id: int = 1) -> SendState:
    record = await ledger.send(send_id)
    assert record is not None
    return record.state


@pytest.mark.parametrize(
    ("again", "wanted"),
    [
        ({}, SendState.DELIVERED),
        ({"STATUS#2": "Message Sent/Delivered"}, SendState.DELIVERED),
        ({"status#2": "Message Sent/Failed"}, SendState.SENT),
        ({"TRACKINGID#2": "T2"}, SendState.ACCEPTED),
        ({"code#2": "E102"}, SendState.ACCEPTED),
        ({"Code#3": "N101"}, SendState.ACCEPTED),
        ({"content/status#2": "Message Sent/Failed"}, SendState.DELIVERED),
    ],
)
async def test_what_contradicts_itself_is_kept_and_proves_nothing(
    ledger: Ledger, again: dict[str, str], wanted: SendState
) -> None:
    await ledger.answer(await claimed(ledger), accepted("T1"))
    kept = await ledger.record_postback({**postback("N102", status="Message Sent/Delivered"), **again})
    assert await stand(ledger) is wanted
    assert len(kept.fields) == 5 + len(again)


EVENTS = {
    "answer": SendState.ACCEPTED,
    "N101": SendState.SENT,
    "E102": SendState.FAILED,
    "N202": SendState.DELIVERED,
}


@pytest.mark.parametrize("order", list(itertools.permutations(EVENTS)))
async def test_the_order_of_answer_and_postbacks_does_not_matter(
    ledger: Ledger, order: tuple[str, ...]
) -> None:
    claim = await claimed(ledger)
    for event in order:
        if event == "answer":
            await ledger.answer(claim, accepted("T1"))
        else:
            await ledger.record_postback(postback(event))
    assert await stand(ledger) is SendState.DELIVERED
    assert [send.id async for send in ledger.sends(Filter(false_permits=True))] == [claim.send_id]
    assert (await ledger.verify()).found == ()


@pytest.mark.parametrize(
    ("code", "status", "wanted"),
    [
        ("N101", "", SendState.SENT),
        ("N102", "", SendState.SENT),
        ("N102", "Sent/Deferred", SendState.SENT),
        ("N102", "Sent/Retrieved", SendState.DELIVERED),
        ("N102", "Delivered", SendState.DELIVERED),
        ("N102", "Not Delivered", SendState.SENT),
        ("N103", "", SendState.FAILED),
        ("E102", "Sent/Rejected", SendState.FAILED),
        ("N202", "", SendState.DELIVERED),
        ("N401", "", SendState.ACCEPTED),
        ("N501", "", SendState.ACCEPTED),
        ("X777", "", SendState.ACCEPTED),
    ],
)
async def test_each_code_means_what_it_means(
    ledger: Ledger, code: str, status: str, wanted: SendState
) -> None:
    await ledger.answer(await claimed(ledger), accepted("T1"))
    await ledger.record_postback(postback(code, status=status))
    assert await stand(ledger) is wanted


FAILING = {
    "Message Sent/Failed": True,
    "Message Failed": True,
    "Failed": True,
    "message sent / REJECTED": True,
    "Message Sent/Rejected": True,
    "Message Sent/Expired": True,
    "Message Sent/NotSupported": True,
    "Message Sent/Not Supported": True,
    "Message Sent/Unrecognised": True,
    "Message Sent/Failed/": True,
    "Message Sent/Failed.": True,
}
OTHER = (
    "",
    "Message Sent",
    "Message Sent/",
    "Message Sent/Deferred",
    "Not Delivered",
    "DeliveredLater",
    "é<&",
)
OF_SUCCESS = {"N013", "N101", "N102", "N201", "N202"}
OF_FAILURE = {row.code for row in POSTBACK_CODES if row.kind.value == "failed"}


def due(code: str, status: str) -> SendState:
    """The right state after one postback, spelled out for every code and word."""
    if code in OF_FAILURE or (code in OF_SUCCESS and status in FAILING):
        return SendState.FAILED
    if code not in OF_SUCCESS:
        return SendState.ACCEPTED
    delivered = status.rpartition("/")[2] in {"Delivered", "Retrieved"}
    if (delivered and code in {"N102", "N202"}) or (code == "N202" and status in {"", "/"}):
        return SendState.DELIVERED
    return SendState.SENT


STATUSES = (*FAILING, *OTHER, "Delivered", "Message Sent/Delivered", "Message Sent/Retrieved")


@pytest.mark.parametrize("code", [row.code for row in POSTBACK_CODES])
async def test_the_status_words_decide_and_not_the_code_alone(ledger: Ledger, code: str) -> None:
    for number, status in enumerate(STATUSES, 1):
        claim = await claimed(ledger, f"key-{number}")
        await ledger.answer(claim, accepted(f"T{number}"))
        await ledger.record_postback(postback(code, f"T{number}", to="", status=status))
        assert (status, await stand(ledger, claim.send_id)) == (status, due(code, status))
        again = await ledger.claim(intent(f"key-{number}"))
        assert isinstance(again, Recorded), "what a phone may have is never sent again"


@pytest.mark.parametrize(
    ("code", "word", "listed"),
    [
        ("N102", "Rejected", True),
        ("N102", "Failed", True),
        ("N102", "NotSupported", True),
        ("N102", "Expired", False),
        ("N102", "Delivered", False),
        ("N101", "Failed", True),
        ("N103", "Expired", False),
        ("N202", "Failed", False),
    ],
)
async def test_a_refusal_behind_a_code_of_success_is_a_false_permit(
    ledger: Ledger, code: str, word: str, *, listed: bool
) -> None:
    claim = await claimed(ledger)
    await ledger.answer(claim, accepted("T1"))
    await ledger.record_postback(postback(code, status=f"Message Sent/{word}"))
    found = [send.id async for send in ledger.sends(Filter(false_permits=True))]
    assert found == ([claim.send_id] if listed else [])


async def test_a_repeated_postback_is_kept_once(ledger: Ledger, where: str) -> None:
    first = await ledger.record_postback(postback("N101"))
    assert await ledger.record_postback(postback("N101")) == first
    assert await raw(where, "SELECT count(*) FROM postbacks") == [(1,)]
    assert (await ledger.verify()).rows == 1


async def test_both_spellings_of_the_elements_are_read(ledger: Ledger) -> None:
    upper = await ledger.record_postback(
        {"CODE": " n003 ", "MMSID": "7", "TRACKINGID": "T", "Strange-One": "x"}
    )
    assert (upper.code, upper.meaning, upper.mms_id, upper.tracking_id) == (
        "N003",
        PostbackMeaning.READY,
        "7",
        "T",
    )
    assert upper.fields["strange-one"] == "x"


async def test_an_unknown_code_is_kept_with_everything(ledger: Ledger) -> None:
    kept = await ledger.record_postback(postback("X777", note="who\0 knows \ud800"))
    assert kept.meaning is PostbackMeaning.UNKNOWN
    await ledger.answer(await claimed(ledger), accepted("T1"))
    send = await ledger.send(kept.id + 1)
    assert send is not None
    assert await ledger.postbacks(send) == (kept,)


@pytest.mark.parametrize("fields", [{}, {"code": " "}, {"status": "x"}])
async def test_a_postback_without_a_code_is_refused(ledger: Ledger, fields: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="code"):
        await ledger.record_postback(fields)


async def test_a_postback_moves_no_send_but_its_own(ledger: Ledger) -> None:
    for number in (1, 2):
        await ledger.answer(await claimed(ledger, f"key-{number}"), accepted(f"T{number}"))
    await ledger.record_postback(postback("E102", "T2", to="15550000002"))
    assert await ledger.counts() == {SendState.ACCEPTED: 1, SendState.FAILED: 1}


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        ("15550000002", SendState.ACCEPTED),
        ("28444", SendState.ACCEPTED),
        ("15550000001", SendState.DELIVERED),
        ("+1 (555) 000-0001", SendState.DELIVERED),
        ("5550000001", SendState.DELIVERED),
        ("0000001", SendState.ACCEPTED),
        ("", SendState.DELIVERED),
    ],
)
@pytest.mark.parametrize("early", [True, False])
async def test_a_postback_that_names_another_number_is_kept_and_moves_nothing(
    ledger: Ledger, number: str, wanted: SendState, *, early: bool
) -> None:
    claim = await claimed(ledger)
    if early:
        await ledger.record_postback(postback("N202", to=number))
    await ledger.answer(claim, accepted("T1"))
    if not early:
        await ledger.record_postback(postback("N202", to=number))
    send = await ledger.send(claim.send_id)
    assert send is not None
    assert send.state is wanted
    assert [one.code for one in await ledger.postbacks(send)] == ["N202"]
    assert (await ledger.verify()).found == ()


@pytest.mark.parametrize("number", ["0412345678", "412345678", "+61 (0) 412 345 678", "0061412345678"])
async def test_a_postback_may_name_the_number_as_it_is_dialled_at_home(ledger: Ledger, number: str) -> None:
    claim = await claimed(ledger, to="61412345678")
    await ledger.answer(claim, accepted("T1"))
    await ledger.record_postback(postback("N202", to=number))
    assert await stand(ledger) is SendState.DELIVERED


async def test_another_number_still_keeps_from_a_second_send(ledger: Ledger) -> None:
    claim = await claimed(ledger)
    await ledger.answer(claim, msgspec.structs.replace(unknown(), tracking_id="T1"))
    await ledger.record_postback(postback("N101", to="15550000002"))
    assert await stand(ledger) is SendState.UNKNOWN
    await ledger.resolve(claim.send_id, as_="not-sent", reason="nothing in the list", who="ann")
    await ledger.record_postback(postback("N102", to="15550000002"))
    again = await ledger.claim(intent())
    assert isinstance(again, Recorded)
    assert again.send.state is SendState.SENT


async def test_a_tracking_id_settles_an_unknown_send_that_has_one(ledger: Ledger) -> None:
    result = unknown()
    claim = await claimed(ledger)
    await ledger.answer(claim, type(result)(status=result.status, detail="odd", tracking_id="T1"))
    await ledger.record_postback(postback("N101"))
    assert await stand(ledger) is SendState.SENT


async def test_a_match_by_number_and_id_is_proposed_and_not_decided(ledger: Ledger) -> None:
    claim = await claimed(ledger, "key-1")
    await ledger.answer(claim, unknown())
    kept = await ledger.record_postback(postback("N101", "T-new", to="5550000001"))
    for other in ({"to": "15550000002"}, {"mms-id": "2"}, {"to": ""}, {"to": "1"}):
        await ledger.record_postback({**postback("N101", "T-other"), **other})
    await ledger.record_postback(postback("N003", "T-save"))
    await ledger.answer(await claimed(ledger, "key-3"), accepted("T-known"))
    await ledger.record_postback(postback("N101", "T-known"))
    record = await ledger.send(claim.send_id)
    assert record is not None
    assert record.state is SendState.UNKNOWN
    assert await ledger.proposals(record) == (kept,)


async def test_a_postback_of_another_week_is_not_proposed(where: str) -> None:
    now = [1_800_000_000.0]
    async with await open_ledger(where, meanings=MEANINGS, clock=lambda: now[0]) as ledger:
        await ledger.record_postback(postback("N101", "T-before"))
        now[0] += DAY
        claim = await claimed(ledger)
        await ledger.answer(claim, unknown())
        now[0] += 3 * DAY
        kept = await ledger.record_postback(postback("N101", "T-in-time"))
        now[0] += 2 * DAY
        await ledger.record_postback(postback("N101", "T-late"))
        record = await ledger.send(claim.send_id)
        assert record is not None
        assert await ledger.proposals(record) == (kept,)


async def test_false_permits_are_late_refusals_only(ledger: Ledger) -> None:
    for number, code in enumerate(("N101", "E101", "E102", "N103", "E202"), 1):
        await ledger.answer(await claimed(ledger, f"key-{number}"), accepted(f"T{number}"))
        await ledger.record_postback(postback(code, f"T{number}"))
    listed = [send.tracking_id async for send in ledger.sends(Filter(false_permits=True))]
    assert listed == ["T2", "T3"]


@pytest.mark.parametrize("codes", list(itertools.permutations(["save", "N003", "E002"])))
async def test_a_corrupt_message_is_corrupt_in_any_order(ledger: Ledger, codes: tuple[str, ...]) -> None:
    for code in codes:
        if code == "save":
            await ledger.record_save(Save(mms_id="9", digest="sha256:a"))
        else:
            await ledger.record_postback({"code": code, "mms-id": "9"})
    assert (await ledger.binding("9")).state == "corrupt"
    assert (await ledger.verify()).found == ()


@pytest.mark.parametrize("code", ["E002", "E003", "E004"])
async def test_every_code_of_failed_encoding_makes_a_ready_message_unusable(
    ledger: Ledger, code: str
) -> None:
    await ledger.record_save(Save(mms_id="9", digest="sha256:a", state=MmsState.READY))
    assert (await ledger.binding("9")).state == "ready"
    await ledger.record_postback({"code": code, "mms-id": "9"})
    assert (await ledger.binding("9")).state == "corrupt"


async def test_a_save_is_encoding_until_its_postback(ledger: Ledger) -> None:
    await ledger.record_save(Save(mms_id="9", digest="sha256:a"))
    await ledger.record_save(Save(mms_id="8", digest="sha256:a", state=MmsState.SAVED))
    assert ((await ledger.binding("9")).state, (await ledger.binding("8")).state) == ("encoding", "saved")
    await ledger.record_postback({"code": "N003", "mms-id": "9"})
    binding = await ledger.binding("9")
    assert (binding.mms_id, binding.content, binding.state) == ("9", "sha256:a", "ready")
    assert (await ledger.binding("8")).state == "saved"


async def test_an_id_that_nobody_bound_has_no_content_and_is_not_ready(ledger: Ledger) -> None:
    await ledger.record_postback({"code": "N003", "mms-id": "9"})
    binding = await ledger.binding("9")
    assert (binding.content, binding.state) == (None, "encoding")


async def test_an_id_is_bound_to_other_content_only_when_told_to(ledger: Ledger) -> None:
    save = Save(
        mms_id="9", digest="sha256:a", media=[("https://a.example/x.jpg?sig=secret", "sha256:1")], name="n"
    )
    first = await ledger.record_save(save)
    assert await ledger.record_save(save) == first
    assert first.media[0][1] == "sha256:1"
    assert "secret" not in first.media[0][0]
    other = Save(mms_id="9", digest="sha256:b")
    with pytest.raises(UsageError, match="bound to other content"):
        await ledger.record_save(other)
    assert (await ledger.binding("9")).content == "sha256:a"
    replaced = await ledger.record_save(Save(mms_id="9", digest="sha256:b", replace=True))
    assert (replaced.digest, replaced.media, replaced.name) == ("sha256:b", (), None)
    assert await ledger.mms("9") == replaced
    assert (await ledger.verify()).found == ()


@pytest.mark.parametrize("code", ["N101", "N102", "N202", "E102"])
async def test_what_a_postback_proves_taken_is_not_sent_again_although_a_person_said_not_sent(
    ledger: Ledger, code: str
) -> None:
    claim = await claimed(ledger)
    await ledger.answer(claim, msgspec.structs.replace(unknown(), tracking_id="T1"))
    await ledger.resolve(claim.send_id, as_="not-sent", reason="nothing in the list", who="ann")
    await ledger.record_postback(postback(code))
    again = await ledger.claim(intent())
    assert isinstance(again, Recorded)
    assert again.send.state is EVENTS.get(code, SendState.SENT)
    assert (await ledger.verify()).found == ()


async def test_what_nobody_here_waits_for_is_told_apart_in_the_order_of_arrival(ledger: Ledger) -> None:
    claim = await claimed(ledger)
    await ledger.answer(claim, accepted("T1"))
    await ledger.record_save(Save(mms_id="100001", digest="sha256:a"))
    for fields in (
        postback("N101", "T9"),
        postback("N101"),
        {"code": "N003", "mms-id": "100001"},
        {"code": "E002", "mms-id": "7"},
        {"code": "N003"},
        {"code": "N401", "from": "15550000001"},
    ):
        await ledger.record_postback(fields)
    await ledger.record_unreadable(b"\xff", "is not well-formed XML")
    came = [one.code async for one in ledger.arrivals()]
    assert came == ["N101", "N101", "N003", "E002", "N003", "N401", "(unreadable)"]
    left = [(one.code, one.tracking_id) async for one in ledger.arrivals(unmatched=True)]
    assert left == [("N101", "T9"), *((code, None) for code in ("E002", "N003", "N401", "(unreadable)"))]
