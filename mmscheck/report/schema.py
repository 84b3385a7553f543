"""The JSON Schema of the JSON report, generated from its types.

``python -m mmscheck.report.schema`` prints it, ``--write`` renews ``report.schema.json``, ``--check`` exits
with 1 when that file is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mmscheck.report.json_types import Document

COMMITTED = Path(__file__).with_name("report.schema.json")
"""The schema as released."""

_USAGE = "usage: python -m mmscheck.report.schema [--write | --check]\n"


def schema() -> str:
    """The schema (JSON Schema 2020-12) as text, indented by two, ending with a line feed."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mmscheck report, version 1",
    }
    return json.dumps(head | msgspec.json.schema(Document), indent=2) + "\n"


def main(argv: Sequence[str]) -> int:
    """Print, write or check; returns the exit code: 0, 1 when stale, 2 for wrong usage."""
    match list(argv):
        case []:
            sys.stdout.write(schema())
        case ["--write"]:
            COMMITTED.write_text(schema(), encoding="utf-8")
        case ["--check"]:
            return _check()
        case _:
            sys.stderr.write(_USAGE)
            return 2
    return 0


def _check() -> int:
    if COMMITTED.is_file() and COMMITTED.read_text(encoding="utf-8") == schema():
        return 0
    sys.stderr.write(f"{COMMITTED.name} is stale; renew it: python -m mmscheck.report.schema --write\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
