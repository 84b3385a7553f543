"""What the servers serve: whole and valid files of each kind, in a folder that their users may read."""

from __future__ import annotations

import contextlib
import gzip
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

MEDIA = Path(__file__).parents[3] / "fixtures" / "media"

FILES = (
    "photo-small.jpg",
    "photo-large.jpg",
    "chime-small.wav",
    "chime-large.wav",
    "contact-small.vcf",
    "contact-large.vcf",
    "event-small.ics",
    "event-large.ics",
    "pass-small.pkpass",
    "pass-large.pkpass",
)
"""Of each type one file below 64 KiB, where some servers begin to answer otherwise, and one above."""

BARE = "photo-small"
"""A picture without an extension."""

EDGE = ("photo-65536.jpg", "photo-65537.jpg")
ABOVE_64_KIB = EDGE[1]
"""Pictures of exactly 64 KiB and of one byte more, most of which gzip cannot make any smaller."""


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the servers' users may read: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="mmscheck-servers-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def put_files(folder: Path) -> Path:
    """The media files, one without extension; in ``neighbours`` each with a compressed copy beside it."""
    for name in FILES:
        content = (MEDIA / name).read_bytes()
        _put(folder / "media" / name, content)
        _put(folder / "neighbours" / "media" / name, content)
        _put(folder / "neighbours" / "media" / f"{name}.gz", gzip.compress(content))
    _put(folder / "media" / BARE, (MEDIA / "photo-small.jpg").read_bytes())
    for name in EDGE:
        _put(folder / "media" / name, _padded(int(name[6:11])))
    _put(folder / "footer.txt", b"\n")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _padded(size: int) -> bytes:
    """A picture of this many bytes: the small one with a comment of noise."""
    photo = (MEDIA / "photo-small.jpg").read_bytes()
    noise = random.Random(size).randbytes(size - len(photo) - 4)
    return photo[:2] + b"\xff\xfe" + (len(noise) + 2).to_bytes(2, "big") + noise + photo[2:]


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
