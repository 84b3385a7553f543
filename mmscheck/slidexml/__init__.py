"""Paths to documents, documents to messages: the only part that reads slide XML."""

from __future__ import annotations

from mmscheck.slidexml.decode import MAX_BYTES, is_other_xml
from mmscheck.slidexml.inputs import (
    DOCUMENTS,
    Input,
    Left,
    Unread,
    document_places,
    left_out,
    read_inputs,
    walk,
)
from mmscheck.slidexml.reader import parse

__all__ = [
    "DOCUMENTS",
    "MAX_BYTES",
    "Input",
    "Left",
    "Unread",
    "document_places",
    "is_other_xml",
    "left_out",
    "parse",
    "read_inputs",
    "walk",
]
