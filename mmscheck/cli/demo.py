"""``mmscheck demo``: the main job from end to end, on real sockets and real media files."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import tempfile
import urllib.request
from importlib import resources
from pathlib import Path

import click
import msgspec

from mmscheck.cli.exits import Exit
from mmscheck.cli.say import write_stdout
from mmscheck.errors import SandboxError
from mmscheck.sandbox import Sandbox
from mmscheck.sinch import Answer, parse_answer

KEY = "sandbox-key"
MEDIA_HOST = "media.example.com"
SEND_FIELDS = (
    *("--to", "15551230001", "--from", "28444", "--service-id", "demo-campaign"),
    *("--fallback-sms-text", "Summer sale: 20 percent off everything this week."),
)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the demo claims, and whether it happened."""

    claim: str
    held: bool


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How one command ended."""

    code: int
    output: str


@click.command(name="demo")
def command() -> int:
    """Run the sandbox, check a good and a broken message, send the good one, be denied on the broken one."""
    with tempfile.TemporaryDirectory(prefix="mmscheck-demo-") as folder:
        steps = asyncio.run(_demo(Path(folder)))
    write_stdout("\n" + _summary(steps))
    return int(Exit.PERMITTED if all(step.held for step in steps) else Exit.INTERNAL)


async def _demo(folder: Path) -> list[Step]:
    good, broken = _copy("summer-sale.xml", folder), _copy("broken-sale.xml", folder)
    async with Sandbox(api_key=KEY, connect_to=((MEDIA_HOST, 80, "127.0.0.1", 0),)) as box:
        _title("A provider and a media host now run on this machine (mmscheck sandbox).")
        write_stdout(
            f"provider {box.provider_url}\nmedia    {box.media_url}, known to the messages as {MEDIA_HOST}\n"
        )
        return [*await _good_message(box, good), *await _broken_message(box, broken)]


async def _good_message(box: Sandbox, good: Path) -> list[Step]:
    _title("1. Check a good message: every URL is fetched, every rule is applied.")
    checked = await _run("check", good.name, *_network(box), cwd=good.parent)
    _title("2. Save it with the provider, as your system does today (saveMMS).")
    mms_id = await asyncio.to_thread(_save, box.provider_url, good)
    write_stdout(
        f"the provider fetched the media itself and gave the id {mms_id}\n" if mms_id else "it was refused\n"
    )
    _title("3. Send it through the gate: check again, and one sendSavedMMS call.")
    sent = await _run("send", good.name, "--mms-id", mms_id, *SEND_FIELDS, *_provider(box), cwd=good.parent)
    tracking = [item.tracking_id for item in box.sent]
    return [
        Step(claim="the good message was permitted (exit 0)", held=checked.code == 0),
        Step(claim=f"the provider saved it as {mms_id}", held=bool(mms_id)),
        Step(
            claim=f"it was sent exactly once, tracking id {', '.join(tracking) or 'none'}",
            held=_once(sent, tracking),
        ),
    ]


def _once(sent: Ran, tracking: list[str]) -> bool:
    return sent.code == 0 and len(tracking) == 1 and tracking[0] in sent.output


async def _broken_message(box: Sandbox, broken: Path) -> list[Step]:
    _title("4. Try to send a broken message: the gate denies, and the provider is not called.")
    before = box.provider_connections
    denied = await _run(
        "send", broken.name, "--mms-id", "1", *SEND_FIELDS, *_provider(box), cwd=broken.parent
    )
    reached = box.provider_connections - before
    return [
        Step(claim="the broken message was denied (exit 1)", held=denied.code == Exit.DENIED),
        Step(claim=f"connections that reached the provider for it: {reached}", held=reached == 0),
    ]


def _network(box: Sandbox) -> tuple[str, ...]:
    return ("--connect-to", f"{MEDIA_HOST}:80:127.0.0.1:{box.media_port}", "--allow-net", "127.0.0.1/32")


def _provider(box: Sandbox) -> tuple[str, ...]:
    return ("--api-url", box.provider_url, *_network(box))


async def _run(*arguments: str, cwd: Path) -> Ran:
    """Run the real command in a process of its own, show it and what it printed."""
    write_stdout(f"$ mmscheck {shlex.join(arguments)}\n\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mmscheck", *arguments),
        cwd=cwd,
        env={**os.environ, "MMSCHECK_API_KEY": KEY, "COLUMNS": "100", "MMSCHECK_LEDGER": str(cwd / "ledger")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode("utf-8", "replace")
    code = int(process.returncode or 0)
    write_stdout(f"{output.strip()}\n\n(exit code {code})\n")
    return Ran(code=code, output=output)


def _save(url: str, file: Path) -> str:
    """The mms-id for the document, or nothing when the provider refused it."""
    document = file.read_text(encoding="utf-8")
    fields = f"<api-key>{KEY}</api-key>"
    request = urllib.request.Request(  # noqa: S310 - the sandbox's own http address
        url, data=document.replace("<request>", f"<request>{fields}", 1).encode("utf-8"), method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as response:
        answer = parse_answer(response.read())
    return (answer.mms_id or "") if isinstance(answer, Answer) else ""


def _copy(name: str, folder: Path) -> Path:
    file = folder / name
    source = resources.files("mmscheck.fixtures") / "mms" / name
    if not source.is_file():
        raise SandboxError(f"the sample {name} is missing from this installation")
    file.write_bytes(source.read_bytes())
    return file


def _title(text: str) -> None:
    write_stdout(f"\n{'=' * 100}\n{text}\n{'=' * 100}\n")


def _summary(steps: list[Step]) -> str:
    lines = [f"  {'yes' if step.held else 'NO '}  {step.claim}" for step in steps]
    if all(step.held for step in steps):
        end = "The demo did what it promised. Next: .venv/bin/mmscheck check YOUR-MESSAGE.xml"
    else:
        end = "The demo did NOT do what it promised; the lines marked NO say where."
    return "\n".join(["What happened:", *lines, "", end, ""])
