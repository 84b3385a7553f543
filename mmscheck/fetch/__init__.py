"""URLs to observations: every file fetched once, as the provider would, and never from a private network."""

from __future__ import annotations

from mmscheck.fetch.connect_to import ConnectTo, parse_connect_to
from mmscheck.fetch.interface import Inspector, OnDone
from mmscheck.fetch.policy import FetchPolicy, check_policy, default_user_agent
from mmscheck.fetch.proxy import parse_proxy
from mmscheck.fetch.run import fetch_all
from mmscheck.fetch.turns import Turns, plan

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
