"""Facts: what was found at each URL of a chunk, as one Parquet file that is written once."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from mmscheck.fleet.plan import policy_of
from mmscheck.fleet.run import UrlChunk
from mmscheck.fleet.service import SERVICE, Loaded
from mmscheck.judge.observe import ObserveOptions, needs_decoding, observe, usable, wanted_probes
from mmscheck.model.observation import Fetched, NotFetched, Observation, Reason

FACTS = pa.schema([("url", pa.string()), ("observation", pa.binary())])

_OBSERVATIONS: msgspec.json.Decoder[Observation] = msgspec.json.Decoder(Fetched | NotFetched)
"""Made here, not where it is used: see ``mmscheck.base.resolved``."""


def fetch_chunk(place: str, digest: str, number: int, after: str = "") -> str:
    """Fetch the URLs of one chunk and keep what was found; the name of the file.

    A chunk whose file is there is not fetched again. ``after`` is the result of the chunk before it in the
    same lane: that it is an argument makes the engine wait for it.
    """
    del after
    loaded = SERVICE.load(place, digest)
    chunk = loaded.run.chunks[number]
    if loaded.store.exists(chunk.facts):
        return chunk.facts
    found = _observe(loaded, chunk)
    table = pa.table(
        {"url": list(found), "observation": [encode(found[url]) for url in found]},
        schema=FACTS,
    )
    loaded.store.write_table(chunk.facts, table)
    return chunk.facts


def _observe(loaded: Loaded, chunk: UrlChunk) -> dict[str, Observation]:
    rows = loaded.store.read_table("plan/urls.parquet", where=("chunk", chunk.number)).to_pydict()
    order, ruleset = loaded.run.order, loaded.ruleset
    probes = wanted_probes(ruleset, deep=order.deep, cache_bust=order.cache_bust)
    options = ObserveOptions(
        policy=msgspec.structs.replace(policy_of(order, chunk), probes=probes),
        workers=SERVICE.workers(ruleset),
        decode=needs_decoding(ruleset),
        owners={url: str(owner) for url, owner in zip(rows["url"], rows["owner"], strict=True)},
        usable=usable(ruleset),
    )
    return SERVICE.do(observe(rows["url"], options))


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
