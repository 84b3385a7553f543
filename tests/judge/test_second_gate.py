"""The second gate: what is sent is what was saved, from the installed command over real sockets."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from mmscheck import (
    ConnectTo,
    DeniedError,
    FetchPolicy,
    Gate,
    MmsState,
    PermitError,
    SendRequest,
    SendStatus,
    SinchClient,
    UsageError,
    open_ledger,
)
from mmscheck.judge import gate as deciding
from mmscheck.judge.pipeline import load_rules
from mmscheck.ledger import Ledger
from mmscheck.model.ledger import HistoryEntry
from mmscheck.sandbox import Sandbox
from mmscheck.send.order import provider_account
from mmscheck.sinch import POSTBACK_MEANINGS
from tests.support.bound import MEDIA
from tests.support.command import fields, image, message, mmscheck

PICTURE = "photo-small.jpg"
DOCUMENT = message(image(PICTURE), "<message-text>See you</message-text>")


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A media host's folder that a test may change."""
    folder = tmp_path / "media"
    folder.mkdir()
    for name in (PICTURE, "clip-small.mp4"):
        shutil.copy(MEDIA / name, folder / name)
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    return folder


@pytest.fixture
async def box(media: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(media_dir=media, connect_to=(("media.example.com", 80, "127.0.0.1", 0),)) as sandbox:
        yield sandbox


def around(box: Sandbox) -> list[str]:
    way = f"media.example.com:80:127.0.0.1:{box.media_port}"
    return ["--api-url", box.provider_url, "--connect-to", way, "--allow-net", "127.0.0.1/32"]


async def save(box: Sandbox, folder: Path, name: str = "sale.xml") -> str:
    ran = await mmscheck("save", name, "--format", "json", *around(box), cwd=folder)
    told = json.loads(ran.out)
    assert (ran.code, told["send"]["status"]) == (0, "accepted"), ran.out + ran.err
    return str(told["send"]["mms_id"])


def digest(file: Path) -> str:
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()


async def test_one_byte_of_one_picture_changed_since_the_save_denies_and_changed_back_permits(
    box: Sandbox, media: Path, tmp_path: Path
) -> None:
    mms_id = await save(box, tmp_path)
    sending = ("send", "sale.xml", *fields(mms_id=mms_id), *around(box))
    picture = media / PICTURE
    good, saved = picture.read_bytes(), digest(picture)
    picture.write_bytes(good[:-40] + bytes([good[-40] ^ 1]) + good[-39:])
    denied = await mmscheck(*sending, cwd=tmp_path)
    words = " ".join(denied.out.split())
    assert (denied.code, box.sent) == (1, [])
    assert "The content changed since it was saved: http://media.example.com/photo-small.jpg had" in words
    assert saved in words
    assert digest(picture) in words
    picture.write_bytes(good)
    assert (await mmscheck(*sending, cwd=tmp_path)).code == 0
    assert [one.mms_id for one in box.sent] == [mms_id]
    async with await open_ledger(create=False) as ledger:
        assert (await ledger.verify()).found == ()


async def test_an_id_the_ledger_does_not_know_denies_and_names_the_commands(
    box: Sandbox, tmp_path: Path
) -> None:
    ran = await mmscheck("send", "sale.xml", *fields(mms_id="77"), *around(box), cwd=tmp_path)
    words = " ".join(ran.out.split())
    assert (ran.code, box.provider_connections) == (1, 0)
    assert 'The mms-id "77" is not in the ledger' in words
    assert "`mmscheck save sale.xml`" in words
    assert "`mmscheck bind 77 sale.xml`" in words


async def test_other_content_under_the_id_denies(box: Sandbox, tmp_path: Path) -> None:
    mms_id = await save(box, tmp_path)
    (tmp_path / "sale.xml").write_text(DOCUMENT.replace("See you", "See us"))
    ran = await mmscheck("send", "sale.xml", *fields(mms_id=mms_id), *around(box), cwd=tmp_path)
    assert (ran.code, box.sent) == (1, [])
    assert "was saved with other content than the file that was checked" in " ".join(ran.out.split())


SOFTENED = '[rules.{}]\nseverity = "warning"\n'
WAIVED = '[[waivers]]\nrule = "{}"\nreason = "in a hurry"\nwho = "ann"\nexpires = 2099-01-01\n'


@pytest.mark.parametrize("rule", ["mms-id-bound", "media-as-saved"])
@pytest.mark.parametrize("text", [SOFTENED, WAIVED])
async def test_no_configuration_weakens_the_second_gate(
    box: Sandbox, tmp_path: Path, text: str, rule: str
) -> None:
    mms_id = await save(box, tmp_path)
    (tmp_path / "sale.xml").write_text(DOCUMENT.replace("See you", "See us"))
    (tmp_path / "mmscheck.toml").write_text(text.format(rule))
    ran = await mmscheck("send", "sale.xml", *fields(mms_id=mms_id), *around(box), cwd=tmp_path)
    assert (ran.code, box.sent) == (2, [])
    assert f"{rule} holds what is sent to what was saved and cannot be" in ran.out + ran.err


async def test_a_gate_with_a_ledger_takes_no_rules_that_leave_the_second_gate_out(
    box: Sandbox, ledger: Ledger
) -> None:
    rules = load_rules()
    fewer = msgspec.structs.replace(rules, rules=tuple(r for r in rules.rules if r.id != "mms-id-bound"))
    client = SinchClient(api_key="sandbox-key", api_url=box.provider_url)
    with pytest.raises(UsageError, match="lacks mms-id-bound"):
        Gate(client=client, ledger=ledger, ruleset=fewer)


async def test_a_profile_that_does_not_judge_sends_sends_nothing(box: Sandbox, tmp_path: Path) -> None:
    given = ("--profile", "save", *around(box))
    ran = await mmscheck("send", "sale.xml", *fields(mms_id="77"), *given, cwd=tmp_path)
    assert (ran.code, box.provider_connections) == (2, 0)
    assert "does not judge sends" in ran.err


# The library


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with await open_ledger(str(tmp_path / "ledger"), meanings=POSTBACK_MEANINGS) as opened:
        yield opened


def policy(box: Sandbox) -> FetchPolicy:
    way = ConnectTo("media.example.com", 80, "127.0.0.1", box.media_port)
    return FetchPolicy(allow_net=("127.0.0.1/32",), connect_to=(way,))


def opened(box: Sandbox, ledger: Ledger | None) -> Gate:
    client = SinchClient(api_key="sandbox-key", api_url=box.provider_url)
    return Gate(client=client, policy=policy(box), ledger=ledger)


def request(mms_id: str | None) -> SendRequest:
    return SendRequest(
        mms_id=mms_id, to="15551230001", from_="28444", service_id="s", fallback_sms_text="Sale today"
    )


async def test_a_film_may_be_sent_after_n003_and_never_after_e003(box: Sandbox, ledger: Ledger) -> None:
    film = message("<video><url>http://media.example.com/clip-small.mp4</url></video>").encode()
    async with opened(box, ledger) as one:
        saved = await one.save(film)
        assert saved.bound is MmsState.ENCODING
        mms_id = saved.result.mms_id or ""
        with pytest.raises(DeniedError, match="mms-id-bound") as denied:
            await one.check(film, request(mms_id))
        assert f"(the ledger {ledger.shown} was asked)" in str(denied.value)
        await ledger.record_postback({"code": "N003", "mms-id": mms_id}, provider_account(box.provider_url))
        permit = await one.check(film, request(mms_id))
        assert (await one.send(permit)).status is SendStatus.ACCEPTED
        other = (await one.save(film)).result.mms_id or ""
        await ledger.record_postback({"CODE": "E003", "MMSID": other}, provider_account(box.provider_url))
        with pytest.raises(DeniedError, match="mms-id-bound"):
            await one.check(film, request(other))


async def test_a_permit_that_outlived_itself_means_a_fresh_check(
    box: Sandbox, ledger: Ledger, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(box, ledger) as one:
        saved = await one.save(DOCUMENT.encode())
        asked = request(saved.result.mms_id)
        old, older = await one.check(DOCUMENT.encode(), asked), await one.check(DOCUMENT.encode(), asked)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 700)
        with (media / PICTURE).open("ab") as picture:
            picture.write(b"x")
        with pytest.raises(DeniedError, match="media-as-saved"):
            await one.send(old)
        assert box.sent == []
        shutil.copy(MEDIA / PICTURE, media / PICTURE)
        assert (await one.send(older)).status is SendStatus.ACCEPTED
        with pytest.raises(PermitError):
            await one.send(older)
    assert len(box.sent) == 1


async def test_a_permit_for_a_save_is_none_for_a_send_and_the_other_way_round(
    box: Sandbox, ledger: Ledger
) -> None:
    from mmscheck.judge.pipeline import check  # noqa: PLC0415
    from mmscheck.model.request import SaveRequest  # noqa: PLC0415 - beside its only use
    from mmscheck.slidexml import parse  # noqa: PLC0415

    client = SinchClient(api_key="sandbox-key", api_url=box.provider_url)
    save = SaveRequest(document=DOCUMENT.encode())
    parsed = parse(save.document, "a.xml")
    report = await check([parsed], load_rules("save"), policy(box))
    permit = deciding.permit(report, save, time.time())
    before = box.provider_connections
    with pytest.raises(PermitError, match="another request"):
        await client.send_saved_mms(permit, request("1"))
    with pytest.raises(PermitError, match="another request"):
        await client.save_mms(permit, SaveRequest(document=b"<request/>"))
    with pytest.raises(PermitError, match="another document"):
        deciding.permit(report, SaveRequest(document=b"<request/>"), time.time())
    with pytest.raises(PermitError):
        deciding.permit(report, request("1"), time.time())
    sends = await check([parsed], load_rules("save"), policy(box), request=request("1"))
    with pytest.raises(PermitError, match="judges no send"):
        deciding.permit(sends, request("1"), time.time())
    assert box.provider_connections == before
    assert (await client.save_mms(permit, save)).mms_id
    with pytest.raises(PermitError, match="has been used"):
        await client.save_mms(permit, save)
    assert box.provider_connections == before + 1


async def test_a_gate_saves_only_with_a_ledger_and_only_what_it_permits(box: Sandbox, ledger: Ledger) -> None:
    async with opened(box, None) as bare:
        with pytest.raises(UsageError, match="ledger"):
            await bare.save(DOCUMENT.encode())
    async with opened(box, ledger) as one:
        with pytest.raises(DeniedError, match="subject-ascii"):
            await one.save(DOCUMENT.replace("Summer", "S\u00fcmmer").encode())
    assert box.provider_connections == 0
    kinds = [row.kind for row in await notes(ledger)]
    assert kinds == ["deny"]


async def notes(ledger: Ledger) -> list[HistoryEntry]:
    """Rows of the history that set nothing."""
    from mmscheck.ledger import reading  # noqa: PLC0415 - beside its only use

    return list(await ledger._database.read(lambda connection: reading.history(connection, "", "")))


async def test_a_ledger_may_be_closed_twice(tmp_path: Path) -> None:
    ledger = await open_ledger(str(tmp_path / "other"))
    await ledger.close()
    await ledger.close()
