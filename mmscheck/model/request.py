"""What one call of the provider is asked to do, and how it ended: sends, saves, deletions.

Field names and their meaning: Sinch XML API documentation, sendSavedMMS (2015, 2021 and later web
version). The API key is no field here: it never travels through the values that reports are made of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

import msgspec


class CustomText(msgspec.Struct, frozen=True, kw_only=True):
    """A text that replaces the text of one slide (``custom-text``); slides count from 1."""

    slide: int
    value: str


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a send changes in the stored message: subject, slide texts and merge data.

    ``data`` may be given as a mapping of names to values; it is kept as pairs, so that it can be hashed.
    """

    custom_subject: str | None = None
    custom_texts: tuple[CustomText, ...] = ()
    data: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Turn a mapping into pairs."""
        if isinstance(self.data, Mapping):
            msgspec.structs.force_setattr(self, "data", tuple(self.data.items()))


class SendWindow(msgspec.Struct, frozen=True, kw_only=True):
    """When the message is planned to go out: seconds since the epoch, both ends included."""

    opens: float
    closes: float


class SendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of one ``sendSavedMMS`` call; None is a field that is left out."""

    mms_id: str | None = None
    to: str | None = None
    from_: str | None = None
    service_id: str | None = None
    fallback_sms_text: str | None = None
    operator_id: str | None = None
    ddm_force: str | None = None
    ddm_message_text: str | None = None
    ddm_message_subject: str | None = None
    ddm_message_timeout: str | None = None
    changes: Changes = Changes()

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """The texts that it carries beside the message, each with what it is."""
        given = (
            ("the fallback text", self.fallback_sms_text),
            ("the DDM text", self.ddm_message_text),
            ("the DDM subject", self.ddm_message_subject),
        )
        return tuple((where, text) for where, text in given if text)

    @property
    def digest(self) -> str:
        """``sha256:`` and the hex digest of all fields in a fixed order."""
        return "sha256:" + hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


class OneShotRequest(SendRequest, frozen=True, kw_only=True):
    """A ``sendMMS`` call: the fields of a send, and the document whose content goes out at once.

    The document is the bytes that were checked; the fields that it lacks are put in. There is no ``mms_id``,
    and nothing is changed in a message that nobody stored.
    """

    document: bytes

    @property
    def message_digest(self) -> str:
        """``sha256:`` and the hex digest of the document, as ``Mms.digest`` has it."""
        return "sha256:" + hashlib.sha256(self.document).hexdigest()

    @property
    def digest(self) -> str:
        """The digest of document and fields; no other call has the same, for it begins with its own name."""
        fields = {name: getattr(self, name) for name in SendRequest.__struct_fields__}
        told = msgspec.json.encode({**fields, "document": self.message_digest}, order="sorted")
        return "sha256:" + hashlib.sha256(b"sendMMS\0" + told).hexdigest()


class SendStatus(StrEnum):
    """``unknown`` means the provider may have sent it: never repeat it without looking."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_ATTEMPTED = "not-attempted"


class CallKind(msgspec.Struct, frozen=True, kw_only=True):
    """A send or a save, in the words that tell how one ended.

    ``done`` and ``doing`` are forms of ``name``. ``may_repeat``: one of unknown outcome may be made again.
    ``doubt`` is the sentence on an unknown outcome: what may have happened, and what to do.
    """

    name: str
    done: str
    doing: str
    may_repeat: bool
    doubt: str


SEND_CALL = CallKind(
    name="send",
    done="sent",
    doing="sending",
    may_repeat=False,
    doubt=(
        "It may have been sent: do not repeat it before a delivery report or the provider has told how it "
        "ended."
    ),
)
SAVE_CALL = CallKind(
    name="save",
    done="saved",
    doing="saving",
    may_repeat=True,
    # At worst the provider keeps a stored message under an id that nobody knows.
    doubt=(
        "It may have been saved, and nobody knows its id. A save reaches no phone: it may be made again, and "
        "leaves at worst a stored message that nobody uses."
    ),
)

DELETE_CALL = CallKind(
    name="delete",
    done="deleted",
    doing="deleting",
    may_repeat=True,
    doubt=(
        "It may have been deleted. Until that is known nothing is sent under this id: the same command given "
        "again finds out, and so does mmscheck bind where the provider has it still."
    ),
)


class SendResult(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one send: the provider's ids and codes as given, and a sentence for people.

    ``http_status`` is None when no response head arrived. ``recorded``: this is the answer that the same send
    got earlier, out of the ledger, and nothing was sent now. ``refusal`` is why the ledger gave no leave to
    make the call (a value of ``mmscheck.model.ledger.RefusalReason``), None when it was made or failed;
    ``campaign`` is that of the send which was in the way. ``may_repeat``: it may be made again whatever
    became of it, because it reaches no phone.
    """

    status: SendStatus
    detail: str
    tracking_id: str | None = None
    mms_id: str | None = None
    error_code: str | None = None
    error_info: str | None = None
    http_status: int | None = None
    recorded: bool = False
    refusal: str | None = None
    campaign: str | None = None
    may_repeat: bool = False


class SaveRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One document to be saved, as the bytes that were checked; the API key is no part of it."""

    document: bytes

    @property
    def message_digest(self) -> str:
        """``sha256:`` and the hex digest of the document, as ``Mms.digest`` has it."""
        return "sha256:" + hashlib.sha256(self.document).hexdigest()

    @property
    def digest(self) -> str:
        """The same of the call; no digest of a send can equal it, which is the digest of a JSON object."""
        return "sha256:" + hashlib.sha256(b"saveMMS\0" + self.document).hexdigest()


class DeleteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of one ``deleteMMSID`` call."""

    mms_id: str


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message as ``getMMSTemplates`` lists it; None is what it did not say.

    It tells name, subject and how many slides there are; not what is on them.
    """

    mms_id: str
    name: str | None = None
    subject: str | None = None
    slides: str | None = None
