"""What every test needs: no proxies from outside, and aioresponses fit for this aiohttp."""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import MagicMock

import aiohttp
import pytest


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback must be reached directly whatever the machine's environment says."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def streamed_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let aioresponses 0.7.9 build responses: aiohttp 3.14 demands an argument it does not pass."""
    build = aiohttp.ClientResponse.__init__

    def with_writer(self: aiohttp.ClientResponse, *arguments: Any, **given: Any) -> None:
        given.setdefault("stream_writer", MagicMock())
        build(self, *arguments, **given)

    monkeypatch.setattr(aiohttp.ClientResponse, "__init__", with_writer)
