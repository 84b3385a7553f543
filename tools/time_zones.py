"""Write ``mmscheck/base/time_zones.txt``: which time zones a phone number may be in, by its first digits.

The source is libphonenumber's map (resources/timezones/map_data.txt, Apache License 2.0), as the Python
package ``phonenumbers`` of the same version as our ``phonenumberslite`` has it: ours leaves it out. To run::

    pip download --no-deps phonenumbers==9.0.42 && unzip phonenumbers-*.whl -d full
    python -m tools.time_zones full/phonenumbers/tzdata/data0.py

Of country code 1 each area code has all zones of all its numbers: a mobile number keeps its area code, and
tells nothing finer.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).parents[1] / "mmscheck" / "base" / "time_zones.txt"
HEAD = """\
# Time zones by the first digits of a phone number. Made by tools/time_zones.py of libphonenumber 9.0.42
# (resources/timezones/map_data.txt, Copyright The Libphonenumber Authors, Apache License 2.0), 2026-12-01.
"""
_NANP = "1"
_AREA = 4
"""Digits of country code 1 with an area code."""


def condensed(table: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The map with whole area codes in North America."""
    found: dict[str, set[str]] = {}
    for prefix, zones in table.items():
        key = prefix[:_AREA] if prefix.startswith(_NANP) else prefix
        found.setdefault(key, set()).update(zones)
    return {prefix: tuple(sorted(zones)) for prefix, zones in sorted(found.items())}


def read(file: Path) -> dict[str, tuple[str, ...]]:
    """The map that the package's file gives to the name ``data``."""
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "data":
            return {str(prefix): tuple(zones) for prefix, zones in ast.literal_eval(statement.value).items()}
    raise SystemExit(f"{file}: expected a map named data")


if __name__ == "__main__":
    table = condensed(read(Path(sys.argv[1])))
    FILE.write_text(HEAD + "".join(f"{one} {'&'.join(zones)}\n" for one, zones in table.items()), "utf-8")
