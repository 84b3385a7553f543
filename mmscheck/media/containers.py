"""What the first bytes of audio and video say of themselves, where FFmpeg does not pass it on.

Of an ASF file (WMV) FFmpeg leaves out the packets that it cannot read, and says nothing: Advanced Systems
Format, revision 01.20.05 (Microsoft, 2010), sections 3.2, 5.1 and 5.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from mmscheck.media import riff
from mmscheck.media.refusal import RefusedError

ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
"""How a file begins."""

PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
"""How the object begins that states the size of the packets."""

DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
"""How the object with the packets begins."""

SIZES_AT, DATA_HEAD = 92, 50
"""Bytes from the start of an object to the least and largest size of a packet, and to the first packet."""

WIDTHS = (0, 1, 2, 4)
"""Bytes of a field, by the two bits that state its length."""

ONE_BYTE, COMPRESSED = 1, 1
"""The length of a stream's number, always stated; what a payload without its object's size states."""

FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
"""What an ISO base media or QuickTime file begins with."""

OTHER_WAVES = frozenset({b"RF64", b"RIFX"})
"""Sizes of 64 bits, and numbers of the other order."""

BOX_HEAD = 8
LONG_BOX_HEAD = 16
MOST_SLIP = 64
"""Bytes by which the box of samples may be too long when every sample is there."""

FEW = 10
"""Samples from which on a track is moving pictures or sound, and no title or time code."""

MOST_BRANDS = 1024
"""Bytes of the box of brands that are looked at."""


class Payload(msgspec.Struct, frozen=True):
    """A piece of one picture or sound: whose, which, from which byte on, how long, and of how many bytes."""

    stream: int
    number: int
    offset: int
    length: int
    whole: int


class _Reader:
    """Reads little-endian fields of one packet; RefusedError beyond its end."""

    def __init__(self, packet: bytes) -> None:
        self.packet, self.place = packet, 0

    def take(self, width: int) -> int:
        """The next field of so many bytes."""
        self.skip(width)
        return int.from_bytes(self.packet[self.place - width : self.place], "little")

    def skip(self, count: int) -> None:
        """Go on by so many bytes."""
        self.place += count
        if self.place > len(self.packet):
            raise RefusedError("a packet ends before what it holds")


def check_packets(data: bytes) -> None:
    """RefusedError where a packet cannot be read, or lacks a piece of a picture or sound that was begun."""
    properties, begin = data.find(PROPERTIES), data.find(DATA)
    if min(properties, begin) < 0:
        return
    least, most = (_number(data, properties + SIZES_AT + at) for at in (0, 4))
    if least != most or not least:
        return
    end = min(begin + int.from_bytes(data[begin + 16 : begin + 24], "little") or len(data), len(data))
    begun: dict[int, Payload] = {}
    for count, place in enumerate(range(begin + DATA_HEAD, end - least + 1, least), 1):
        try:
            for payload in _payloads(_Reader(data[place : place + least])):
                _follow(begun.get(payload.stream), payload)
                begun[payload.stream] = payload
        except RefusedError as refused:
            raise RefusedError(f"it is damaged in packet {count} of its data: {refused}") from refused


def _number(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 4], "little")


def _follow(before: Payload | None, after: Payload) -> None:
    """RefusedError where one piece cannot follow the other of its stream."""
    if before is None or not after.whole or not before.whole:
        return
    reached = before.offset + before.length
    goes_on = after.number == before.number and after.offset == reached
    if not goes_on and (after.offset or reached < before.whole):
        raise RefusedError("a piece of a picture or sound is missing")


def _payloads(packet: _Reader) -> Iterator[Payload]:
    first = packet.take(1)
    if first & 0x80:
        packet.skip(first & 0x0F)
        first = packet.take(1)
    fields = packet.take(1)
    if fields >> 6 != ONE_BYTE:
        raise RefusedError("what begins it is no head of a packet")
    length = packet.take(WIDTHS[first >> 5 & 3]) or len(packet.packet)
    packet.take(WIDTHS[first >> 1 & 3])
    padding = packet.take(WIDTHS[first >> 3 & 3])
    packet.skip(6)
    many = packet.take(1) if first & 1 else 0
    for _ in range(many & 0x3F if first & 1 else 1):
        yield _payload(packet, fields, WIDTHS[many >> 6], min(length, len(packet.packet)) - padding)


def _payload(packet: _Reader, fields: int, width: int, end: int) -> Payload:
    """The next payload; without a length of its own it reaches to ``end``."""
    stream = packet.take(1) & 0x7F
    number, offset = (packet.take(WIDTHS[fields >> bits & 3]) for bits in (4, 2))
    replicated = packet.take(WIDTHS[fields & 3])
    before = packet.place
    whole = packet.take(4) if replicated > COMPRESSED else 0
    packet.skip(before + replicated - packet.place)
    length = packet.take(width) if width else end - packet.place
    if not stream or length <= 0:
        raise RefusedError("what should be a piece of a picture or sound is none")
    packet.skip(length)
    return Payload(stream, number, offset, length, whole)


def brand(data: bytes) -> str | None:
    """The ISO base media major brand, without padding; None where there is none."""
    return data[8:12].decode("iso-8859-1").strip(" \0") if data[4:8] == b"ftyp" else None


def brands(data: bytes) -> tuple[str, ...]:
    """The ISO base media major brand and the compatible ones, without padding; none where there are none."""
    major = brand(data)
    if major is None:
        return ()
    listed = data[16 : min(int.from_bytes(data[:4], "big"), MOST_BRANDS)]
    names = (listed[at : at + 4].decode("iso-8859-1").strip(" \0") for at in range(0, len(listed) - 3, 4))
    return (major, *names)


def container_name(data: bytes, demuxer: str) -> str:
    """A short name: mp4, 3gp or mov by the brand, rf64 and rifx for WAV with other numbers, else FFmpeg's."""
    if demuxer == "wav" and data[:4] in OTHER_WAVES:
        return data[:4].decode("ascii").lower()
    if demuxer != "mov":
        return demuxer
    major = brand(data)
    if major is None or major == "qt":
        return "mov"
    return "3gp" if major.startswith(("3gp", "3g2")) else "mp4"


def check_length(data: bytes) -> int:
    """RefusedError for a RIFF or ISO base media file shorter than it says, and for an AVI or ASF with gaps.

    Else the bytes that the samples of an ISO base media file lack: a few may be a slip of its writer, and
    whether all samples are there shows when they are read.
    """
    if data.startswith(b"RIFF"):
        riff.check_length(data)
    elif data.startswith(ASF_HEADER):
        check_packets(data)
    elif data[4:8] in FIRST_BOXES:
        return _check_boxes(data)
    return 0


def _check_boxes(data: bytes) -> int:
    """Go from box to box (ISO/IEC 14496-12, 4.2); what follows the last one is not looked at."""
    place, seen = 0, set()
    while place + BOX_HEAD <= len(data) and data[place + 4 : place + 8].isalnum():
        size, name = struct.unpack_from(">I4s", data, place)
        if size == 1 and place + LONG_BOX_HEAD <= len(data):
            (size,) = struct.unpack_from(">Q", data, place + BOX_HEAD)
        if size < BOX_HEAD:  # 0: to the end of the file; else no box
            return 0
        place += size
        lacks = max(0, place - len(data))
        if lacks and (name != b"mdat" or b"moov" not in seen or b"moof" in seen or lacks > MOST_SLIP):
            raise RefusedError(f"it is cut short: {name.decode('ascii')} lacks {lacks} bytes")
        if lacks:
            return int(lacks)
        seen.add(name)
        if name == b"moov":
            _check_durations(data[place - size : place])
    return 0


def _check_durations(moov: bytes) -> None:
    """RefusedError for a track whose samples last no time (ISO/IEC 14496-12, 8.6.1.2)."""
    at = moov.find(b"stts")
    while at >= 0:
        (entries,) = struct.unpack_from(">I", moov.ljust(at + 12), at + 8)
        if moov[at - 4 : at] == struct.pack(">I", 16 + 8 * entries) and at + 12 + 8 * entries <= len(moov):
            counts = struct.unpack_from(f">{2 * entries}I", moov, at + 12)
            if sum(counts[::2]) >= FEW and not any(counts[1::2]):
                raise RefusedError(f"the {sum(counts[::2])} samples of a track have no durations")
        at = moov.find(b"stts", at + 4)
