"""Paths to documents, documents to messages: the only part that reads slide XML."""

from __future__ import annotations

from mmscheck.slidexml.decode import MAX_BYTES
from mmscheck.slidexml.inputs import DOCUMENTS, Input, document_places, read_inputs
from mmscheck.slidexml.reader import parse
from mmscheck.slidexml.roots import is_other_xml
from mmscheck.slidexml.walk import Left, Unread, left_out, walk

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
