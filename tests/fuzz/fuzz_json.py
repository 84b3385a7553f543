"""Try many documents in JSON: ``nice -n 19 python -m tests.fuzz.fuzz_json --count 100000 --seed 1``.

Every document for which a promise does not hold is kept in ``corpus/json``, and the suite replays it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from mmscheck.judge.pipeline import load_rules
from mmscheck.model.rule import RuleSet
from mmscheck.slidexml import parse
from tests.fuzz.json_documents import document
from tests.fuzz.json_promises import broken
from tests.fuzz.xml_promises import kind_of, try_document

CORPUS = Path(__file__).parent / "corpus" / "json"

SHOWN = 10
"""Of one document in this many the reports are written as well."""


def main() -> int:
    """Run, tell how it went, and exit with 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rulesets = tuple(map(load_rules, ("send", "save", "lint")))
    found, slowest, began = 0, 0.0, time.monotonic()
    ends: Counter[str] = Counter()
    for number in range(options.count):
        data = document(Random(f"{options.seed}/{number}"))
        start = time.process_time()
        end, told = _try(data, rulesets[number % len(rulesets)], shown=number % SHOWN == 0)
        slowest = max(slowest, time.process_time() - start)
        ends[end] += 1
        if told:
            found += 1
            _say(f"document {number}, {_kept(data)}: {told}")
    rate = options.count / (time.monotonic() - began)
    kinds = sum(end not in {"permitted", "denied"} for end in ends)
    _say(f"seed {options.seed}: {options.count} documents, {rate:.0f}/s, {found} found")
    _say(f"{ends['permitted']} permitted, {ends['denied']} read and denied, {kinds} kinds of problem")
    _say(f"the slowest took {slowest:.2f} s")
    return 1 if found else 0


def _try(data: bytes, ruleset: RuleSet, *, shown: bool) -> tuple[str, str]:
    """How it ended, and what did not hold for it."""
    try:
        message = parse(data, "fuzz.json")
        if message.problem is not None and not shown:
            # That what cannot be read is denied is seen in every tenth; judging takes longer than reading.
            return kind_of(message) or "", "; ".join(broken(data, message, permitted=False))
        tried = try_document(data, ruleset, shown=shown)
    except Exception as error:  # noqa: BLE001 - whatever comes is what is looked for
        return "raised", f"{type(error).__name__}: {error}"
    return kind_of(tried.message) or ("permitted" if tried.permitted else "denied"), "; ".join(tried.told)


def _kept(data: bytes) -> str:
    CORPUS.mkdir(exist_ok=True)
    file = CORPUS / f"found-{hashlib.sha256(data).hexdigest()[:12]}.json"
    file.write_bytes(data)
    return file.name


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
