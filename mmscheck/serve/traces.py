"""Whether the spans of a service go anywhere: the standard variables of OpenTelemetry say so.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ (2026-11). Nothing of
OpenTelemetry is imported unless a collector is named, and the extra that can talk to it is installed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from mmscheck.base.spans import Tracing
from mmscheck.errors import UsageError

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"

Log = Callable[[Mapping[str, object]], None]


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether a collector is named, and nothing says that traces do not go to it."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = environment.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    return "otlp" in [one.strip() for one in exporters.split(",")] and bool(_first(environment, _ENDPOINTS))


@asynccontextmanager
async def tracing(environment: Mapping[str, str], log: Log) -> AsyncIterator[Tracing | None]:
    """What takes spans while the block runs, None where nobody does; then what is left is handed over.

    A service serves without its traces too, so whatever is wrong with them is a line of the log.
    """
    if not is_wanted(environment):
        yield None
        return
    why = _hindrance(environment)
    if why is None:
        from mmscheck.serve.otel import Otel  # noqa: PLC0415 - an extra, and heavy

        try:
            one = Otel(log)
        except UsageError as error:
            why = str(error)
        else:
            log({"event": "tracing", "state": "on"})
            try:
                yield one
            finally:
                await one.close()
            return
    log({"event": "tracing", "state": "off", "why": why})
    yield None


def _hindrance(environment: Mapping[str, str]) -> str | None:
    protocol = _first(environment, _PROTOCOLS) or _PROTOCOL
    if protocol != _PROTOCOL:
        return f"OTEL_EXPORTER_OTLP_PROTOCOL: only {_PROTOCOL} is spoken here"
    for module in ("opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"):
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            return "traces need more than the service alone: pip install 'mmscheck[otel]'"
    return None


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := environment.get(name, "").strip())), "")
