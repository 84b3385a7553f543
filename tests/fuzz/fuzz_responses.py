"""Try many responses: ``nice -n 19 python -m tests.fuzz.fuzz_responses --count 100000 --seed 1``.

Every response for which a promise does not hold, twice in a row, is kept in ``corpus/responses``, and the
suite replays it. With ``--kinds`` one of each kind of reason and oddity that is not there yet is kept too.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import msgspec

from mmscheck.model.observation import NotFetched, Observation
from tests.fuzz.response_promises import Tried, try_answers
from tests.fuzz.responses import Answer, answer

CORPUS = Path(__file__).parent / "corpus" / "responses"
BATCH = 100
PATIENCE = 0.5
"""Seconds: on a busy machine more answers are given up, which costs coverage and nothing else."""


def main() -> int:
    """Run, tell how it went, and exit with 1 when something was found."""
    options = _options()
    return 1 if asyncio.run(_run(options.count, options.seed, kinds=options.kinds)) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", action="store_true")
    return parser.parse_args()


async def _run(count: int, seed: int, *, kinds: bool) -> int:
    began, found = time.monotonic(), 0
    seen: Counter[str] = Counter()
    for start in range(0, count, BATCH):
        # One random source for each response, so that any of them can be made again alone.
        answers = [answer(Random(f"{seed}/{number}")) for number in range(start, min(start + BATCH, count))]
        tried = await _try(answers, start)
        seen.update(kind_of(each.observation) for each in tried)
        found += sum([await _confirmed(*pair) for pair in zip(answers, tried, strict=True) if pair[1].told])
        if kinds:
            _keep_kinds(answers, tried)
        done = start + len(answers)
        if done % 1000 < BATCH:
            rate = done / (time.monotonic() - began)
            _say(f"{done} responses, {rate:.0f}/s, {len(seen)} kinds, {found} found")
    for kind, times in seen.most_common():
        _say(f"{times:7} {kind}")
    _say(f"seed {seed}: {count} responses, {len(seen)} kinds, {found} found")
    return found


async def _try(answers: Sequence[Answer], start: int) -> list[Tried]:
    try:
        return await try_answers(answers, probing=start // BATCH % 2 == 1, patience=PATIENCE)
    except Exception:
        for each in answers:
            keep(each, "batch")
        _say(f"the batch from {start} broke; all of it is kept")
        raise


async def _confirmed(each: Answer, first: Tried) -> bool:
    """Whether it happens alone as well; then it is kept."""
    (again,) = await try_answers([each])
    told = again.told or first.told
    _say(f"{keep(each, 'found' if again.told else 'once')}: {'; '.join(told)}")
    return True


def keep(each: Answer, prefix: str) -> str:
    """Write the response to the corpus; its file's name."""
    encoded = msgspec.json.encode(each)
    file = CORPUS / f"{prefix}-{hashlib.sha256(encoded).hexdigest()[:12]}.json"
    file.write_bytes(encoded)
    return file.name


def kind_of(seen: Observation) -> str:
    """The reason and the oddities of an observation, without numbers."""
    odd = sorted({anomaly.kind.name for hop in seen.hops for anomaly in hop.anomalies})
    return " ".join([seen.reason.name if isinstance(seen, NotFetched) else "FETCHED", *odd])


def _keep_kinds(answers: Sequence[Answer], tried: Sequence[Tried]) -> None:
    for each, result in zip(answers, tried, strict=True):
        kind = kind_of(result.observation)
        slug = re.sub(r"[^a-z0-9]+", "-", kind.lower())
        file = CORPUS / f"kind-{slug}.json"
        if kind.count(" ") <= 1 and len(each.sent) < 2000 and not file.exists():
            file.write_bytes(msgspec.json.encode(each))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
