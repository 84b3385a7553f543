"""``mmscheck serve``: the gate behind HTTP, and its page, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mmscheck.cli import calling
from mmscheck.cli import options as opts
from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import LEDGER
from mmscheck.cli.running import run, when_asked_to_stop
from mmscheck.cli.say import complain, say
from mmscheck.cli.secrets import API_KEY, secret
from mmscheck.cli.spared import spare
from mmscheck.cli.variables import filled
from mmscheck.errors import LedgerError, UsageError
from mmscheck.media import demand_confinement
from mmscheck.report.escape import visible
from mmscheck.ruleset import Config, find_config, load_config

if TYPE_CHECKING:
    from mmscheck.serve import Setup
    from mmscheck.sinch import SinchClient

_LARGEST_PORT = 65535

_AS_CONFIGURED = opts.NetworkOptions(
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


@click.command(name="serve")
@click.option(
    "--listen",
    default="127.0.0.1:8910",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to listen; port 0 takes any free one.",
)
@click.option(
    "--tokens",
    "tokens_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Who may do what, as TOML. Without it only this machine may come, and nobody can send.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name that the service is called by, beside localhost and its addresses; repeatable.",
)
@click.option(
    "--cors",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="An origin, as https://tools.example.com, whose pages may call the service; repeatable.",
)
@click.option("--slots", type=click.IntRange(1, 64), default=2, show_default=True, help="Jobs at a time.")
@click.option(
    "--queue", type=click.IntRange(1, 10_000), default=64, show_default=True, help="Jobs that may wait."
)
@click.option(
    "--require-approval",
    is_flag=True,
    help="Send only content that somebody has approved by POST /v1/approvals or on the page.",
)
@click.option(
    "--reuse-port",
    is_flag=True,
    help="Share the port with other processes of the same command: one per core.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="Default: mmscheck.toml, upward from here.",
)
@calling.API_URL
@calling.API_KEY_FILE
@calling.API_CA_FILE
@LEDGER
@click.option("--quiet", is_flag=True, help="No line for each request and job.")
def command(**given: Any) -> int:
    """Serve the gate over HTTP, and its page, until SIGTERM or Ctrl-C.

    Jobs and reports are kept beside the ledger and survive a restart. Sends need an API key, and a token with
    the right send. The log goes to standard error, one JSON object a line. HTTPS is for a server in front;
    GET /openapi.json tells the rest.

    Exit codes: 0 stopped, 2 usage or nobody can listen there, 4 the ledger cannot be opened.
    """
    calling.ledger_place(given)
    config = _config(given["config_file"])
    spare(given, config=config)
    setup = _setup(filled(given, config), config)
    try:
        run(_serve(setup, quiet=given["quiet"]))
    except LedgerError as error:
        return complain(str(error), Exit.INTERNAL, hint="Nothing was served.")
    return int(Exit.PERMITTED)


def _config(named: Path | None) -> Config:
    found = named or find_config(Path())
    config = load_config(found) if found else Config()
    if config.require_confinement:
        demand_confinement("require-confinement")
    return config


def _setup(given: Mapping[str, Any], config: Config) -> Setup:
    # aiohttp and SQLAlchemy are heavy, and --help needs neither.
    from mmscheck.serve import Caps, Setup, read_tokens  # noqa: PLC0415

    host, port = _place(given["listen"])
    return Setup(
        host=host,
        port=port,
        where=given["where"],
        config=config,
        policy=opts.policy(_AS_CONFIGURED, config, given["config_file"]),
        tokens=None if given["tokens_file"] is None else read_tokens(given["tokens_file"]),
        hosts=given["hosts"],
        origins=tuple(map(_origin, given["origins"])),
        client=_client(given),
        require_approval=given["require_approval"],
        reuse_port=given["reuse_port"],
        caps=Caps(slots=given["slots"], queue=given["queue"]),
    )


def _client(given: Mapping[str, Any]) -> SinchClient | None:
    """The provider's client; None without a key: then nothing is ever sent."""
    if given["api_key_file"] is None and not secret(API_KEY):
        return None
    return calling.way(dict(given)).client


def _origin(text: str) -> str:
    scheme, mark, rest = text.partition("://")
    if not mark or scheme not in {"http", "https"} or not rest or "/" in rest.rstrip("/") or "*" in text:
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
