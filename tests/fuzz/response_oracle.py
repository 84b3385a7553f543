"""A second reading of what a server sent, which shares nothing with the program's own.

It knows only responses that RFC 9112 leaves no room for a second opinion about: lines that end in CRLF or
LF, folded lines as one, tokens for names, one length in plain digits. What it cannot read, nothing may have
been said in favour of, unless the program itself said that the answer was not well formed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tests.fuzz.responses import Answer

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9][0-9])(?: [^\x00-\x08\x0a-\x1f\x7f]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n]*)?\r\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")

_PLAIN_HEAD = 1000
"""Bytes: a head of which no program says that it is too large."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One head after the interim ones, as strictly read, and all that came after it."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """The values of all lines of this name."""
        return [value for key, value in self.fields if key == name]


def read(sent: bytes) -> Reading | None:
    """The final response; None when it cannot be read in one way alone."""
    while True:
        end = _HEAD_END.search(sent)
        if end is None:
            return None
        first, *rest = _LINE_END.split(sent[: end.start()], maxsplit=1)
        # A line that goes on from the status line goes on from no header, and stays as it is.
        lines = _LINE_END.split(_FOLD.sub(b" ", rest[0])) if rest else []
        sent = sent[end.end() :]
        status = _STATUS.fullmatch(first)
        fields = [_FIELD.fullmatch(line) for line in lines]
        if status is None or None in fields:
            return None
        number = int(status[1])
        if not 100 <= number <= 199 or number == 101:
            pairs = tuple(
                (field[1].decode().lower(), field[2].decode("latin-1")) for field in fields if field
            )
            return Reading(status=number, fields=pairs, body=sent)


def unexplained(answer: Answer, passed: frozenset[str]) -> Iterator[str]:
    """What was said in favour of this answer and does not follow from what was sent."""
    found = read(answer.sent)
    if found is None:
        yield from (f"{rule} passed on a head that cannot be read strictly" for rule in sorted(passed))
        return
    if "media-reachable" in passed and (why := _not_whole(found, answer)):
        yield f"media-reachable passed, but {why}"
    if "content-length" in passed and _length(found) is None:
        yield f"content-length passed with the lengths {sorted(map(str, _numbers(found)))}"
    if "content-length-true" in passed and (why := _not_true(found, answer)):
        yield f"content-length-true passed, but {why}"
    if "not-chunked" in passed and (said := _codings(found)):
        yield f"not-chunked passed with {said}"


def is_plain(answer: Answer) -> bool:
    """Whether nobody could have anything against how this file was served."""
    head, end, body = answer.sent.partition(b"\r\n\r\n")
    found = read(answer.sent)
    if not end or found is None or len(head) > _PLAIN_HEAD or b"\n" in head.replace(b"\r\n", b""):
        return False
    names = [name for name, _ in found.fields]
    return (
        (found.status, found.body, answer.end) == (200, body, "close")
        and sorted(names) == ["content-length", "content-type"]
        and _FOLD.search(head) is None
        and found.values("content-length") == [str(len(body))]
    )


def _numbers(found: Reading) -> set[int | str]:
    members = [part.strip(" \t") for value in found.values("content-length") for part in value.split(",")]
    return {int(part) if re.fullmatch("[0-9]{1,18}", part) else f"{part!r}" for part in members} or {"none"}


def _length(found: Reading) -> int | None:
    """The one length that is stated, as often as it may be."""
    numbers = _numbers(found)
    only = numbers.pop() if len(numbers) == 1 else None
    return only if isinstance(only, int) else None


def _codings(found: Reading) -> list[str]:
    members = [
        part.strip().lower() for value in found.values("transfer-encoding") for part in value.split(",")
    ]
    return [member for member in members if member != "identity"]


def _not_true(found: Reading, answer: Answer) -> str | None:
    stated = found.values("content-length")
    if len(stated) != 1 or not stated[0].isdigit():
        return f"it is stated as {stated}"
    if found.values("transfer-encoding"):
        return "a transfer coding is there too"
    if len(found.body) < int(stated[0]):
        return f"{stated[0]} bytes were stated and {len(found.body)} sent"
    surplus = len(found.body) - int(stated[0])
    return f"{surplus} bytes followed in the same segment" if _in_one_segment(answer, surplus) else None


def _in_one_segment(answer: Answer, surplus: int) -> bool:
    """Whether the surplus begins in the segment of the last byte that counts: later it may come too late."""
    before = len(answer.sent) - surplus
    at = 0
    for part in answer.parts:
        if at < before < at + len(part):
            return True
        at += len(part)
    return False


def _not_whole(found: Reading, answer: Answer) -> str | None:
    if found.status != 200:
        return f"the status was {found.status}"
    codings, lengths = _codings(found), _numbers(found)
    if codings and codings[-1] == "chunked":
        return None if _whole_chunks(found.body) else "the chunks are broken or without an end"
    if codings or lengths == {"none"}:
        return None if answer.end == "close" else "nothing told where the body ended"
    length = _length(found)
    if length is None:
        return "there is no one length"
    return None if len(found.body) >= length else "the body was cut short"


def _whole_chunks(body: bytes) -> bool:
    at = 0
    while size := _CHUNK.match(body, at):
        length = int(size[1], 16)
        at = size.end() + length + 2
        if length == 0:
            return (
                _LINE_END.match(body, size.end()) is not None
                or _HEAD_END.search(body, size.end()) is not None
            )
        if body[at - 2 : at] != b"\r\n":
            return False
    return False
