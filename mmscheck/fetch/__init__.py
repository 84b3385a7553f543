"""URLs to observations: every file fetched once, as the provider would, and never from a private network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.fetch.fetcher import fetch_all as fetch_all
    from mmscheck.fetch.policy import ConnectTo as ConnectTo
    from mmscheck.fetch.policy import FetchPolicy as FetchPolicy
    from mmscheck.fetch.policy import Inspector as Inspector
    from mmscheck.fetch.policy import OnDone as OnDone
    from mmscheck.fetch.policy import check_policy as check_policy
    from mmscheck.fetch.policy import default_user_agent as default_user_agent
    from mmscheck.fetch.policy import parse_connect_to as parse_connect_to
    from mmscheck.fetch.proxy import parse_proxy as parse_proxy
    from mmscheck.fetch.slots import Turns as Turns
    from mmscheck.fetch.slots import plan as plan

_HOMES = {
    "ConnectTo": "policy",
    "FetchPolicy": "policy",
    "Inspector": "policy",
    "OnDone": "policy",
    "Turns": "slots",
    "check_policy": "policy",
    "default_user_agent": "policy",
    "fetch_all": "fetcher",
    "parse_connect_to": "policy",
    "parse_proxy": "proxy",
    "plan": "slots",
}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above
