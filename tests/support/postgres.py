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

from tests.support.servers.daemon import HOME, REQUIRED, bound_to_us, free_ports

USER = "mmscheck"
_START = 30.0

KEPT = 4
"""Databases that are there at a time: of hundreds each takes 8 MB, and their removal half a minute."""

_PASSING = {
    # Nobody runs for long; it would hold a database that is to go, and has more to do with each.
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "96MB",
    "min_wal_size": "32MB",
}
"""Settings where a crash of the machine may take it all."""


def programs() -> Path | None:
    """The folder of initdb and postgres, which Debian keeps off the PATH; None where there is none."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(found).resolve().parent if found else debian[-1].parent if debian else None


class Cluster:
    """A running server; ``fresh`` makes an empty database in it, and removes those of long ago."""

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
            "max_connections": "300",
            **({} if durable else _PASSING),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = [str(bin_ / "postgres"), "-D", str(data), "-p", str(self.port), *options]
        # Tests that are killed must not leave it behind: it would go on for ever.
        self._command = [*bound_to_us("QUIT"), *server]
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
        """The URL of a new database; the one of ``KEPT`` calls ago is gone then."""
        self._made += 1
        name = f"ledger{self._made}"
        # Nobody can be connected to this template, which would keep it from being copied.
        self.tell(f"CREATE DATABASE {name} TEMPLATE template0")
        if self._made > KEPT:
            self.tell(f"DROP DATABASE ledger{self._made - KEPT} WITH (FORCE)")
        return f"postgresql://{USER}@{HOME}:{self.port}/{name}"

    def stop(self) -> None:
        """End it at once, and wait; nobody needs the data any more."""
        self._server.send_signal(signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._server.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()

    def tell(self, statement: str) -> None:
        """Have the server do it; AssertionError with what it said when it does not."""
        place = ("-h", HOME, "-p", str(self.port), "-U", USER, "-d", "postgres")
        self._run("psql", "-X", "-q", *place, "-c", statement)

    def _run(self, program: str, *arguments: str) -> None:
        ended = subprocess.run(
            [self._bin / program, *arguments],
            check=False,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=300,
            user=self._user,
        )
        assert not ended.returncode, f"{program} ended with {ended.returncode}:\n{ended.stderr}{self._end()}"

    def _end(self) -> str:
        """The end of what the server told, where there is one."""
        if not self._log.exists():
            return ""
        return f"postgres told:\n{self._log.read_text(errors='replace')[-4000:]}"

    def _wait(self) -> None:
        end = time.monotonic() + _START
        ready = [str(self._bin / "pg_isready"), "-q", "-h", HOME, "-p", str(self.port)]
        while subprocess.run(ready, check=False, timeout=10).returncode:
            assert self._server.poll() is None, f"postgres ended at its start; {self._end()}"
            assert time.monotonic() < end, f"postgres did not answer in {_START:g} s; {self._end()}"
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
