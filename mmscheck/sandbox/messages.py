"""Messages as they are called for, by the documented rules of saveMMS, and as they are kept and sent.

The rules are those about the message itself, before any file is fetched. Source: Sinch XML API, saveMMS
(2021), its special considerations and error codes.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from mmscheck.sandbox.calls import CallForm, Node
from mmscheck.sandbox.refusals import Refusal

MAX_SLIDES = 8
MAX_TEXT = 5000
MAX_SUBJECT = 80
OBJECTS = ("vcard", "ical", "pdf", "passbook")
MEDIA = ("image", "audio", "video", *OBJECTS)

KEPT = 10_000
"""Messages and sends remembered; the oldest are forgotten beyond."""

FIRST_ID = 35_674


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One file of a slide: its element's name and the URL as written."""

    kind: str
    url: str
    slide: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledSlide:
    """One slide as called for; ``number`` counts from 1."""

    number: int
    text: str
    media: tuple[Medium, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledMessage:
    """A message to be saved whose form is right."""

    name: str
    subject: str
    slides: tuple[CalledSlide, ...]


def read_message(call: Node, *, at_once: bool = False) -> CalledMessage:
    """The message of a saveMMS call, or of one to be sent ``at_once``; raises Refusal with what it breaks."""
    content = _content(call)
    name = (content.text("name") or call.text("name") or "").strip()
    if not name and not at_once:
        raise Refusal("E311", "The name is missing.")
    subject = content.text("message-subject") or call.text("message-subject")
    # Optional in JSON (pages of 2026), and in sendMMS (2015 to the later web version).
    if subject is not None or not (at_once or call.form is CallForm.JSON):
        check_subject(subject or "")
    slides = _slides(content)
    if not slides:
        raise Refusal("E312", "There are no slides.")
    if len(slides) > MAX_SLIDES:
        raise Refusal("E225", f"There are {len(slides)} slides; {MAX_SLIDES} are allowed.")
    read = tuple(_read_slide(slide, number) for number, slide in enumerate(slides, 1))
    return CalledMessage(name=name, subject=subject or "", slides=read)


def check_subject(subject: str) -> None:
    """Raise Refusal (E314) for a subject that is blank or too long; its characters are not looked at."""
    if not subject.strip():
        raise Refusal("E314", "The message-subject is missing.")
    if len(subject) > MAX_SUBJECT:
        raise Refusal("E314", f"The subject has {len(subject)} characters; {MAX_SUBJECT} are allowed.")


def _content(call: Node) -> Node:
    """Where name, subject and slides stand: in the request, or in CONTENT of the oldest form."""
    found = call.all("content") if call.legacy else []
    return found[0] if found else call


def _slides(content: Node) -> list[Node]:
    sequences = content.all("sequence") if content.legacy else []
    return (sequences[0] if sequences else content).all("slide")


def _read_slide(node: Node, number: int) -> CalledSlide:
    text = "\n".join(part.value for part in node.all("message-text"))
    media = tuple(
        Medium(kind=kind, url=(found.text("url") or "").strip(), slide=number)
        for kind in MEDIA
        for found in node.all(kind)
    )
    media += tuple(
        Medium(kind=kind, url=(found.text("url") or found.value).strip(), slide=number)
        for holder in (node.all("object") if node.legacy else ())
        for kind in OBJECTS
        for found in holder.all(kind)
    )
    if not media and not text.strip():
        raise Refusal("E313", f"Slide {number} is empty.")
    _check_combination(Counter(medium.kind for medium in media), number)
    if len(text) > MAX_TEXT:
        raise Refusal("E334", f"The text of slide {number} has {len(text)} characters, over {MAX_TEXT}.")
    _check_duration(node, number)
    return CalledSlide(number=number, text=text, media=media)


def _check_combination(kinds: Counter[str], number: int) -> None:
    objects = sum(kinds[kind] for kind in OBJECTS)
    if objects > 1:
        raise Refusal("E223", f"Slide {number} holds {objects} objects; one is allowed.")
    if objects and kinds.total() > objects:
        raise Refusal("E224", f"Slide {number} holds an object beside an image, audio or video.")
    if kinds["audio"] and kinds["video"]:
        raise Refusal("E226", f"Slide {number} holds audio and video.")
    if kinds["video"] and kinds["image"]:
        raise Refusal("E227", f"Slide {number} holds a video and an image.")
    doubled = next((kind for kind, count in kinds.items() if count > 1), None)
    if doubled:
        # No code is documented for two files of one kind; this one comes nearest.
        raise Refusal("E229", f"Slide {number} holds more than one {doubled}.")


def _check_duration(node: Node, number: int) -> None:
    durations = [part.value for part in node.all("duration")]
    if node.legacy:
        # The maker's own SDK writes the attribute in capitals.
        durations += [str(value) for name, value in node.element.attrib.items() if name.lower() == "duration"]
    for duration in durations:
        text = duration.strip()
        if not (text.isascii() and text.isdigit()):
            raise Refusal("E230", f"The duration of slide {number} is not a whole number of seconds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """One saved message; ``size`` is bytes of media and text, ``created`` is in UTC.

    ``wire_size`` is the documented estimate of its bytes on the way to a phone.
    """

    mms_id: str
    message: CalledMessage
    size: int
    wire_size: int
    created: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One accepted send; ``subject`` is after custom subject and merge data.

    ``dropped`` says why the carrier would drop it after all, or is None. ``digest`` is ``message_digest`` of
    the final subject and texts. ``form`` is how it was called for;
    ``client_reference`` comes back in the notifications (JSON alone).
    """

    tracking_id: str
    mms_id: str
    to: str
    sender: str
    subject: str
    dropped: str | None
    digest: str
    form: CallForm = CallForm.MODERN
    client_reference: str | None = None


class Store:
    """Saved messages by id, and sends in order."""

    def __init__(self) -> None:
        """Begin empty."""
        self._saved: dict[str, StoredMessage] = {}
        self._sent: deque[Sent] = deque(maxlen=KEPT)
        self._numbers = count(FIRST_ID)

    def save(self, message: CalledMessage, size: int, wire_size: int) -> StoredMessage:
        """Remember a message under a new id."""
        saved = StoredMessage(
            mms_id=str(next(self._numbers)),
            message=message,
            size=size,
            wire_size=wire_size,
            created=dt.datetime.now(dt.UTC).replace(microsecond=0),
        )
        self._saved[saved.mms_id] = saved
        if len(self._saved) > KEPT:
            del self._saved[next(iter(self._saved))]
        return saved

    def new_mms_id(self) -> str:
        """An id for a message that is sent at once, and kept under none."""
        return str(next(self._numbers))

    def find(self, mms_id: str) -> StoredMessage | None:
        """The message of this id, or None."""
        return self._saved.get(mms_id)

    def delete(self, mms_id: str) -> bool:
        """Forget a message; whether there was one."""
        return self._saved.pop(mms_id, None) is not None

    def newest_first(self) -> Iterable[StoredMessage]:
        """Every message, the latest first."""
        return reversed(self._saved.values())

    def new_tracking_id(self) -> str:
        """An id that looks like the provider's: base64 of a numbered name."""
        return base64.b64encode(f"MMS_{next(self._numbers)}".encode()).decode("ascii")

    def send(self, sent: Sent) -> None:
        """Remember an accepted send."""
        self._sent.append(sent)

    @property
    def sent(self) -> list[Sent]:
        """The accepted sends, oldest first."""
        return list(self._sent)
