"""The one call of ``mmscheck send``: through the ledger, and reported whatever comes in between."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec

from mmscheck.cli.exits import Exit
from mmscheck.cli.output import Destination, write_reports
from mmscheck.cli.running import run
from mmscheck.cli.say import complain, say, write_stdout
from mmscheck.dispatch import send_through
from mmscheck.errors import LedgerError, PermitError, ReportError, UsageError
from mmscheck.formats import View
from mmscheck.model.send import SendResult, SendStatus
from mmscheck.orders import Order, Retries
from mmscheck.sinch import SinchClient

EXITS = {
    SendStatus.ACCEPTED: Exit.PERMITTED,
    SendStatus.REFUSED: Exit.NOT_SENT,
    SendStatus.NOT_ATTEMPTED: Exit.NOT_SENT,
    SendStatus.UNKNOWN: Exit.UNKNOWN,
}
"""How a send ended, as an exit code."""

_LONGEST_KEY = 200


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """By what a permitted send goes out: the provider's client, the ledger's address, its retries."""

    client: SinchClient
    ledger: str | None
    retries: Retries


def way(given: dict[str, Any]) -> Way:
    """Read it out of the options; raises UsageError now for what would be found out too late."""
    # SQLAlchemy is heavy, and --help needs none of it.
    from mmscheck.ledger.where import place_of  # noqa: PLC0415

    place_of(given["where"])
    key_file = given["api_key_file"]
    client = SinchClient(api_url=given["api_url"], api_key=_api_key(key_file), ca_file=given["ca_file"])
    retries = Retries(count=given["retries"], seconds=given["retry_seconds"])
    return Way(client=client, ledger=given["where"], retries=retries)


def own_key(_context: click.Context, _option: click.Parameter, key: str | None) -> str | None:
    """The idempotency key as given; one that no ledger can keep is refused before anything is fetched."""
    if key is not None and not (key.isprintable() and 0 < len(key) <= _LONGEST_KEY):
        raise UsageError(f"--idempotency-key: expected 1 to {_LONGEST_KEY} printable characters")
    return key


def send(order: Order, by: Way, wanted: tuple[Destination, ...], view: View) -> int:
    """Prove that the report can be written, make the one call, and write how it ended."""
    _prove_writable(wanted, view)
    failure = ""
    try:
        result = run(_stoppable(_call(order, by)))
        code = EXITS[result.status]
    except (asyncio.CancelledError, KeyboardInterrupt):
        detail = "Interrupted while sending: it may have been sent. The ledger tells: mmscheck ledger list"
        result, code = SendResult(status=SendStatus.UNKNOWN, detail=detail), Exit.UNKNOWN
    except (LedgerError, PermitError) as error:
        failure, code = str(error), Exit.INTERNAL
        result = SendResult(status=SendStatus.NOT_ATTEMPTED, detail=f"{failure}. Nothing was sent.")
    try:
        write_reports(wanted, ended(view, code, result))
    except ReportError as error:
        called = result.status in {SendStatus.ACCEPTED, SendStatus.UNKNOWN}
        return complain(f"{error}\n{result.detail}", Exit.UNKNOWN if called else Exit.INTERNAL)
    return complain(failure, code, hint="Nothing was sent.") if failure else int(code)


def ended(view: View, code: Exit, result: SendResult | None = None) -> View:
    """The view with how the send ended, so that every format tells the exit code of the process."""
    verdict = msgspec.structs.replace(view.verdict, exit_code=int(code))
    return msgspec.structs.replace(view, verdict=verdict, send=result or view.send)


async def _call(order: Order, by: Way) -> SendResult:
    from mmscheck.ledger import open_ledger  # noqa: PLC0415 - see `way`

    ledger = await open_ledger(by.ledger, secrets=(by.client.api_key,))
    try:
        return await send_through(ledger, by.client, order, by.retries)
    finally:
        try:
            await ledger.close()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - how the send ended must not be lost here
            say(f"mmscheck: the ledger did not close well: {str(error) or 'interrupted'}")


async def _stoppable(call: Coroutine[Any, Any, SendResult]) -> SendResult:
    """The call; a stop by the system cancels it as Ctrl-C does, so that it leaves the same trace."""
    task = asyncio.ensure_future(call)
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(stop, task.cancel)
    return await task


def _prove_writable(wanted: tuple[Destination, ...], view: View) -> None:
    """Nothing may be sent that could not be reported: write first what a crash from here on would mean."""
    files = tuple(item for item in wanted if item.file is not None)
    begun = SendResult(
        status=SendStatus.UNKNOWN,
        detail="The send was begun and its end was never written: it may have been sent. Do not repeat it.",
    )
    write_reports(files, ended(view, Exit.UNKNOWN, begun))
    if any(item.file is None for item in wanted):
        write_stdout("\n")


def _api_key(file: Path | None) -> str:
    if file is None:
        key = os.environ.get("MMSCHECK_API_KEY", "")
        place = "MMSCHECK_API_KEY"
    else:
        place = str(file)
        try:
            key = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"--api-key-file {file}: cannot be read: {getattr(error, 'strerror', error)}"
            ) from None
    if not key.strip():
        raise UsageError(f"no API key: {place} is empty; set MMSCHECK_API_KEY or give --api-key-file")
    return key.strip()
