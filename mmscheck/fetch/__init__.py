"""URLs to observations: every file fetched once, as the provider would, and never from a private network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmscheck.fetch.policy import (
    ConnectTo,
    FetchPolicy,
    Inspector,
    OnDone,
    check_policy,
    default_user_agent,
    parse_connect_to,
)
from mmscheck.fetch.proxy import parse_proxy
from mmscheck.fetch.slots import Turns, plan

if TYPE_CHECKING:
    from mmscheck.fetch.fetcher import fetch_all

__all__ = [
    "ConnectTo",
    "FetchPolicy",
    "Inspector",
    "OnDone",
    "Turns",
    "check_policy",
    "default_user_agent",
    "fetch_all",
    "parse_connect_to",
    "parse_proxy",
    "plan",
]


def __getattr__(name: str) -> Any:
    """Import ``fetch_all`` on first use: aiohttp takes longer to import than most commands to run."""
    if name != "fetch_all":
        raise AttributeError(f"module 'mmscheck.fetch' has no attribute {name!r}")
    from mmscheck.fetch.fetcher import fetch_all  # noqa: PLC0415 - see above

    return fetch_all
