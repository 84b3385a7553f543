"""Facts joined with the messages that refer to them: a folder a part, by a database in bounded memory."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from mmscheck.errors import InputError
from mmscheck.fleet.run import UrlChunk
from mmscheck.fleet.store import RunStore

DONE = "joined/done"
"""The file that is written when the join is whole: the run's digest, and the name of this very join."""

MOST_OPEN = 100
"""Parts that are written at a time; more cost memory, fewer make more files a part (DuckDB's own default)."""


def join(store: RunStore, digest: str, chunks: Sequence[UrlChunk]) -> None:
    """Write what each part needs to be judged by the facts of these chunks. Those of others deny.

    Raises ReportError, and InputError where facts cannot be read to their end.
    """
    store.remove("joined")
    store.make("joined")
    if chunks:
        with store.connect() as database:
            database.execute(f"SET partitioned_write_max_open_files = {MOST_OPEN}")
            facts = store.tables(chunk.facts for chunk in chunks)
            database.execute(
                f"""
                COPY (
                  SELECT DISTINCT refs.part, facts.url, facts.observation, facts.checksum
                  FROM {store.table("plan/refs")} refs JOIN {facts} facts USING (url)
                ) TO {store.literal("joined/by")} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (part))
                """
            )
    store.write(DONE, f"{digest} {secrets.token_hex(8)}".encode())


def joined(store: RunStore, digest: str) -> str:
    """What results say that they are of, with the name of the join that is there; '' where there is none."""
    try:
        found = store.read(DONE).decode("ascii", "replace")
    except InputError:
        return ""
    return found if found.startswith(f"{digest} ") else ""
