"""What a run is about, one after the other: documents of folders, archives, buckets, rows of tables."""

from __future__ import annotations

import csv
import io
import os
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import IO

import fsspec
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from mmscheck.base.text import escaped
from mmscheck.errors import InputError, UsageError
from mmscheck.slidexml import DOCUMENTS, MAX_BYTES, Left, Unread, is_json_message, read_inputs, walk

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
TABLES = (".csv", ".parquet")

DOCUMENT, URL, SOURCE = "document", "url", "source"
"""Columns of a table: what is to be checked, one of the two, and what it is called in reports."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One message to be checked (``document``, its bytes), or one URL without a message."""

    source: str
    document: bytes = b""
    url: str = ""


def is_of_urls(place: str) -> bool:
    """Whether it is a table of URLs. Raises InputError for a table of neither URLs nor documents."""
    if not place.lower().endswith(TABLES):
        return False
    try:
        if place.lower().endswith(".parquet"):
            with fsspec.open(place, "rb") as file:
                names = pq.read_schema(file).names
        else:
            with fsspec.open(place, "r", encoding="utf-8-sig", newline="") as file:
                names = csv.DictReader(file).fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException):
        return False
    _demand_column(place, tuple(names))
    return URL in names


def items(places: Sequence[str], exclude: Sequence[str] = ()) -> Iterator[Item | Unread | Left]:
    """Everything that these places hold, in their order; a sentence for what could not be read.

    Folders are walked for ``.xml``; the rows of a table (CSV or Parquet) have a document or a URL each.
    Raises UsageError for a table without such a column.
    """
    for place in places:
        small = place.lower()
        if small.endswith(TABLES):
            yield from _table(place)
        elif small.endswith(ARCHIVES):
            yield from _archive(place)
        elif "://" in place:
            yield from _bucket(place)
        else:
            yield from _local(place, exclude)


def _local(place: str, exclude: Sequence[str]) -> Iterator[Item | Unread | Left]:
    paths: Iterator[str | Unread | Left] = iter((place,))
    if os.path.isdir(place):  # noqa: PTH112 - Path.is_dir raises on a NUL in the name
        paths = walk(place, DOCUMENTS, exclude=exclude)
    count = 0
    for path in paths:
        if isinstance(path, Left):
            yield path
            continue
        count += 1
        if isinstance(path, Unread):
            yield path
            continue
        # One at a time: a catalogue of a million documents does not lie in memory.
        inputs, unread = read_inputs((path,), io.BytesIO())
        yield from (Item(source=each.source, document=each.data) for each in inputs)
        yield from (Unread(sentence) for sentence in unread)
    if not count:
        yield Unread(f"{escaped(place).rstrip('/')}/: no message in it (.xml or .json)")


def _document(source: str, data: bytes) -> Item | Left:
    """What a file holds that is called as a document; nothing to judge where it is JSON and no message."""
    other = source.lower().endswith(".json") and not is_json_message(data)
    return Left(source, other=True) if other else Item(source=source, document=data)


def _bucket(place: str) -> Iterator[Item | Unread | Left]:
    try:
        files, root = fsspec.core.url_to_fs(place)
        names = sorted(files.find(root)) if files.isdir(root) else [root]
    except (ImportError, ValueError) as error:
        raise UsageError(f"{place}: nothing can be read there: {error}") from None
    except OSError as error:
        yield Unread(f"{place}: {(error.strerror or 'could not be read').lower()}")
        return
    documents = [name for name in names if PurePosixPath(name).suffix.lower() in DOCUMENTS]
    if not documents:
        yield Unread(f"{place}: no message in it (.xml or .json)")
    for name in documents:
        source = escaped(files.unstrip_protocol(name))
        try:
            with files.open(name, "rb") as stream:
                yield _document(source, stream.read(MAX_BYTES + 1))
        except OSError as error:
            yield Unread(f"{source}: {(error.strerror or 'could not be read').lower()}")


def _archive(place: str) -> Iterator[Item | Unread | Left]:
    members = _zip_members if place.lower().endswith(".zip") else _tar_members
    count = 0
    try:
        for name, stream in members(place):
            if PurePosixPath(name).suffix.lower() in DOCUMENTS:
                count += 1
                # A member may claim any size and unpack to any: no more is read than a document may have.
                yield _document(escaped(f"{place}/{name}"), stream.read(MAX_BYTES + 1))
    except (
        OSError,
        EOFError,
        tarfile.TarError,
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
    ) as error:
        told = (
            "no such file"
            if isinstance(error, FileNotFoundError)
            else "the archive cannot be read to its end"
        )
        yield Unread(f"{escaped(place)}: {told}")
        return
    if not count:
        yield Unread(f"{escaped(place)}: no message in it (.xml or .json)")


def _zip_members(place: str) -> Iterator[tuple[str, IO[bytes]]]:
    with fsspec.open(place, "rb") as file, zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                with archive.open(info) as stream:
                    yield info.filename, stream


def _tar_members(place: str) -> Iterator[tuple[str, IO[bytes]]]:
    with fsspec.open(place, "rb") as file, tarfile.open(fileobj=file, mode="r|*") as archive:
        for info in archive:
            stream = archive.extractfile(info) if info.isfile() else None
            if stream is not None:
                yield info.name, stream


def _table(place: str) -> Iterator[Item | Unread]:
    rows: Iterator[Mapping[str, str | bytes | None]] = (
        _parquet_rows(place) if place.lower().endswith(".parquet") else _csv_rows(place)
    )
    try:
        for number, row in enumerate(rows, start=1):
            source = row.get(SOURCE) or f"{place}:{number}"
            value = row.get(DOCUMENT) or row.get(URL)
            if not value:
                yield Unread(f"{escaped(place)}: row {number} has no {DOCUMENT} and no {URL}")
            elif row.get(DOCUMENT):
                data = value if isinstance(value, bytes) else str(value).encode()
                yield Item(source=escaped(str(source)), document=data[: MAX_BYTES + 1])
            else:
                yield Item(source=escaped(str(source)), url=str(value))
    except OSError as error:
        yield Unread(f"{escaped(place)}: {(error.strerror or 'could not be read').lower()}")
    except (UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        told = "UTF-8" if isinstance(error, UnicodeDecodeError) else "a table in its format"
        yield Unread(f"{escaped(place)}: expected {told}")


def _csv_rows(place: str) -> Iterator[dict[str, str]]:
    with fsspec.open(place, "r", encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        _demand_column(place, reader.fieldnames or ())
        yield from reader


def _parquet_rows(place: str) -> Iterator[dict[str, str | bytes | None]]:
    with fsspec.open(place, "rb") as file, pq.ParquetFile(file) as table:
        _demand_column(place, table.schema_arrow.names)
        wanted = [name for name in (SOURCE, DOCUMENT, URL) if name in table.schema_arrow.names]
        for batch in table.iter_batches(batch_size=256, columns=wanted):
            yield from batch.to_pylist()


def _demand_column(place: str, names: Sequence[str]) -> None:
    if (DOCUMENT in names) == (URL in names):
        raise InputError(
            f"{place}: expected one column called {DOCUMENT!r} or one called {URL!r} (and {SOURCE!r}, "
            f"what each row is called); there are: {', '.join(map(repr, names)) or 'none'}"
        )
