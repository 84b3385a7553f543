"""The documented rules of sends, with what a carrier makes of the subject, and of getMMSTemplates."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mmscheck.sandbox.calls import CallForm, Fields, Node
from mmscheck.sandbox.messages import MAX_TEXT, Store, StoredMessage, check_subject
from mmscheck.sandbox.refusals import Refusal

_RECIPIENT = re.compile(r"[1-9][0-9]{6,14}")
OPERATORS = frozenset({"31002", "31003", "31004", "31005", "31062"})
"""AT&T, Verizon, T-Mobile, Sprint and MetroPCS (Sinch MM7 service, operator ids, 2021)."""

DEFAULT_ITEMS = 100
MAX_ITEMS = 1000

_SENDER = re.compile(r"[0-9]{3,15}")
_TAG = re.compile(r"\{\$([^{}|]*)(?:\|([^{}]*))?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledNumbers:
    """The two ends of a send whose fields are right."""

    to: str
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledSend(CalledNumbers):
    """A send whose form is right; ``subject`` and ``texts`` are after custom texts and merge data."""

    saved: StoredMessage
    subject: str
    texts: tuple[str, ...]


def read_send(call: Node, store: Store, usable: Callable[[str], None]) -> CalledSend:
    """What a send asks for; raises Refusal.

    ``usable`` raises Refusal for the id of a message that cannot be sent yet, or ever.
    """
    _check_numbers(call)
    saved = _saved(call, store)
    usable(saved.mms_id)
    numbers = read_numbers(call)
    custom = _custom_texts(call, saved)
    data = {name.lower(): value for part in call.all("data") for name, value in part.children()}
    texts = (custom.get(slide.number, slide.text) for slide in saved.message.slides)
    return CalledSend(
        saved=saved,
        to=numbers.to,
        sender=numbers.sender,
        subject=_merge(_subject(call, saved), data),
        texts=tuple(_merge(text, data) for text in texts),
    )


def _check_numbers(call: Node) -> None:
    to, sender = _given(call, "to"), _given(call, "from")
    if call.legacy and not to:
        raise Refusal("E621", "The recipient (to) is missing.")
    if not _RECIPIENT.fullmatch(to):
        raise Refusal("E110", "The recipient (to) must be a country code and number, digits only.")
    if not _SENDER.fullmatch(sender):
        raise Refusal("E111", "The sender (from) must be one of the account's numbers, digits only.")


def read_numbers(call: Node) -> CalledNumbers:
    """Recipient and sender, and every other field of a send looked at; raises Refusal."""
    _check_numbers(call)
    # In 2015 it was not mandatory.
    # In JSON only for accounts that are set up so (pages of 2026).
    if call.form is CallForm.MODERN and not _given(call, "service-id"):
        raise Refusal("E627", "The service-id is missing.")
    # Optional by the parameter list of 2015, required by its appendix and by a public client's notes from
    # use, also where it was given at the save: the stricter of the two.
    # In JSON it is needed unless the fallback is switched off (pages of 2026).
    switched_off = call.form is CallForm.JSON and _given(call, "disable-fallback-sms") == "true"
    if not switched_off and not _given(call, "fallback-sms-text"):
        raise Refusal("E622", "The fallback-sms-text is missing.")
    operator = call.text("operator-id")
    if operator is not None and not (operator.strip().isascii() and operator.strip().isdigit()):
        raise Refusal("E650", "The operator-id must be a number.")
    if operator is not None and operator.strip() not in OPERATORS:
        raise Refusal("E651", "The operator-id is not known.")
    return CalledNumbers(to=_given(call, "to"), sender=_given(call, "from"))


def carrier_objection(subject: str) -> str | None:
    """Why a carrier would drop a message with this subject after the provider took it, or None."""
    for character in subject:
        if not " " <= character <= "~":
            name = unicodedata.name(character, "a control character")
            return f"the carrier would drop this: the subject holds U+{ord(character):04X} {name}"
    return None


def _given(call: Node, name: str) -> str:
    return (call.text(name) or "").strip()


def _saved(call: Node, store: Store) -> StoredMessage:
    mms_id = _given(call, "mms-id")
    if not mms_id:
        raise Refusal("E620", "The mms-id is missing.")
    saved = store.find(mms_id)
    if saved is None:
        raise Refusal("E241", f"There is no message with mms-id {mms_id}.")
    return saved


def _custom_texts(call: Node, saved: StoredMessage) -> dict[int, str]:
    """The texts that replace those of a slide, by its number; of two for one slide the later counts."""
    texts: dict[int, str] = {}
    for custom in call.all("custom-text"):
        text, slide = custom.text("value"), (custom.text("slide") or "").strip()
        # No code is documented for a custom text without its parts; E100 is the request as a whole.
        if text is None or not (slide.isascii() and slide.isdigit()):
            raise Refusal("E100", "A custom-text needs a value and a slide number.")
        if slide.lstrip("0") not in map(str, range(1, len(saved.message.slides) + 1)):
            raise Refusal("E100", f"A custom-text is for slide {slide}, which the message does not have.")
        if len(text) > MAX_TEXT:
            raise Refusal("E228", f"The custom-text for slide {slide} has over {MAX_TEXT} characters.")
        texts[int(slide)] = text
    return texts


def _subject(call: Node, saved: StoredMessage) -> str:
    custom = call.text("custom-subject")
    if custom is None:
        return saved.message.subject
    check_subject(custom)
    return custom


def _merge(text: str, data: Mapping[str, str]) -> str:
    def value(tag: re.Match[str]) -> str:
        return data.get(tag[1].strip().lower(), tag[2] if tag[2] is not None else tag[0])

    return _TAG.sub(value, text)


def list_templates(call: Node, store: Store) -> Fields:
    """The answer's fields after the status; raises Refusal for E212, E213 and E214."""
    page = _number(call, "page-number", 1, 1_000_000, "E212")
    items = _number(call, "items-per-page", DEFAULT_ITEMS, MAX_ITEMS, "E213")
    start = call.text("start-date")
    since = _moment(start) if start is not None else None
    found = [saved for saved in store.newest_first() if since is None or saved.created >= since]
    shown = found[(page - 1) * items : page * items]
    return [
        *([("start-date", start.strip())] if start is not None else []),
        ("page-number", str(page)),
        ("items-per-page", str(items)),
        ("total-results", str(len(found))),
        *(("mms-template", _row(saved)) for saved in shown),
    ]


def _row(saved: StoredMessage) -> Fields:
    return [
        ("mms-id", saved.mms_id),
        ("mms-name", saved.message.name),
        ("mms-subject", saved.message.subject),
        ("date-created", saved.created.isoformat()),
        ("total-slides", str(len(saved.message.slides))),
        ("mms-size", str(saved.size)),
    ]


def _number(call: Node, name: str, default: int, largest: int, code: str) -> int:
    text = call.text(name)
    if text is None:
        return default
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()) or not 1 <= int(digits[:9]) <= largest:
        raise Refusal(code, f"The {name} must be a whole number from 1 to {largest}.")
    return int(digits)


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refusal("E214", "The start-date must be like 2026-03-31T11:30:00+00:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
