"""The documented rules of sendSavedMMS, and what the carrier would make of the subject afterwards."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mmscheck.sandbox.calls import Node
from mmscheck.sandbox.refusal import Refusal
from mmscheck.sandbox.slides import MAX_TEXT, check_subject
from mmscheck.sandbox.store import Saved, Store

_RECIPIENT = re.compile(r"[1-9][0-9]{6,14}")
OPERATORS = frozenset({"31002", "31003", "31004", "31005", "31062"})
"""AT&T, Verizon, T-Mobile, Sprint and MetroPCS (Sinch MM7 service, operator ids, 2021)."""

_SENDER = re.compile(r"[0-9]{3,15}")
_TAG = re.compile(r"\{\$([^{}|]*)(?:\|([^{}]*))?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A send whose form is right; ``subject`` and ``texts`` are after custom texts and merge data."""

    saved: Saved
    to: str
    sender: str
    subject: str
    texts: tuple[str, ...]


def read_send(call: Node, store: Store, usable: Callable[[str], None]) -> Order:
    """What a send asks for; raises Refusal.

    ``usable`` raises Refusal for the id of a message that cannot be sent yet, or ever.
    """
    to, sender = _given(call, "to"), _given(call, "from")
    if call.legacy and not to:
        raise Refusal("E621", "The recipient (to) is missing.")
    if not _RECIPIENT.fullmatch(to):
        raise Refusal("E110", "The recipient (to) must be a country code and number, digits only.")
    if not _SENDER.fullmatch(sender):
        raise Refusal("E111", "The sender (from) must be one of the account's numbers, digits only.")
    saved = _saved(call, store)
    usable(saved.mms_id)
    # In 2015 it was not mandatory.
    if not call.legacy and not _given(call, "service-id"):
        raise Refusal("E627", "The service-id is missing.")
    # Optional by the parameter list of 2015, required by its appendix and by a public client's notes from
    # use, also where it was given at the save: the stricter of the two.
    if not _given(call, "fallback-sms-text"):
        raise Refusal("E622", "The fallback-sms-text is missing.")
    operator = call.text("operator-id")
    if operator is not None and not (operator.strip().isascii() and operator.strip().isdigit()):
        raise Refusal("E650", "The operator-id must be a number.")
    if operator is not None and operator.strip() not in OPERATORS:
        raise Refusal("E651", "The operator-id is not known.")
    custom = _custom_texts(call, saved)
    data = {name.lower(): value for part in call.all("data") for name, value in part.children()}
    texts = (custom.get(slide.number, slide.text) for slide in saved.template.slides)
    return Order(
        saved=saved,
        to=to,
        sender=sender,
        subject=_merge(_subject(call, saved), data),
        texts=tuple(_merge(text, data) for text in texts),
    )


def carrier_objection(subject: str) -> str | None:
    """Why a carrier would drop a message with this subject after the provider took it, or None."""
    for character in subject:
        if not " " <= character <= "~":
            name = unicodedata.name(character, "a control character")
            return f"the carrier would drop this: the subject holds U+{ord(character):04X} {name}"
    return None


def _given(call: Node, name: str) -> str:
    return (call.text(name) or "").strip()


def _saved(call: Node, store: Store) -> Saved:
    mms_id = _given(call, "mms-id")
    if not mms_id:
        raise Refusal("E620", "The mms-id is missing.")
    saved = store.find(mms_id)
    if saved is None:
        raise Refusal("E241", f"There is no message with mms-id {mms_id}.")
    return saved


def _custom_texts(call: Node, saved: Saved) -> dict[int, str]:
    """The texts that replace those of a slide, by its number; of two for one slide the later counts."""
    texts: dict[int, str] = {}
    for custom in call.all("custom-text"):
        text, slide = custom.text("value"), (custom.text("slide") or "").strip()
        # No code is documented for a custom text without its parts; E100 is the request as a whole.
        if text is None or not (slide.isascii() and slide.isdigit()):
            raise Refusal("E100", "A custom-text needs a value and a slide number.")
        if slide.lstrip("0") not in map(str, range(1, len(saved.template.slides) + 1)):
            raise Refusal("E100", f"A custom-text is for slide {slide}, which the message does not have.")
        if len(text) > MAX_TEXT:
            raise Refusal("E228", f"The custom-text for slide {slide} has over {MAX_TEXT} characters.")
        texts[int(slide)] = text
    return texts


def _subject(call: Node, saved: Saved) -> str:
    custom = call.text("custom-subject")
    if custom is None:
        return saved.template.subject
    check_subject(custom)
    return custom


def _merge(text: str, data: Mapping[str, str]) -> str:
    def value(tag: re.Match[str]) -> str:
        return data.get(tag[1].strip().lower(), tag[2] if tag[2] is not None else tag[0])

    return _TAG.sub(value, text)
