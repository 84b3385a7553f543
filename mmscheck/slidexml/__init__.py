"""Paths to documents, documents to messages: the only part that reads slide XML."""

from __future__ import annotations

from mmscheck.slidexml.decode import MAX_BYTES
from mmscheck.slidexml.inputs import Input, document_places, read_inputs
from mmscheck.slidexml.reader import parse
from mmscheck.slidexml.roots import is_other_xml

__all__ = ["MAX_BYTES", "Input", "document_places", "is_other_xml", "parse", "read_inputs"]
