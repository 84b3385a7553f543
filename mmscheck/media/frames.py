"""What the parent and a worker say to each other: frames of MessagePack, each behind its length.

A worker may have been taken over by the bytes it looked at. So its answers are data of these types and of no
more than a certain size; the parent takes nothing else.
"""

from __future__ import annotations

import struct
from typing import TypeVar

import msgspec

from mmscheck.media.sample import Sample
from mmscheck.model.facts import Preview
from mmscheck.model.observation import Inspected
from mmscheck.model.words import Because

LENGTH = struct.Struct(">I")
"""What stands before every frame: its number of bytes."""

MOST_ANSWER = 1024 * 1024
"""Bytes of one answer; the longest, a likeness, has some 60,000."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Samples to look at, in order, each in that many seconds of CPU time."""

    samples: tuple[Sample, ...]
    cpu_seconds: int


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The first word of a worker: it is confined."""


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """What was found in one sample, without its likeness; None asks for the whole file."""

    found: Inspected | None


class Drawn(msgspec.Struct, frozen=True, tag="drawn"):
    """The likeness of the sample that was seen last, where one was asked for and there are facts."""

    preview: Preview | None


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Why a sample could not be looked at; nothing more comes from this worker.

    ``fault`` is the traceback where that is our own doing, ``lost`` the reason for programs.
    """

    reason: str
    fault: str = ""
    lost: Because | None = None


Answer = Ready | Seen | Drawn | Failed
"""What a worker may say."""

T = TypeVar("T")

_ENCODER = msgspec.msgpack.Encoder()
_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class OddFrameError(Exception):
    """A frame that nothing of ours writes."""


def framed(value: msgspec.Struct) -> bytearray:
    """The value as a frame behind its length."""
    frame = bytearray(LENGTH.size)
    _ENCODER.encode_into(value, frame, LENGTH.size)
    LENGTH.pack_into(frame, 0, len(frame) - LENGTH.size)
    return frame


def answered(body: bytes | bytearray) -> Answer:
    """The answer in a frame without its length; OddFrameError when it is none, to the last byte."""
    try:
        answer = _ANSWERS.decode(body)
        same = _ENCODER.encode(answer) == body  # else it has keys or spellings that no worker writes
    except (msgspec.MsgspecError, ValueError, RecursionError, MemoryError) as error:
        raise OddFrameError("an answer that is none") from error
    if not same:
        raise OddFrameError("an answer in another spelling")
    return answer


def fit(answer: Answer) -> bytearray:
    """An answer as a frame, in the spelling that ``answered`` takes; msgspec's errors for a fault of ours."""
    return framed(_ANSWERS.decode(_ENCODER.encode(answer)))
