"""Spans: where time goes, told to whoever traces a request or a job, and to nobody where none does.

A span is opened where the work is done and lies below the one that is open around it. Attributes are this
program's own words, hosts and numbers: no text, key, telephone number, or URL is ever among them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from enum import StrEnum
from typing import Protocol

Value = str | int | float | bool

_NOTHING: Mapping[str, Value] = {}


class SpanKind(StrEnum):
    """Which side of an exchange a span is of, if any; the words of OpenTelemetry."""

    SERVER = "server"
    CLIENT = "client"
    INTERNAL = "internal"


class Span(Protocol):
    """One that is open."""

    def note(self, attributes: Mapping[str, Value | None]) -> None:
        """Add attributes, but those that are None."""

    def rename(self, name: str) -> None:
        """Give it the name that it should have had."""

    def end(self, error: BaseException | None) -> None:
        """Close it; ``error`` is what left it."""


class Tracing(Protocol):
    """Who takes spans."""

    def begin(self, name: str, attributes: Mapping[str, Value], kind: SpanKind, parent: object) -> Span:
        """Open a span below ``parent``, as `here` gave it; None: below the one that is open around."""

    def here(self) -> object:
        """The span that is open around, for one that is opened elsewhere and later."""

    def asked(self, headers: Mapping[str, str]) -> object:
        """The span that the headers of a request name as their sender's."""


class _Unheard:
    """The span that nobody takes."""

    def note(self, attributes: Mapping[str, Value | None]) -> None:
        pass

    def rename(self, name: str) -> None:
        pass

    def end(self, error: BaseException | None) -> None:
        pass


_TRACING: ContextVar[Tracing | None] = ContextVar("tracing", default=None)


@contextlib.contextmanager
def span(
    name: str, attributes: Mapping[str, Value] = _NOTHING, kind: SpanKind = SpanKind.INTERNAL
) -> Iterator[Span]:
    """A span for as long as the block runs, or the function that this decorates."""
    with _opened(_TRACING.get(), name, attributes, kind, None) as one:
        yield one


@contextlib.contextmanager
def traced(
    tracing: Tracing | None,
    name: str,
    attributes: Mapping[str, Value] = _NOTHING,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    parent: object = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Span]:
    """A span and all within the block, told to ``tracing``; below ``parent``, or whom ``headers`` name."""
    token = _TRACING.set(tracing)
    try:
        if tracing is not None and headers is not None:
            with contextlib.suppress(Exception):
                parent = tracing.asked(headers)
        with _opened(tracing, name, attributes, kind, parent) as one:
            yield one
    finally:
        _TRACING.reset(token)


def here() -> object:
    """The span that is open around, for `traced` elsewhere and later; None where nobody traces."""
    tracing = _TRACING.get()
    with contextlib.suppress(Exception):
        return None if tracing is None else tracing.here()
    return None


@contextlib.contextmanager
def _opened(
    tracing: Tracing | None, name: str, attributes: Mapping[str, Value], kind: SpanKind, parent: object
) -> Iterator[Span]:
    opened: Span = _Unheard()
    # What takes spans is foreign code: its faults must not look like those of the work, least a send's.
    with contextlib.suppress(Exception):
        if tracing is not None:
            opened = _Guarded(tracing.begin(name, attributes, kind, parent))
    error: BaseException | None = None
    try:
        yield opened
    except BaseException as left:
        error = left
        raise
    finally:
        opened.end(error)


class _Guarded:
    """A span whose faults stay its own."""

    def __init__(self, inner: Span) -> None:
        self._inner = inner

    def note(self, attributes: Mapping[str, Value | None]) -> None:
        with contextlib.suppress(Exception):
            self._inner.note(attributes)

    def rename(self, name: str) -> None:
        with contextlib.suppress(Exception):
            self._inner.rename(name)

    def end(self, error: BaseException | None) -> None:
        with contextlib.suppress(Exception):
            self._inner.end(error)
