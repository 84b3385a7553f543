"""A PostgreSQL of the tests' own: a fresh cluster on a loopback port, ended and removed with them."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers.daemon import HOME, REQUIRED, free_ports

USER = "mmscheck"
_START = 30.0


def programs() -> Path | None:
    """The folder of initdb and postgres, which Debian keeps off the PATH; None where there is none."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(found).resolve().parent if found else debian[-1].parent if debian else None


class Cluster:
    """A running server; ``fresh`` makes an empty database in it."""

    def __init__(self, folder: Path, bin_: Path, *, durable: bool) -> None:
        """Make the files and start; ``durable`` is False where a crash of the machine may take it all."""
        self._bin = bin_
        self._made = 0
        self._log = folder / "log"
        self._user = _give_away(folder)
        self.port = free_ports(1)[0]
        data = folder / "data"
        self._run("initdb", "-D", str(data), "-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8")
        settings = {
            "listen_addresses": HOME,
            "unix_socket_directories": "",
            "fsync": "on" if durable else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._command = [str(bin_ / "postgres"), "-D", str(data), "-p", str(self.port), *options]
        self.start()

    def start(self) -> None:
        """Start, or start again after ``stop``, and wait until it answers."""
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user,
            )
        self._wait()

    def fresh(self) -> str:
        """The URL of a new database."""
        self._made += 1
        name = f"ledger{self._made}"
        self._run("createdb", "-h", HOME, "-p", str(self.port), "-U", USER, name)
        return f"postgresql://{USER}@{HOME}:{self.port}/{name}"

    def stop(self) -> None:
        """End it at once, and wait; nobody needs the data any more."""
        self._server.send_signal(signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._server.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._bin / program, *arguments],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            timeout=60,
            user=self._user,
        )

    def _wait(self) -> None:
        end = time.monotonic() + _START
        ready = [str(self._bin / "pg_isready"), "-q", "-h", HOME, "-p", str(self.port)]
        while subprocess.run(ready, check=False, timeout=10).returncode:
            text = self._log.read_text(errors="replace")
            assert self._server.poll() is None, f"postgres ended at its start:\n{text}"
            assert time.monotonic() < end, f"postgres did not answer in {_START:g} s:\n{text}"
            time.sleep(0.05)


def _give_away(folder: Path) -> int | None:
    """The user that has to run it: PostgreSQL refuses root. None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return user.pw_uid


@contextlib.contextmanager
def cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """A running cluster; without PostgreSQL the test is skipped, or fails where it must not be."""
    found = programs()
    if found is None:
        reason = "PostgreSQL is not installed; on Debian: apt-get install postgresql"
        if os.environ.get(REQUIRED):
            pytest.fail(f"{reason} ({REQUIRED} is set)", pytrace=False)
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="mmscheck-postgres-") as folder:
        running = Cluster(Path(folder), found, durable=durable)
        try:
            yield running
        finally:
            running.stop()
