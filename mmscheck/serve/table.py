"""The table of routes: what can be asked, by whom, with which bodies, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.serve.api import Api
from mmscheck.serve.api_calls import CallApi
from mmscheck.serve.api_fix import FixApi
from mmscheck.serve.page import Page
from mmscheck.serve.routes import Body, Handler, Route, json_of
from mmscheck.serve.tokens import Right
from mmscheck.serve.words import (
    Approval,
    ApprovalAsked,
    Approvals,
    CheckAsked,
    CheckForm,
    FixAsked,
    FixForm,
    Health,
    HoldAsked,
    Holds,
    Job,
    Kind,
    LintAsked,
    LintForm,
    Me,
    SaveAsked,
    SaveForm,
    SendAsked,
    SendForm,
    Share,
    ShareAsked,
)

_FORM = "multipart/form-data"
ANYBODY_MAY = frozenset[Right]()
_CHECK, _FIX, _SEND = frozenset({Right.CHECK}), frozenset({Right.FIX}), frozenset({Right.SEND})
_HOLD, _APPROVE = frozenset({Right.HOLD}), frozenset({Right.APPROVE})
_OWN = frozenset({Right.CHECK, Right.FIX, Right.SEND})
"""Who can begin a job may ask how it went."""

_KNOWN = frozenset(Right)

NEEDED: Mapping[Kind, Right] = MappingProxyType(
    {
        Kind.CHECK: Right.CHECK,
        Kind.LINT: Right.CHECK,
        Kind.FIX: Right.FIX,
        Kind.FIX: Right.FIX,
        Kind.SAVE: Right.SEND,
        Kind.SEND: Right.SEND,
    }
)
"""What whoever has a job done needs, also when it is begun later."""

_FORMAT = {"format": "A report format by its name, in place of Accept."}
_KEY = {
    "Idempotency-Key": "Makes this request once, however often it is sent; for a send it is the ledger's."
}
_PREFER = {"Prefer": "respond-async, or wait=SECONDS (RFC 7240): how long to wait before answering 202."}
_BODY = ("malformed", "too-large", "too-slow", "other-type")
_QUEUE = ("other-payload", "too-many", "draining", "no-such-format", "no-ledger")
_CALLS = ("denied", "refused", "not-sent", "unknown", "no-sends")


def table(api: Api, fixes: FixApi, calls: CallApi, page: Page, openapi: Handler) -> tuple[Route, ...]:
    """Every route."""
    return (
        *_judging(api),
        *_mending(fixes),
        *_calls(calls),
        *_reading(api),
        *_switches(calls),
        *_service(api, page, openapi),
    )


def _judging(api: Api) -> tuple[Route, ...]:
    return (
        Route(
            method="POST",
            path="/v1/check",
            name="check",
            summary="Judge messages, or media by their URLs: 200 nothing blocks, 422 denied, 202 ask later.",
            handler=api.check,
            rights=_CHECK,
            takes={**json_of(CheckAsked), _FORM: CheckForm, "application/xml": Body.XML},
            gives={200: Body.REPORT, 202: Job, 422: Body.REPORT},
            problems=(*_BODY, *_QUEUE, "ended"),
            query=_FORMAT,
            headers={**_KEY, **_PREFER},
        ),
        Route(
            method="POST",
            path="/v1/lint",
            name="lint",
            summary="Judge messages and media files without a network; never permits anything.",
            handler=api.lint,
            rights=_CHECK,
            takes={**json_of(LintAsked), _FORM: LintForm, "application/xml": Body.XML},
            gives={200: Body.REPORT, 202: Job, 422: Body.REPORT},
            problems=(*_BODY, *_QUEUE, "ended"),
            query=_FORMAT,
            headers={**_KEY, **_PREFER},
        ),
    )


def _mending(api: FixApi) -> tuple[Route, ...]:
    return (
        Route(
            method="POST",
            path="/v1/fix",
            name="fix",
            summary="Mend messages and media files: 200 all that is kept passes lint, 422 something is left.",
            handler=api.fix,
            rights=_FIX,
            takes={**json_of(FixAsked), _FORM: FixForm, "application/xml": Body.XML},
            gives={200: Body.MENDED, 202: Job, 422: Body.MENDED},
            problems=(*_BODY, *_QUEUE, "ended"),
            query=_FORMAT,
            headers={**_KEY, **_PREFER},
        ),
        Route(
            method="GET",
            path="/v1/fixes/{id}",
            name="mended",
            summary="What was done, file by file, before and after, in the format that Accept asks for.",
            handler=api.report,
            rights=_FIX,
            gives={200: Body.MENDED, 202: Job},
            problems=("not-found", "no-such-format", "ended", "no-ledger"),
            query=_FORMAT,
        ),
        Route(
            method="GET",
            path="/v1/fixes/{id}/files",
            name="mended-files",
            summary="The mended files, and those that needed nothing, as a zip file.",
            handler=api.files,
            rights=_FIX,
            gives={200: Body.ZIP},
            problems=("not-found", "no-ledger"),
        ),
        Route(
            method="POST",
            path="/v1/fixes/{id}/check",
            name="check-mended",
            summary="Judge these files, as /v1/lint does.",
            handler=api.check,
            rights=_CHECK,
            gives={200: Body.REPORT, 202: Job, 422: Body.REPORT},
            problems=(*_QUEUE, "not-found", "ended"),
            query=_FORMAT,
            headers={**_KEY, **_PREFER},
        ),
    )


def _calls(api: CallApi) -> tuple[Route, ...]:
    return (
        Route(
            method="POST",
            path="/v1/save",
            name="save",
            summary="Check a message, save it with the provider, bind its id; 200 only when it was accepted.",
            handler=api.save,
            rights=_SEND,
            takes={**json_of(SaveAsked), _FORM: SaveForm, "application/xml": Body.XML},
            gives={200: Body.REPORT, 202: Job},
            problems=(*_BODY, *_QUEUE, *_CALLS),
            query=_FORMAT,
            headers={**_KEY, **_PREFER},
        ),
        Route(
            method="POST",
            path="/v1/send",
            name="send",
            summary="Check a saved message again, and send it at most once; 200 only when it was accepted.",
            handler=api.send,
            rights=_SEND,
            takes={**json_of(SendAsked), _FORM: SendForm},
            gives={200: Body.REPORT, 202: Job},
            problems=(*_BODY, *_QUEUE, *_CALLS, "not-approved"),
            query=_FORMAT,
            headers={**_KEY, **_PREFER},
        ),
    )


def _reading(api: Api) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path="/v1/checks/{id}",
            name="report",
            summary="A job's report, in the format that Accept asks for.",
            handler=api.report,
            rights=_OWN,
            gives={200: Body.REPORT, 202: Job},
            problems=("not-found", "no-such-format", "ended", "no-ledger"),
            query=_FORMAT,
        ),
        Route(
            method="POST",
            path="/v1/checks/{id}/share",
            name="share",
            summary="A link that shows the report to whoever has it, until it expires.",
            handler=api.share,
            rights=_OWN,
            takes=json_of(ShareAsked),
            gives={201: Share},
            problems=("not-found", "no-ledger", *_BODY),
        ),
        Route(
            method="GET",
            path="/v1/jobs/{id}",
            name="job",
            summary="A job as it stands.",
            handler=api.job,
            rights=_OWN,
            gives={200: Job},
            problems=("not-found", "no-ledger"),
        ),
        Route(
            method="GET",
            path="/v1/jobs/{id}/events",
            name="events",
            summary="A job's progress as server-sent events: event is its state, data its progress.",
            handler=api.events,
            rights=_OWN,
            gives={200: Body.EVENTS},
            problems=("not-found", "too-many", "no-ledger"),
        ),
        Route(
            method="GET",
            path="/s/{id}",
            name="shared",
            summary="A shared report.",
            handler=api.shared,
            rights=ANYBODY_MAY,
            gives={200: Body.SHARED},
            problems=("gone", "no-such-format", "no-ledger"),
            query=_FORMAT,
        ),
    )


def _switches(api: CallApi) -> tuple[Route, ...]:
    return (
        Route(
            method="POST",
            path="/v1/hold",
            name="hold",
            summary="Stop every send through this ledger.",
            handler=api.hold,
            rights=_HOLD,
            takes=json_of(HoldAsked),
            gives={201: Holds},
            problems=(*_BODY, "no-sends", "no-ledger"),
        ),
        Route(
            method="DELETE",
            path="/v1/hold",
            name="release",
            summary="Let sends go again; tells what was held.",
            handler=api.release,
            rights=_HOLD,
            gives={200: Holds},
            problems=("no-sends", "no-ledger"),
        ),
        Route(
            method="GET",
            path="/v1/hold",
            name="holds",
            summary="What is held.",
            handler=api.holds,
            rights=_HOLD,
            gives={200: Holds},
            problems=("no-sends", "no-ledger"),
        ),
        Route(
            method="POST",
            path="/v1/approvals",
            name="approve",
            summary="A named person's word that a content may go out.",
            handler=api.approve,
            rights=_APPROVE,
            takes=json_of(ApprovalAsked),
            gives={201: Approval},
            problems=(*_BODY, "no-sends", "no-ledger", "not-approved"),
        ),
        Route(
            method="GET",
            path="/v1/approvals",
            name="approvals",
            summary="What was approved of a content.",
            handler=api.approvals,
            rights=_CHECK,
            gives={200: Approvals},
            problems=("no-sends", "no-ledger"),
            query={"content": "The digest, sha256:…"},
        ),
    )


def _service(api: Api, page: Page, openapi: Handler) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path="/v1/me",
            name="me",
            summary="Who asks, and what he may do here.",
            handler=api.me,
            rights=_KNOWN,
            gives={200: Me},
        ),
        Route(
            method="GET",
            path="/healthz",
            name="alive",
            summary="That the process answers.",
            handler=api.alive,
            rights=ANYBODY_MAY,
            gives={200: Health},
        ),
        Route(
            method="GET",
            path="/readyz",
            name="ready",
            summary="Whether it can work.",
            handler=api.ready,
            rights=ANYBODY_MAY,
            gives={200: Health, 503: Health},
        ),
        Route(
            method="GET",
            path="/metrics",
            name="metrics",
            summary="Numbers for Prometheus.",
            handler=api.metrics,
            rights=_CHECK,
            gives={200: Body.TEXT},
            problems=("no-ledger",),
        ),
        Route(
            method="GET",
            path="/openapi.json",
            name="openapi",
            summary="This document.",
            handler=openapi,
            rights=ANYBODY_MAY,
            gives={200: Body.OPENAPI},
        ),
        Route(
            method="GET",
            path="/",
            name="page",
            summary="The page for people.",
            handler=page.index,
            rights=ANYBODY_MAY,
            gives={200: Body.PAGE},
        ),
        Route(
            method="GET",
            path="/page.css",
            name="style",
            summary="The page's style.",
            handler=page.style,
            rights=ANYBODY_MAY,
            gives={200: Body.PAGE},
        ),
        Route(
            method="GET",
            path="/page.js",
            name="script",
            summary="The page's script.",
            handler=page.script,
            rights=ANYBODY_MAY,
            gives={200: Body.PAGE},
        ),
    )
