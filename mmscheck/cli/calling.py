"""What ``send``, ``save`` and ``bind`` share: the provider's client, the ledger, and being stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from mmscheck.cli.exits import Exit
from mmscheck.cli.files import hold
from mmscheck.cli.output import Destination, write_reports
from mmscheck.cli.running import run, when_asked_to_stop
from mmscheck.cli.say import complain, internal, say, write_stdout
from mmscheck.cli.secrets import API_KEY, read_secret, secret
from mmscheck.cli.variables import by_variable
from mmscheck.errors import ReportError, UsageError
from mmscheck.media import keep_secret
from mmscheck.model.request import SendResult, SendStatus
from mmscheck.report import View
from mmscheck.send.order import Retries, provider_account
from mmscheck.sinch import DEFAULT_API_URL, SinchClient

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

T = TypeVar("T")

EXITS = {
    SendStatus.ACCEPTED: Exit.PERMITTED,
    SendStatus.REFUSED: Exit.NOT_SENT,
    SendStatus.NOT_ATTEMPTED: Exit.NOT_SENT,
    SendStatus.UNKNOWN: Exit.UNKNOWN,
}
"""How a call ended, as an exit code."""

API_URL = click.option(
    "--api-url",
    metavar="URL",
    help=f"The provider's address; default: MMSCHECK_API_URL, else {DEFAULT_API_URL}",
    **by_variable("MMSCHECK_API_URL", "the provider's address"),
)
API_KEY_FILE = click.option(
    "--api-key-file", type=click.Path(path_type=Path), help="Instead of MMSCHECK_API_KEY."
)
API_CA_FILE = click.option(
    "--api-ca-file",
    metavar="FILE",
    help="Trust these certificate authorities (PEM) as well for the provider's address; --ca-file does not.",
)


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """By what a permitted call goes out: the provider's client, the ledger's address, its retries."""

    client: SinchClient
    ledger: str | None
    retries: Retries = Retries()


def way(given: dict[str, Any]) -> Way:
    """Read it out of the options; raises UsageError now for what would be found out too late."""
    ledger_place(given)
    key_file = given["api_key_file"]
    client = SinchClient(api_url=api_url(given), api_key=_api_key(key_file), ca_file=given["api_ca_file"])
    if "retries" not in given:
        return Way(client=client, ledger=given["where"])
    retries = Retries(count=given["retries"], seconds=given["retry_seconds"])
    return Way(client=client, ledger=given["where"], retries=retries)


def account(given: Mapping[str, Any]) -> str:
    """At which account ids are used; a dry run may have no key, and then any of the provider's will do."""
    try:
        key = _api_key(given["api_key_file"])
    except UsageError:
        key = None
    return provider_account(api_url(given), key)


def api_url(given: Mapping[str, Any]) -> str:
    """The provider's address that was given, or the usual one."""
    return given["api_url"] or DEFAULT_API_URL


def ledger_place(given: dict[str, Any]) -> None:
    """Raise UsageError for a ledger's address that is none."""
    # SQLAlchemy is heavy, and --help needs none of it.
    from mmscheck.ledger.where import place_of  # noqa: PLC0415

    place_of(given["where"])


def with_calls(where: str | None, secrets: tuple[str, ...], work: Callable[[Ledger], Awaitable[T]]) -> T:
    """What the work returns with the ledger open; being stopped cancels it, and it leaves a trace.

    Raises LedgerError, and CancelledError or KeyboardInterrupt when it was stopped.
    """
    return run(_stoppable(_opened(where, secrets, work)))


async def _opened(where: str | None, secrets: tuple[str, ...], work: Callable[[Ledger], Awaitable[T]]) -> T:
    from mmscheck.ledger import open_ledger  # noqa: PLC0415 - see `ledger_place`

    ledger = await open_ledger(where, secrets=secrets)
    try:
        return await work(ledger)
    finally:
        try:
            await ledger.close()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - how the call ended must not be lost here
            say(f"mmscheck: the ledger did not close well: {str(error) or 'interrupted'}")


async def _stoppable(call: Coroutine[Any, Any, T]) -> T:
    """The call; a stop by the system cancels it as Ctrl-C does, so that it leaves the same trace."""
    task = asyncio.ensure_future(call)
    when_asked_to_stop(task.cancel)
    return await task


def ended(view: View, code: int, result: SendResult | None = None) -> View:
    """The view with how the call ended, so that every format tells the exit code of the process."""
    verdict = msgspec.structs.replace(view.verdict, exit_code=int(code))
    return msgspec.structs.replace(view, verdict=verdict, send=result or view.send)


def prove_writable(wanted: tuple[Destination, ...], view: View, begun: str) -> None:
    """Nothing may be done that could not be reported: write first what a crash from here on would mean.

    Of a pipe it is proven that somebody reads it; it gets the one report at the end.
    """
    files = tuple(item for item in wanted if item.file is not None and not hold(item.file))
    result = SendResult(status=SendStatus.UNKNOWN, detail=begun, may_repeat=view.report.profile == "save")
    write_reports(files, ended(view, Exit.UNKNOWN, result))
    if any(item.file is None for item in wanted):
        write_stdout("\n")


def write_ending(wanted: tuple[Destination, ...], view: View, unwritten: Exit, told: str) -> int | None:
    """Write how a call ended; None when that is done, else the code ``unwritten``.

    Whatever comes in between, Ctrl-C too, ``told`` is said: from here on nobody else knows what was done.
    """
    try:
        write_reports(wanted, view)
    except ReportError as error:
        failure = str(error)
    except KeyboardInterrupt:
        failure = "interrupted before the report was written"
    except Exception as error:  # noqa: BLE001 - it must not be taken for one that came before the call
        failure = internal(error)
    else:
        return None
    return complain(f"{failure}\n{told}", unwritten)


def show_document(wanted: tuple[Destination, ...], xml: str) -> None:
    """What would be posted: on standard output, unless another program is reading a report there.

    What a terminal would obey is written as XML writes characters by number, which means the same.
    """
    xml = "".join(char if char.isprintable() or char in "\n\t" else f"&#{ord(char)};" for char in xml)
    if any(item.file is None and item.format != "text" for item in wanted):
        say(xml)
    else:
        write_stdout(xml + "\n")


def _api_key(file: Path | None) -> str:
    keep_secret()
    if file is None:
        key, place = secret(API_KEY) or "", API_KEY
    else:
        key, place = read_secret("--api-key-file", file), str(file)
    if not key.strip():
        raise UsageError(f"no API key: {place} is empty; set MMSCHECK_API_KEY or give --api-key-file")
    return key.strip()
