"""Save a message with the provider: permit, intent on disk, one POST, bind the id (design section 9).

A save reaches no phone. So the kill switch does not stop it, and one of unknown outcome may be made again.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from mmscheck.errors import LedgerError, PermitError, UsageError
from mmscheck.judge import gate
from mmscheck.model.ledger import MmsState
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.save import SaveRequest
from mmscheck.model.send import SendResult, SendStatus
from mmscheck.model.verdict import Permit
from mmscheck.model.words import MediaKind
from mmscheck.send.order import stored_at
from mmscheck.send.shield import to_the_end
from mmscheck.slidexml import parse

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger, Save


@runtime_checkable
class Saver(Protocol):
    """What makes the one call; ``mmscheck.SinchClient`` is one."""

    async def save_mms(self, permit: Permit, save: SaveRequest) -> SendResult:
        """Redeem the permit, then make one POST; PermitError and UsageError mean that none was made."""


class SaveOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One save as the gate let it through."""

    report: Report
    save: SaveRequest
    permit: Permit


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """How a save ended; ``bound`` is the state of its id in the ledger, None when it is not there.

    ``report`` is the one that let it through, where ``Gate.save`` made it.

    An accepted save without a binding cannot be sent before it is bound: the result says by which command.
    """

    result: SendResult
    bound: MmsState | None = None
    report: Report | None = None


async def save_through(ledger: Ledger, client: Saver, order: SaveOrder) -> Saved:
    """Make one saveMMS call and bind the id that comes back.

    Raises LedgerError, PermitError and UsageError when certainly nothing was saved. When cancelled during
    the call it notes first that the outcome is unknown.
    """
    number = secrets.token_hex(8)
    await _begin(ledger, order, number)
    result = await _post(ledger, client, order, number)
    saved = Saved(result=result)
    if result.status is SendStatus.ACCEPTED and result.mms_id is not None:
        saved = await to_the_end(_bind(ledger, order, result, stored_at(client)))
    return msgspec.structs.replace(saved, result=await to_the_end(_noted(ledger, number, saved.result)))


async def _begin(ledger: Ledger, order: SaveOrder, number: str) -> None:
    """What the gate let through, and that it is about to be saved: on disk before the call."""
    permit = order.permit
    await ledger.record_check(
        "save-begun",
        save=number,
        message=permit.message_digest,
        media=[digest for _, digest in permit.media_digests],
        ruleset=permit.ruleset_digest,
        expires=permit.expires,
    )


async def _post(ledger: Ledger, client: Saver, order: SaveOrder, number: str) -> SendResult:
    try:
        return await gate.guarded_save(order.permit, order.save, client.save_mms)
    except (PermitError, UsageError) as error:
        nothing = SendResult(status=SendStatus.NOT_ATTEMPTED, detail=f"{error}. Nothing was saved.")
        await _noted(ledger, number, nothing)
        raise
    except asyncio.CancelledError:
        cut = SendResult(status=SendStatus.UNKNOWN, detail="Interrupted during the call.")
        await to_the_end(_noted(ledger, number, cut))
        raise


async def _noted(ledger: Ledger, number: str, result: SendResult) -> SendResult:
    """The result, noted; that it could not be noted changes nothing of what happened."""
    try:
        await ledger.record_check(
            "save-ended",
            save=number,
            status=result.status.value,
            mms_id=result.mms_id,
            error_code=result.error_code,
            detail=result.detail,
        )
    except LedgerError as error:
        detail = f"{result.detail} The ledger could not note it ({error})."
        return msgspec.structs.replace(result, detail=detail)
    return result


async def _bind(ledger: Ledger, order: SaveOrder, result: SendResult, account: str) -> Saved:
    message = order.report.messages[0]
    mms_id = result.mms_id or ""
    try:
        known = await ledger.record_save(binding_of(message, mms_id, when_saved(message), account))
    except (LedgerError, UsageError) as error:
        return Saved(result=unbound(message, result, error))
    return Saved(
        result=msgspec.structs.replace(result, detail=f"{result.detail} {_when(known.state)}"),
        bound=known.state,
    )


WAIT = (
    "It can be sent when the provider's notification N003 says that encoding has finished "
    "(mmscheck postbacks receives it, and mmscheck ledger saves shows the id as ready from then on)."
)
"""What a message with more than images and texts waits for."""


def _when(state: MmsState) -> str:
    """When the message may be sent, as far as the ledger knows."""
    if state is MmsState.READY:
        return "It can be sent at once."
    if state is MmsState.CORRUPT:
        return "It can never be sent: the provider has reported that encoding failed. Save it anew."
    return WAIT


def unbound(message: MessageReport, result: SendResult, error: Exception) -> SendResult:
    """A save that the provider accepted and the ledger does not know: the id must not be lost."""
    command = bind_command(message.source, result.mms_id or "")
    replace = " --replace --reason ..." if isinstance(error, UsageError) else ""
    detail = (
        f"{result.detail} But the ledger could not bind this id to the message ({error}), so no send of it "
        f"is permitted before: {command}{replace}"
    )
    return msgspec.structs.replace(result, detail=detail)


def bind_command(source: str, mms_id: str) -> str:
    """What to run so that the ledger knows the id."""
    return f"mmscheck bind {shlex.quote(mms_id)} {shlex.quote(source)}"


def binding_of(message: MessageReport, mms_id: str, state: MmsState, account: str) -> Save:
    """What the ledger is to know of a message stored at an account (``orders.stored_at``).

    Raises UsageError when a medium was not fetched, or for a judgement of other texts than are stored.
    """
    if message.changed:
        raise UsageError("it was judged with other texts or merge data than are stored; nothing can be bound")
    # The ledger brings SQLAlchemy, which nothing but a save or a send needs.
    from mmscheck.ledger import Save  # noqa: PLC0415

    seen = {ref.url: message.observations.get(ref.url) for ref in message.media}
    if missing := [url for url, item in seen.items() if not isinstance(item, Fetched)]:
        raise UsageError(f"{len(missing)} of the media were not fetched whole, so nothing can be bound")
    media = tuple((url, f"sha256:{item.sha256}") for url, item in seen.items() if isinstance(item, Fetched))
    return Save(
        mms_id=mms_id,
        digest=message.digest,
        media=media,
        name=message.name,
        subject=message.subject,
        state=state,
        account=account,
    )


def when_saved(message: MessageReport) -> MmsState:
    """Messages of images and texts are ready at once; others when N003 comes (Sinch, saveMMS, 2021)."""
    return MmsState.READY if needs_no_encoding(message) else MmsState.ENCODING


def needs_no_encoding(message: MessageReport) -> bool:
    """Whether it holds images and texts alone."""
    return all(ref.kind is MediaKind.IMAGE for ref in message.media)


def saveable(checked: Mms, document: bytes) -> str:
    """What would be posted, with the key redacted; raises UsageError for a document that is no save.

    With the key put in it must read as what was checked. One that cannot be read is left to the check, which
    denies: there is nothing to show.
    """
    from mmscheck.sinch import REDACTED, redacted_save, save_xml  # noqa: PLC0415 - it brings the HTTP client

    if checked.problem is not None:
        return ""
    if _content(checked) != _content(parse(save_xml(document, REDACTED), checked.source)):
        raise UsageError(f"{checked.source}: with the API key put in, it would read as another message")
    return redacted_save(document).decode("utf-8")


def _content(message: Mms) -> object:
    return (
        message.problem,
        message.dialect,
        message.name and message.name.value,
        message.subject and message.subject.value,
        tuple(
            (
                slide.number,
                tuple(text.value for text in slide.texts),
                tuple((ref.kind, ref.url, ref.index) for ref in slide.media),
                slide.duration and slide.duration.value,
            )
            for slide in message.slides
        ),
        sorted((stray.name, stray.overlooked) for stray in message.strays),
    )
