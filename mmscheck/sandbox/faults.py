"""The faults a media host can have, each as the exact reply it makes of a good file."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mmscheck.sandbox.http import Reply

SLOW_PIECES = 20
"""Into how many pieces a slow body is cut, at most."""

_CHUNK = 16_384
_TOO_MUCH = 1000
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n"

FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "chunked": "Transfer-Encoding: chunked instead of a length.",
        "chunked-and-length": "Both Content-Length and Transfer-Encoding: chunked.",
        "no-length": "HTTP/1.1 without Content-Length; the end of the connection ends the file.",
        "http10": "HTTP/1.0 without Content-Length; the end of the connection ends the file.",
        "wrong-length": "Content-Length is larger than the file.",
        "short-length": "Content-Length is smaller than the file.",
        "two-lengths": "Two Content-Length headers that differ.",
        "truncated": "The right Content-Length, but only half of the file.",
        "empty": "A file of 0 bytes.",
        "octet-stream": "Content-Type: application/octet-stream.",
        "no-type": "No Content-Type at all.",
        "wrong-type": "A Content-Type that does not fit the file.",
        "html": "A sign-in page with status 200 instead of the file.",
        "gzip": "The file compressed, with Content-Encoding: gzip.",
        "slow": "The file in small pieces, half a minute in all.",
        "redirect": "302 to the good file.",
        "redirect-loop": "302 to itself.",
        "status-403": "403 Forbidden.",
        "status-404": "404 Not Found.",
        "status-429": "429 Too Many Requests, with Retry-After.",
        "status-500": "500 Internal Server Error.",
    }
)
"""Every fault by the first part of its path, with a sentence about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """One file that is served: its name, right type and bytes."""

    name: str
    type: str
    data: bytes


def serve(file: MediaFile) -> Reply:
    """The file as it should be served."""
    return _reply(file.data, ("Content-Type", file.type), ("Content-Length", str(len(file.data))))


def damage(fault: str, file: MediaFile, quoted: str, slow_seconds: float) -> Reply:
    """The file with one of the FAULTS; ``quoted`` is its name as it stands in a URL."""
    if fault == "slow":
        return _slow(file, slow_seconds)
    if fault.startswith("redirect"):
        path = f"/{quoted}" if fault == "redirect" else f"/{fault}/{quoted}"
        return Reply(status=302, headers=(("Location", path), ("Content-Length", "0")))
    if fault.startswith("status-"):
        return _status(int(fault.removeprefix("status-")))
    return _DAMAGES[fault](file)


def _reply(data: bytes, *headers: tuple[str, str], close: bool = False, version: str = "HTTP/1.1") -> Reply:
    return Reply(status=200, headers=headers, pieces=(data,), close=close, version=version)


def _type(file: MediaFile) -> tuple[str, str]:
    return ("Content-Type", file.type)


def _length(size: int) -> tuple[str, str]:
    return ("Content-Length", str(size))


def _chunks(data: bytes) -> tuple[bytes, ...]:
    parts = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    return (*(b"%x\r\n%b\r\n" % (len(part), part) for part in parts), b"0\r\n\r\n")


def _chunked(file: MediaFile) -> Reply:
    headers = (_type(file), ("Transfer-Encoding", "chunked"))
    return Reply(status=200, headers=headers, pieces=_chunks(file.data))


def _chunked_and_length(file: MediaFile) -> Reply:
    headers = (_type(file), _length(len(file.data)), ("Transfer-Encoding", "chunked"))
    return Reply(status=200, headers=headers, pieces=_chunks(file.data), close=True)


def _other_type(file: MediaFile) -> str:
    return "image/jpeg" if file.type == "image/png" else "image/png"


def _gzipped(file: MediaFile) -> Reply:
    data = gzip.compress(file.data, mtime=0)
    return _reply(data, _type(file), ("Content-Encoding", "gzip"), _length(len(data)))


def _slow(file: MediaFile, seconds: float) -> Reply:
    step = -(-len(file.data) // SLOW_PIECES) or 1
    pieces = tuple(file.data[start : start + step] for start in range(0, len(file.data), step))
    headers = (_type(file), _length(len(file.data)))
    return Reply(status=200, headers=headers, pieces=pieces, pause=seconds / max(len(pieces), 1))


def _status(status: int) -> Reply:
    body = f"{status}\n".encode()
    headers = (("Content-Type", "text/plain"), _length(len(body)))
    retry = (("Retry-After", "1"),) if status == 429 else ()  # noqa: PLR2004 - the status itself
    return Reply(status=status, headers=(*headers, *retry), pieces=(body,))


_DAMAGES: Mapping[str, Callable[[MediaFile], Reply]] = MappingProxyType(
    {
        "chunked": _chunked,
        "chunked-and-length": _chunked_and_length,
        "no-length": lambda file: _reply(file.data, _type(file), close=True),
        "http10": lambda file: _reply(file.data, _type(file), close=True, version="HTTP/1.0"),
        "wrong-length": lambda file: _reply(
            file.data, _type(file), _length(len(file.data) + _TOO_MUCH), close=True
        ),
        "short-length": lambda file: _reply(file.data, _type(file), _length(len(file.data) // 2), close=True),
        "two-lengths": lambda file: _reply(
            file.data, _type(file), _length(len(file.data)), _length(len(file.data) + 1), close=True
        ),
        "truncated": lambda file: _reply(
            file.data[: len(file.data) // 2], _type(file), _length(len(file.data)), close=True
        ),
        "empty": lambda file: _reply(b"", _type(file), _length(0)),
        "octet-stream": lambda file: _reply(
            file.data, ("Content-Type", "application/octet-stream"), _length(len(file.data))
        ),
        "no-type": lambda file: _reply(file.data, _length(len(file.data))),
        "wrong-type": lambda file: _reply(
            file.data, ("Content-Type", _other_type(file)), _length(len(file.data))
        ),
        "html": lambda _file: _reply(
            _PAGE, ("Content-Type", "text/html; charset=utf-8"), _length(len(_PAGE))
        ),
        "gzip": _gzipped,
    }
)
