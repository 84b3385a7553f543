"""The routes by which something goes out, and by which that is stopped or approved."""

from __future__ import annotations

from mmscheck.serve.api_calls import CallApi
from mmscheck.serve.api_campaigns import CampaignApi
from mmscheck.serve.campaign_words import CampaignAsked, CampaignForm, CampaignJob, CampaignStop
from mmscheck.serve.route_parts import (
    APPROVE,
    BODY,
    CALLS,
    CHECK,
    FORM,
    FORMAT,
    HOLD,
    KEY,
    PREFER,
    QUEUE,
    SEND,
)
from mmscheck.serve.routes import Body, Route, json_of
from mmscheck.serve.words import (
    Approval,
    ApprovalAsked,
    Approvals,
    HoldAsked,
    Holds,
    Job,
    SaveAsked,
    SaveForm,
    SendAsked,
    SendForm,
)


def calls(api: CallApi) -> tuple[Route, ...]:
    """One save, and one send."""
    return (
        Route(
            method="POST",
            path="/v1/save",
            name="save",
            summary="Check a message, save it with the provider, bind its id; 200 only when it was accepted.",
            handler=api.save,
            rights=SEND,
            takes={**json_of(SaveAsked), FORM: SaveForm, "application/xml": Body.XML},
            gives={200: Body.REPORT, 202: Job},
            problems=(*BODY, *QUEUE, *CALLS),
            query=FORMAT,
            headers={**KEY, **PREFER},
        ),
        Route(
            method="POST",
            path="/v1/send",
            name="send",
            summary="Check a saved message again, and send it at most once; 200 only when it was accepted.",
            handler=api.send,
            rights=SEND,
            takes={**json_of(SendAsked), FORM: SendForm},
            gives={200: Body.REPORT, 202: Job},
            problems=(*BODY, *QUEUE, *CALLS, "not-approved"),
            query=FORMAT,
            headers={**KEY, **PREFER},
        ),
    )


def campaigns(api: CampaignApi) -> tuple[Route, ...]:
    """One message to many."""
    return (
        Route(
            method="POST",
            path="/v1/campaigns",
            name="campaign",
            summary="Check a saved message again, judge every row, send it to each at most once: 202, and "
            "Location says where to ask; 200 for what its key stands for and is over.",
            handler=api.begin,
            rights=SEND,
            takes={**json_of(CampaignAsked), FORM: CampaignForm},
            gives={200: CampaignJob, 202: CampaignJob},
            problems=(*BODY, "other-payload", "too-many", "draining", "no-ledger", "no-sends", "other-api"),
            headers={"Idempotency-Key": "Makes this request once; one that ended too soon goes on under it."},
        ),
        Route(
            method="GET",
            path="/v1/campaigns/{id}",
            name="campaign-stands",
            summary="A campaign as it stands, and what became of its rows.",
            handler=api.look,
            rights=SEND,
            gives={200: CampaignJob},
            problems=("not-found", "no-ledger"),
        ),
        Route(
            method="GET",
            path="/v1/campaigns/{id}/events",
            name="campaign-events",
            summary="Its progress as server-sent events: event is its state, data its progress.",
            handler=api.events,
            rights=SEND,
            gives={200: Body.EVENTS},
            problems=("not-found", "too-many", "no-ledger"),
        ),
        Route(
            method="POST",
            path="/v1/campaigns/{id}/stop",
            name="stop-campaign",
            summary="Send nothing more of it; what is in flight is finished.",
            handler=api.stop,
            rights=SEND,
            takes=json_of(CampaignStop),
            gives={200: CampaignJob},
            problems=(*BODY, "not-found", "no-ledger"),
        ),
    )


def switches(api: CallApi) -> tuple[Route, ...]:
    """The kill switch, and approvals."""
    return (
        Route(
            method="POST",
            path="/v1/hold",
            name="hold",
            summary="Stop every send through this ledger.",
            handler=api.hold,
            rights=HOLD,
            takes=json_of(HoldAsked),
            gives={201: Holds},
            problems=(*BODY, "no-sends", "no-ledger"),
        ),
        Route(
            method="DELETE",
            path="/v1/hold",
            name="release",
            summary="Let sends go again; tells what was held.",
            handler=api.release,
            rights=HOLD,
            gives={200: Holds},
            problems=("no-sends", "no-ledger"),
        ),
        Route(
            method="GET",
            path="/v1/hold",
            name="holds",
            summary="What is held.",
            handler=api.holds,
            rights=HOLD,
            gives={200: Holds},
            problems=("no-sends", "no-ledger"),
        ),
        Route(
            method="POST",
            path="/v1/approvals",
            name="approve",
            summary="A named person's word that a content may go out.",
            handler=api.approve,
            rights=APPROVE,
            takes=json_of(ApprovalAsked),
            gives={201: Approval},
            problems=(*BODY, "no-sends", "no-ledger", "not-approved"),
        ),
        Route(
            method="GET",
            path="/v1/approvals",
            name="approvals",
            summary="What was approved of a content.",
            handler=api.approvals,
            rights=CHECK,
            gives={200: Approvals},
            problems=("no-sends", "no-ledger"),
            query={"content": "The digest, sha256:…"},
        ),
    )
