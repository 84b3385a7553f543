"""What README and the tour of the sandbox tell people to type, typed into the shells that they have."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.sandbox import Sandbox
from tests.support.command import PROGRAM, surroundings
from tests.support.servers.daemon import find, free_ports, require
from tests.test_docs import README, blocks, outside

ROOT = Path(__file__).parents[1]
SALE = ROOT / "fixtures" / "mms" / "summer-sale.xml"
SHELLS = {"bash": ("--norc", "--noprofile", "-i"), "zsh": ("-f", "-i")}
"""Each as at a terminal: there zsh takes comments for arguments, and does not split what a variable holds."""

PORTS = (8801, 8802, 8900)
"""Those that the tour names; here they are free ones."""


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    require(request.param, request.param)
    return str(request.param)


async def typed(shell: str, text: str, folder: Path, **more: str) -> tuple[int, str]:
    """The exit code of the last line, and everything that was said."""
    env = {**surroundings(), "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(folder), **more}
    process = await asyncio.create_subprocess_exec(
        find(shell) or shell,
        *SHELLS[shell],
        cwd=folder,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    out, _ = await asyncio.wait_for(process.communicate(f"{text.rstrip()}\nexit $?\n".encode()), 300)
    return process.returncode or 0, out.decode(errors="replace")


def lab(folder: Path) -> None:
    """The files that README's commands are called with."""
    for name in ("messages", "media"):
        (folder / name).mkdir()
    shutil.copy(SALE, folder / "sale.xml")
    stored = SALE.with_suffix(".json")
    shutil.copy(stored, folder / "sale.json")
    at_once = json.loads(stored.read_bytes()) | {"action": "sendmms"}
    del at_once["client-reference"]  # mmscheck gives its own
    (folder / "now.json").write_text(json.dumps(at_once), encoding="utf-8")
    shutil.copy(SALE, folder / "messages" / "one.xml")
    shutil.copy(ROOT / "fixtures" / "media" / "photo-small.jpg", folder / "media" / "photo-small.jpg")
    shutil.copytree(ROOT / "fixtures" / "mms", folder / "fixtures" / "mms")


def commands() -> list[str]:
    """Every command of mmscheck in README, each once."""
    shown = [line for body in blocks(README, "sh") for line in body.splitlines()]
    shown += [body.partition("\n")[0].removeprefix("$ ") for body in blocks(README, "console")]
    shown += re.findall(r"\| `(mmscheck [^`]+)` \|", outside(README))
    return [line for line in dict.fromkeys(shown) if line.startswith("mmscheck ")]


async def test_every_command_of_readme_is_understood(shell: str, tmp_path: Path) -> None:
    lab(tmp_path)
    assert len(commands()) >= 8
    async with Sandbox() as box:
        (tmp_path / "mmscheck.toml").write_text(
            'allow-net = ["127.0.0.1/32"]\n'
            f'connect-to = ["media.example.com:80:127.0.0.1:{box.media_port}",'
            f' "media.example.com:443:127.0.0.1:{box.media_port}"]\n'
            '[send]\nfrom = "28444"\nservice-id = "demo"\nfallback-sms-text = "Summer sale"\n'
        )
        for line in commands():
            if line == "mmscheck serve":  # goes on until it is stopped; tests/serve has it run
                line += " --help"  # noqa: PLW2901 - what is typed for it
            if line.startswith("mmscheck new"):
                (tmp_path / "sale.xml").unlink()
            url = box.json_url if ".json" in line else box.provider_url
            code, told = await typed(shell, line, tmp_path, MMSCHECK_API_URL=url)
            # Denials are fine here; what is not understood is 2, what breaks is 4, what is no command 127.
            assert code in {0, 1, 3, 5}, (line, told)
            shutil.copy(SALE, tmp_path / "sale.xml")


@contextlib.asynccontextmanager
async def running(shell: str, text: str, folder: Path, port: int) -> AsyncIterator[None]:
    """A block that goes on until Ctrl-C, from the moment that its port is open."""
    task = asyncio.ensure_future(typed(shell, f"echo $$ > {port}.pid\n{text}", folder))
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert not task.done(), task.result()
            await asyncio.sleep(0.1)
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            os.killpg(int((folder / f"{port}.pid").read_text()), signal.SIGKILL)
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(task, 30)


async def test_the_tour_of_the_sandbox_goes_as_it_is_told(shell: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "fixtures" / "mms", tmp_path / "fixtures" / "mms")
    here = tmp_path / "try"
    here.mkdir()
    told = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    tour = [re.sub("|".join(map(str, PORTS)), lambda m: str(told[int(m[0])]), each) for each in texts()]
    sandbox, notifications, check, save, send = tour[:5]
    sandbox = sandbox.rstrip() + f" --provider-port {told[8801]} --media-port {told[8802]}\n"
    async with (
        running(shell, sandbox, here, told[8802]),
        running(shell, notifications, here, told[8900]),
    ):
        wait = "until mmscheck ledger saves | grep -q ready; do sleep 0.2; done\n"
        code, said = await typed(shell, f"{check}{save}{wait}{send}", here)
    assert code == 0, said
    assert "PERMIT" in said
    assert said.count("ACCEPTED") >= 2, said
    assert "15551230001" in said.rpartition("ledger show")[2]


def texts() -> list[str]:
    return blocks("sandbox.md", "sh")
