"""A media host: serves the files of one folder rightly at /FILE and wrongly at /FAULT/FILE."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import quote

from mmscheck.errors import SandboxError
from mmscheck.sandbox.events import Event, EventLog
from mmscheck.sandbox.raw_server import Reply, Request, plain_reply

_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".avif": "image/avif",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".mp4": "video/mp4",
    ".3gp": "video/3gpp",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".avi": "video/x-msvideo",
    ".wmv": "video/x-ms-wmv",
    ".mov": "video/quicktime",
    ".vcf": "text/vcard",
    ".ics": "text/calendar",
    ".pdf": "application/pdf",
    ".pkpass": "application/vnd.apple.pkpass",
    ".txt": "text/plain",
    ".html": "text/html",
}


class MediaHost:
    """Answers GET for files of one folder; the folder is read anew for each request."""

    def __init__(self, folder: Path | None, log: EventLog, slow_seconds: float) -> None:
        """``folder`` None takes the sample files. Raises SandboxError when there is no such folder."""
        self._folder = _open_folder(folder)
        self._log = log
        self._slow_seconds = slow_seconds

    async def handle(self, request: Request) -> Reply:
        """The reply to one request, with an event for it."""
        try:
            reply = self._reply(request)
        except OSError as error:
            reply = plain_reply(500, f"The media folder cannot be read: {error.strerror}.")
        self._log.add(
            Event(source="media", action=f"{request.method} {request.path}", outcome=str(reply.status))
        )
        return reply

    def _reply(self, request: Request) -> Reply:
        if request.method == "HEAD":
            # A body after HEAD would be taken for the next reply.
            return Reply(status=405, headers=(("Allow", "GET"), ("Content-Length", "0")))
        if request.method != "GET":
            return plain_reply(405, "Only GET is answered here.")
        if request.path == "/":
            return plain_reply(200, self._index())
        fault, name = _split(request.path)
        file = self._find(name)
        if file is None:
            return plain_reply(404, "There is no such file here; / lists the files and faults.")
        if fault is None:
            return serve(file)
        return damage(fault, file, quote(name), self._slow_seconds)

    def _find(self, name: str) -> MediaFile | None:
        # Comparing with what the folder lists, byte for byte, leaves no path to climb and no case to fold.
        for entry in self._folder.iterdir():
            if entry.name == name and entry.is_file():
                suffix = PurePosixPath(name).suffix.lower()
                return MediaFile(
                    name=name, type=_TYPES.get(suffix, "application/octet-stream"), data=entry.read_bytes()
                )
        return None

    def _index(self) -> str:
        names = sorted(entry.name for entry in self._folder.iterdir() if entry.is_file())
        faults = [f"/{fault}/FILE  {sentence}" for fault, sentence in FAULTS.items()]
        return "\n".join([*(f"/{quote(name)}" for name in names), "", *faults])


def _split(path: str) -> tuple[str | None, str]:
    """The fault and the file name of a path; a first part that is no fault is part of the name."""
    first, slash, rest = path.removeprefix("/").partition("/")
    return (first, rest) if slash and first in FAULTS else (None, path.removeprefix("/"))


def _open_folder(folder: Path | None) -> Traversable:
    if folder is not None:
        if not folder.is_dir():
            raise SandboxError(f"{folder}: is not a folder of media files")
        return folder
    try:
        samples = resources.files("mmscheck.fixtures").joinpath("media")
        if samples.is_dir():
            return samples
    except ModuleNotFoundError:
        pass
    raise SandboxError("the sample media are not installed; name a folder of media files")


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
