"""Asset maps: where the media of a URL prefix are kept before they are uploaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import Meta

PREFIX = r"\Ahttps?://[^\s/?#@\\]+/(?:[^\s?#\\]*/)?\Z"
"""An absolute http or https URL that ends after a slash: a longer name beside it would match otherwise."""

Prefix = Annotated[
    str,
    Meta(pattern=PREFIX, description="a URL prefix that ends in /, such as 'https://media.example.com/mms/'"),
]
"""What URLs below one folder have in common."""


def resolve_assets(folder: Path, assets: Mapping[str, str]) -> tuple[tuple[str, Path], ...]:
    """Prefixes and their folders, joined to the configuration's; the longest prefix first, as it wins."""
    pairs = [(prefix, folder / each) for prefix, each in assets.items()]
    return tuple(sorted(pairs, key=lambda pair: (-len(pair[0]), pair[0])))
