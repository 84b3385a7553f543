"""Facts joined with the messages that refer to them: a folder a part, by a database in bounded memory."""

from __future__ import annotations

from mmscheck.fleet.store import Store

DONE = "joined/done"
"""The file that is written when the join is whole."""

MOST_OPEN = 100
"""Parts that are written at a time; more cost memory, fewer make more files a part (DuckDB's own default)."""


def join(store: Store) -> None:
    """Write what each part needs to be judged. Facts that are missing are missing there too, and deny.

    Raises ReportError.
    """
    store.remove("joined")
    store.make("joined")
    if store.names("facts"):
        with store.connect() as database:
            database.execute(f"SET partitioned_write_max_open_files = {MOST_OPEN}")
            database.execute(
                f"""
                COPY (
                  SELECT DISTINCT refs.part, facts.url, facts.observation
                  FROM {store.table("plan/refs")} refs JOIN {store.table("facts")} facts USING (url)
                ) TO {store.literal("joined/by")} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (part))
                """
            )
    store.write(DONE, str(len(store.names("facts"))).encode())
