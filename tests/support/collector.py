"""A collector of OpenTelemetry on a loopback port: it takes OTLP over HTTP, and keeps every span."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class TakenSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A span as it came: ids in hexadecimal digits, ``parent`` empty for the first of a trace."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    attributes: Mapping[str, Any]
    failed: bool


class Collector:
    """What came, also as it came: ``raw``, with its ``headers``."""

    def __init__(self) -> None:
        self.spans: list[TakenSpan] = []
        self.resources: list[Mapping[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.raw = b""
        self.url = ""

    def named(self, name: str) -> list[TakenSpan]:
        return [one for one in self.spans if one.name == name]

    def one(self, name: str) -> TakenSpan:
        found = self.named(name)
        assert len(found) == 1, sorted(one.name for one in self.spans)
        return found[0]

    def below(self, parent: TakenSpan) -> list[str]:
        return sorted(one.name for one in self.spans if one.parent == parent.id)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.raw += body
        self.headers.append(dict(request.headers))
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append(_values(resource.resource.attributes))
            for scope in resource.scope_spans:
                self.spans += map(_taken, scope.spans)
        return web.Response(body=b"", content_type="application/x-protobuf")


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector that listens while the block runs."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def _taken(span: Any) -> TakenSpan:
    return TakenSpan(
        name=span.name,
        kind=span.kind,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        failed=span.status.code == span.status.STATUS_CODE_ERROR or bool(span.events),
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
