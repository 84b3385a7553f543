"""``mmscheck ledger``: what happened to this number, how a campaign stands, what notifications settle."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mmscheck.cli import main as program
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.model.request import SendResult
from tests.support.ledgers import MEANINGS, accepted, claimed, refused, unknown

Run = Callable[..., tuple[int, str, str]]

HOUR = 3600.0
NOW = 1_796_000_000.0
"""When the ledger is filled: 2026-11-30T00:53:20Z."""


@pytest.fixture
def where(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.sqlite3")


@pytest.fixture
def run(where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("MMSCHECK_LEDGER", where)

    def called(*arguments: str) -> tuple[int, str, str]:
        code = program.main(("ledger", *arguments))
        return (code, *capsys.readouterr())

    return called


class Clock:
    """A ledger's clock that tests set."""

    now = NOW

    def __call__(self) -> float:
        return self.now


def fill(where: str, work: Callable[[Ledger, Clock], Awaitable[None]]) -> None:
    async def opened() -> None:
        clock = Clock()
        async with await open_ledger(where, meanings=MEANINGS, clock=clock) as ledger:
            await work(ledger, clock)

    asyncio.run(opened())


async def campaign(ledger: Ledger, clock: Clock) -> None:
    """Seven sends of a campaign, each with another end, and two of others."""
    ends: dict[str, Callable[[str], SendResult]] = {
        **dict.fromkeys(("key-1", "key-2", "key-3"), accepted),
        "key-4": lambda _: refused(),
        "key-5": lambda _: unknown(),
        "key-8": accepted,
    }
    for key in ("key-1", "key-2", "key-3", "key-4", "key-5", "key-6", "key-7"):
        claim = await claimed(ledger, key, campaign="may", row=int(key[-1]))
        if key in ends:
            await ledger.answer(claim, ends[key](f"T-{key}"))
        elif key == "key-6":
            await ledger.not_sent(claim, "=too fast")
    clock.now += HOUR
    await ledger.answer(await claimed(ledger, "key-8", to="+1 555 000 0001", mms_id="7"), accepted("T-8"))
    await claimed(ledger, "key-9", to="44 20 5550 0001")
    await ledger.record_postback({"code": "N102", "tracking-id": "T-key-1", "status": "Retrieved"})
    await ledger.record_postback({"code": "E102", "tracking-id": "T-key-2"})


@pytest.fixture
def filled(where: str) -> str:
    fill(where, campaign)
    return where


def listed(run: Run, *arguments: str) -> list[str]:
    code, out, err = run("list", *arguments, "--format", "json")
    assert (code, err) == (0, "")
    return [send["intent"]["key"] for send in json.loads(out)]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--to", "15550000001"), [1, 8]),
        (("--to", "+1 (555) 000-0001"), [1, 8]),
        (("--to", "5550000001"), [1, 8]),
        (("--to", "0000001"), [1, 8]),
        (("--to", "1"), []),
        (("--to", "15550000001", "--mms-id", "7"), [8]),
        (("--to", "15550000001", "--campaign", "may", "--state", "delivered"), [1]),
        (("--mms-id", "7"), [8]),
        (("--since", "2026-11-30T01:00Z"), [8, 9]),
        (("--since", "2026-11-30 01:00"), [8, 9]),
        (("--since", "2026-11-30", "--campaign", "may", "--state", "refused"), [4]),
        (("--since", "2027-11-30"), []),
        (("--since", "36500d", "--limit", "2"), [8, 9]),
        (("--campaign", "may", "--limit", "3"), [5, 6, 7]),
        (("--limit", "100"), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_a_list_is_narrowed_to_a_number_a_message_and_a_time(
    run: Run, arguments: tuple[str, ...], wanted: list[int]
) -> None:
    assert listed(run, *arguments) == [f"key-{number}" for number in wanted]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list", "--since", "yesterday"), "--since 'yesterday'"),
        (("list", "--to", "nobody"), "a number has digits"),
        (("list", "--limit", "0"), "--limit"),
        (("show",), "or --to NUMBER"),
        (("show", "1", "--to", "15550000001"), "or --to NUMBER"),
        (("show", "15550000001"), "for a telephone number: --to NUMBER"),
        (("show", "9" * 40), "there is no send"),
        (("resolve", "9"), "--as sent|not-sent and --reason"),
        (("resolve", "--as", "sent", "--reason", "x"), "give the ids"),
        (("resolve", "--from-postbacks"), "ids of sends, or --campaign"),
        (("resolve", "9", "--from-postbacks", "--as", "sent"), "decides by itself"),
        (("resolve", "99", "--from-postbacks"), "there is no send 99"),
    ],
)
def test_what_cannot_be_asked_is_exit_2(run: Run, arguments: tuple[str, ...], told: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out, told in err) == (2, "", True), err


@pytest.mark.usefixtures("filled")
def test_a_send_is_found_by_its_tracking_id(run: Run) -> None:
    code, out, _ = run("show", "T-key-1", "--format", "json")
    shown = json.loads(out)
    assert (code, shown["send"]["intent"]["key"], shown["send"]["state"]) == (0, "key-1", "delivered")
    assert [one["code"] for one in shown["postbacks"]] == ["N102"]


@pytest.mark.usefixtures("filled")
def test_everything_that_happened_to_a_number_is_shown(run: Run) -> None:
    code, out, _ = run("show", "--to", "+1 555 000 0001")
    assert (code, out.count("history:"), "N102" in out, "T-8" in out) == (0, 2, True, True)
    _, out, _ = run("show", "--to", "15550000001", "--format", "json")
    assert [one["send"]["intent"]["key"] for one in json.loads(out)] == ["key-1", "key-8"]
    code, out, _ = run("show", "--to", "15559999999")
    assert (code, out) == (0, "nothing was sent to this number\n")
    assert json.loads(run("show", "--to", "15559999999", "--format", "json")[1]) == []


NUMBERS = {
    "sends": 7,
    "accepted": 3,
    "delivered": 1,
    "failed": 1,
    "waiting": 1,
    "refused": 1,
    "not_sent": 1,
    "unknown": 1,
}


@pytest.mark.usefixtures("filled")
def test_a_campaign_is_summed_up(run: Run) -> None:
    code, out, _ = run("summary", "--campaign", "may", "--format", "json")
    found = json.loads(out)
    # This process made the last claim, and has ended nothing: it is in flight.
    assert (code, found) == (0, {"campaign": "may", **NUMBERS, "in_flight": 1})
    assert run("summary", "--format", "json")[1] != out
    code, out, _ = run("summary", "--campaign", "may")
    lines = [line.split() for line in out.splitlines()]
    assert [line[:2] for line in lines[:5]] == [
        ["sends", "7"],
        ["accepted", "3"],
        ["delivered", "1"],
        ["failed", "1"],
        ["waiting", "1"],
    ]
    _, out, _ = run("summary", "--campaign", "may", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert {name: row[name] for name in NUMBERS} == {name: str(one) for name, one in NUMBERS.items()}


@pytest.mark.usefixtures("filled")
def test_a_list_as_csv_has_plain_cells_and_iso_times(run: Run) -> None:
    code, out, _ = run("list", "--campaign", "may", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, len(rows)) == (0, 7)
    assert (rows[0]["to"], rows[0]["from"], rows[0]["tracking_id"]) == ("15550000001", "28444", "T-key-1")
    assert rows[0]["claimed_at"] == "2026-11-30T00:53:20Z"
    assert rows[5]["detail"] == "'=too fast"
    assert run("list", "--mms-id", "none", "--format", "csv")[1].count("\n") == 1


@pytest.mark.usefixtures("filled")
def test_json_keeps_its_keys_and_tells_times_for_people_too(run: Run) -> None:
    send = json.loads(run("list", "--limit", "1", "--format", "json")[1])[0]
    assert {"id", "intent", "state", "attempt", "owner", "claimed_at", "changed_at"} <= send.keys()
    assert send["claimed_at"] == int((NOW + HOUR) * 1_000_000)
    assert send["claimed_at_iso"] == "2026-11-30T01:53:20Z"
    assert send["intent"]["from_"] == send["intent"]["from"] == "28444"
    history = json.loads(run("show", "1", "--format", "json")[1])["history"]
    assert history[0]["at_iso"] == "2026-11-30T00:53:20Z"


def postback(code: str, tracking_id: str | None, to: str = "15550000001", **fields: str) -> dict[str, str]:
    tracked = {} if tracking_id is None else {"tracking-id": tracking_id}
    return {"code": code, **tracked, "mms-id": "100001", "to": to, **fields}


async def told(ledger: Ledger, *postbacks: dict[str, str]) -> None:
    for one in postbacks:
        await ledger.record_postback(one)


async def lost(ledger: Ledger, key: str, **changes: Any) -> None:
    await ledger.answer(await claimed(ledger, key, campaign="may", **changes), unknown())


def settled(run: Run, *arguments: str) -> tuple[list[tuple[int, str]], dict[int, str]]:
    code, out, err = run("resolve", *arguments, "--from-postbacks", "--format", "json", "--who", "ann")
    assert code == 0, err
    found = json.loads(out)
    return (
        [(send["id"], send["state"]) for send in found["settled"]],
        {one["id"]: one["why"] for one in found["left"]},
    )


def test_unknown_sends_are_settled_by_notifications_that_can_be_about_nothing_else(
    run: Run, where: str
) -> None:
    async def work(ledger: Ledger, _clock: Clock) -> None:
        for number in range(1, 5):
            await lost(ledger, f"key-{number}")
        await told(
            ledger,
            postback("N101", "A"),
            postback("N102", "A", status="Retrieved"),
            postback("N101", "B", "5550000002"),
            postback("E102", "C", "15550000003"),
        )

    fill(where, work)
    assert settled(run, "--campaign", "may") == (
        [(1, "delivered"), (3, "sent"), (5, "failed")],
        {7: "no notification names its number and message after its call"},
    )
    send = json.loads(run("show", "A", "--format", "json")[1])
    assert (send["send"]["tracking_id"], send["send"]["resolved_by"]) == ("A", "ann")
    assert "N101" in send["send"]["resolved_why"]
    assert [row["kind"] for row in send["history"]][2:] == ["send-matched", "send-delivered"]
    assert run("verify")[0] == 0
    code, out, _ = run("resolve", "--campaign", "may", "--from-postbacks", "--who", "ann")
    assert (code, out.splitlines()[-1]) == (0, "0 sends settled, 1 left")


def before(ledger: Ledger, _clock: Clock) -> Awaitable[None]:
    async def work() -> None:
        await told(ledger, postback("N101", "A"))
        _clock.now += 60
        await lost(ledger, "key-1")

    return work()


async def two_ids(ledger: Ledger, _clock: Clock) -> None:
    await lost(ledger, "key-1")
    await told(ledger, postback("N101", "A"), postback("N101", "B"))


async def no_id(ledger: Ledger, _clock: Clock) -> None:
    await lost(ledger, "key-1")
    await told(ledger, postback("N101", None))


async def contradicted(ledger: Ledger, _clock: Clock) -> None:
    await lost(ledger, "key-1")
    await told(ledger, postback("N101", "A"), postback("N102", "A", "15559999999"))


async def two_sends(ledger: Ledger, _clock: Clock) -> None:
    await lost(ledger, "key-1")
    await claimed(ledger, "key-2", to="15550000001", campaign="june", again=True)
    await told(ledger, postback("N101", "A"))


async def in_doubt_before(ledger: Ledger, _clock: Clock) -> None:
    await ledger.answer(await claimed(ledger, "key-1", campaign="june"), unknown())
    await ledger.resolve(1, as_="not-sent", reason="guessed", who="ann")
    await lost(ledger, "key-2", to="15550000001", again=True)
    await told(ledger, postback("N101", "A"))


async def other_message(ledger: Ledger, _clock: Clock) -> None:
    await lost(ledger, "key-1", mms_id="7")
    await told(ledger, postback("N101", "A"))


async def days_later(ledger: Ledger, clock: Clock) -> None:
    await lost(ledger, "key-1")
    clock.now += 5 * 24 * HOUR
    await told(ledger, postback("N101", "A"))


async def of_another_send(ledger: Ledger, _clock: Clock) -> None:
    await lost(ledger, "key-1")
    await ledger.answer(await claimed(ledger, "key-2", to="15550000001", again=True), accepted("A"))
    await told(ledger, postback("N101", "A"))


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (before, "no notification"),
        (two_ids, "2 tracking ids"),
        (no_id, "no tracking id"),
        (contradicted, "contradict"),
        (two_sends, "about send 3 as well"),
        (in_doubt_before, "about send 1 as well"),
        (other_message, "no notification"),
        (days_later, "no notification"),
        (of_another_send, "no notification"),
    ],
)
def test_what_is_not_certain_stays_unknown(
    run: Run, where: str, work: Callable[[Ledger, Clock], Awaitable[None]], why: str
) -> None:
    fill(where, work)
    found, left = settled(run, "--campaign", "may")
    assert (found, len(left)) == ([], 1)
    assert why in next(iter(left.values()))


def test_several_are_resolved_at_once_or_none(run: Run, where: str) -> None:
    async def work(ledger: Ledger, _clock: Clock) -> None:
        for number in range(1, 4):
            await lost(ledger, f"key-{number}")
        await ledger.answer(await claimed(ledger, "key-4"), accepted("T4"))

    fill(where, work)
    words = ("--as", "sent", "--reason", "seen", "--who", "ann")
    code, out, err = run("resolve", "1", "3", "7", *words)
    assert (code, out, "send 7 is accepted" in err) == (2, "", True)
    assert listed(run, "--state", "unknown") == ["key-1", "key-2", "key-3"]
    code, out, _ = run("resolve", "1", "3", "1", *words, "--format", "json")
    assert (code, [send["state"] for send in json.loads(out)]) == (0, ["resolved-sent"] * 2)
    code, out, _ = run("resolve", "5", *words, "--format", "json")
    assert (code, json.loads(out)["state"]) == (0, "resolved-sent")


def test_an_intent_of_a_living_process_is_resolved_by_force(run: Run, where: str) -> None:
    async def work(ledger: Ledger, clock: Clock) -> None:
        clock.now = 4_000_000_000.0  # after whatever clock the command has
        await claimed(ledger)

    fill(where, work)
    words = ("--as", "not-sent", "--reason", "never called", "--who", "ann")
    code, _, err = run("resolve", "1", *words)
    assert (code, "--force" in err) == (2, True)
    assert run("resolve", "1", *words, "--force")[0] == 0
