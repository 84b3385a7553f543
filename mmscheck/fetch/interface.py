"""What the caller of the fetcher hands in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from mmscheck.model.observation import Inspected, Observation

Inspector = Callable[[str, bytes], Awaitable[Inspected]]
"""(url, whole body) to the type and the facts of the bytes; awaited once for each file that came whole."""

OnDone = Callable[[str, Observation], None]
"""Told of each URL as soon as its observation is there."""

Lookup = Callable[[str], Sequence[str]]
"""A host name to its numeric addresses, best first; blocking; raises OSError as getaddrinfo does."""
