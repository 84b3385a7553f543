"""Report to text: pure functions, one file each, that decide nothing and touch nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from types import MappingProxyType

from mmscheck.report.view import Formatter, View


def _late(module: str, view: View) -> str:
    """Render with a module that nobody has to import who wants another format."""
    output: str = import_module(f"mmscheck.report.{module}").render(view)
    return output


FORMATS: Mapping[str, Formatter] = MappingProxyType(
    {
        "text": partial(_late, "text"),
        "json": partial(_late, "json_v1"),
        "jsonl": partial(_late, "jsonl"),
        "junit": partial(_late, "junit"),
        "sarif": partial(_late, "sarif"),
        "github": partial(_late, "github"),
        "gitlab": partial(_late, "gitlab"),
        "csv": partial(_late, "csv_rows"),
        "markdown": partial(_late, "markdown"),
        "html": partial(_late, "html"),
    }
)
"""Every output format by the name that ``--format`` takes."""


def _late_parts(module: str, view: View) -> Iterator[str]:
    found: Iterator[str] = import_module(f"mmscheck.report.{module}").parts(view)
    return found


PARTS: Mapping[str, Callable[[View], Iterator[str]]] = MappingProxyType(
    {
        "json": partial(_late_parts, "json_v1"),
        "jsonl": partial(_late_parts, "jsonl"),
        "junit": partial(_late_parts, "junit"),
        "csv": partial(_late_parts, "csv_rows"),
    }
)
"""Formats whose output can be had piece by piece: for thousands of messages it is too large for one text."""


def pieces(name: str, view: View) -> Iterator[str]:
    """The output of a format, in pieces where it can be had so; joined they are what ``FORMATS`` gives."""
    if name in PARTS:
        yield from PARTS[name](view)
    else:
        yield FORMATS[name](view)


__all__ = ["FORMATS", "PARTS", "Formatter", "View", "pieces"]
