"""What earlier runs made in a folder, so that unchanged inputs are not worked on twice.

One line of JSON for each file that was written, in ``.mmscheck-fix.jsonl``; a line that a kill cut short is
passed over. A product counts only where its file has the digest that stands there.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from mmscheck.errors import ReportError, UsageError
from mmscheck.fix.values import Job, Measure, Mended

NAME = ".mmscheck-fix.jsonl"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One file: where it is below the folder, its digest, and of a product what it was made of and how."""

    target: str
    sha256: str
    key: str = ""
    suffix: str = ""
    done: tuple[str, ...] = ()
    measure: Measure | None = None


class Log:
    """The lines of one folder, read once and added to."""

    def __init__(self, folder: Path) -> None:
        """Raises UsageError for a folder that holds something and was not made by this."""
        self._folder = folder
        self._file = folder / NAME
        self._by_key: dict[str, Line] = {}
        self._by_target: dict[str, Line] = {}
        self._lead = b""  # what ends a line that a kill cut short
        if self._file.is_file():
            self._read()
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            what = "is not empty" if folder.is_dir() else "is no folder"
            raise UsageError(
                f"--output {folder}: it {what} and was not made by mmscheck fix; choose a new or empty folder"
            )

    def _read(self) -> None:
        data = self._file.read_bytes()
        self._lead = b"\n" if data and not data.endswith(b"\n") else b""
        for text in data.splitlines():
            try:
                line = msgspec.json.decode(text, type=Line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
            self._keep(line)

    def _keep(self, line: Line) -> None:
        self._by_target[line.target] = line
        if line.key:
            self._by_key[line.key] = line

    def product(self, key: str) -> Mended | None:
        """What was made for this key, if it is still there as it was."""
        line = self._by_key.get(key)
        if line is None:
            return None
        try:
            data = (self._folder / line.target).read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() != line.sha256:
            return None
        return Mended(data=data, suffix=line.suffix, done=line.done, measure=line.measure)

    def is_ours(self, target: Path) -> bool:
        """Whether the file that is there was written by an earlier run and not changed since."""
        line = self._by_target.get(self._below(target))
        return line is not None and hashlib.sha256(target.read_bytes()).hexdigest() == line.sha256

    def begin(self) -> None:
        """Mark the folder as ours before anything is in it, as a kill may come. Raises ReportError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file.touch()
        except OSError as error:
            raise ReportError(f"{self._file} could not be written: {error.strerror or error}") from error

    def add(self, target: Path, data: bytes, key: str = "", product: Mended | None = None) -> None:
        """Note a file that was written. Raises ReportError."""
        line = Line(
            target=self._below(target),
            sha256=hashlib.sha256(data).hexdigest(),
            key=key,
            suffix=product.suffix if product else "",
            done=product.done if product else (),
            measure=product.measure if product else None,
        )
        if self._by_target.get(line.target) == line:
            return
        self._keep(line)
        try:
            with self._file.open("ab") as file:
                file.write(self._lead + msgspec.json.encode(line) + b"\n")
            self._lead = b""
        except OSError as error:
            raise ReportError(f"{self._file} could not be written: {error.strerror or error}") from error

    def _below(self, target: Path) -> str:
        return target.relative_to(self._folder).as_posix()


def key_of(job: Job, version: str) -> str:
    """The same for the same bytes, aims and wishes under the same version of the program."""
    digest = hashlib.sha256(job.data)
    rest = msgspec.structs.replace(job, data=b"")
    digest.update(msgspec.json.encode(rest))
    digest.update(version.encode())
    return digest.hexdigest()
