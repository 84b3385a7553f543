"""What each library says of a whole file on its own, with its own defaults: the witness for our decoders.

Contact cards and calendars have no library; what they cannot do without is looked for.
"""

from __future__ import annotations

import io
import zipfile

import av
import av.error
import pikepdf
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from PIL import Image

from mmscheck.media.playing import LENIENT


def refuses(family: str, format_: str, data: bytes) -> bool:
    """Whether the library of that family does not take the file to its end."""
    try:
        _take(family, format_, data)
    except Exception:  # noqa: BLE001 - whatever it raises, it refuses
        return True
    return False


def _take(family: str, format_: str, data: bytes) -> None:
    if family == "image" and format_ != "HEIC":
        _show(data)
    elif family in {"audio", "video", "image"}:
        _play(data)
    elif family == "document":
        with pikepdf.open(io.BytesIO(data)) as document:
            len(document.pages)
    elif family == "contact":
        assert b"END:VCARD" in data.upper()
    elif family == "calendar":
        assert b"END:VCALENDAR" in data.upper()
        assert data.upper().count(b"BEGIN:VEVENT") <= data.upper().count(b"END:VEVENT")
    else:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None


def _show(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()


def _play(data: bytes) -> None:
    with av.open(io.BytesIO(data), "r", **LENIENT) as container:
        streams = [stream for stream in container.streams if isinstance(stream, (AudioStream, VideoStream))]
        for packet in container.demux(streams):
            packet.decode()
