from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from mmscheck.media import MediaWorkers
from mmscheck.media.decoding import DECODERS
from mmscheck.model.facts import WHOLE, PassFacts, Undecoded
from mmscheck.model.observation import Inspected
from tests.media.refusing import refuses

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
URL = "https://media.example.com/x"
NUMBER = int(os.environ.get("MMSCHECK_MUTATIONS", "330"))
SEED = 20_261_101


def flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 40))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def mutations(number: int) -> Iterator[tuple[str, bytes]]:
    """Copies of the fixtures in turn, cut short or with bits flipped."""
    chance = random.Random(SEED)
    paths = [path for path in sorted(MEDIA.iterdir()) if path.stat().st_size]
    for count in range(number):
        path = paths[count % len(paths)]
        data = path.read_bytes()
        if count // len(paths) % 2:
            yield f"{path.name} {count} cut", data[: chance.randrange(1, len(data))]
        else:
            yield f"{path.name} {count} flipped", flipped(data, chance)


def vouched(found: Inspected) -> bool:
    """Whether the facts say that the whole file is sound."""
    decoded = found.decoded
    if decoded is None or isinstance(decoded, Undecoded):
        return False
    if isinstance(decoded, PassFacts):
        return not decoded.faults
    return bool(getattr(decoded, "extent", WHOLE) == WHOLE)


def disowned(found: Inspected, data: bytes) -> bool:
    """Whether the library of its type refuses the file."""
    decoder = DECODERS[found.sniffed.type or ""]
    return refuses(decoder.family, getattr(found.decoded, "format", ""), data)


async def test_no_mutated_file_is_vouched_for_that_its_own_library_refuses() -> None:
    files = list(mutations(NUMBER))
    started = time.monotonic()
    async with MediaWorkers() as workers:
        found = await asyncio.gather(*[workers.inspect(URL, data) for _, data in files])
    assert time.monotonic() - started < 20 + NUMBER / 5
    sound = [(name, one, data) for (name, data), one in zip(files, found, strict=True) if vouched(one)]
    assert [name for name, one, data in sound if disowned(one, data)] == []
    assert 0.1 * NUMBER < len(sound) < 0.6 * NUMBER  # neither all nor nothing is refused
    undecoded = [one.decoded for one in found if isinstance(one.decoded, Undecoded)]
    contained = [one.reason for one in undecoded if one.contained]
    assert all("memory" in reason for reason in contained)  # a flipped bit may ask for a giant frame
    assert len(contained) <= NUMBER / 100
