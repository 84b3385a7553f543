"""The media part of the JSON report: references, and what came back for them."""

from __future__ import annotations

from typing import Any

import msgspec

from mmscheck.model.facts import Decoded
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched, Hop, NotFetched, Observation, Probe, Reason, Timing
from mmscheck.model.server import Detected
from mmscheck.report import json_types as v1
from mmscheck.report.clean import clean_header, clean_text, clean_url, clean_value, optional


def media(ref: MediaRef, seen: Observation | None, detected: Detected | None = None) -> v1.Media:
    """A reference and what came back; None, where nothing is known, becomes a reason of its own."""
    if seen is None:
        seen = unseen(ref)
    server = [clean_text(name) for name in detected.names] if detected else []
    return v1.Media(
        url=clean_url(ref.url),
        kind=ref.kind,
        slide=ref.slide,
        line=ref.line,
        observation=_fetched(seen, server) if isinstance(seen, Fetched) else _not_fetched(seen, server),
    )


def unseen(ref: MediaRef) -> NotFetched:
    """What stands in place of an observation that nobody made."""
    return NotFetched(url=ref.url, reason=Reason.NOT_LOOKED, detail="no observation was made")


def _fetched(seen: Fetched, server: list[str]) -> v1.Observation:
    return v1.Observation(
        status="fetched",
        reason=None,
        detail="",
        hops=[_hop(hop) for hop in seen.hops],
        size=seen.size,
        sha256=seen.sha256,
        declared_type=declared_type(seen.final),
        sniffed_type=optional(seen.sniffed.type),
        attempts=seen.attempts,
        timing_ms=_timing(seen.timing_ms),
        facts=_facts(seen.decoded),
        cached_at=seen.cached_at,
        probes=[_probe(probe) for probe in seen.probes],
        server=server,
    )


def _not_fetched(seen: NotFetched, server: list[str]) -> v1.Observation:
    return v1.Observation(
        status="not-fetched",
        reason=seen.reason.value,
        detail=clean_text(seen.detail),
        hops=[_hop(hop) for hop in seen.hops],
        size=None,
        sha256=None,
        declared_type=declared_type(seen.final),
        sniffed_type=None,
        attempts=seen.attempts,
        timing_ms=_timing(seen.timing_ms),
        facts={},
        cached_at=None,
        probes=[_probe(probe) for probe in seen.probes],
        server=server,
    )


def _probe(probe: Probe) -> v1.Probe:
    reason = probe.skipped or (probe.reason.value if probe.reason else None)
    return v1.Probe(
        name=probe.name.value,
        status="skipped" if probe.skipped else "failed" if probe.reason else "answered",
        reason=None if reason is None else clean_text(reason),
        detail=clean_text(probe.detail),
        hops=[_hop(hop) for hop in probe.hops],
        size=probe.size,
        sha256=probe.sha256,
        timing_ms=_timing(probe.timing_ms),
    )


def _facts(decoded: Decoded | None) -> dict[str, Any]:
    """What the decoder found; empty when no decoder is for this type."""
    facts: dict[str, Any] = {} if decoded is None else clean_value(msgspec.to_builtins(decoded))
    facts.pop("lost", None)
    return facts


def _hop(hop: Hop) -> v1.Hop:
    return v1.Hop(
        url=clean_url(hop.url),
        status=hop.status,
        headers=[clean_header(name, value) for name, value in hop.headers],
        address=hop.address,
        headers_left_out=hop.left_out or msgspec.UNSET,
    )


def declared_type(final: Hop | None) -> str | None:
    """The ``Content-Type`` of the last answer."""
    return optional(next(iter(final.values("Content-Type")), None)) if final else None


def _timing(timing: Timing | None) -> v1.Timing:
    if timing is None:
        return v1.Timing(first_byte=None, total=None)
    return v1.Timing(first_byte=timing.first_byte, total=timing.total)
