"""``mmscheck sandbox``: a provider and a media host on this machine, for people without an account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import click
import msgspec

from mmscheck.cli.commands import with_options
from mmscheck.cli.environment import read_secret
from mmscheck.cli.say import say, tell
from mmscheck.errors import SandboxError, UsageError
from mmscheck.fetch import parse_connect_to
from mmscheck.sandbox import (
    FAULTS,
    MISHAPS,
    TAGS,
    Carrier,
    Encoding,
    Mishaps,
    Postbacks,
    Sandbox,
    Throttle,
    Ways,
)


def _page(rows: Mapping[str, str], prefix: str = "") -> str:
    width = max(map(len, rows))
    return "\b\n" + "\n".join(f"  {prefix}{name.ljust(width)}  {text}" for name, text in rows.items())


SAMPLE_HOST = "media.example.com"
DEFAULT_KEY = "sandbox-key"

_PORT = click.IntRange(0, 65535)
_SECONDS = click.FloatRange(min=0)
_CHANCE = click.FloatRange(min=0, max=1)

HELP = f"""Run a local provider and media host until Ctrl-C.

The provider answers saveMMS, sendSavedMMS, sendMMS, getMMSTemplates and deleteMMSID as documented, and
fetches media itself. The media host serves FILE at /FILE, and with a fault at /FAULT/FILE:

{_page(FAULTS, "/")}

Unless asked otherwise the provider answers at once, sends no notifications and never fails. With --mishap a
call goes wrong in one of these ways; "Acted" means that the phone has the message:

{_page(MISHAPS)}
"""


def _seconds(name: str, text: str, default: float | None = None) -> Callable[[Any], Any]:
    return click.option(
        name, type=_SECONDS, default=default, show_default=default is not None, metavar="SECONDS", help=text
    )


def _chance(name: str, text: str) -> Callable[[Any], Any]:
    return click.option(name, type=_CHANCE, default=0.0, metavar="PROBABILITY", help=text)


class WaysOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What makes the provider slow, strict, unreliable or talkative; times in seconds, chances 0 to 1."""

    answer_seconds: Annotated[
        float, _seconds("--answer-seconds", "Wait so long before acting on each call.", 0.0)
    ]
    encode_seconds: Annotated[
        float | None,
        _seconds(
            "--encode-seconds",
            "Encode audio and video for so long after saveMMS: E626 until N003; E002 or E003 where a file "
            "cannot be decoded. Without it every message is ready at once and nothing is decoded.",
        ),
    ]
    encode_images: Annotated[
        bool,
        click.option(
            "--encode-images", is_flag=True, help="Encode images as well: E004 where one cannot be decoded."
        ),
    ]
    carrier_seconds: Annotated[
        float, _seconds("--carrier-seconds", "Wait so long before N101, and again before N102 or E102.", 0.0)
    ]
    carrier_bytes: Annotated[
        int | None,
        click.option(
            "--carrier-bytes",
            type=click.IntRange(min=1),
            metavar="BYTES",
            help="Larger messages, as estimated on the way to a phone, are accepted and end in E102.",
        ),
    ]
    unreachable: Annotated[
        tuple[str, ...],
        click.option(
            "--unreachable",
            multiple=True,
            metavar="NUMBER",
            help="Sends to this number end in E102. Repeatable.",
        ),
    ]
    failures: Annotated[float, _chance("--failures", "Sends that end in E102, at random.")]
    call_gap: Annotated[
        float, _seconds("--call-gap", "Refuse with E106 a call sooner than this after the one before.", 0.0)
    ]
    max_rate: Annotated[
        float | None,
        click.option(
            "--max-rate",
            type=click.FloatRange(min=0, min_open=True),
            metavar="CALLS",
            help="Refuse with E113 more calls of one action in a second.",
        ),
    ]
    mishap: Annotated[
        tuple[str, ...],
        click.option(
            "--mishap",
            multiple=True,
            metavar="NAME=PROBABILITY",
            help="How often a call goes wrong in one of the ways listed above. Repeatable.",
        ),
    ]
    mishap_action: Annotated[
        tuple[str, ...],
        click.option(
            "--mishap-action",
            multiple=True,
            default=("sendSavedMMS", "sendMMS"),
            show_default=True,
            metavar="ACTION",
            help="The calls that go wrong. Repeatable.",
        ),
    ]
    late_seconds: Annotated[
        float, _seconds("--late-seconds", "How long late-before and late-answer wait.", 60.0)
    ]
    seed: Annotated[
        int,
        click.option(
            "--seed",
            type=int,
            default=0,
            show_default=True,
            help="Begin every drawing of chances from here.",
        ),
    ]
    postback_url: Annotated[
        str | None,
        click.option(
            "--postback-url", metavar="URL", help="POST notifications to this http address on this machine."
        ),
    ]
    postback_tags: Annotated[
        str,
        click.option(
            "--postback-tags",
            type=click.Choice(TAGS),
            default="documented",
            show_default=True,
            help="Case of the tags; documented: upper about saved messages, lower about sends.",
        ),
    ]
    postback_timeout: Annotated[
        float, _seconds("--postback-timeout", "Longest wait for status 200 to a notification.", 10.0)
    ]
    postback_retry: Annotated[
        float,
        _seconds("--postback-retry", "Time until a notification without status 200 is tried again.", 300.0),
    ]
    postback_retries: Annotated[
        int,
        click.option(
            "--postback-retries",
            type=click.IntRange(min=0),
            default=5,
            show_default=True,
            help="How often a notification is tried again.",
        ),
    ]
    postback_duplicates: Annotated[float, _chance("--postback-duplicates", "Notifications that come twice.")]
    postback_disorder: Annotated[
        float, _chance("--postback-disorder", "Notifications that the next one overtakes.")
    ]
    postback_loss: Annotated[float, _chance("--postback-loss", "Notifications that never come.")]


class SandboxArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck sandbox``."""

    provider_port: Annotated[
        int,
        click.option("--provider-port", type=_PORT, default=8801, show_default=True, help="0: any free."),
    ]
    media_port: Annotated[
        int,
        click.option("--media-port", type=_PORT, default=8802, show_default=True, help="0: any free."),
    ]
    media_dir: Annotated[
        Path | None,
        click.option(
            "--media-dir", type=click.Path(path_type=Path), help="Serve this folder instead of the samples."
        ),
    ]
    api_key: Annotated[
        str | None,
        click.option("--api-key", help=f"The key the provider accepts.  [default: {DEFAULT_KEY}]"),
    ]
    api_key_file: Annotated[
        Path | None,
        click.option(
            "--api-key-file",
            type=click.Path(path_type=Path),
            help="Instead of --api-key: arguments can be read by every process of this machine.",
        ),
    ]
    connect_to: Annotated[
        tuple[str, ...],
        click.option(
            "--connect-to",
            multiple=True,
            metavar="HOST:PORT:ADDRESS:PORT",
            help="Where the provider finds a media host.",
        ),
    ]
    control_port: Annotated[
        int | None,
        click.option(
            "--control-port",
            type=_PORT,
            help="Tell here over HTTP what each phone received, and take plans of mishaps. 0: any free.",
        ),
    ]
    ways: WaysOptions


@click.command(name="sandbox", help=HELP)
@with_options(SandboxArguments)
def command(*, options: SandboxArguments) -> int:
    """Run the servers until they are interrupted."""
    key = _key(options.api_key, options.api_key_file)
    mapped = tuple(
        (item.host, item.port, item.to_host, item.to_port)
        for item in map(parse_connect_to, options.connect_to)
    )
    # The host of the samples leads to the sandbox's own media host unless it is mapped elsewhere.
    own = (SAMPLE_HOST, 80, "127.0.0.1", 0)
    box = Sandbox(
        provider_port=options.provider_port,
        media_port=options.media_port,
        media_dir=options.media_dir,
        api_key=key,
        connect_to=(*mapped, own),
        on_event=say,
        ways=read_ways(options.ways),
        control_port=options.control_port,
    )
    try:
        asyncio.run(_serve(box, key))
    except KeyboardInterrupt:
        say("sandbox stopped")
    except SandboxError as error:
        if "cannot listen" not in str(error):
            raise
        raise SandboxError(
            f"{error}. Is another sandbox running? Commands would talk to that one. Other ports: "
            "--provider-port, --media-port, --control-port (0: any free one)"
        ) from None
    return 0


def _key(text: str | None, file: Path | None) -> str:
    if file is None:
        return DEFAULT_KEY if text is None else text
    if text is not None:
        raise UsageError("--api-key and --api-key-file: give one of them")
    return read_secret("--api-key-file", file)


async def _serve(box: Sandbox, key: str) -> None:
    # A key of the user's own is not for the screen.
    shown = key if key == DEFAULT_KEY else "the one given"
    async with box:
        tell(
            f"provider  {box.provider_url}  (API key: {shown})\n"
            f"media     {box.media_url}\n"
            f"{_control(box)}"
            "Try, in another terminal:\n"
            f"  mmscheck check MESSAGE.xml --allow-net 127.0.0.1/32"
            f" --connect-to {SAMPLE_HOST}:80:127.0.0.1:{box.media_port}\n"
            "Ctrl-C stops everything.\n"
        )
        await asyncio.Event().wait()


def _control(box: Sandbox) -> str:
    return f"control   {box.control_url}\n" if box.control_url else ""


def read_ways(options: WaysOptions) -> Ways:
    """The ways asked for; raises UsageError for options that make no sense alone, SandboxError for values."""
    if options.encode_images and options.encode_seconds is None:
        raise UsageError("--encode-images needs --encode-seconds")
    encode, seed = options.encode_seconds, options.seed
    return Ways(
        answer_seconds=options.answer_seconds,
        encoding=None if encode is None else Encoding(seconds=encode, images=options.encode_images),
        carrier=Carrier(
            seconds=options.carrier_seconds,
            max_bytes=options.carrier_bytes,
            unreachable=frozenset(options.unreachable),
            failures=options.failures,
            seed=seed,
        ),
        throttle=Throttle(gap=options.call_gap, rate=options.max_rate),
        mishaps=Mishaps(
            chances=dict(map(_mishap, options.mishap)),
            actions=options.mishap_action,
            seed=seed,
            late_seconds=options.late_seconds,
        ),
        postbacks=_postbacks(options),
    )


def _postbacks(options: WaysOptions) -> Postbacks | None:
    if options.postback_url is None:
        return None
    return Postbacks(
        url=options.postback_url,
        tags=options.postback_tags,
        answer_seconds=options.postback_timeout,
        retry_seconds=options.postback_retry,
        retries=options.postback_retries,
        duplicates=options.postback_duplicates,
        disorder=options.postback_disorder,
        loss=options.postback_loss,
        seed=options.seed,
    )


def _mishap(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError:
        raise UsageError(f"--mishap {text!a}: must be NAME=PROBABILITY, such as close-after=0.1") from None
