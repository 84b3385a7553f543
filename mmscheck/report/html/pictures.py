"""Likenesses of media on a page: each is there once, however many slides show it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import msgspec

from mmscheck.model.facts import Preview
from mmscheck.report.html.markup import NOTHING, Markup, Part, raw, tag

SUFFIXES: Mapping[str, str] = MappingProxyType({"image/jpeg": "jpg", "image/png": "png"})
"""The types of picture a page draws, and what their files are called."""


class Shelf(Protocol):
    """Where the bytes of likenesses are kept, and how a page refers to them."""

    def address(self, name: str, preview: Preview) -> str:
        """The URL of a likeness as the page writes it; ``name`` is the digest of its bytes."""


class Inline:
    """Keeps every likeness inside the page, as a ``data:`` URL."""

    def address(self, name: str, preview: Preview) -> str:
        """The bytes themselves."""
        del name
        return f"data:{preview.image_type};base64,{base64.b64encode(preview.image).decode('ascii')}"


class Beside:
    """Keeps likenesses as files beside the pages, once for all pages of a folder."""

    def __init__(self) -> None:
        """Start with none."""
        self.new: dict[str, bytes] = {}
        self._known: set[str] = set()

    def address(self, name: str, preview: Preview) -> str:
        """The path of the file; its bytes are in ``new`` until the writer has taken them."""
        path = f"media/{name}.{SUFFIXES[preview.image_type]}"
        if path not in self._known:
            self._known.add(path)
            self.new[path] = preview.image
        return path


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A likeness on a page: the id to refer to and its size in pixels."""

    id: str
    width: int
    height: int


class Gallery:
    """The likenesses of one page."""

    def __init__(self, shelf: Shelf) -> None:
        """Start an empty page."""
        self._shelf = shelf
        self._images: dict[str, Markup] = {}

    def place(self, preview: Preview | None) -> Placed | None:
        """Put a likeness on the page; None where there is none that a page can draw."""
        if preview is None or preview.image_type not in SUFFIXES or not preview.image:
            return None
        width, height = preview.width, preview.height
        if width < 1 or height < 1:
            return None
        name = hashlib.sha256(preview.image).hexdigest()[:24]
        if name not in self._images:
            address = self._shelf.address(name, preview)
            self._images[name] = tag("image", id=f"p{name}", width=width, height=height, href=address)
        return Placed(id=f"p{name}", width=width, height=height)

    def definitions(self) -> Part:
        """The pictures themselves, for the end of the page; nothing when it has none."""
        if not self._images:
            return NOTHING
        images = tag("defs", *self._images.values())
        return tag("svg", images, class_="defs", width=0, height=0, aria_hidden="true")


def icon(kind: str) -> Markup:
    """A small drawing for a kind of medium; the word beside it says the same."""
    return tag("svg", tag("use", href=f"#i-{kind}"), class_="icon", viewBox="0 0 24 24", aria_hidden="true")


ICONS: Mapping[str, Markup] = MappingProxyType(
    {
        "image": raw('<path d="M4 5h16v14H4zM7 16l3.5-5 2.5 3 2-2 3 4z"/><circle cx="15.5" cy="9" r="1.5"/>'),
        "video": raw('<path d="M4 5h16v14H4zM10 9l5 3-5 3z"/>'),
        "audio": raw(
            '<path d="M10 17V6l8-2v10"/><circle cx="8" cy="17" r="2"/><circle cx="16" cy="14" r="2"/>'
        ),
        "vcard": raw(
            '<path d="M3 5h18v14H3zM14 10h4M14 14h4M5.500 16.500a3 3 0 0 1 6 0"/>'
            '<circle cx="8.500" cy="10.500" r="2"/>'
        ),
        "ical": raw('<path d="M4 6h16v14H4zM4 10h16M8 3v5M16 3v5"/>'),
        "pdf": raw('<path d="M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6"/>'),
        "passbook": raw('<path d="M4 5h16v5a2 2 0 0 0 0 4v5H4v-5a2 2 0 0 0 0-4z"/>'),
    }
)
"""Drawings on a square of 24, drawn with a stroke."""


def icons() -> Markup:
    """Every drawing, once for a page."""
    symbols = [tag("symbol", drawn, id=f"i-{kind}", viewBox="0 0 24 24") for kind, drawn in ICONS.items()]
    return tag("svg", *symbols, class_="defs", width=0, height=0, aria_hidden="true")
