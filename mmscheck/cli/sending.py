"""The one call of ``mmscheck send``: through the ledger, and reported whatever comes in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from mmscheck.base.names import LONGEST_KEY, usable_name
from mmscheck.cli.calling import EXITS, Way, ended, prove_writable, with_calls, write_ending
from mmscheck.cli.exits import Exit
from mmscheck.cli.output import Destination
from mmscheck.cli.say import complain, internal
from mmscheck.errors import MmscheckError
from mmscheck.model.request import SendRequest
from mmscheck.model.send import SendResult, SendStatus
from mmscheck.model.verdict import Permit
from mmscheck.report import View
from mmscheck.report.escape import visible
from mmscheck.send.dispatch import send_through
from mmscheck.send.order import Order
from mmscheck.sinch import SinchClient

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_BEGUN = "The send was begun and its end was never written: it may have been sent. Do not repeat it."
_DURING = "Interrupted while sending: it may have been sent. The ledger tells: mmscheck ledger list"
_BEFORE = "Interrupted before the call: nothing was sent."
_MAYBE = "It may have been sent. The ledger tells: mmscheck ledger list"
_NOTHING = "Nothing was sent."


def own_key(_context: click.Context, _option: click.Parameter, key: str | None) -> str | None:
    """The idempotency key as given; one that no ledger can keep is refused before anything is fetched."""
    return None if key is None else usable_name("--idempotency-key", key, LONGEST_KEY)


class _Watched:
    """The client, and whether a call of it may have sent something."""

    def __init__(self, client: SinchClient) -> None:
        self._client = client
        self.api_url, self.api_key = client.api_url, client.api_key
        self.may_have_sent = False

    async def send_saved_mms(self, permit: Permit, request: SendRequest) -> SendResult:
        before, self.may_have_sent = self.may_have_sent, True
        result = await self._client.send_saved_mms(permit, request)
        if result.status in {SendStatus.REFUSED, SendStatus.NOT_ATTEMPTED}:
            self.may_have_sent = before
        return result


def send(order: Order, by: Way, wanted: tuple[Destination, ...], view: View) -> int:
    """Prove that the report can be written, make the one call, and write how it ended."""
    prove_writable(wanted, view, _BEGUN)
    failure = ""
    client = _Watched(by.client)

    async def call(ledger: Ledger) -> SendResult:
        return await send_through(ledger, client, order, by.retries)

    try:
        result = with_calls(by.ledger, (by.client.api_key,), call)
        code = EXITS[result.status]
    except (asyncio.CancelledError, KeyboardInterrupt):
        result = _cut_off(client, _DURING, _BEFORE)
        code = EXITS[result.status]
    except Exception as error:  # noqa: BLE001 - the next one up would say that nothing was sent
        failure = str(error) if isinstance(error, MmscheckError) else internal(error)
        result = _cut_off(client, f"{failure}. {_MAYBE}", f"{failure}. {_NOTHING}")
        code = Exit.UNKNOWN if client.may_have_sent else Exit.INTERNAL
    called = result.status in {SendStatus.ACCEPTED, SendStatus.UNKNOWN}
    unwritten = Exit.UNKNOWN if called else Exit.INTERNAL
    lost = write_ending(wanted, ended(view, code, result), unwritten, result.detail)
    if lost is not None:
        return lost
    if failure:
        return complain(failure, code, hint=_MAYBE if client.may_have_sent else _NOTHING)
    return _told(result, code, wanted)


def _cut_off(client: _Watched, during: str, before: str) -> SendResult:
    """How a call ended that gave no result, in one of two sentences."""
    if client.may_have_sent:
        return SendResult(status=SendStatus.UNKNOWN, detail=during)
    return SendResult(status=SendStatus.NOT_ATTEMPTED, detail=before)


def _told(result: SendResult, code: Exit, wanted: tuple[Destination, ...]) -> int:
    """The exit code; where every report is a file, a send that was not accepted is said on standard error."""
    if result.status is SendStatus.ACCEPTED or any(one.file is None for one in wanted):
        return int(code)
    return complain(visible(result.detail), code)
