"""``mmscheck postbacks``: take the provider's notifications and keep them before answering."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from mmscheck import ledger as ledgers
from mmscheck.cli.environment import POSTBACK_SECRET, read_secret, secret
from mmscheck.cli.ledger_open import LEDGER
from mmscheck.cli.ledger_text import moment, postback_line
from mmscheck.cli.provider import API_URL
from mmscheck.cli.running import run, when_asked_to_stop
from mmscheck.cli.say import complain, say
from mmscheck.cli.spared import spare
from mmscheck.errors import LedgerError, UsageError
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import PostbackMeaning
from mmscheck.report.escape import visible
from mmscheck.send.order import provider_account
from mmscheck.sinch import DEFAULT_API_URL
from mmscheck.sinch.transport import provider_url

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger
    from mmscheck.model.ledger import Postback
    from mmscheck.postbacks import Secret

_LARGEST_PORT = 65535
_ENCODING = frozenset({PostbackMeaning.READY, PostbackMeaning.CORRUPT})


@click.command(name="postbacks")
@click.option(
    "--listen", required=True, metavar="HOST:PORT", help="Where to listen; port 0 takes any free one."
)
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path),
    help=(
        "Holds the secret in which the address must end, one line of at least 16 letters, digits or - . _ ~; "
        "default: MMSCHECK_POSTBACK_SECRET."
    ),
)
@click.option(
    "--no-secret",
    is_flag=True,
    help="Take them without a secret, for trying things out: only on 127.0.0.1, ::1 or localhost.",
)
@API_URL
@LEDGER
@click.option(
    "--stop-scope",
    type=click.Choice(["everything", "account", "sender"]),
    default="everything",
    show_default=True,
    help="What a reply STOP is about: all that this ledger sends, this provider's, or the number it went to.",
)
@click.option("--quiet", is_flag=True, help="No line for each postback, only what goes wrong.")
def command(
    listen: str,
    *,
    secret_file: Path | None,
    no_secret: bool,
    api_url: str | None,
    where: str | None,
    stop_scope: str,
    quiet: bool,
) -> int:
    """Take the provider's postbacks until SIGTERM or Ctrl-C, each answered 200 once the ledger has it.

    What the ledger cannot keep is answered 503, so that the provider comes again (5 minutes later, at most 5
    times). What is no postback is kept as it came and answered 400. The address given to the provider is
    http(s)://.../SECRET, and every other path is answered 404: a notification opens and closes the gate, so
    it must be the provider's. HTTPS is for a server in front.
    GET /healthz is answered 200 while the ledger can be read, else 503.
    A number that replies STOP (N401 and N211 with an opt-out word), that unsubscribed (N302) or is
    blacklisted (E114) is on the suppression list before its notification is answered; START takes it off.
    What is told of an mms-id counts for the provider of --api-url: give the one that saves and sends use.

    Exit codes: 0 stopped, 2 usage or nobody can listen there, 4 the ledger cannot be opened.
    """
    host, port = _place(listen)
    spare({"where": where, "secret_file": secret_file})
    guard = _secret(secret_file)
    _demand_secret(guard, host, no_secret=no_secret)
    api_url = api_url or DEFAULT_API_URL
    provider_url(api_url)
    try:
        run(_listen(host, port, guard, _Settings(where, provider_account(api_url), stop_scope, quiet)))
    except LedgerError as error:
        return complain(str(error), Exit.INTERNAL, hint="No postback was taken.")
    return int(Exit.PERMITTED)


def _place(text: str) -> tuple[str, int]:
    host, mark, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (mark and host and port.isascii() and port.isdigit() and int(port) <= _LARGEST_PORT):
        raise UsageError(f"--listen {text!a}: must be HOST:PORT, such as 127.0.0.1:8803 or [::1]:8803")
    return host, int(port)


def _secret(file: Path | None) -> str | None:
    if file is None:
        text = secret(POSTBACK_SECRET)
        return None if text is None else text.strip()
    return read_secret("--secret-file", file)


def _demand_secret(secret_text: str | None, host: str, *, no_secret: bool) -> None:
    """Raise UsageError unless there is a secret, or nobody but this machine can come without one."""
    from mmscheck.postbacks import is_loopback  # noqa: PLC0415 - heavy, and --help needs none of it

    if secret_text is None and not no_secret:
        raise UsageError(
            "a secret is needed, or whoever reaches the listener can say that a message is ready or was "
            "delivered: openssl rand -hex 16 > FILE and --secret-file FILE, or MMSCHECK_POSTBACK_SECRET. "
            "For trying things out on this machine: --no-secret"
        )
    if secret_text is not None and no_secret:
        raise UsageError(
            "--no-secret, and a secret is given by --secret-file or MMSCHECK_POSTBACK_SECRET: take one away"
        )
    if no_secret and not is_loopback(host):
        raise UsageError(
            f"--no-secret works on 127.0.0.1, ::1 and localhost only; on {host!a} anybody could come. "
            "Give a secret: --secret-file FILE"
        )


class _Settings(NamedTuple):
    """Where it is kept, of which provider it counts, what STOP is about, and whether nobody reads along."""

    where: str | None
    account: str
    stop_scope: str
    quiet: bool


async def _listen(host: str, port: int, secret_text: str | None, settings: _Settings) -> None:
    # aiohttp is heavy, and --help needs none of it.
    from mmscheck.postbacks import Secret  # noqa: PLC0415
    from mmscheck.sinch import POSTBACK_MEANINGS  # noqa: PLC0415

    guard = None if secret_text is None else Secret(secret_text)
    stop = asyncio.Event()
    when_asked_to_stop(stop.set)
    kept = () if secret_text is None else (secret_text,)
    async with await ledgers.open_ledger(settings.where, meanings=POSTBACK_MEANINGS, secrets=kept) as ledger:
        say(f"postbacks of {visible(settings.account)} are kept in {visible(ledger.shown)}")
        lines, keeper = _Lines(ledger), _Keeper(ledger, settings.account, settings.stop_scope)
        tell = lines.silent if settings.quiet else lines.tell
        async with _server(keeper, host, port, guard, tell) as addresses:
            for name, number in addresses:
                address = f"[{name}]:{number}" if ":" in name else f"{name}:{number}"
                say(f"listening on http://{address}/{'' if guard is None else ' followed by the secret'}")
            await stop.wait()
        await lines.end()
    say("postbacks stopped")


class _Keeper:
    """The ledger, told of which provider its notifications are."""

    def __init__(self, ledger: Ledger, account: str, stop_scope: str) -> None:
        self._ledger = ledger
        self._account = account
        self._stop_scope = stop_scope

    async def record_postback(self, fields: Mapping[str, str]) -> Postback:
        return await self._ledger.record_postback(fields, self._account, stop_scope=self._stop_scope)

    async def look(self) -> None:
        """Read the ledger; raises LedgerError where it cannot be read."""
        await self._ledger.held()

    async def record_unreadable(self, body: bytes, why: str) -> Postback:
        return await self._ledger.record_unreadable(body, why)


def _complain(text: str) -> None:
    """What went wrong, on a line with the time, as those of the postbacks have it."""
    say(f"{moment(int(time.time() * 1_000_000))}  mmscheck: {visible(text)}")


def _server(
    keeper: _Keeper, host: str, port: int, secret: Secret | None, tell: Callable[[Postback], None]
) -> AbstractAsyncContextManager[tuple[tuple[str, int], ...]]:
    from mmscheck.postbacks import Listener, ListenerLimits, listening  # noqa: PLC0415 - see above

    limits = ListenerLimits().fitting()
    listener = Listener(
        keeper, secret=secret, limits=limits, kept=tell, failed=_complain, healthy=keeper.look
    )
    return listening(listener, host, port, limits)


class _Lines:
    """Says what came, beside the answers: to look up what it is about must not delay one."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._under_way: set[asyncio.Task[None]] = set()

    def silent(self, postback: Postback) -> None:
        """Say nothing."""

    def tell(self, postback: Postback) -> None:
        """One line, soon."""
        task = asyncio.create_task(self._tell(postback))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def end(self) -> None:
        """Say what has still to be said."""
        await asyncio.gather(*self._under_way)

    async def _tell(self, postback: Postback) -> None:
        try:
            about = await self._ledger.concerned(postback)
            other = await self._elsewhere(postback)
        except LedgerError:
            about, other = None, None
        say(postback_line(postback, about))
        if other:
            _complain(other)

    async def _elsewhere(self, postback: Postback) -> str | None:
        """That a notification of an encoding found its id at another provider only."""
        if postback.mms_id is None or postback.meaning not in _ENCODING:
            return None
        known = await self._ledger.binding(postback.mms_id, postback.account)
        if known.content is not None or not known.elsewhere:
            return None
        places = ", ".join("nobody noted where" if one is None else one for one in known.elsewhere)
        return (
            f"mms-id {postback.mms_id} is bound elsewhere ({places}), and not at {postback.account}, whose "
            "notifications these are: is --api-url the address that it was saved at?"
        )
