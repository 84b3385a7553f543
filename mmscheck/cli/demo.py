"""``mmscheck demo``: the main job from end to end, on real sockets and real media files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path

import click
import msgspec

from mmscheck import ledger as ledgers
from mmscheck.cli.say import write_stdout
from mmscheck.errors import SandboxError
from mmscheck.model.exits import Exit
from mmscheck.report.escape import visible
from mmscheck.sandbox import Postbacks, Sandbox, Ways

SAVED = "saved.json"
MEDIA_HOST = "media.example.com"
SEND_FIELDS = (
    *("--to", "15551230001", "--from", "28444", "--service-id", "demo-campaign"),
    *("--fallback-sms-text", "Summer sale: 20 percent off everything this week."),
)
KEY = "sandbox-key"
"""The demo's API key."""

_LONGEST_WAIT = 20.0  # seconds
_COMPLAINT = "mmscheck: "
_LONGEST_COMPLAINT = 300  # characters
_KEPT = 20  # lines
_ADDRESS = re.compile(r"listening on (http://\S+)")


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
    """Run the sandbox: check, save and send a good message, and be denied on a broken one."""
    ledgers.demand_installed()
    with tempfile.TemporaryDirectory(prefix="mmscheck-demo-") as folder:
        steps = asyncio.run(_demo(Path(folder)))
    write_stdout("\n" + _summary(steps))
    return int(Exit.PERMITTED if all(step.held for step in steps) else Exit.INTERNAL)


async def _demo(folder: Path) -> list[Step]:
    good, broken = _copy("summer-sale.xml", folder), _copy("broken-sale.xml", folder)
    playing = _copy("film-and-sound.xml", folder)
    port = _free_port()
    async with listening(folder, f"http://127.0.0.1:{port}/") as postbacks, _sandbox(postbacks, port) as box:
        _title("A provider and a media host now run on this machine (mmscheck sandbox).")
        write_stdout(
            f"provider {box.provider_url}\nmedia    {box.media_url}, known to the messages as {MEDIA_HOST}\n"
        )
        return [
            *await _good_message(box, good, postbacks),
            *await _playing_message(box, playing),
            *await _broken_message(box, broken),
        ]


def _free_port() -> int:
    """A port for the provider: the listener has to know it before there is one."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _sandbox(postbacks: ListenerOutput, port: int) -> Sandbox:
    return Sandbox(
        provider_port=port,
        api_key=KEY,
        connect_to=((MEDIA_HOST, 80, "127.0.0.1", 0),),
        ways=Ways(postbacks=Postbacks(url=postbacks.url)),
    )


async def _good_message(box: Sandbox, good: Path, postbacks: ListenerOutput) -> list[Step]:
    _title("1. Check a good message: every URL is fetched, every rule is applied.")
    checked = await _run("check", good.name, *_network(box), cwd=good.parent)
    _title("2. Save it through the gate: one saveMMS call, and the ledger binds the id to this content.")
    report = ("--format", "text", "--format", f"json={SAVED}")
    saved = await _run("save", good.name, *report, *_provider(box), cwd=good.parent)
    mms_id = _saved_id(good.parent / SAVED) if saved.code == 0 else ""
    ready = await postbacks.line("N003") if mms_id else ""
    write_stdout(f"\nmmscheck postbacks took the provider's notification:\n{ready}")
    _title("3. Send it through the gate: check again, is it what was saved, and one sendSavedMMS call.")
    sent = await _run("send", good.name, "--mms-id", mms_id, *SEND_FIELDS, *_provider(box), cwd=good.parent)
    tracking = [item.tracking_id for item in box.sent]
    return [
        Step(claim="the good message was permitted (exit 0)", held=checked.code == 0),
        Step(claim=f"the provider saved it as {mms_id}", held=bool(mms_id)),
        Step(claim="its notification N003 came: the id may be used", held=bool(ready)),
        Step(
            claim=f"it was sent exactly once, tracking id {', '.join(tracking) or 'none'}",
            held=_once(sent, tracking),
        ),
    ]


def _once(sent: Ran, tracking: list[str]) -> bool:
    return sent.code == 0 and len(tracking) == 1 and tracking[0] in sent.output


async def _playing_message(box: Sandbox, playing: Path) -> list[Step]:
    _title("4. Check a message with a film and a sound: both are decoded to their end.")
    checked = await _run("check", playing.name, *_network(box), cwd=playing.parent)
    return [Step(claim="the message with a film and a sound was permitted (exit 0)", held=checked.code == 0)]


async def _broken_message(box: Sandbox, broken: Path) -> list[Step]:
    _title("5. Try to send a broken message: the gate denies, and the provider is not called.")
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
        env=surroundings(cwd),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode("utf-8", "replace")
    code = int(process.returncode or 0)
    write_stdout(f"{output.strip()}\n\n(exit code {code})\n")
    return Ran(code=code, output=output)


def _saved_id(report: Path) -> str:
    """The mms-id that the report of a save tells."""
    send = msgspec.json.decode(report.read_bytes())["send"]
    return str(send["mms_id"] or "")


def _copy(name: str, folder: Path) -> Path:
    file = folder / name
    source = resources.files("mmscheck.fixtures") / "mms" / name
    if not source.is_file():
        raise SandboxError(f"the sample {name} is missing from this installation")
    file.write_bytes(source.read_bytes())
    return file


def _title(text: str) -> None:
    write_stdout(f"\n{'=' * 100}\n{text}\n{'=' * 100}\n")


def _called() -> str:
    """How this program was called: by its name where a shell finds it, else by where it lies."""
    here = Path(sys.argv[0])
    if here.name == "__main__.py":
        return f"{sys.executable} -m mmscheck"
    installed = shutil.which("mmscheck")
    return "mmscheck" if installed and Path(installed).resolve() == here.resolve() else shlex.quote(str(here))


def _summary(steps: list[Step]) -> str:
    lines = [f"  {'yes' if step.held else 'NO '}  {step.claim}" for step in steps]
    if all(step.held for step in steps):
        end = f"The demo did what it promised. Next: {_called()} check YOUR-MESSAGE.xml"
    else:
        end = "The demo did NOT do what it promised; the lines marked NO say where."
    return "\n".join(["What happened:", *lines, "", end, ""])


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of the demo's commands: its key, its own ledger, one width, and no postback secret."""
    ledger = str(folder / "ledger")
    kept = {name: text for name, text in os.environ.items() if name != "MMSCHECK_POSTBACK_SECRET"}
    return {**kept, "MMSCHECK_API_KEY": KEY, "COLUMNS": "100", "MMSCHECK_LEDGER": ledger}


class ListenerOutput:
    """What the listener prints; ``url`` is where it listens."""

    def __init__(self, output: asyncio.StreamReader) -> None:
        """Read from its output."""
        self._output = output
        self._lines: list[str] = []
        self.url = ""

    @property
    def complaint(self) -> str:
        """Why it did not start, as far as it said: its last complaint, or whatever it said last."""
        lines = [line for line in self._lines if line.startswith(_COMPLAINT)] or self._lines
        return (
            visible(lines[-1].removeprefix(_COMPLAINT))[:_LONGEST_COMPLAINT] if lines else "it said nothing"
        )

    async def line(self, word: str) -> str:
        """The next line that holds this word; empty when none comes in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_WAIT):
                while line := (await self._output.readline()).decode("utf-8", "replace"):
                    if word in line:
                        return line
                    self._lines = [*self._lines[-_KEPT:], line.strip()] if line.strip() else self._lines
        return ""


@contextlib.asynccontextmanager
async def listening(folder: Path, api_url: str) -> AsyncIterator[ListenerOutput]:
    """Run it on a free port for this provider until the block ends; SandboxError when it does not start."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mmscheck", "postbacks", "--listen", "127.0.0.1:0", "--no-secret"),
        *("--api-url", api_url),
        env=surroundings(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        if process.stdout is None:
            raise SandboxError("mmscheck postbacks has no output")
        output = ListenerOutput(process.stdout)
        address = _ADDRESS.search(await output.line("listening on"))
        if address is None:
            raise SandboxError(f"mmscheck postbacks did not start: {output.complaint}")
        output.url = address.group(1)
        yield output
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()
