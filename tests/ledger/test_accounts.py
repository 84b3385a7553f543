"""A binding belongs to an account: what one provider has under an id says nothing of another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.ledger import Ledger, Save, open_ledger
from mmscheck.ledger.database import Database
from mmscheck.ledger.schema import migrate, steps
from mmscheck.ledger.where import place_of
from mmscheck.model.check import Binding
from mmscheck.model.ledger import Claim, ClaimRefused, Expected, MmsState, Recorded, RefusalReason
from mmscheck.model.request import SendRequest
from mmscheck.model.words import Outcome
from mmscheck.send.order import provider_account, stored_at
from mmscheck.sinch import SinchClient
from tests.support.ledgers import MEANINGS, accepted, claimed, intent, raw
from tests.support.message_targets import DIGEST, on_request

OLD = Path(__file__).parents[2] / "fixtures" / "ledger" / "of-schema-3.json"
HERE, THERE = "provider.example", "other.example"
REQUEST = SendRequest(mms_id="9", to="14045550123", from_="28444")


def judged(binding: Binding) -> tuple[Outcome, str, str]:
    result = on_request("mms-id-bound", REQUEST, binding)
    return result.outcome, str(result.wording.get("what", "")), result.fix


def save(account: str | None, **changes: Any) -> Save:
    return msgspec.structs.replace(
        Save(mms_id="9", digest=DIGEST, state=MmsState.READY, account=account), **changes
    )


async def test_an_id_of_another_provider_is_not_bound_here(ledger: Ledger) -> None:
    await ledger.record_save(save(THERE))
    outcome, what, fix = judged(await ledger.binding("9", HERE))
    assert outcome is Outcome.FAILED
    assert f'was saved at another provider/account ("{THERE}", and not at "{HERE}")' in what
    assert "mmscheck bind 9" in fix
    assert judged(await ledger.binding("9", THERE))[0] is Outcome.PASSED
    await ledger.record_save(save(HERE, digest="sha256:other"))
    assert (await ledger.binding("9", HERE)).content == "sha256:other"
    assert (await ledger.binding("9", THERE)).content == DIGEST
    assert (await ledger.verify()).found == ()


async def test_an_id_of_another_account_of_the_provider_is_not_bound_here(ledger: Ledger) -> None:
    mine, yours = (provider_account(f"https://{HERE}/v1/", key) for key in ("my-key", "your-key"))
    await ledger.record_save(save(yours))
    outcome, what, fix = judged(await ledger.binding("9", mine))
    assert outcome is Outcome.FAILED
    assert "was saved with another API key" in what
    assert "mmscheck bind 9" in fix
    # Who has no key, a dry run or a listener, means whatever account of the provider there is.
    assert judged(await ledger.binding("9", HERE))[0] is Outcome.PASSED
    # After a change of the key the same content is bound anew without more ado, and other content is not.
    assert (await ledger.record_save(save(mine))).account == mine
    assert judged(await ledger.binding("9", mine))[0] is Outcome.PASSED
    assert judged(await ledger.binding("9", yours))[0] is Outcome.FAILED
    assert not [one for one in (mine, yours) if "my-key" in one or "your-key" in one]


@pytest.mark.parametrize(
    "url",
    [
        *("https://Provider.Example/ep/v1/", "https://provider.example:443/", "https://provider.example./x"),
        "HTTPS://PROVIDER.EXAMPLE",
    ],
)
def test_every_spelling_of_an_address_is_one_account(url: str) -> None:
    assert provider_account(url, "k") == provider_account("https://provider.example/", "k")
    assert stored_at(SinchClient(api_key="k", api_url=url)) == provider_account(url, "k")


@pytest.mark.parametrize("url", ["https://provider.example:8443/", "https://eu.provider.example/"])
def test_another_host_or_port_is_another_account(url: str) -> None:
    assert provider_account(url, "k") != provider_account("https://provider.example/", "k")


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(("code", "wanted"), [("N003", "ready"), ("E002", "corrupt")])
async def test_a_notification_counts_at_its_provider_only(
    ledger: Ledger, code: str, wanted: str, *, early: bool
) -> None:
    waiting = {"state": MmsState.ENCODING}
    if early:
        await ledger.record_postback({"code": code, "mms-id": "9"}, THERE)
    for account in (HERE, THERE):
        await ledger.record_save(save(account, **waiting))
    if not early:
        await ledger.record_postback({"code": code, "mms-id": "9"}, THERE)
    assert (await ledger.binding("9", HERE)).state == "encoding"
    assert (await ledger.binding("9", THERE)).state == wanted
    # The same words of the other provider are no repetition.
    await ledger.record_postback({"code": code, "mms-id": "9"}, HERE)
    await ledger.record_postback({"code": code, "mms-id": "9"}, HERE)
    assert (await ledger.binding("9", HERE)).state == wanted
    assert len([one async for one in ledger.arrivals()]) == 2
    assert [one async for one in ledger.arrivals(unmatched=True)] == []


async def test_who_has_a_message_is_found_by_an_old_sqlite_and_in_the_queue_too(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both load a table at a time: where SQLite is old, and where PostgreSQL's quick tries came too late."""
    monkeypatch.setattr("mmscheck.ledger.sqlite_transaction.JSON_SINCE", (99, 0, 0))
    monkeypatch.setattr("mmscheck.ledger.postgresql._TRIES", 0)
    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        first = await ledger.claim(intent("key-1", to="15550000001", account=HERE, campaign="summer-1"))
        assert isinstance(first, Claim)
        await ledger.answer(first, accepted())
        again = await ledger.claim(intent("key-2", to="15550000001", account=HERE, campaign="summer-2"))
        assert isinstance(again, ClaimRefused)
        assert again.reason is RefusalReason.HAS_IT
        other = await ledger.claim(intent("key-3", to="15550000002", account=HERE, campaign="summer-2"))
        assert isinstance(other, Claim)


async def test_a_ledger_of_before_there_were_accounts_goes_on_and_denies(where: str) -> None:
    head = await _of_schema_3(where)
    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        assert (await ledger.verify(head)).found == ()
        for mms_id, state in (("100001", "ready"), ("100002", "ready"), ("100003", "corrupt")):
            record = await ledger.mms(mms_id)
            assert record is not None
            assert (record.mms_id, record.state, record.account) == (mms_id, state, None)
            outcome, what, fix = judged(
                msgspec.structs.replace(await ledger.binding(mms_id, HERE), mms_id="9")
            )
            assert outcome is Outcome.FAILED
            assert "was saved before the ledger kept at which provider/account" in what
            assert "mmscheck bind 9" in fix
        known = {"account": "provider.example/demo", "campaign": "summer-1"}
        assert isinstance(await ledger.claim(intent("key-1", **known)), Recorded)
        refusal = await ledger.claim(
            intent("key-3", **{**known, "to": "15550000001", "campaign": "summer-2"})
        )
        assert isinstance(refusal, ClaimRefused)
        assert refusal.reason is RefusalReason.HAS_IT
        # Bound anew it may be sent; what was told of corruption, by nobody knows whom, still counts.
        for mms_id in ("100001", "100003"):
            await ledger.record_save(save(HERE, mms_id=mms_id))
        assert (await ledger.binding("100001", HERE)).state == "ready"
        assert (await ledger.binding("100003", HERE)).state == "corrupt"
        bound, _ = await ledger.saves()
        assert [(one.mms_id, one.account) for one in bound if one.mms_id != "100002"] == [
            ("100001", HERE),
            ("100003", HERE),
        ]
        expects = Expected(account=HERE)
        ready = intent("key-4", message_digest=DIGEST, expects=expects)
        assert isinstance(await ledger.claim(ready), Claim)
        assert (await ledger.verify(head)).found == ()


async def _of_schema_3(where: str) -> str:
    """Lay out what mmscheck wrote before; returns the head that its verification told."""
    place = place_of(where)
    if place.file is not None:
        place.file.parent.mkdir(parents=True)
        place.file.touch(0o600)
    database = Database(place)
    await database.write(lambda found: migrate(found, steps("sqlite" if place.file else "postgresql")[:3]))
    await database.close()
    tables = json.loads(OLD.read_text())
    head = tables.pop("head")[0]
    assert tables.pop("ledger_schema") == [{"version": 3}]
    lines = [f"UPDATE head SET seq = {head['seq']}, hash = '{head['hash']}'"]
    lines += [
        f"INSERT INTO {name} ({', '.join(row)}) VALUES ({', '.join(map(_literal, row.values()))})"
        for name, rows in tables.items()
        for row in rows
    ]
    await raw(where, *lines)
    return f"{head['seq']}:{head['hash']}"


def _literal(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


async def test_a_send_without_a_word_of_where_stays_possible_for_a_ledger_of_ones_own(ledger: Ledger) -> None:
    await ledger.record_save(save(None))
    assert (await ledger.binding("9")).content == DIGEST
    await claimed(ledger, mms_id="9")
