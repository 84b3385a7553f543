"""Try many documents: ``nice -n 19 python -m tests.fuzz.fuzz_xml --count 100000 --seed 1``.

Every document for which a promise does not hold is kept in ``corpus/xml``, and the suite replays it.
With ``--kinds`` the shortest document of each kind of problem that is not there yet is kept as well.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import time
from pathlib import Path
from random import Random

from mmscheck.judge.pipeline import load_rules
from mmscheck.model.rule import RuleSet
from mmscheck.slidexml import parse
from tests.fuzz.xml_documents import document
from tests.fuzz.xml_promises import kind_of, try_document

CORPUS = Path(__file__).parent / "corpus" / "xml"

SHOWN = 10
"""Of one document in this many the reports are written as well."""


def main() -> int:
    """Run, tell how it went, and exit with 1 when something was found."""
    options = _options()
    ruleset = load_rules("send")
    found, began = 0, time.monotonic()
    kinds: dict[str, bytes] = {}
    for number in range(options.count):
        # One random source for each document, so that any of them can be made again alone.
        data = document(Random(f"{options.seed}/{number}"))
        kind, told = _try(data, ruleset, shown=number % SHOWN == 0)
        if told:
            found += 1
            _say(f"document {number}, {_kept(data)}: {told}")
        if kind and len(data) < len(kinds.get(kind, data + b" ")):
            kinds[kind] = data
        if (number + 1) % 1000 == 0:
            rate = (number + 1) / (time.monotonic() - began)
            _say(f"{number + 1} documents, {rate:.0f}/s, {len(kinds)} kinds of problem, {found} found")
    if options.kinds:
        _keep_kinds(kinds)
    _say(f"seed {options.seed}: {options.count} documents, {len(kinds)} kinds of problem, {found} found")
    return 1 if found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", action="store_true")
    return parser.parse_args()


def _try(data: bytes, ruleset: RuleSet, *, shown: bool) -> tuple[str | None, str]:
    """The kind of problem the document has, and what did not hold for it."""
    try:
        tried = try_document(data, ruleset, shown=shown)
    except Exception as error:  # noqa: BLE001 - whatever comes is what is looked for
        return None, f"{type(error).__name__}: {error}"
    return kind_of(tried.message), "; ".join(tried.told)


def _kept(data: bytes) -> str:
    file = CORPUS / f"found-{hashlib.sha256(data).hexdigest()[:12]}.xml"
    file.write_bytes(data)
    return file.name


def _keep_kinds(kinds: dict[str, bytes]) -> None:
    there = {kind_of(parse(file.read_bytes(), "fuzz.xml")) for file in CORPUS.iterdir()}
    for kind, data in kinds.items():
        if kind not in there and len(data) < 20_000:
            slug = re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-")[:60]
            (CORPUS / f"kind-{slug}.xml").write_bytes(data)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
