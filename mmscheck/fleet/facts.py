"""Facts: what was found at each URL of a chunk, as one Parquet file that is written once."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pyarrow as pa

from mmscheck.errors import InputError
from mmscheck.fetch.reach import HostReach
from mmscheck.fleet.lanes import HostRedirect, is_whole_lane, note_redirects, noted_redirects
from mmscheck.fleet.plan import URLS, policy_of
from mmscheck.fleet.run import FleetRun, UrlChunk
from mmscheck.fleet.service import SERVICE, Loaded
from mmscheck.fleet.store import RunStore
from mmscheck.judge.observe import ObserveOptions, needs_decoding, observe, usable, wanted_probes
from mmscheck.judge.sampling import sampling
from mmscheck.model.observation import Fetched, NotFetched, Observation, Reason

FACTS = pa.schema([("url", pa.string()), ("observation", pa.binary()), ("checksum", pa.uint32())])

READERS = 16
"""Files whose end is read at the same time: in a bucket that is a wait each."""

_OBSERVATIONS: msgspec.json.Decoder[Observation] = msgspec.json.Decoder(Fetched | NotFetched)
"""Made here, not where it is used: see ``mmscheck.base.resolved``."""


def fetch_chunk(place: str, digest: str, number: int, after: str = "", *, hosts: tuple[str, ...] = ()) -> str:
    """Fetch the URLs of one chunk and keep what was found; the name of the file.

    A chunk whose file is there is not fetched again. ``after`` is the result of the chunk before it in the
    same lane: that it is an argument makes the engine wait for it. ``hosts`` are those of the lane: where a
    redirect leads beyond them nothing is kept but that it does, and the chunk is to stand in another lane.
    """
    del after
    loaded = SERVICE.load(place, digest)
    chunk = loaded.run.chunks[number]
    if is_whole(loaded.store, digest, chunk):
        return chunk.facts
    if len(hosts) == 1 and not is_whole_lane(hosts, chunk, noted_redirects(loaded.store)):
        return ""
    reach = HostReach(hosts) if hosts else None
    try:
        observed = _observe(loaded, chunk, reach)
    except _LedBeyond:
        observed = {}
    if reach is not None and reach.beyond:
        note_redirects(loaded.store, [HostRedirect(chunk.host_name, to) for to in reach.beyond])
        return ""
    found = {url: encode(observation) for url, observation in observed.items()}
    table = pa.table(
        {
            "url": list(found),
            "observation": list(found.values()),
            "checksum": [checksum(url, data) for url, data in found.items()],
        },
        schema=FACTS,
    )
    loaded.store.write_table(chunk.facts, table, of=digest)
    return chunk.facts


def is_whole(store: RunStore, digest: str, chunk: UrlChunk) -> bool:
    """Whether the facts of a chunk are there, as many as it has URLs, and of this very run.

    What another run found, under other rules or with another policy, says nothing here.
    """
    return store.footer(chunk.facts) == (digest, chunk.urls)


def whole_facts(store: RunStore, run: FleetRun) -> list[UrlChunk]:
    """The chunks whose facts `is_whole`. Raises InputError for a store that cannot be reached."""
    there = set(store.names("facts"))
    chunks = [chunk for chunk in run.chunks if chunk.facts.rpartition("/")[2] in there]
    digest = run.digest
    with ThreadPoolExecutor(READERS) as readers:
        whole = readers.map(lambda chunk: is_whole(store, digest, chunk), chunks)
        return [chunk for chunk, good in zip(chunks, whole, strict=True) if good]


def drop_damaged(store: RunStore, chunks: Sequence[UrlChunk]) -> int:
    """Remove facts that cannot be read to their end, so that they are fetched anew; how many there were."""
    dropped = 0
    for chunk in chunks:
        try:
            store.read_table(chunk.facts)
        except InputError:
            store.remove(chunk.facts)
            dropped += 1
    return dropped


def kept_observation(row: Mapping[str, Any]) -> Observation | None:
    """What a row of facts says of its URL; None for one that is not as it was written."""
    url, data = row["url"], row["observation"]
    if url is None or data is None or checksum(url, data) != row["checksum"]:
        return None
    try:
        observation = decode(data)
    except msgspec.DecodeError:
        return None
    return observation if observation.url == url else None


def checksum(url: str, data: bytes) -> int:
    """That of a row: the database that joins facts verifies none of Parquet's own."""
    return zlib.crc32(data, zlib.crc32(url.encode()))


class _LedBeyond(Exception):  # noqa: N818 - no error: it ends a chunk that stands in the wrong lane
    """Raised while an observation is handed over, once a redirect has led beyond the lane."""


def _observe(loaded: Loaded, chunk: UrlChunk, reach: HostReach | None) -> dict[str, Observation]:
    rows = loaded.store.read_table(URLS, where=("chunk", chunk.number)).to_pydict()
    if len(rows["url"]) != chunk.urls:
        raise InputError(f"the store {loaded.store.path(URLS)} could not be read: not as it was planned")
    order, ruleset = loaded.run.order, loaded.ruleset
    probes = wanted_probes(ruleset, deep=order.deep, cache_bust=order.cache_bust)
    options = ObserveOptions(
        policy=msgspec.structs.replace(
            policy_of(order, chunk, shared=reach is not None and reach.is_shared), probes=probes
        ),
        workers=SERVICE.workers(ruleset),
        decode=needs_decoding(ruleset),
        owners={url: str(owner) for url, owner in zip(rows["url"], rows["owner"], strict=True)},
        usable=usable(ruleset),
        sampling=sampling(ruleset, loaded.run.urls) if order.sample_probes and not order.strict else None,
        reach=reach,
    )

    def came(_url: str, _observation: Observation) -> None:
        # Where one leads, most others lead too. A lane of several hosts has been through that, and goes on
        # to the end, so that whoever leads to a thousand hosts takes no thousand turns.
        if reach is not None and reach.beyond and not reach.is_shared:
            raise _LedBeyond

    return SERVICE.do(observe(rows["url"], options, came))


def encode(observation: Observation) -> bytes:
    """The observation as JSON; one that would not come back equal, as a number that is none, is not kept."""
    try:
        data = msgspec.json.encode(observation)
        if decode(data) == observation:
            return data
    except (UnicodeEncodeError, msgspec.DecodeError, RecursionError):
        pass
    lost = NotFetched(
        url=observation.url, reason=Reason.INTERNAL, detail="what was found there cannot be kept in a file"
    )
    return msgspec.json.encode(lost)


def decode(data: bytes) -> Observation:
    """The observation that was kept. Raises msgspec.DecodeError for what is none."""
    return _OBSERVATIONS.decode(data)
