"""``mmscheck send``: check one message, and only with the gate's permit make the one sendSavedMMS call."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec

from mmscheck import gate
from mmscheck.cli import options as opts
from mmscheck.cli.check import read_messages
from mmscheck.cli.exits import Exit
from mmscheck.cli.output import Destination, destinations, spare, write_reports
from mmscheck.cli.plan import sending
from mmscheck.cli.progress import progress
from mmscheck.cli.running import run
from mmscheck.cli.say import complain, say, write_stdout
from mmscheck.errors import ReportError, UsageError
from mmscheck.formats import View
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.model.send import SendResult, SendStatus
from mmscheck.model.words import SenderType
from mmscheck.pipeline import check
from mmscheck.sinch import DEFAULT_API_URL, SinchClient, redacted_xml

EXITS = {
    SendStatus.ACCEPTED: Exit.PERMITTED,
    SendStatus.REFUSED: Exit.NOT_SENT,
    SendStatus.NOT_ATTEMPTED: Exit.NOT_SENT,
    SendStatus.UNKNOWN: Exit.UNKNOWN,
}
"""How a send ended, as an exit code."""

_LONGEST_SHORT_CODE = 6
_TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")


@click.command(name="send")
@click.argument("path", metavar="PATH")
@click.option("--mms-id", metavar="ID", help="The id that saveMMS gave this message.")
@click.option("--to", metavar="NUMBER", help="Country code and number, digits only.")
@click.option("--from", "from_", metavar="NUMBER", help="One of the account's numbers, digits only.")
@click.option("--service-id", metavar="ID", help="The campaign or service id.")
@click.option("--fallback-sms-text", metavar="TEXT", help="Sent as SMS where MMS cannot be delivered.")
@click.option("--operator-id", metavar="ID", help="The recipient's carrier, when known.")
@click.option("--ddm-force", metavar="VALUE", help="Device discovery message: send it always.")
@click.option("--ddm-message-text", metavar="TEXT", help="Device discovery message: its text.")
@click.option("--ddm-message-subject", metavar="TEXT", help="Device discovery message: its subject.")
@click.option("--ddm-message-timeout", metavar="MINUTES", help="Device discovery message: how long to wait.")
@click.option(
    "--dry-run", is_flag=True, help="Check, print the exact request with the key redacted, send nothing."
)
@click.option(
    "--api-url", default=DEFAULT_API_URL, show_default=True, metavar="URL", help="The provider's address."
)
@click.option("--api-key-file", type=click.Path(path_type=Path), help="Instead of MMSCHECK_API_KEY.")
@opts.common_options
def command(path: str, **given: Any) -> int:
    """Check one message and its send fields; only if the gate permits, make one sendSavedMMS call.

    The API key comes from MMSCHECK_API_KEY or --api-key-file. Exit codes: 0 the provider accepted, 1 and 3
    denied, 2 nothing was checked, 4 internal error or unwritable report, 5 permitted but not sent,
    6 sent with an unknown outcome: do not repeat it.
    """
    wanted = destinations(given["formats"])
    spare(wanted, (path, given["api_key_file"], given["config_file"], given["ca_file"]))
    request = _request(given)
    shown_request = redacted_xml(request).decode("utf-8")
    client = None if given["dry_run"] else _client(given)
    messages, unread = read_messages((path,))
    if len(messages) != 1 or unread:
        raise UsageError(f"{path}: send takes exactly one message, and found {len(messages)} in {path}")
    config = opts.configuration(given, (path,))
    ruleset = opts.ruleset(given, config, sender_hint=sender_type(request.from_))
    policy = opts.policy(given, config)
    strict = given["strict"] or config.strict
    tell = progress(len({ref.url for ref in messages[0].media}), wanted=not given["no_progress"])
    report = run(
        check(
            messages,
            ruleset,
            policy,
            request=request,
            strict=strict,
            on_done=tell,
            sending=sending(given["send_at"], given["send_within"]),
            cache_bust=not given["no_cache_bust"],
        )
    )
    verdict = gate.verdict(report)
    view = View(
        report=report, verdict=verdict, quiet=given["quiet"], send=_not_attempted(given, verdict.permitted)
    )
    if not verdict.permitted:
        write_reports(wanted, view)
        return verdict.exit_code
    if client is None:
        write_reports(wanted, _ended(view, Exit.NOT_SENT))
        _show_request(wanted, shown_request)
        return int(Exit.NOT_SENT)
    return _send(report, request, client, wanted, view)


def _send(
    report: Report, request: SendRequest, client: SinchClient, wanted: tuple[Destination, ...], view: View
) -> int:
    """Prove that the report can be written, make the one call, and write how it ended."""
    _prove_writable(wanted, view)
    permit = gate.permit(report, request, time.time())
    try:
        result = asyncio.run(_stoppable(gate.guarded_send(permit, request, client.send_saved_mms)))
    except (asyncio.CancelledError, KeyboardInterrupt):
        result = SendResult(
            status=SendStatus.UNKNOWN,
            detail="Interrupted while sending: it may have been sent. Do not repeat it.",
        )
    code = EXITS[result.status]
    try:
        write_reports(wanted, _ended(view, code, result))
    except ReportError as error:
        called = result.status in {SendStatus.ACCEPTED, SendStatus.UNKNOWN}
        return complain(f"{error}\n{result.detail}", Exit.UNKNOWN if called else Exit.INTERNAL)
    return int(code)


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
    write_reports(files, _ended(view, Exit.UNKNOWN, begun))
    if any(item.file is None for item in wanted):
        write_stdout("\n")


def _ended(view: View, code: Exit, result: SendResult | None = None) -> View:
    """The view with how the send ended, so that every format tells the exit code of the process."""
    verdict = msgspec.structs.replace(view.verdict, exit_code=int(code))
    return msgspec.structs.replace(view, verdict=verdict, send=result or view.send)


def _show_request(wanted: tuple[Destination, ...], xml: str) -> None:
    """On standard output, unless another program is reading a report there."""
    if any(item.file is None and item.format != "text" for item in wanted):
        say(xml)
    else:
        write_stdout(xml + "\n")


def _not_attempted(given: dict[str, Any], permitted: bool) -> SendResult:  # noqa: FBT001 - one private caller
    if not permitted:
        detail = "The gate denied, so the provider was not called."
    elif given["dry_run"]:
        detail = "Dry run: the provider was not called."
    else:
        detail = "The provider has not been called yet."
    return SendResult(status=SendStatus.NOT_ATTEMPTED, detail=detail)


def _request(given: dict[str, Any]) -> SendRequest:
    names = (
        *("mms_id", "to", "from_", "service_id", "fallback_sms_text", "operator_id"),
        *("ddm_force", "ddm_message_text", "ddm_message_subject", "ddm_message_timeout"),
    )
    return SendRequest(changes=opts.changes(given), **{name: given[name] for name in names})


def _client(given: dict[str, Any]) -> SinchClient:
    return SinchClient(
        api_url=given["api_url"], api_key=_api_key(given["api_key_file"]), ca_file=given["ca_file"]
    )


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


def sender_type(number: str | None) -> SenderType | None:
    """The kind of a North American sender by its form, or None when the form does not tell.

    Short codes have 5 or 6 digits; toll-free numbers are 1 and an 8xx service code (NANP).
    """
    if not number or not (number.isascii() and number.isdigit()):
        return None
    if len(number) <= _LONGEST_SHORT_CODE:
        return SenderType.SHORT_CODE
    if number.startswith("1") and number[1:].startswith(_TOLL_FREE):
        return SenderType.TOLL_FREE
    return SenderType.LONG_CODE
