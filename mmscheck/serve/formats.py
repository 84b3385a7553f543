"""In which format a report goes out: by ``Accept`` (RFC 9110, section 12.5.1), or by ``?format=NAME``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from mmscheck.report import FORMATS
from mmscheck.serve.problem import ProblemError

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "json": "application/json",
        "jsonl": "application/jsonl",
        "html": "text/html",
        "sarif": "application/sarif+json",
        "junit": "application/junit+xml",
        "csv": "text/csv",
        "markdown": "text/markdown",
        "text": "text/plain",
        "github": "text/x-github-commands",
        "gitlab": "application/x-gitlab-codequality+json",
    }
)
"""Every report format and the type that it is asked for by; those beginning with x- are made up here."""

_ALSO: Mapping[str, str] = MappingProxyType({"application/xml": "junit", "text/xml": "junit"})


def chosen(accept: str | None, named: str | None, formats: Collection[str] = FORMATS) -> str:
    """The format's name, one of these; JSON where nothing is said. Raises the problem of none that fits."""
    if named is not None:
        if named not in formats:
            raise ProblemError("no-such-format", f"There are: {', '.join(formats)}.")
        return named
    if not accept or not accept.strip():
        return "json"
    best, most = None, 0.0
    for wanted, quality in _read(accept):
        found = _format(wanted)
        if found in formats and quality > most:
            best, most = found, quality
    if best is None:
        types = ", ".join(MEDIA_TYPES[name] for name in formats)
        raise ProblemError("no-such-format", f"Reports come as: {types}.")
    return best


def _format(wanted: str) -> str | None:
    if wanted in {"*/*", "application/*"}:
        return "json"
    if wanted == "text/*":
        return "text"
    if wanted in _ALSO:
        return _ALSO[wanted]
    return next((name for name, kind in MEDIA_TYPES.items() if kind == wanted), None)


def _read(accept: str) -> Iterator[tuple[str, float]]:
    """Types and their qualities, in the order given."""
    for item in accept[:2000].split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    quality = min(1.0, max(0.0, float(value)))
                except ValueError:
                    quality = 0.0
        yield kind, quality
