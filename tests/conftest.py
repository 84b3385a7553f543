"""What every test needs: no proxies, a ledger of its own, and aioresponses fit for this aiohttp.

And a ledger's address on each database: every test that asks for ``where`` runs on both.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import aiohttp
import pytest
from hypothesis import settings

from mmscheck.model import redact
from mmscheck.ruleset.finding import PULL_REQUEST_VARIABLES
from tests.support.command import STATE
from tests.support.postgres import Cluster, cluster

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
def no_ledger_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that a test sends may end in, or be stopped by, the ledger of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp(STATE)))
        patch.delenv("MMSCHECK_LEDGER", raising=False)
        yield


@pytest.fixture(autouse=True)
def own_ledger(
    no_ledger_of_the_user: None,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each test starts with an empty ledger."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp(STATE)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
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
