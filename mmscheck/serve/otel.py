"""Spans to a collector by OTLP over HTTP: the one place that knows OpenTelemetry.

All settings are the SDK's own environment variables: endpoint, headers, certificates, sampling, batches. No
exception's text becomes part of a span, and nothing that the SDK says reaches the log but that it said it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping

from opentelemetry import context, trace
from opentelemetry.context.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mmscheck.base.spans import SpanKind, Value
from mmscheck.base.version import VERSION
from mmscheck.errors import UsageError

_KINDS = {
    SpanKind.SERVER: trace.SpanKind.SERVER,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
    SpanKind.INTERNAL: trace.SpanKind.INTERNAL,
}

_LOGGER = logging.getLogger("opentelemetry")
# Without a handler Python writes what the SDK says to standard error, addresses and all.
_LOGGER.addHandler(logging.NullHandler())
_LOGGER.propagate = False

_LAST = 5.0
"""Seconds for what is left when a service ends; a collector that is away must not hold it up."""

_ONCE_IN = 60.0
"""Seconds between two lines of the log about a collector that takes nothing."""


class Otel:
    """Hands spans to the collector that the environment names, from a thread of its own."""

    def __init__(self, log: Callable[[Mapping[str, object]], None]) -> None:
        """Raises UsageError for variables that cannot be acted on."""
        self._complaints = _Complaints(log)
        _LOGGER.addHandler(self._complaints)
        try:
            self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
            self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        except Exception as error:  # noqa: BLE001 - the SDK's own faults have no common kind
            _LOGGER.removeHandler(self._complaints)
            # Which variable it is the SDK tells by its text alone, and in that its value may stand.
            raise UsageError(f"an OTEL variable cannot be acted on ({type(error).__name__})") from None
        self._tracer = self._provider.get_tracer("mmscheck", VERSION)

    def begin(self, name: str, attributes: Mapping[str, Value], kind: SpanKind, parent: object) -> _Span:
        """See `mmscheck.base.spans.Tracing`."""
        around = parent if isinstance(parent, Context) else context.get_current()
        return _Span(
            self._tracer.start_span(name, around, _KINDS[kind], attributes, record_exception=False), around
        )

    def here(self) -> Context:
        """See `mmscheck.base.spans.Tracing`."""
        return context.get_current()

    def asked(self, headers: Mapping[str, str]) -> Context:
        """The span that W3C Trace Context (https://www.w3.org/TR/trace-context/) names; none: a new trace."""
        told = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        return TraceContextTextMapPropagator().extract(told, Context())

    async def close(self) -> None:
        """Hand over what is left, within a few seconds."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, _LAST)
        _LOGGER.removeHandler(self._complaints)


class _Span:
    """An open span, and the current one."""

    def __init__(self, span: trace.Span, around: Context) -> None:
        self._span = span
        self._token = context.attach(trace.set_span_in_context(span, around))

    def note(self, attributes: Mapping[str, Value | None]) -> None:
        self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def end(self, error: BaseException | None) -> None:
        context.detach(self._token)
        if error is not None:
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.end()


class _Complaints(logging.Handler):
    """Turns what the SDK complains of into a line of the log, without its words: addresses are in them."""

    def __init__(self, log: Callable[[Mapping[str, object]], None]) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._told = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now - self._told >= _ONCE_IN:
            self._told = now
            self._log({"event": "tracing", "state": "failing", "level": record.levelname.lower()})


def _resource() -> Resource:
    """What the environment says of this service; its name is the program's where it says none."""
    told = Resource.create()
    own = {"service.version": VERSION}
    if str(told.attributes.get("service.name", "")).startswith("unknown_service"):
        own["service.name"] = "mmscheck"
    return told.merge(Resource(own))
