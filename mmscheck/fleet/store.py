"""The folder or bucket that a run keeps its files in, each there whole or not at all."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

import fsspec
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from mmscheck.errors import InputError, ReportError, UsageError

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

OWNER = b"mmscheck.of"
"""The key in a Parquet file's footer under which it says what it belongs to."""

DRAFT = ".draft"
"""How the name of a file ends that is being written, or whose writer died."""

TRIES = 6
"""Times that a file is read or written before the store counts as gone: with pauses that double from
`PAUSE` on that bridges about fifteen seconds, a restart of a file server (a judgement)."""

PAUSE = 0.5
"""Seconds before the second try."""


class RunStore:
    """Files below one place: a folder, or what fsspec has a driver for (``s3://bucket/run``)."""

    def __init__(self, place: str) -> None:
        """Name the place; nothing is read or made yet. Raises UsageError for one that no driver is for."""
        self.place = place
        try:
            self._files, self._root = fsspec.core.url_to_fs(place)
        except (ImportError, ValueError) as error:
            raise UsageError(f"{place}: no store can be kept there: {error}") from None
        if any(char in place for char in "*?[]"):
            raise UsageError(f"{place}: a store's name cannot hold *, ?, [ or ], which name many files")
        self._is_local = isinstance(self._files, LocalFileSystem)
        self.address = self._root if self._is_local else place
        """What processes with another working folder find it by."""

    def path(self, name: str) -> str:
        """The full path of a file, as `connect` has queries name it."""
        path = str(PurePosixPath(self._root, name))
        return path if self._is_local else self._files.unstrip_protocol(path)

    def literal(self, name: str) -> str:
        """The full path as a text in SQL."""
        return "'" + self.path(name).replace("'", "''") + "'"

    def table(self, folder: str) -> str:
        """All Parquet files of a folder, as a table in SQL."""
        return self.tables([f"{folder}/*.parquet"])

    def tables(self, names: Iterable[str]) -> str:
        """These Parquet files as one table in SQL."""
        # By itself DuckDB takes the "permitted=true" of a folder above the store for a column.
        listed = ", ".join(map(self.literal, names))
        return f"read_parquet([{listed}], hive_partitioning = false)"

    def exists(self, name: str) -> bool:
        """Whether the file is there, and so whole. Raises InputError."""
        return self._read(name, lambda: bool(self._files.exists(self._full(name))))

    def names(self, folder: str) -> list[str]:
        """The names of the whole files in a folder, sorted; none where it is not there. Raises InputError."""

        def listed() -> list[str]:
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._full(folder), detail=False)
            except FileNotFoundError:
                return []
            names = (PurePosixPath(each).name for each in found)
            return sorted(name for name in names if not name.endswith(DRAFT))

        return self._read(folder, listed)

    def read(self, name: str) -> bytes:
        """The file's bytes. Raises InputError."""
        return self._read(name, lambda: bytes(self._files.cat_file(self._full(name))))

    def read_struct(self, name: str, kind: type[T]) -> T:
        """What was written as JSON. Raises InputError, also for a file that holds something else."""
        try:
            return msgspec.json.decode(self.read(name), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InputError(
                f"the store {self.path(name)} could not be read: not as mmscheck wrote it"
            ) from None

    def write(self, name: str, data: bytes) -> None:
        """Put the whole file there at once. Raises ReportError."""

        def write() -> None:
            full = self._full(name)
            if not self._is_local:
                # An object store shows an object when all of it has come, and not before.
                self._files.pipe_file(full, data)
                return
            self._make(os.path.dirname(full))  # noqa: PTH120 - fsspec's texts
            draft = f"{full}.{secrets.token_hex(4)}{DRAFT}"
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - mode
                file.write(data)
            os.replace(draft, full)  # noqa: PTH105 - fsspec's texts

        try:
            _again(write)
        except OSError as error:
            raise ReportError(f"the store {self.path(name)} could not be written: {_why(error)}") from error

    def remove(self, folder: str) -> None:
        """Have the folder gone with all that is in it. Raises ReportError."""
        try:
            if self._files.exists(self._full(folder)):
                self._files.rm(self._full(folder), recursive=True)
        except OSError as error:
            raise ReportError(f"the store {self.path(folder)} could not be cleared: {_why(error)}") from error

    def make(self, folder: str) -> None:
        """Have the folder there, for its owner alone, where places have folders. Raises ReportError."""
        try:
            if self._is_local:
                self._make(self._full(folder))
        except OSError as error:
            raise ReportError(f"the store {self.path(folder)} could not be made: {_why(error)}") from error

    def read_table(
        self, name: str, *, where: tuple[str, int] | None = None, of: str | None = None
    ) -> pa.Table:
        """A Parquet file, or of it the rows where a column has a value.

        Raises InputError, also for one that was not written as belonging to ``of``.
        """
        filters = None if where is None else [(where[0], "=", where[1])]

        def read() -> pa.Table:
            return pq.read_table(
                self._full(name),
                filesystem=self._files,
                filters=filters,
                partitioning=None,
                page_checksum_verification=True,
            )

        table = self._read(name, read)
        if of is not None and (table.schema.metadata or {}).get(OWNER, b"").decode("ascii", "replace") != of:
            raise InputError(f"the store {self.path(name)} could not be read: it is of another run")
        return table

    def write_table(self, name: str, table: pa.Table, *, of: str = "") -> None:
        """Put a Parquet file there, whole, that says what it belongs to. Raises ReportError."""
        sink = pa.BufferOutputStream()
        named = table.replace_schema_metadata({OWNER: of.encode()})
        pq.write_table(named, sink, compression="zstd", write_page_checksum=True)
        self.write(name, sink.getvalue().to_pybytes())

    def footer(self, name: str) -> tuple[str, int] | None:
        """What a Parquet file belongs to, and its rows; None where there is no whole one.

        Raises InputError for a store that cannot be reached.
        """

        def read() -> tuple[str, int] | None:
            try:
                with self._files.open(self._full(name), "rb") as file:
                    found = pq.read_metadata(file)
            except (FileNotFoundError, pa.ArrowException):
                return None
            except OSError as error:
                # What Arrow itself cannot read is an OSError too, but for the system's number.
                if error.errno is None and self._is_local:
                    return None
                raise
            return (found.metadata or {}).get(OWNER, b"").decode("ascii", "replace"), int(found.num_rows)

        return self._read(name, read)

    @contextmanager
    def connect(
        self, memory: str = "1500MB", *, beside: Sequence[RunStore] = ()
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A database in memory that reads and writes the files of this store, and of those ``beside`` it.

        What does not fit in its memory goes to disk. Whatever it cannot do raises InputError.
        """
        import duckdb  # noqa: PLC0415 - 60 MB, and a worker that fetches needs none of it

        # Beside the rest where that is a folder of ours: there is room, and nobody else may look into it.
        within = self._root if self._is_local and os.access(self._root, os.W_OK) else None
        with (
            tempfile.TemporaryDirectory(prefix="spilled-", dir=within) as spilled,
            duckdb.connect() as database,
        ):
            database.execute("SET temp_directory = ?", [spilled])
            self._confine(database, memory, (self, *beside))
            try:
                yield database
            except duckdb.Error as error:
                raise InputError(f"the store {self.place} could not be read: {_asked(error)}") from error

    def _confine(self, database: duckdb.DuckDBPyConnection, memory: str, stores: Sequence[RunStore]) -> None:
        database.execute(f"SET memory_limit = '{memory}'")
        database.execute("SET preserve_insertion_order = false")
        for each in stores:
            if not each._is_local:  # noqa: SLF001 - its own kind
                database.register_filesystem(each._files)  # noqa: SLF001 - its own kind
        if all(each._is_local for each in stores):  # noqa: SLF001 - its own kind
            database.execute(f"SET allowed_directories = [{', '.join(each.literal('') for each in stores)}]")
            database.execute("SET enable_external_access = false")

    def _make(self, folder: str) -> None:
        # The mode is that of the last folder alone, so the store's own comes first.
        for each in (self._root, folder):
            os.makedirs(each, mode=0o700, exist_ok=True)  # noqa: PTH103 - fsspec's texts

    def _full(self, name: str) -> str:
        return str(PurePosixPath(self._root, name))

    def _read(self, name: str, read: Callable[[], T]) -> T:
        try:
            return _again(read)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"the store {self.path(name)} could not be read: {_why(error)}") from error


def _again(work: Callable[[], T]) -> T:
    """What the work gives at the first of `TRIES` that succeeds; what is not there is not waited for."""
    for attempt in range(TRIES):
        try:
            return work()
        except FileNotFoundError:
            raise
        except OSError:
            if attempt == TRIES - 1:
                raise
            time.sleep(PAUSE * 2**attempt)
    raise AssertionError


def _asked(error: Exception) -> str:
    """What a database could not do, by the kind of its error and not by its words."""
    kind = type(error).__name__
    return {"OutOfMemoryException": "it does not fit in memory and on disk"}.get(
        kind, f"not as mmscheck wrote it, or no room to work ({kind})"
    )


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return (getattr(error, "strerror", None) or "no answer that can be used").lower()
