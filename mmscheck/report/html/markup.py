"""HTML out of parts that are escaped when they are put together, so that none can be forgotten.

A plain string is text and gets escaped; only `Markup`, which this module alone makes, is taken as it is.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

_NAME: Final = re.compile(r"[a-z][a-z0-9-]*\Z", re.IGNORECASE)
_COMMAND: Final = re.compile(r"##(?=\w*\[)")
_VOID: Final = frozenset({"br", "hr", "img", "input", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Part = str | None
"""A piece of a page: text, markup, or nothing."""

NOTHING = Markup()
"""No markup at all."""


def text(value: str) -> Markup:
    """The text with everything escaped that HTML would read as more than text."""
    return value if isinstance(value, Markup) else Markup(_escaped(value))


def _escaped(value: str) -> str:
    told = escape(value, quote=True)
    # A page may be printed by a job whose runner obeys ##[command].
    return _COMMAND.sub("&#35;#", told) if "##" in told else told


def join(*parts: Part) -> Markup:
    """The parts one after the other, plain strings escaped."""
    return Markup("".join(text(part) for part in parts if part))


def tag(name: str, /, *parts: Part, **attributes: str | int | bool | None) -> Markup:
    """An element: ``class_`` is ``class``, other underscores are hyphens; True is a bare attribute.

    None and False leave the attribute out. Raises ValueError for a name that is no name, which only a
    mistake of ours can be: names are never taken from a report.
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no name of an element")
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(*parts)}</{name}>")


def _attribute(key: str, value: str | int | bool | None) -> str:  # noqa: FBT001 - an attribute's own value
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if not _NAME.match(name) or name.startswith("on") or name == "style":
        raise ValueError(f"{name!r} is no attribute for a page without scripts and styles in its markup")
    return f" {name}" if value is True else f' {name}="{_escaped(str(value))}"'


def raw(source: str) -> Markup:
    """Our own style sheet, script or picture data; never anything out of a report."""
    return Markup(source)
