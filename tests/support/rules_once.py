"""The program's own rule files, read once for many calls of ``main`` in one process."""

from __future__ import annotations

from typing import Any

from mmscheck.ruleset.catalogue import Catalogue, read_catalogue

_READ: dict[str, Catalogue] = {}


def read_once(faults: list[str], **wanted: Any) -> Catalogue:
    """What `read_catalogue` returns; kept where it found no fault and there is no folder of a test's own."""
    if wanted["extra_roots"]:
        return read_catalogue(faults, **wanted)
    key = repr([wanted[name] for name in ("selection", "root", "offline")]) + str(id(wanted["checks"]))
    if key not in _READ:
        before = len(faults)
        catalogue = read_catalogue(faults, **wanted)
        if len(faults) > before:
            return catalogue
        _READ[key] = catalogue
    return _READ[key]
