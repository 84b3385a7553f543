"""The servers themselves: missing ones are said so, failing ones show their log, and none is left behind."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

import pytest

from tests.support.servers.daemon import HOME, REQUIRED, Daemon, free_ports, require
from tests.support.servers.mends import FAULTS
from tests.support.servers.world import World


def test_a_server_that_is_missing_skips_the_test_and_names_its_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install no-such-package"):
        require("no-such-server", "no-such-package")


def test_where_servers_are_required_a_missing_one_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install no-such-package"):
        require("no-such-server", "no-such-package")


def test_a_server_that_ends_at_its_start_shows_what_it_printed(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('unknown directive')")
    daemon = Daemon(command, port=free_ports(1)[0], log=tmp_path / "log")
    with pytest.raises(AssertionError, match=r"ended with 1 at its start:\nunknown directive"):
        daemon.ready()
    daemon.stop()


def test_a_child_of_a_server_ends_with_it_even_if_it_will_not(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    deaf = (
        "import http.server, os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"server = http.server.HTTPServer(('{HOME}', {port}), http.server.SimpleHTTPRequestHandler);"
        "os.fork(); server.serve_forever()"
    )
    daemon = Daemon((sys.executable, "-c", deaf), port=port, log=tmp_path / "log", patience=0.5)
    daemon.ready()
    daemon.stop()
    assert not _open(port)


@pytest.mark.servers
def test_the_servers_and_their_folder_are_gone_in_the_end() -> None:
    with World(FAULTS) as world:
        scratch, daemons = world.scratch, tuple(world.daemons.values())
        assert all(_open(world.ports[kind]) for kind in ("aiohttp", *world.daemons))
        assert not any(daemon.is_gone() for daemon in daemons)
    # Not by their ports, which another test may have taken since. Whoever adopts orphans reaps them.
    end = time.monotonic() + 60
    while not all(daemon.is_gone() for daemon in daemons):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert not scratch.exists()


def _open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOME, port)) == 0
