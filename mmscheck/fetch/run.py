"""The way in: many URLs to one observation each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmscheck.fetch.interface import Inspector, Lookup, OnDone
from mmscheck.fetch.names import system_lookup
from mmscheck.fetch.policy import FetchPolicy, check_policy
from mmscheck.fetch.turns import Turns
from mmscheck.model.observation import Observation

SHARE = 4
"""One message has at most this part of the places while there are others (a judgement)."""


async def fetch_all(
    urls: Sequence[str],
    policy: FetchPolicy,
    inspect: Inspector,
    on_done: OnDone | None = None,
    *,
    lookup: Lookup = system_lookup,
    owners: Mapping[str, str] | None = None,
) -> dict[str, Observation]:
    """Fetch every distinct URL once, all at the same time, within the policy.

    Nothing that a server does raises: each URL gets exactly one `Observation`, and ``on_done`` is told of it
    at once. ``lookup`` answers for host names. URLs of several ``owners`` (messages' sources, say)
    share the places, so that those of one cannot use up the run. Raises `UsageError`, before anything is
    fetched, for a policy that cannot be acted on. When cancelled it closes everything and lets the
    cancellation through.
    """
    allowed, context = check_policy(policy)
    if not urls:
        return {}
    # Here and not above, because aiohttp takes longer to import than most commands to run.
    from mmscheck.fetch.pool import open_tools, run_jobs  # noqa: PLC0415

    async with open_tools(policy, allowed, context, lookup, inspect) as tools:
        turns = Turns(owners or {}, max(1, policy.max_concurrency // SHARE))
        return await run_jobs(tools, urls, on_done or _ignore, turns)


def _ignore(url: str, observation: Observation) -> None:
    """Tell nobody."""
