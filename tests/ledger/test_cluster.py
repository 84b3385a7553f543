"""The tests' own PostgreSQL: a long run fills neither its connections nor the disk, and it ends with them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import pytest

from tests.support.postgres import KEPT, Cluster
from tests.support.servers.daemon import HOME

_LEFT_ALONE = """
import time
from tests.support.postgres import cluster
with cluster() as running:
    print(running.port, flush=True)
    time.sleep(600)
"""


async def test_databases_of_long_ago_are_gone_whoever_has_left_them_open(postgres: Cluster) -> None:
    first = postgres.fresh()
    forgotten = await asyncpg.connect(first)
    template = await asyncpg.connect(first.rpartition("/")[0] + "/template1")
    try:
        later = [postgres.fresh() for _ in range(2 * KEPT)]
        names = await template.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'ledger%'")
    finally:
        forgotten.terminate()
        await template.close()
    assert {row["datname"] for row in names} == {url.rpartition("/")[2] for url in later[-KEPT:]}


def test_what_a_program_of_the_server_said_is_told(postgres: Cluster) -> None:
    with pytest.raises(AssertionError, match=r'(?s)database "nowhere" does not exist.*postgres told:'):
        postgres.tell("DROP DATABASE nowhere")


def test_the_server_ends_with_tests_that_are_killed(postgres: Cluster) -> None:
    assert _open(postgres.port), "where there is none, this has skipped or failed"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # the server runs as somebody else
        port = _killed(folder)
        end = time.monotonic() + 60
        while _open(port):
            assert time.monotonic() < end, "it goes on"
            time.sleep(0.05)


def _killed(folder: str) -> int:
    """The port of a server whose tests were killed; what they leave is in the folder."""
    root, surroundings = Path(__file__).parents[2], {**os.environ, "TMPDIR": folder}
    command = [sys.executable, "-c", _LEFT_ALONE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=surroundings) as tests:
        assert tests.stdout is not None
        port = int(tests.stdout.readline())
        tests.send_signal(signal.SIGKILL)
    return port


def _open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOME, port)) == 0
