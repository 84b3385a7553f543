"""A save on its way, and what the ledger is to know of a stored message (design section 9).

A save reaches no phone. So the kill switch does not stop it, and one of unknown outcome may be made again.
"""

from __future__ import annotations

import secrets
import shlex
import time
from typing import TYPE_CHECKING

import msgspec

from mmscheck import ledger as ledgers
from mmscheck.errors import UsageError
from mmscheck.model.ledger import MmsState
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.request import SAVE_CALL, SaveRequest, SendResult, SendStatus, Template
from mmscheck.model.verdict import Permit
from mmscheck.model.words import MediaKind
from mmscheck.send.flow import ProviderCall
from mmscheck.send.order import Order, Saver, demand_api, stored_at
from mmscheck.slidexml import parse

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger, Save


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """How a save ended; ``bound`` is the state of its id in the ledger, None when it is not there.

    ``report`` is the one that let it through, where ``Gate.save`` made it.

    An accepted save without a binding cannot be sent before it is bound: the result says by which command.
    """

    result: SendResult
    bound: MmsState | None = None
    report: Report | None = None


class SaveCall(ProviderCall[SaveRequest]):
    """One ``saveMMS`` call; the id that comes back is bound, and ``bound`` is its state in the ledger."""

    kind = SAVE_CALL
    in_doubt = SAVE_CALL.doubt

    def __init__(self, ledger: Ledger, client: Saver, order: Order[SaveRequest]) -> None:
        """A save that the gate has let through; raises UsageError for a client of another API."""
        demand_api(order.report.messages[0].document, client)
        super().__init__(ledger, order)
        self._client = client
        self._asked = time.time()
        self._number = secrets.token_hex(8)
        self.bound: MmsState | None = None

    @property
    def unusable(self) -> bool:
        """Whether it was saved under an id that the ledger does not have."""
        saved = self.result is not None and self.result.status is SendStatus.ACCEPTED
        return saved and self.bound is None

    def known(self) -> SendResult:
        """As of any call; an id that has come is told with the command that binds it."""
        if not self.may_have_been_made or self.result is None or self.result.mms_id is None:
            return super().known()
        command = bind_command(self._order.report.messages[0].source, self.result.mms_id)
        detail = f"{self.result.detail} If the id is not bound: {command}"
        return msgspec.structs.replace(self.result, detail=detail)

    async def _claim(self, permit: Permit) -> None:
        await self._ledger.record_check(
            "save-begun",
            save=self._number,
            message=permit.message_digest,
            media=[digest for _, digest in permit.media_digests],
            ruleset=permit.ruleset_digest,
            expires=permit.expires,
        )

    async def _withdraw(self, why: str) -> None:
        nothing = f"{why.rstrip('.')}. Nothing was saved."
        await self._note(SendResult(status=SendStatus.NOT_ATTEMPTED, detail=nothing))

    async def _post(self, permit: Permit, request: SaveRequest) -> SendResult:
        self._asked = time.time()
        return await self._client.save_mms(permit, request)

    def _interrupted(self) -> SendResult:
        return SendResult(status=SendStatus.UNKNOWN, detail="Interrupted during the call.")

    async def _record(self, result: SendResult, *, again: bool) -> SendResult:  # noqa: ARG002 - a save holds no key
        if result.status is SendStatus.ACCEPTED and result.mms_id is not None:
            result = await self._bind(result, result.mms_id)
        return await self._note(result)

    async def _bind(self, result: SendResult, mms_id: str) -> SendResult:
        message = self._order.report.messages[0]
        account = stored_at(self._client)
        try:
            save = binding_of(message, mms_id, when_saved(message), account)
            known = await self._ledger.record_save(msgspec.structs.replace(save, since=self._asked))
        except Exception as error:  # noqa: BLE001 - whatever it is, the id must not be lost
            return unbound(message, result, error)
        self.bound = known.state
        return msgspec.structs.replace(result, detail=f"{result.detail} {_when(known.state)}")

    async def _note(self, result: SendResult) -> SendResult:
        """The result, noted; that it could not be noted changes nothing of what happened."""
        try:
            await self._ledger.record_check(
                "save-ended",
                save=self._number,
                status=result.status.value,
                mms_id=result.mms_id,
                error_code=result.error_code,
                detail=result.detail,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the POST may have been made
            detail = f"{result.detail} The ledger could not note it ({error})."
            return msgspec.structs.replace(result, detail=detail)
        return result


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
    detail = (
        f"{result.detail} But the ledger could not bind this id to the message ({error}), so no send of it "
        f"is permitted before: {command}"
    )
    return msgspec.structs.replace(result, detail=detail)


def bind_command(source: str, mms_id: str) -> str:
    """What to run so that the ledger knows the id."""
    return f"mmscheck bind {shlex.quote(mms_id)} {shlex.quote(source)}"


def binding_of(message: MessageReport, mms_id: str, state: MmsState, account: str) -> Save:
    """What the ledger is to know of a message stored at an account (``order.stored_at``).

    Raises UsageError when a medium was not fetched, or for a judgement of other texts than are stored.
    """
    if message.changed:
        raise UsageError("it was judged with other texts or merge data than are stored; nothing can be bound")
    items = {ref.url: message.observations.get(ref.url) for ref in message.media}
    if missing := [url for url, item in items.items() if not isinstance(item, Fetched)]:
        raise UsageError(f"{len(missing)} of the media were not fetched whole, so nothing can be bound")
    media = tuple((url, f"sha256:{item.sha256}") for url, item in items.items() if isinstance(item, Fetched))
    return ledgers.Save(
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
    # The provider's package brings the HTTP client.
    from mmscheck.sinch import REDACTED, save_body, shown_save  # noqa: PLC0415

    if checked.problem is not None:
        return ""
    posted = save_body(document, checked.dialect, REDACTED)
    if _content(checked) != _content(parse(posted, checked.source)):
        raise UsageError(f"{checked.source}: with the API key put in, it would read as another message")
    return shown_save(document, checked.dialect)


def _content(message: Mms) -> object:
    return (
        message.problem,
        message.document,
        message.spelling,
        message.name and message.name.value,
        tuple((field.name, field.value) for field in message.fields),
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


def differences(message: Mms, stored: Template) -> tuple[str, ...]:
    """Each thing in which file and stored message differ, or which the provider did not tell.

    Name, subject and number of slides. White space at the ends does not count, because an answer may be
    written with line breaks of its own.
    """
    pairs = (
        ("name", message.name.value if message.name else "", stored.name),
        ("subject", message.subject.value if message.subject else "", stored.subject),
        ("number of slides", str(len(message.slides)), stored.slides),
    )
    return tuple(
        sentence for what, own, theirs in pairs if (sentence := _difference(what, own.strip(), theirs))
    )


def _difference(what: str, own: str, theirs: str | None) -> str:
    if theirs is None:
        return f"{what}: the provider does not tell it, so it could not be compared"
    if own == theirs.strip():
        return ""
    return f'{what}: the file has "{own}", the provider "{theirs.strip()}"'
