"""Jobs and reports as answers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from aiohttp import web

from mmscheck.fix.report import FIX_FORMATS
from mmscheck.fix.values import Result
from mmscheck.report import FORMATS
from mmscheck.report.escape import visible_json
from mmscheck.serve.checker import view_of
from mmscheck.serve.formats import MEDIA_TYPES, chosen
from mmscheck.serve.problem import MEDIA_TYPE
from mmscheck.serve.settings import RETRY_AFTER
from mmscheck.serve.times import rfc3339
from mmscheck.serve.words import Job, Kind, Problem, Progress
from mmscheck.serve.work import Row

VERDICT, EXIT_CODE = "Mmscheck-Verdict", "Mmscheck-Exit-Code"
"""Headers of every answer that is about a job with a report."""

SAFE: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Frame-Options": "SAMEORIGIN",
        "Server": "mmscheck",
    }
)
"""What every answer carries: none is kept, none is taken for another type, no other page may frame it."""

_UNAVAILABLE = 503

_MENDED = msgspec.msgpack.Decoder(Result)
"""Made here, not where it is used: see ``mmscheck.base.resolved``."""

REPORT_POLICY = "sandbox allow-scripts allow-popups allow-modals allow-downloads; frame-ancestors 'self'"
"""A report is made of strangers' texts: whatever got into it would have no origin, and no service to call."""


def report_of(row: Row) -> str:
    """Where its report is."""
    return f"/v1/fixes/{row.id}" if row.kind is Kind.FIX else f"/v1/checks/{row.id}"


def job_of(row: Row) -> Job:
    """The job as clients see it."""
    return Job(
        id=row.id,
        kind=row.kind,
        state=row.state,
        created=rfc3339(row.created),
        started=None if row.started is None else rfc3339(row.started),
        ended=None if row.ended is None else rfc3339(row.ended),
        expires=rfc3339(row.expires),
        progress=Progress(done=row.done, total=row.total),
        report=report_of(row),
        events=f"/v1/jobs/{row.id}/events",
        outcome=row.outcome,
        problem=row.problem,
    )


def value(
    body: msgspec.Struct, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A value as JSON."""
    text = visible_json(msgspec.json.encode(body).decode("utf-8"))
    return web.Response(
        text=text, status=status, content_type="application/json", headers={**SAFE, **(headers or {})}
    )


def told(row: Row) -> dict[str, str]:
    """The headers that tell of a job without its body."""
    if row.outcome is None:
        return {}
    return {VERDICT: row.outcome.verdict, EXIT_CODE: str(row.outcome.exit_code)}


def problem(body: Problem, headers: Mapping[str, str]) -> web.Response:
    """A problem that a job ended with."""
    found = {**SAFE, **headers, "Content-Type": MEDIA_TYPE}
    if body.status == _UNAVAILABLE:
        found["Retry-After"] = str(round(RETRY_AFTER))
    text = visible_json(msgspec.json.encode(body).decode("utf-8"))
    return web.Response(body=text.encode("utf-8"), status=body.status, headers=found)


def report(
    row: Row,
    packed: bytes,
    request: web.BaseRequest,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """A stored report in the format that is asked for."""
    formats = FIX_FORMATS if row.kind is Kind.FIX else FORMATS
    name = chosen(request.headers.get("Accept"), request.query.get("format"), formats)
    return in_format(row, packed, name, status=status, headers=headers)


def in_format(
    row: Row, packed: bytes, name: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A stored report in this format; raises the problem of one that there is not."""
    if row.kind is Kind.FIX:
        text = FIX_FORMATS[chosen(None, name, FIX_FORMATS)](_MENDED.decode(packed))
    else:
        text = FORMATS[chosen(None, name)](view_of(packed, row.kind))
    found = {**SAFE, "Vary": "Accept", **(headers or {})}
    if name == "html":
        found["Content-Security-Policy"] = REPORT_POLICY
    # Whatever a text holds that no UTF-8 can carry has been written otherwise by the formats.
    body = text.encode("utf-8", "backslashreplace")
    found["Content-Type"] = f"{MEDIA_TYPES[name]}; charset=utf-8"
    return web.Response(body=body, status=status, headers=found)
