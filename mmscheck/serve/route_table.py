"""The table of routes: what can be asked, by whom, with which bodies, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mmscheck.serve.api import Api
from mmscheck.serve.api_calls import CallApi
from mmscheck.serve.api_campaigns import CampaignApi
from mmscheck.serve.api_fix import FixApi
from mmscheck.serve.page import Page
from mmscheck.serve.route_parts import (
    ANYBODY_MAY,
    BODY,
    CHECK,
    FIX,
    FORM,
    FORMAT,
    HOSTED,
    KEY,
    KNOWN,
    OWN,
    PREFER,
    QUEUE,
)
from mmscheck.serve.route_table_calls import calls, campaigns, switches
from mmscheck.serve.routes import Body, Handler, Route, json_of
from mmscheck.serve.tokens import Right
from mmscheck.serve.words import (
    CheckAsked,
    CheckForm,
    FixAsked,
    FixForm,
    Health,
    Job,
    Kind,
    LintAsked,
    LintForm,
    Me,
    Share,
    ShareAsked,
)

NEEDED: Mapping[Kind, Right] = MappingProxyType(
    {
        Kind.CHECK: Right.CHECK,
        Kind.LINT: Right.CHECK,
        Kind.FIX: Right.FIX,
        Kind.SAVE: Right.SEND,
        Kind.SEND: Right.SEND,
        Kind.CAMPAIGN: Right.SEND,
    }
)
"""What whoever has a job done needs, also when it is begun later."""


class Handlers(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever answers."""

    api: Api
    fixes: FixApi
    calls: CallApi
    campaigns: CampaignApi
    page: Page
    openapi: Handler


def table(by: Handlers) -> tuple[Route, ...]:
    """Every route."""
    return (
        *_judging(by.api),
        *_mending(by.fixes),
        *calls(by.calls),
        *campaigns(by.campaigns),
        *_reading(by.api),
        *switches(by.calls),
        *_service(by.api, by.page, by.openapi),
    )


def _judging(api: Api) -> tuple[Route, ...]:
    return (
        Route(
            method="POST",
            path="/v1/check",
            name="check",
            summary="Judge messages, or media by their URLs: 200 nothing blocks, 422 denied, 202 ask later.",
            handler=api.check,
            rights=CHECK,
            takes={**json_of(CheckAsked), FORM: CheckForm, "application/xml": Body.XML},
            gives={200: Body.REPORT, 202: Job, 422: Body.REPORT},
            problems=(*BODY, *QUEUE, "ended"),
            query=FORMAT,
            headers={**KEY, **PREFER},
        ),
        Route(
            method="POST",
            path="/v1/lint",
            name="lint",
            summary="Judge messages and media files without a network; never permits anything.",
            handler=api.lint,
            rights=CHECK,
            takes={**json_of(LintAsked), FORM: LintForm, "application/xml": Body.XML},
            gives={200: Body.REPORT, 202: Job, 422: Body.REPORT},
            problems=(*BODY, *QUEUE, "ended"),
            query=FORMAT,
            headers={**KEY, **PREFER},
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
            rights=FIX,
            takes={**json_of(FixAsked), FORM: FixForm, "application/xml": Body.XML},
            gives={200: Body.MENDED, 202: Job, 422: Body.MENDED},
            problems=(*BODY, *QUEUE, "ended"),
            query=FORMAT,
            headers={**KEY, **PREFER},
        ),
        Route(
            method="GET",
            path="/v1/fixes/{id}",
            name="mended",
            summary="What was done, file by file, before and after, in the format that Accept asks for.",
            handler=api.report,
            rights=FIX,
            gives={200: Body.MENDED, 202: Job},
            problems=("not-found", "no-such-format", "ended", "no-ledger"),
            query=FORMAT,
        ),
        Route(
            method="GET",
            path="/v1/fixes/{id}/files",
            name="mended-files",
            summary="The mended files, and those that needed nothing, as a zip file.",
            handler=api.files,
            rights=FIX,
            gives={200: Body.ZIP},
            problems=("not-found", "no-ledger"),
        ),
        Route(
            method="POST",
            path="/v1/fixes/{id}/check",
            name="check-mended",
            summary="Judge these files, as /v1/lint does; or, hosted, what their hosts answer.",
            handler=api.check,
            rights=CHECK,
            gives={200: Body.REPORT, 202: Job, 422: Body.REPORT},
            problems=(*QUEUE, "malformed", "not-found", "ended"),
            query=HOSTED,
            headers={**KEY, **PREFER},
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
            rights=OWN,
            gives={200: Body.REPORT, 202: Job},
            problems=("not-found", "no-such-format", "ended", "no-ledger"),
            query=FORMAT,
        ),
        Route(
            method="POST",
            path="/v1/checks/{id}/share",
            name="share",
            summary="A link that shows the report to whoever has it, until it expires.",
            handler=api.share,
            rights=OWN,
            takes=json_of(ShareAsked),
            gives={201: Share},
            problems=("not-found", "no-ledger", *BODY),
        ),
        Route(
            method="GET",
            path="/v1/jobs/{id}",
            name="job",
            summary="A job as it stands.",
            handler=api.job,
            rights=OWN,
            gives={200: Job},
            problems=("not-found", "no-ledger"),
        ),
        Route(
            method="GET",
            path="/v1/jobs/{id}/events",
            name="events",
            summary="A job's progress as server-sent events: event is its state, data its progress.",
            handler=api.events,
            rights=OWN,
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
            query=FORMAT,
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
            rights=KNOWN,
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
            rights=CHECK,
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
