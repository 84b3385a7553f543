"""Write ``mmscheck/base/time_zones.txt``: which time zones a phone number may be in, by its first digits.

The source is libphonenumber's map (resources/timezones/map_data.txt, Apache License 2.0), as the Python
package ``phonenumbers`` of the same version as our ``phonenumberslite`` has it: ours leaves it out. To run::

    pip download --no-deps phonenumbers==9.0.42 && unzip phonenumbers-*.whl -d full
    python -m tools.time_zones full/phonenumbers/tzdata/data0.py

Of country code 1 each area code has all zones of all its numbers: a mobile number keeps its area code, and
tells nothing finer.

On 2026-12-01 all of its area codes were held against the NPA report of NANPA, the plan's administrator
(npa_report.csv of 2025-11-26: clocks and overlays of each code), and those with a known outline against the
zones on the map (timezone-boundary-builder). Where the map lacks what these have, it is added here.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).parents[1] / "mmscheck" / "base" / "time_zones.txt"
HEAD = """\
# Time zones by the first digits of a phone number. Made by tools/time_zones.py of libphonenumber 9.0.42
# (resources/timezones/map_data.txt, Copyright The Libphonenumber Authors, Apache License 2.0), 2026-12-01,
# with what NANPA's NPA report of 2025-11-26 and the zones on the map add (see there).
"""
_NANP = "1"
_AREA = 4
"""Digits of country code 1 with an area code."""

_CHICAGO, _DENVER, _EDMONTON, _NEW_YORK = (
    f"America/{name}" for name in ("Chicago", "Denver", "Edmonton", "New_York")
)

WRONG = {"1689": (_NEW_YORK,)}
"""Orlando, an overlay of 407 and 321, of which the map says America/Chicago."""

OVERLAYS = {
    **dict.fromkeys(("1236", "1257", "1672", "1778"), "1250"),
    **dict.fromkeys(("1367", "1581"), "1418"),
    "1357": "1559",
    "1364": "1270",
    "1436": "1440",
    "1448": "1850",
    "1457": "1318",
    "1458": "1541",
    "1474": "1306",
    "1483": "1334",
    "1621": "1713",
    "1624": "1716",
    "1679": "1313",
    "1729": "1423",
    "1837": "1530",
    "1861": "1309",
    "1924": "1507",
    "1930": "1812",
}
"""Codes laid over the area of an older one: they are wherever that one is."""

MORE = {
    "1306": (_EDMONTON, "America/Winnipeg"),  # Lloydminster; Creighton and Denare Beach
    "1334": (_NEW_YORK,),  # Phenix City, Lanett and Valley keep the time of Georgia
    "1402": (_DENVER,),  # the west of Cherry County, Nebraska
    "1639": (_EDMONTON, "America/Winnipeg"),
    "1531": (_DENVER,),
    "1915": (_CHICAGO,),
    "1931": (_NEW_YORK,),
}


def mended(table: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The condensed map with what is known to be missing; raises KeyError for an older code without zones."""
    found = {**table, **WRONG}
    for code, zones in MORE.items():
        found[code] = tuple(sorted({*found[code], *zones}))
    for code, older in OVERLAYS.items():
        found[code] = tuple(sorted({*found.get(code, ()), *found[older]}))
    return dict(sorted(found.items()))


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
    table = mended(condensed(read(Path(sys.argv[1]))))
    FILE.write_text(HEAD + "".join(f"{one} {'&'.join(zones)}\n" for one, zones in table.items()), "utf-8")
