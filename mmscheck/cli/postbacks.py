"""``mmscheck postbacks``: take the provider's notifications and keep them before answering."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import LEDGER
from mmscheck.cli.postbacks_shown import postback_line
from mmscheck.cli.running import run, when_asked_to_stop
from mmscheck.cli.say import complain, say
from mmscheck.errors import LedgerError, UsageError
from mmscheck.formats.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger
    from mmscheck.model.ledger import Postback
    from mmscheck.postbacks import Secret

_LARGEST_PORT = 65535
_VARIABLE = "MMSCHECK_POSTBACK_SECRET"


@click.command(name="postbacks")
@click.option(
    "--listen", required=True, metavar="HOST:PORT", help="Where to listen; port 0 takes any free one."
)
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path),
    help=(
        "Holds the secret in which the address must end, one line of at least 16 letters, digits or - . _ ~; "
        "default: MMSCHECK_POSTBACK_SECRET, else none."
    ),
)
@LEDGER
@click.option("--quiet", is_flag=True, help="No line for each postback, only what goes wrong.")
def command(listen: str, *, secret_file: Path | None, where: str | None, quiet: bool) -> int:
    """Take the provider's postbacks until SIGTERM or Ctrl-C, each answered 200 once the ledger has it.

    What the ledger cannot keep is answered 503, so that the provider comes again (5 minutes later, at most 5
    times). What is no postback is kept as it came and answered 400. With a secret, the address given to the
    provider is http(s)://.../SECRET, and every other path is answered 404. HTTPS is for a server in front.

    Exit codes: 0 stopped, 2 usage or nobody can listen there, 4 the ledger cannot be opened.
    """
    host, port = _place(listen)
    secret = _secret(secret_file)
    try:
        run(_listen(host, port, secret, where, quiet=quiet))
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
        given = os.environ.get(_VARIABLE)
        return None if given is None else given.strip()
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"--secret-file {file}: cannot be read: {reason}") from None


async def _listen(host: str, port: int, secret: str | None, where: str | None, *, quiet: bool) -> None:
    # SQLAlchemy and aiohttp are heavy, and --help needs neither.
    from mmscheck.ledger import open_ledger  # noqa: PLC0415
    from mmscheck.postbacks import Secret  # noqa: PLC0415
    from mmscheck.sinch import POSTBACK_MEANINGS  # noqa: PLC0415

    guard = None if secret is None else Secret(secret)
    stop = asyncio.Event()
    when_asked_to_stop(stop.set)
    kept = () if secret is None else (secret,)
    async with await open_ledger(where, meanings=POSTBACK_MEANINGS, secrets=kept) as ledger:
        say(f"postbacks are kept in {visible(ledger.shown)}")
        lines = _Lines(ledger)
        async with _server(ledger, host, port, guard, lines.silent if quiet else lines.tell) as addresses:
            for name, number in addresses:
                shown = f"[{name}]:{number}" if ":" in name else f"{name}:{number}"
                say(f"listening on http://{shown}/{'' if guard is None else ' followed by the secret'}")
            await stop.wait()
        await lines.end()
    say("postbacks stopped")


def _server(
    ledger: Ledger, host: str, port: int, secret: Secret | None, tell: Callable[[Postback], None]
) -> AbstractAsyncContextManager[tuple[tuple[str, int], ...]]:
    from mmscheck.postbacks import Limits, Listener, listening  # noqa: PLC0415 - see above

    limits = Limits().fitting()
    listener = Listener(
        ledger, secret=secret, limits=limits, kept=tell, failed=lambda text: say(f"mmscheck: {visible(text)}")
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
        except LedgerError:
            about = None
        say(postback_line(postback, about))
