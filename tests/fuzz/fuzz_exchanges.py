"""Try many answers and notifications: ``nice -n 19 python -m tests.fuzz.fuzz_exchanges --count 100000``."""

from __future__ import annotations

import argparse
import sys
import time
from random import Random

from tests.fuzz.exchanges import json_answer, notification, try_answer, try_notification, xml_answer


def main() -> int:
    """Run, tell how it went, and exit with 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found, began = 0, time.monotonic()
    for number in range(options.count):
        for told in tried(f"{options.seed}/{number}"):
            found += 1
            sys.stdout.write(f"{number}: {told}\n")
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"seed {options.seed}: {options.count} each of answers in XML, in JSON, and notifications "
        f"in {seconds:.0f} s, "
        f"{found} found\n"
    )
    return 1 if found else 0


def tried(seed: str) -> list[str]:
    """What went wrong with the answers, in XML and JSON, and the notification of this seed."""
    chance = Random(seed)
    data, status = xml_answer(chance)
    other, code = json_answer(chance)
    note = notification(chance)
    ends = (
        (data, try_answer(data, status)),
        (other, try_answer(other, code, is_json=True)),
        (note, try_notification(note)),
    )
    return [f"{told}: {body!a}" for body, told in ends if told]


if __name__ == "__main__":
    sys.exit(main())
