"""A media host: serves the files of one folder rightly at /FILE and wrongly at /FAULT/FILE."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from mmscheck.errors import SandboxError
from mmscheck.sandbox.events import Event, EventLog
from mmscheck.sandbox.faults import FAULTS, MediaFile, damage, serve
from mmscheck.sandbox.http import Reply, Request, plain

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
            reply = plain(500, f"The media folder cannot be read: {error.strerror}.")
        self._log.add(
            Event(source="media", action=f"{request.method} {request.path}", outcome=str(reply.status))
        )
        return reply

    def _reply(self, request: Request) -> Reply:
        if request.method == "HEAD":
            # A body after HEAD would be taken for the next reply.
            return Reply(status=405, headers=(("Allow", "GET"), ("Content-Length", "0")))
        if request.method != "GET":
            return plain(405, "Only GET is answered here.")
        if request.path == "/":
            return plain(200, self._index())
        fault, name = _split(request.path)
        file = self._find(name)
        if file is None:
            return plain(404, "There is no such file here; / lists the files and faults.")
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
