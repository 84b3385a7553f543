"""The plan of a run: documents in parts, distinct URLs by host in chunks, chunks in lanes; all of it files.

Work is cut by host, so that what a host may bear is kept by one task and not by leases between machines: a
lane is a chain of chunks, and the chunks of one lane are never fetched at the same time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import islice

import msgspec
import pyarrow as pa

from mmscheck.errors import InputError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.fetch.reach import host_name
from mmscheck.fetch.slots import MOST_URLS, at_once
from mmscheck.fetch.url import BadUrlError, parse_url
from mmscheck.fleet.run import RUN, FleetRun, RunOrder, UrlChunk, encode, program_digest
from mmscheck.fleet.sources import Item
from mmscheck.fleet.store import RunStore
from mmscheck.judge.documents import read_message
from mmscheck.slidexml import Left, Unread, left_out

PART = 1_000
"""Messages judged by one task: some seconds of work, and some MB of documents and observations."""

CHUNK = 500
"""URLs fetched by one task. A task costs its scheduler about 5 ms and 5 KiB (Dask 2026.8, 2026-11-30): for
10,000,000 URLs 20,000 tasks are two minutes and 100 MB, single ones 15 hours and 50 GB."""

WIDE = 10_000
"""URLs from which on a host is fetched in several lanes, each with its share of what the host may bear."""

ITEMS = pa.schema(
    [("position", pa.int64()), ("source", pa.string()), ("document", pa.binary()), ("url", pa.string())]
)
REFS = pa.schema(
    [("part", pa.int32()), ("position", pa.int64()), ("url", pa.string()), ("host", pa.string())]
)


URLS = "plan/urls.parquet"
"""Which URL is in which chunk, and the first message that refers to it."""


def items_file(part: int) -> str:
    """Where the documents of a part are."""
    return f"plan/items/part-{part:06d}.parquet"


def make_plan(
    store: RunStore,
    order: RunOrder,
    items: Iterable[Item | Unread | Left],
    *,
    ruleset_digest: str,
    on_read: Callable[[int], None] = lambda _count: None,
) -> FleetRun:
    """Read everything once and write the plan; ``on_read`` is called with the messages read so far.

    Raises InputError where there is nothing to check, UsageError for messages beside URLs.
    """
    unread: list[str] = []
    left: list[Left] = []
    plan, count, parts = secrets.token_hex(8), 0, 0
    for batch in _parts(items, unread, left, order):
        _write_part(store, plan, (parts, count), batch)
        parts, count = parts + 1, count + len(batch)
        on_read(count)
    if not count:
        raise InputError("; ".join(unread) or "nothing was named to read")
    urls, chunks = _chunks(store, order)
    run = FleetRun(
        tool_version=version("mmscheck"),
        program_digest=program_digest(),
        plan=plan,
        ruleset_digest=ruleset_digest,
        started=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        order=order,
        messages=count,
        parts=parts,
        urls=urls,
        chunks=chunks,
        unread=tuple(unread),
        notes=tuple(left_out(left)),
    )
    store.write(RUN, encode(run))
    return run


def _parts(
    items: Iterable[Item | Unread | Left], unread: list[str], left: list[Left], order: RunOrder
) -> Iterator[list[Item]]:
    def readable() -> Iterator[Item]:
        for item in items:
            if isinstance(item, Unread):
                unread.append(item.sentence)
            elif isinstance(item, Left):
                left.append(item)
            elif bool(item.url) != order.is_alone:
                raise UsageError(f"{item.source}: URLs and messages are checked apart; give either")
            else:
                yield item

    rest = readable()
    while batch := list(islice(rest, PART)):
        yield batch


def _write_part(store: RunStore, plan: str, at: tuple[int, int], batch: Sequence[Item]) -> None:
    part, first = at
    rows: dict[str, list[object]] = {name: [] for name in REFS.names}
    for position, item in enumerate(batch, start=first):
        for url in _urls(item):
            for name, value in zip(REFS.names, (part, position, url, host_of(url)), strict=True):
                rows[name].append(value)
    store.write_table(f"plan/refs/part-{part:06d}.parquet", pa.table(rows, schema=REFS))
    documents = {
        "position": list(range(first, first + len(batch))),
        "source": [item.source for item in batch],
        "document": [item.document for item in batch],
        "url": [item.url for item in batch],
    }
    store.write_table(items_file(part), pa.table(documents, schema=ITEMS), of=plan)


def _urls(item: Item) -> list[str]:
    """The distinct URLs that are fetched for an item, in their order."""
    if item.url:
        return [item.url]
    message = read_message(item.document, item.source)
    return list(dict.fromkeys(ref.url for ref in message.media))[:MOST_URLS]


def host_of(url: str) -> str:
    """The server that a URL is fetched from, as limits count it; '' for a URL that nobody can fetch."""
    try:
        return parse_url(url).key
    except BadUrlError:
        return ""


def _chunks(store: RunStore, order: RunOrder) -> tuple[int, tuple[UrlChunk, ...]]:
    """Write which URL is in which chunk; how many URLs there are, and the chunks by number."""
    with store.connect() as database:
        database.execute(
            f"""
            CREATE TABLE urls AS
            SELECT url, host, min(position) AS owner FROM {store.table("plan/refs")} GROUP BY url, host
            """
        )
        database.execute(
            """
            CREATE TABLE placed AS
            SELECT url, host, owner,
                   (row_number() OVER (PARTITION BY host ORDER BY owner, url) - 1) // ? AS step
            FROM urls
            """,
            [CHUNK],
        )
        database.execute(
            """
            CREATE TABLE chunks AS
            SELECT host, step, count(*) AS urls, row_number() OVER (ORDER BY host, step) - 1 AS number
            FROM placed GROUP BY host, step
            """
        )
        database.execute(
            f"""
            COPY (
              SELECT number AS chunk, url, owner FROM placed JOIN chunks USING (host, step)
              ORDER BY chunk, owner, url
            ) TO {store.literal(URLS)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 8192)
            """
        )
        total = database.execute("SELECT count(*) FROM urls").fetchone()
        rows = database.execute(
            """
            SELECT number, host, step, urls,
                   sum(urls) OVER (PARTITION BY regexp_replace(host, ':[0-9]+$', ''))
            FROM chunks ORDER BY number
            """
        ).fetchall()
    return (total[0] if total else 0), tuple(_chunk(order, PlacedChunk(*row)) for row in rows)


class PlacedChunk(msgspec.Struct, frozen=True):
    """A chunk as the database has it; ``of_host`` counts all URLs of its host, at any port."""

    number: int
    host: str
    step: int
    urls: int
    of_host: int


def _chunk(order: RunOrder, placed: PlacedChunk) -> UrlChunk:
    bears = at_once(placed.host, order.policy.per_host, dict(order.policy.own_hosts))
    lanes = min(bears, -(-placed.of_host // WIDE))
    return UrlChunk(
        number=placed.number,
        name=f"{hashlib.sha256(placed.host.encode()).hexdigest()[:16]}-{placed.step:06d}",
        host=placed.host,
        # Many a host leads from http to https: its ports are one lane.
        lane=f"{host_name(placed.host)} {placed.step % lanes}",
        urls=placed.urls,
        at_once=bears // lanes,
        rate=order.policy.rate / lanes if order.policy.rate else None,
    )


def policy_of(order: RunOrder, chunk: UrlChunk, *, shared: bool = False) -> FetchPolicy:
    """How the URLs of a chunk are fetched: its share of what the host may bear, and time for all of them.

    ``shared`` says that its lane is one of several hosts: there is no other, so that each host bears its own.
    """
    policy, at_once_, rate = order.policy, chunk.at_once, chunk.rate
    if shared:
        at_once_, rate = at_once(chunk.host, policy.per_host, dict(policy.own_hosts)), policy.rate
    rounds = -(-chunk.urls // at_once_)
    waiting = chunk.urls * REQUESTS / rate if rate else 0.0
    return msgspec.structs.replace(
        policy,
        per_host=policy.per_host if shared else at_once_,
        own_hosts=policy.own_hosts if shared else (),
        rate=rate,
        deadline=policy.deadline + rounds * ROUND + waiting,
    )


REQUESTS = 3
"""Requests that one URL needs at a rule set's usual probes."""

ROUND = 4.0
"""Seconds that each round of requests of a chunk adds to its deadline: a slow server's time (a judgement)."""
