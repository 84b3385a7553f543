"""``--cache``: results of earlier checks; only ``check`` has it, because a send needs what is there now."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from mmscheck.cache.store import ResultCache
from mmscheck.cli.plan import HOUR, duration
from mmscheck.errors import UsageError

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

DEFAULT_TTL = "10m"
"""How old a kept result may be when nobody says (a judgement: long enough to mend a text and check again)."""

_EXAMPLES = "90s, 10m or 1h"
_LONGEST = HOUR
"""Seconds: servers and files change, and a report is about what is there now (a judgement)."""


def cache_options(function: _Decorated) -> _Decorated:
    """Add the options of the result cache to a command."""
    ttl = click.option(
        "--cache-ttl",
        metavar="DURATION",
        help=f"How old a kept result may be, as {_EXAMPLES}; at most 1h (default: {DEFAULT_TTL}).",
    )
    folder = click.option(
        "--cache",
        "cache_folder",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Keep whole answers in this folder of yours, and use them again. Never used for a send.",
    )
    return folder(ttl(function))


def open_cache(given: Mapping[str, Any]) -> contextlib.AbstractContextManager[ResultCache | None]:
    """The cache these options ask for, or none. Raises UsageError."""
    folder, ttl = given["cache_folder"], given["cache_ttl"]
    if folder is None and ttl is not None:
        raise UsageError("--cache-ttl says how old results of --cache may be, and there is no --cache")
    if folder is None:
        return contextlib.nullcontext()
    text = DEFAULT_TTL if ttl is None else ttl
    return ResultCache(folder, duration("--cache-ttl", text, _EXAMPLES, _LONGEST))
