"""A campaign for tests: a sandbox's stored message, bound in the ledger, and a file of recipients."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.campaign import CampaignLimits, CampaignOutcome, CampaignPlan, CampaignRun, Recipients
from mmscheck.fetch import FetchPolicy, parse_connect_to
from mmscheck.judge.pipeline import load_rules
from mmscheck.ledger import open_ledger
from mmscheck.ledger.saves import Save
from mmscheck.model.ledger import MmsState
from mmscheck.model.request import SendRequest
from mmscheck.sandbox import Sandbox, Ways
from mmscheck.send.order import provider_account
from mmscheck.sinch import SinchClient
from mmscheck.slidexml import parse
from tests.sandbox.raw_http import call, save_xml, slide, text
from tests.support.command import message

SUBJECT = "Sale for {$name|you}"
TEXT = "Hello {$name|you}"
DOCUMENT = message(f"<message-text>{TEXT}</message-text>", subject=SUBJECT)


def numbers(count: int) -> list[str]:
    """So many numbers of phones."""
    return [f"1555{at:07}" for at in range(1_000_000, 1_000_000 + count)]


def write_recipients(file: Path, rows: Iterable[Iterable[str]], header: str = "to,name") -> Path:
    """A CSV file with this header and these rows."""
    with file.open("w", encoding="utf-8") as out:
        out.write(header + "\n")
        out.writelines(",".join(row) + "\n" for row in rows)
    return file


def named(count: int) -> list[tuple[str, str]]:
    """So many recipients."""
    return [(number, f"Ana {at}") for at, number in enumerate(numbers(count))]


async def stored(box: Sandbox, where: str | None = None, document: str = DOCUMENT) -> str:
    """Store the message in the sandbox and bind its id in the ledger; returns the id."""
    box.plan(None)  # so that the save gets through
    answer = await call(box, save_xml(slide(text(TEXT)), subject=SUBJECT))
    await bind(answer["mms-id"], where, document, at=box.provider_url)
    return answer["mms-id"]


async def bind(
    mms_id: str,
    where: str | None = None,
    document: str = DOCUMENT,
    media: Iterable[tuple[str, str]] = (),
    *,
    at: str,
) -> None:
    """Tell the ledger what the id stands for at the provider with this address."""
    digest = f"sha256:{hashlib.sha256(document.encode()).hexdigest()}"
    async with await open_ledger(where) as ledger:
        await ledger.record_save(
            Save(
                mms_id=mms_id,
                digest=digest,
                media=media,
                state=MmsState.READY,
                account=provider_account(at),
                replace=True,
            )
        )


def plan(mms_id: str, *, document: str = DOCUMENT, allow: bool = True, **changes: Any) -> CampaignPlan:
    """What is sent to everybody; ``limits`` and the other fields of a plan can be given."""
    given: dict[str, Any] = {
        "name": mms_id,
        "message": parse(document.encode(), "sale.xml"),
        "ruleset": load_rules(),
        "policy": FetchPolicy(allow_net=("127.0.0.1/32",) if allow else ()),
        "common": SendRequest(
            mms_id=mms_id, from_="28444", service_id="demo", fallback_sms_text="Sale today"
        ),
        "limits": CampaignLimits(in_flight=8),
    }
    return CampaignPlan(**(given | changes))


def reaching(box: Sandbox) -> FetchPolicy:
    """Media at media.example.com come from the sandbox."""
    return FetchPolicy(
        allow_net=("127.0.0.1/32",),
        connect_to=(parse_connect_to(f"media.example.com:80:127.0.0.1:{box.media_port}"),),
    )


async def run(
    box: Sandbox, plan: CampaignPlan, file: Path, *, where: str | None = None, dry: bool = False, **more: Any
) -> CampaignOutcome:
    """One run of the campaign to its end."""
    async with running(box, plan, file, where=where, dry=dry, **more) as campaign:
        return await campaign.run()


@asynccontextmanager
async def running(
    box: Sandbox, plan: CampaignPlan, file: Path, *, where: str | None = None, dry: bool = False, **more: Any
) -> AsyncIterator[CampaignRun]:
    """A campaign that can be run, and stopped."""
    client = None if dry else SinchClient(api_key="sandbox-key", api_url=box.provider_url)
    if dry and plan.api_url is None:
        plan = msgspec.structs.replace(plan, api_url=box.provider_url)
    async with await open_ledger(where) as ledger:
        yield CampaignRun(
            plan, Recipients(str(file), plan.common.changes), client=client, ledger=ledger, **more
        )


async def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for what another process brings about."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - nobody here can set an event for it
            await asyncio.sleep(0.02)


QUICK = Ways(answer_seconds=0.01)
