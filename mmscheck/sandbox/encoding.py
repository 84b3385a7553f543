"""What happens to audio and video after saveMMS: encoded in time, or found to be undecodable.

Documented: N003 comes at once for a message without audio and video, and else when encoding is done; E626
answers a send before that; after E002 (audio) or E003 (video) the id is to be taken as corrupted (Sinch XML
API, saveMMS and appendix, 2021; E004 for images: later web version). Not documented: how long it takes, and
what answers a send of a corrupted id; here that is E241.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmscheck.errors import SandboxError
from mmscheck.sandbox.calls import CallForm
from mmscheck.sandbox.events import Chores
from mmscheck.sandbox.messages import Medium
from mmscheck.sandbox.postbacks import Fields, Postman
from mmscheck.sandbox.refusals import Refusal, seconds

DECODE_SECONDS = 30.0
"""Longest time for decoding one file; what takes longer counts as undecodable."""

_PROGRAM = Path(__file__).with_name("decode.py")
_CODES = {"audio": "E002", "video": "E003", "image": "E004"}
_AT_ONCE_CODES = {"image": "E011", "audio": "E012", "video": "E013"}

Media = Sequence[tuple[Medium, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """``seconds``: how long it takes; ``images``: whether images go through it too (E004)."""

    seconds: float = 0.0
    images: bool = False

    def __post_init__(self) -> None:
        """Raise SandboxError for an impossible time."""
        seconds("the time for encoding", self.seconds)

    def concerns(self, medium: Medium) -> bool:
        """Whether this file is encoded before the message can be used."""
        return medium.kind in {"audio", "video"} or (self.images and medium.kind == "image")


class Encoder:
    """Keeps which messages cannot be used yet, or ever."""

    def __init__(self, encoding: Encoding | None, postman: Postman, chores: Chores) -> None:
        """``encoding`` None: every message is ready at once and nothing is decoded."""
        self._encoding = encoding
        self._postman = postman
        self._chores = chores
        self._decoders = asyncio.Semaphore(2)
        self._unready: set[str] = set()
        self._corrupt: dict[str, str] = {}

    def wants(self, medium: Medium) -> bool:
        """Whether ``begin`` needs the bytes of this file."""
        return self._encoding is not None and self._encoding.concerns(medium)

    def begin(self, mms_id: str, media: Media, form: CallForm) -> None:
        """Start on a message just saved; ``media`` are the files it wants."""
        if self._encoding is None or not media:
            self._postman.post(save_fields("N003", mms_id), form=_upper(form))
            return
        self._unready.add(mms_id)
        self._chores.begin(self._encode(mms_id, media, self._encoding.seconds, form))

    def send_at_once(self, fields: Fields, media: Media, form: CallForm, then: Callable[[], None]) -> None:
        """Tell that a message sent at once is encoded and do ``then``, or tell that it cannot be.

        ``fields`` are those that its notifications have beside the code. N013, E011 to E013 (postback codes
        of sendMMS, 2021 and 2026).
        """
        if self._encoding is None or not media:
            self._postman.post([("origin", "MMS_MT"), ("code", "N013"), *fields], form=form)
            then()
            return
        self._chores.begin(self._encode_at_once(fields, media, form, then))

    async def _encode_at_once(
        self, fields: Fields, media: Media, form: CallForm, then: Callable[[], None]
    ) -> None:
        await asyncio.sleep(self._encoding.seconds if self._encoding else 0)
        faults = await asyncio.gather(*(self._fault(medium, data) for medium, data in media))
        broken = [medium for (medium, _), fault in zip(media, faults, strict=True) if fault is not None]
        code = _AT_ONCE_CODES[broken[0].kind] if broken else "N013"
        self._postman.post([("origin", "MMS_MT"), ("code", code), *fields], form=form)
        if not broken:
            then()

    def check(self, mms_id: str) -> None:
        """Raise Refusal for a message that cannot be sent: E626 for now, E241 for good."""
        if mms_id in self._unready:
            raise Refusal("E626", "The message is not available: encoding is in progress.")
        if mms_id in self._corrupt:
            raise Refusal("E241", f"The message is corrupted: {self._corrupt[mms_id]}.")

    async def _encode(self, mms_id: str, media: Media, wait: float, form: CallForm) -> None:
        _slept, *faults = await asyncio.gather(
            asyncio.sleep(wait), *(self._fault(medium, data) for medium, data in media)
        )
        self._unready.discard(mms_id)
        broken = [
            (medium, fault) for (medium, _), fault in zip(media, faults, strict=True) if fault is not None
        ]
        if not broken:
            self._postman.post(save_fields("N003", mms_id), form=_upper(form))
            return
        medium, fault = broken[0]
        self._corrupt[mms_id] = f"the {medium.kind} in slide {medium.slide} cannot be decoded ({fault})"
        self._postman.post(save_fields(_CODES[medium.kind], mms_id, medium), form=_upper(form))

    async def _fault(self, medium: Medium, data: bytes) -> str | None:
        """Why this file cannot be decoded, or None when it can."""
        async with self._decoders:
            return await decode_fault(medium.kind, data)


def _upper(form: CallForm) -> CallForm:
    """Notifications in XML about saved messages are in upper case, whatever the call was (saveMMS, 2021)."""
    return form if form is CallForm.JSON else CallForm.LEGACY


def save_fields(code: str, mms_id: str, medium: Medium | None = None) -> Fields:
    """The fields of a postback about a saved message, as documented; ``medium`` is what failed."""
    named = [] if medium is None else [(f"{medium.kind}-name", medium.url)]
    return [("origin", "MMS_MT"), ("code", code), ("mms-id", mms_id), *named]


async def decode_fault(kind: str, data: bytes) -> str | None:
    """Decode in a process of its own; why it failed, or None."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_PROGRAM), kind),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise SandboxError(f"the sandbox cannot start its decoder: {error.strerror}") from None
    try:
        async with asyncio.timeout(DECODE_SECONDS):
            output, _ = await process.communicate(data)
    except TimeoutError:
        return f"it took longer than {DECODE_SECONDS:g} seconds"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode == 0:
        return None
    return output.decode("utf-8", "replace").strip() or "the decoder broke down"
