"""Paths and fingerprints as code hosts want them: for one finding the same on every machine and run."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from mmscheck.base.redact import unmarked
from mmscheck.report.clean import clean_text
from mmscheck.report.layout import shown
from mmscheck.report.rows import Row


def relative(source: str, root: str) -> str:
    """The path from ``root``, an absolute folder, without ``./``; as given where there is no root to go by.

    What is not a path, such as ``<stdin>``, stays as it is.
    """
    if not source:
        return ""
    path = posixpath.normpath(source)
    return posixpath.relpath(path, root) if root and posixpath.isabs(path) else path


def shown_path(source: str, root: str) -> str:
    """The relative path as it may be shown; ``.`` where something is about no file."""
    return shown(relative(source, root)) or "."


def uri(source: str, root: str) -> str:
    """The relative path as a URI reference (RFC 3986), and as a file URI where it is absolute still."""
    path = clean_text(relative(source, root)) or "."
    return f"file://{quote(path)}" if posixpath.isabs(path) else quote(path)


def with_fingerprints(found: Iterable[Row], root: str) -> Iterator[tuple[Row, str]]:
    """Each row with 64 hex digits that no other row has and that the next run gives it again.

    They go by file, rule, target and the medium's URL. Lines, wording, queries and digests are left out,
    since those change while the fault stays: a URL is signed anew in every run. Equals are told apart by
    their order.
    """
    seen: Counter[str] = Counter()
    for row in found:
        base = unmarked(row.url or "")
        slide = row.key.slide if row.key else 0
        kind = row.key.kind.value if row.key else ""
        told = row.message if row.rule.startswith("mmscheck-") and not row.source else ""
        name = json.dumps([relative(row.source, root), row.rule, kind, slide, base, told])
        seen[name] += 1
        yield row, hashlib.sha256(f"{seen[name]} {name}".encode()).hexdigest()
