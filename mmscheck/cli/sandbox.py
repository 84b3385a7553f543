"""``mmscheck sandbox``: a provider and a media host on this machine, for people without an account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mmscheck.cli.sandbox_ways import read_ways, with_ways
from mmscheck.cli.say import say, tell
from mmscheck.cli.secrets import read_secret
from mmscheck.errors import SandboxError, UsageError
from mmscheck.fetch import parse_connect_to
from mmscheck.sandbox import FAULTS, MISHAPS, Sandbox


def _page(rows: Mapping[str, str], prefix: str = "") -> str:
    width = max(map(len, rows))
    return "\b\n" + "\n".join(f"  {prefix}{name.ljust(width)}  {text}" for name, text in rows.items())


SAMPLE_HOST = "media.example.com"
DEFAULT_KEY = "sandbox-key"

HELP = f"""Run a local provider and media host until Ctrl-C.

The provider answers saveMMS, sendSavedMMS, getMMSTemplates and deleteMMSID as documented, and fetches media
itself. The media host serves FILE at /FILE, and with a fault at /FAULT/FILE:

{_page(FAULTS, "/")}

Unless asked otherwise the provider answers at once, sends no notifications and never fails. With --mishap a
call goes wrong in one of these ways; "Acted" means that the phone has the message:

{_page(MISHAPS)}
"""


@click.command(name="sandbox", help=HELP)
@click.option(
    "--provider-port", type=click.IntRange(0, 65535), default=8801, show_default=True, help="0: any free."
)
@click.option(
    "--media-port", type=click.IntRange(0, 65535), default=8802, show_default=True, help="0: any free."
)
@click.option(
    "--media-dir", type=click.Path(path_type=Path), help="Serve this folder instead of the samples."
)
@click.option("--api-key", help=f"The key the provider accepts.  [default: {DEFAULT_KEY}]")
@click.option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    help="Instead of --api-key: arguments can be read by every process of this machine.",
)
@click.option(
    "--connect-to",
    multiple=True,
    metavar="HOST:PORT:ADDRESS:PORT",
    help="Where the provider finds a media host.",
)
@click.option(
    "--control-port",
    type=click.IntRange(0, 65535),
    help="Tell here over HTTP what each phone received, and take plans of mishaps. 0: any free.",
)
@with_ways
def command(
    *,
    provider_port: int,
    media_port: int,
    media_dir: Path | None,
    api_key: str | None,
    api_key_file: Path | None,
    connect_to: tuple[str, ...],
    control_port: int | None,
    **ways: Any,
) -> int:
    """Run the servers until they are interrupted."""
    key = _key(api_key, api_key_file)
    mapped = tuple(
        (item.host, item.port, item.to_host, item.to_port) for item in map(parse_connect_to, connect_to)
    )
    # The host of the samples leads to the sandbox's own media host unless it is mapped elsewhere.
    own = (SAMPLE_HOST, 80, "127.0.0.1", 0)
    box = Sandbox(
        provider_port=provider_port,
        media_port=media_port,
        media_dir=media_dir,
        api_key=key,
        connect_to=(*mapped, own),
        on_event=say,
        ways=read_ways(**ways),
        control_port=control_port,
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
