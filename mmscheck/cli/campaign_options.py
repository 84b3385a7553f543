"""The options of ``mmscheck send`` that make a campaign of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mmscheck.base.names import LONGEST_NAME, usable_name
from mmscheck.cli.plan import duration
from mmscheck.errors import UsageError

_Decorated = TypeVar("_Decorated", bound=Callable[..., object])

_RATE = click.FloatRange(min=0, min_open=True)
_COUNT = click.IntRange(min=1)


def campaign_name(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    """The name in the form in which the ledger has it."""
    return None if name is None else usable_name("--campaign", name, LONGEST_NAME)


_OPTIONS = (
    click.option(
        "--recipients",
        metavar="FILE.csv",
        help="Send to every row of this file: columns to, custom-subject, custom-text-N, and merge data.",
    ),
    click.option(
        "--campaign",
        metavar="NAME",
        callback=campaign_name,
        help="What this campaign is called; default: the message id.",
    ),
    click.option("--skip-bad", is_flag=True, default=None, help="Leave rows out that the gate denies."),
    click.option(
        "--row-log",
        type=click.Path(path_type=Path),
        help="List rows denied, refused, not sent, unknown or left.",
    ),
    click.option(
        "--send-rate",
        type=_RATE,
        metavar="N",
        help="At most N sends a second (default: --rate, else none).",
    ),
    click.option("--in-flight", type=_COUNT, metavar="N", help="Sends at the same time (default: 64)."),
    click.option(
        "--canary", type=_COUNT, metavar="N", help="Send N first, and the rest once those are delivered."
    ),
    click.option(
        "--canary-wait", metavar="DURATION", help="How long to wait for that, as 90s or 10m (default: 10m)."
    ),
    click.option(
        "--stop-at-failure-rate",
        type=click.FloatRange(min=0, max=100, min_open=True),
        metavar="PERCENT",
        help="Stop when so many of the last 100 sends failed (default: 20).",
    ),
    click.option("--max-failures", type=_COUNT, metavar="N", help="Stop when so many sends failed in all."),
    click.option(
        "--recheck-every",
        metavar="DURATION",
        help="Fetch and judge the media again at this interval, below 10m (default: 5m).",
    ),
)

_OWN = (
    *("campaign", "skip_bad", "row_log", "send_rate", "in_flight", "canary", "canary_wait"),
    *("stop_at_failure_rate", "max_failures", "recheck_every"),
)


def campaign_options(function: _Decorated) -> _Decorated:
    """Add them to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def usable(given: dict[str, Any]) -> None:
    """Raise UsageError for options that do not go together."""
    if given["recipients"] is None:
        for name in _OWN:
            if given[name] is not None:
                raise UsageError(f"--{name.replace('_', '-')}: only together with --recipients")
        if given["again"] and given["idempotency_key"] is None:
            raise UsageError("--again: needs an --idempotency-key of its own, under which it is sent once")
        return
    if given["again"] and given["campaign"] is None:
        raise UsageError("--again: needs a --campaign name of its own, under which each number gets it once")
    for name in ("to", "idempotency_key"):
        if given[name] is not None:
            raise UsageError(f"--{name.replace('_', '-')}: each row of --recipients has its own")


def limits(given: dict[str, Any], rate: float | None) -> dict[str, Any]:
    """The fields of ``campaign.Limits`` that were given; ``rate`` is that of requests to one host."""
    share, wait, recheck = (given[name] for name in ("stop_at_failure_rate", "canary_wait", "recheck_every"))
    if wait is not None and given["canary"] is None:
        raise UsageError("--canary-wait: only together with --canary")
    found = {
        "rate": given["send_rate"] or rate,
        "in_flight": given["in_flight"],
        "canary": given["canary"],
        "canary_wait": None if wait is None else duration("--canary-wait", wait, "90s, 10m or 2h"),
        "failure_share": None if share is None else share / 100,
        "failures": given["max_failures"],
        "recheck": None if recheck is None else duration("--recheck-every", recheck, "30s, 2m or 5m"),
    }
    return {name: value for name, value in found.items() if value is not None}
