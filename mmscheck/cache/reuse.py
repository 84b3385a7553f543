"""Which kept results may stand in for a fetch, and what a report says of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from mmscheck.fetch import FetchPolicy, OnDone
from mmscheck.model.facts import EVERYTHING, Usable
from mmscheck.model.observation import Fetched, Observation


class Cache(Protocol):
    """What keeps results; ``mmscheck.cache.store.ResultCache`` is one. ``manner`` says how was asked."""

    def find(self, url: str, manner: str) -> Fetched | None:
        """The kept result, with ``cached_at`` set, or None."""

    def keep(self, url: str, manner: str, seen: Observation) -> None:
        """Keep it, where it is worth keeping."""


_NO_MATTER = frozenset({"max_concurrency", "per_host", "own_hosts", "rate", "deadline", "backoff"})
"""Fields of a policy that change when an answer comes and not what it is; any other is part of the manner."""

_LOOKERS = (
    *("mmscheck", "aiohttp", "yarl", "idna", "msgspec"),
    *("python-magic", "pylibmagic", "pillow", "mutagen", "av", "pikepdf"),
)
"""The packages whose versions decide what is found in the same bytes."""


def find_kept(manners: Mapping[str, str], cache: Cache, on_done: OnDone | None) -> dict[str, Fetched]:
    """The kept results of URLs, each asked for in its `manner`; ``on_done`` is told of each."""
    kept = {url: entry for url, how in manners.items() if (entry := cache.find(url, how)) is not None}
    if on_done is not None:
        for url, entry in kept.items():
            on_done(url, entry)
    return kept


def manner(policy: FetchPolicy, *, decode: bool, previews: bool = False, usable: Usable = EVERYTHING) -> str:
    """A digest of everything but the URL that an answer depends on."""
    fields: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(policy).items()
        if name not in _NO_MATTER and name != "ca_file"
    }
    fields["authorities"] = _content(policy.ca_file)
    versions = {name: _version(name) for name in _LOOKERS}
    shaped = [fields, decode, previews, usable, versions, platform.python_version(), platform.platform()]
    return hashlib.sha256(msgspec.json.encode(shaped, order="sorted")).hexdigest()


def _content(file: str | None) -> str | None:
    """A digest of what is in the file; none for one that cannot be read, with which nothing is fetched."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file is not None else None
    except OSError:
        return None


def _version(name: str) -> str | None:
    import importlib.metadata  # noqa: PLC0415 - brings zipfile and email: 20 ms, and few checks keep results

    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def about_kept(
    seen: Mapping[str, Observation], now: dt.datetime, what: str = "media files"
) -> tuple[str, ...]:
    """A sentence for the report about results that are not of this run; none when there are none."""
    times = [each.cached_at for each in seen.values() if isinstance(each, Fetched) and each.cached_at]
    if not times:
        return ()
    oldest = max((now - dt.datetime.fromisoformat(min(times))).total_seconds(), 0)
    share = f"{len(times)} of {len(seen)} {what} were not fetched now"
    return (f"{share}: results up to {_age(oldest)} old (cache).",)


def _age(seconds: float) -> str:
    """Whole minutes or seconds, rounded up."""
    if seconds <= 60:  # noqa: PLR2004 - seconds in a minute
        return f"{-int(-seconds // 1)} s"
    return f"{-int(-seconds // 60)} min"
