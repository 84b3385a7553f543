"""Messages that are sent at once: the request that a document and the fields given beside it make."""

from __future__ import annotations

import hashlib

import msgspec

from mmscheck import slidexml
from mmscheck.errors import UsageError
from mmscheck.model.mms import Mms
from mmscheck.model.request import OneShotRequest
from mmscheck.model.words import ONE_SHOT

_FIELDS = {
    "to": "to",
    "from": "from_",
    "service-id": "service_id",
    "operator-id": "operator_id",
    "fallback-sms-text": "fallback_sms_text",
}
"""Fields that the document may give, and their names in a request."""


def demand_one_shot(message: Mms) -> None:
    """Raise UsageError for a message that is to be stored first; one that cannot be read is denied later."""
    if message.problem is None and message.document not in ONE_SHOT:
        raise UsageError(
            f"{message.source} is a message to be stored, and not one that is sent at once (a sendMMS): "
            "save it with mmscheck save, and send it without --one-shot"
        )


def completed(message: Mms, request: OneShotRequest) -> OneShotRequest:
    """The request with the fields that the document gives; what both give must be the same.

    Raises UsageError where it is not, for a field that the document gives twice, and for a reference of its
    own, whose place is taken by the one that settles the send.
    """
    demand_one_shot(message)
    own: dict[str, str] = {}
    for field in message.fields:
        if field.name == "client-reference":
            raise UsageError(
                f"{message.source} gives a client-reference: take it out: mmscheck puts its own there, "
                "by which a notification settles a send of unknown outcome"
            )
        if (name := _FIELDS.get(field.name)) is None:
            continue
        if name in own:
            raise UsageError(f"{message.source} gives {field.name} twice: which one counts is not documented")
        given = getattr(request, name)
        if given is not None and given.strip() != field.text.strip():
            raise UsageError(
                f"{message.source} gives another {field.name} than was asked for (by an option, or a "
                "variable of the environment): leave one of the two out"
            )
        own[name] = field.text.strip()
    return msgspec.structs.replace(request, **own)


def content_of(document: bytes) -> str:
    """A digest of what a phone would show beside the subject: texts, and media by their URLs.

    However the document is written, and whoever it names: so the same content has the same idempotency key.
    """
    slides = [
        [[text.value for text in slide.texts], [[ref.kind, ref.url] for ref in slide.media]]
        for slide in slidexml.parse(document, "").slides
    ]
    return "content:" + hashlib.sha256(msgspec.json.encode(slides)).hexdigest()
