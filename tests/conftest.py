"""What every test needs: no proxies, a ledger of its own, and aioresponses fit for this aiohttp.

And a ledger's address on each database: every test that asks for ``where`` runs on both.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import aiohttp
import pytest
from hypothesis import settings

from mmscheck.base import redact
from mmscheck.ruleset import load
from mmscheck.ruleset.discovery import PULL_REQUEST_VARIABLES
from tests.support.command import STATE
from tests.support.postgres import Cluster, cluster
from tests.support.rules_once import read_once
from tests.support.servers.daemon import REQUIRED

# Whoever starts the tests in the background may have SIGINT ignored, and the commands that they start and
# interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Every run digests secrets with a key of its own; goldens need digests that stay. Commands that tests start
# as processes keep theirs.
redact._RUN = redact._STORED

# A deadline per example is a timed assertion, and a busy machine would break it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback must be reached directly whatever the machine's environment says."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_pull_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where these tests run for a pull request, the commands that they try do not."""
    for name in PULL_REQUEST_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True, scope="session")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Path]]:
    """Folders for ledgers, made by whoever needs one: a folder for each test is sought among all before it.

    Nothing that a test sends may end in, or be stopped by, the ledger of whoever runs the tests.
    """
    root = tmp_path_factory.mktemp(STATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root))
        # Nor is anything kept for him beyond the run, and nothing of his is used.
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        patch.delenv("MMSCHECK_LEDGER", raising=False)
        yield (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def own_ledger(states: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts with an empty ledger."""
    monkeypatch.setenv("XDG_STATE_HOME", str(next(states)))


@pytest.fixture
def rules_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of ``main`` spends 0.2 s on 147 rule files that no test changes; here they are read once."""
    monkeypatch.setattr(load, "read_catalogue", read_once)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """One PostgreSQL for all tests of a process; what stops or tunes it starts another."""
    with cluster() as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the server above, and put first what shares a fixture.

    Processes take tests off the end of another's list: those at its head stay together, and it is made once.
    """
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")
    items.sort(key=lambda item: not _shares(item))


def _shares(item: pytest.Item) -> bool:
    """Whether a fixture is for more than one test, but not for all: those lie in this file or in pytest."""
    known = getattr(item, "_fixtureinfo", None)
    found = known.name2fixturedefs.values() if known else ()
    return any(each[-1].scope != "function" and each[-1].baseid not in {"", "tests"} for each in found)


def pytest_xdist_auto_num_workers() -> int:
    """One more process than there are cores: tests wait for clocks and children too."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where servers are required, nothing else may be missing either: what is skipped has failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(REQUIRED):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and {REQUIRED} is set: {report.longrepr}"
    return report


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "state" / "ledger.sqlite3")
    running = request.getfixturevalue("postgres")
    assert isinstance(running, Cluster)
    return running.fresh()


@pytest.fixture
def streamed_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let aioresponses 0.7.9 build responses: aiohttp 3.14 demands an argument it does not pass."""
    build = aiohttp.ClientResponse.__init__

    def with_writer(self: aiohttp.ClientResponse, *arguments: Any, **given: Any) -> None:
        given.setdefault("stream_writer", MagicMock())
        build(self, *arguments, **given)

    monkeypatch.setattr(aiohttp.ClientResponse, "__init__", with_writer)
