"""``mmscheck serve``: the gate behind HTTP, and its page, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import msgspec

from mmscheck.cli.commands import with_options
from mmscheck.cli.environment import API_KEY, secret
from mmscheck.cli.ledger_open import Where, demand_place
from mmscheck.cli.options import ConfigOptions, NetworkOptions, configuration, policy
from mmscheck.cli.provider import ProviderOptions
from mmscheck.cli.running import run, when_asked_to_stop
from mmscheck.cli.say import complain, say
from mmscheck.cli.spared import spare
from mmscheck.errors import LedgerError, UsageError
from mmscheck.model.exits import Exit
from mmscheck.report.escape import visible
from mmscheck.ruleset import Config

if TYPE_CHECKING:
    from mmscheck.serve import Setup

_LARGEST_PORT = 65535

_AS_CONFIGURED = NetworkOptions(
    allow_net=(),
    connect_to=(),
    ca_file=None,
    timeout=None,
    deadline=None,
    max_concurrency=None,
    per_host=None,
    rate=None,
    proxy=None,
    user_agent=None,
    no_cache_bust=False,
)
"""A service has one network for all who ask it, so only its configuration says which."""


class ServeArguments(msgspec.Struct, frozen=True, kw_only=True):
    """What ``mmscheck serve`` is told."""

    listen: Annotated[
        str,
        click.option(
            "--listen",
            default="127.0.0.1:8910",
            show_default=True,
            metavar="HOST:PORT",
            help="Where to listen; port 0 takes any free one.",
        ),
    ]
    tokens_file: Annotated[
        Path | None,
        click.option(
            "--tokens",
            "tokens_file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Who may do what, as TOML. Without it only this machine may come, and nobody can send.",
        ),
    ]
    hosts: Annotated[
        tuple[str, ...],
        click.option(
            "--host",
            "hosts",
            multiple=True,
            metavar="NAME",
            help="A name that the service is called by, beside localhost and its addresses; repeatable.",
        ),
    ]
    origins: Annotated[
        tuple[str, ...],
        click.option(
            "--cors",
            "origins",
            multiple=True,
            metavar="ORIGIN",
            help="An origin, as https://tools.example.com, whose pages may call the service; repeatable.",
        ),
    ]
    slots: Annotated[
        int,
        click.option(
            "--slots", type=click.IntRange(1, 64), default=2, show_default=True, help="Jobs at a time."
        ),
    ]
    queue: Annotated[
        int,
        click.option(
            "--queue",
            type=click.IntRange(1, 10_000),
            default=64,
            show_default=True,
            help="Jobs that may wait.",
        ),
    ]
    require_approval: Annotated[
        bool,
        click.option(
            "--require-approval",
            is_flag=True,
            help="Send only content that somebody has approved by POST /v1/approvals or on the page.",
        ),
    ]
    reuse_port: Annotated[
        bool,
        click.option(
            "--reuse-port",
            is_flag=True,
            help="Share the port with other processes of the same command: one per core.",
        ),
    ]
    config: ConfigOptions
    provider: ProviderOptions
    where: Where
    quiet: Annotated[bool, click.option("--quiet", is_flag=True, help="No line for each request and job.")]


@click.command(name="serve")
@with_options(ServeArguments)
def command(*, options: ServeArguments) -> int:
    """Serve the gate over HTTP, and its page, until SIGTERM or Ctrl-C.

    Jobs and reports are kept beside the ledger and survive a restart. Sends need an API key, and a token with
    the right send. The log goes to standard error, one JSON object a line. HTTPS is for a server in front;
    GET /openapi.json tells the rest.

    Exit codes: 0 stopped, 2 usage or nobody can listen there, 4 the ledger cannot be opened.
    """
    demand_place(options.where)
    config = configuration(options.config, ("-",))
    spare(options, config=config)
    setup = _setup(options, config)
    try:
        run(_serve(setup, quiet=options.quiet))
    except LedgerError as error:
        return complain(str(error), Exit.INTERNAL, hint="Nothing was served.")
    return int(Exit.PERMITTED)


def _setup(options: ServeArguments, config: Config) -> Setup:
    # aiohttp and SQLAlchemy are heavy, and --help needs neither.
    from mmscheck.serve import Caps, Setup, read_tokens, targets_of  # noqa: PLC0415

    host, port = _place(options.listen)
    named = options.config.config_file
    provider = options.provider.filled(config, named)
    return Setup(
        host=host,
        port=port,
        where=options.where,
        config=config,
        policy=policy(_AS_CONFIGURED, config, named=named),
        tokens=None if options.tokens_file is None else read_tokens(options.tokens_file),
        hosts=tuple(map(_host, options.hosts)),
        origins=tuple(map(_origin, options.origins)),
        # Without a key nothing is ever sent, and a service of checks alone needs none.
        clients=provider.clients() if options.provider.api_key_file or secret(API_KEY) else {},
        require_approval=options.require_approval,
        reuse_port=options.reuse_port,
        notify=targets_of(config),
        caps=Caps(slots=options.slots, queue=options.queue),
    )


def _host(text: str) -> str:
    # A name that no browser sends would never match, and the fault would be looked for elsewhere.
    if not re.fullmatch(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", text):
        raise UsageError(f"--host {text!a}: expected the name of a host, such as mms.example.com")
    return text


def _origin(text: str) -> str:
    scheme, mark, rest = text.partition("://")
    if (
        not mark
        or scheme not in {"http", "https"}
        or not rest
        or "/" in rest.rstrip("/")
        or not text.isascii()
        or not text.isprintable()
        or "*" in text
    ):
        raise UsageError(f"--cors {text!a}: expected an origin, such as https://tools.example.com")
    return text


def _place(text: str) -> tuple[str, int]:
    host, mark, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (mark and host and port.isascii() and port.isdigit() and int(port) <= _LARGEST_PORT):
        raise UsageError(f"--listen {text!a}: must be HOST:PORT, such as 127.0.0.1:8910 or [::1]:8910")
    return host, int(port)


async def _serve(setup: Setup, *, quiet: bool) -> None:
    from mmscheck.serve import running  # noqa: PLC0415 - see above

    stop = asyncio.Event()
    when_asked_to_stop(stop.set)
    async with running(setup, _silent if quiet else _log) as service:
        for name, number in service.addresses:
            say(f"serving on http://{f'[{name}]' if ':' in name else name}:{number}/")
        sends = "it can send" if service.sends else "it makes no calls to the provider"
        say(f"jobs are kept beside the ledger {visible(service.shown)}; {sends}")
        await stop.wait()
        say("ending: what runs has its time")
    say("served")


def _log(line: Mapping[str, object]) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    say(json.dumps({"time": moment, **line}, ensure_ascii=True))


def _silent(_line: Mapping[str, object]) -> None:
    """Say nothing."""
