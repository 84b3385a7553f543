"""Paths to documents, documents to messages: the only part that reads slide XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.slidexml.decode import MAX_BYTES as MAX_BYTES
    from mmscheck.slidexml.decode import is_json as is_json
    from mmscheck.slidexml.decode import is_json_message as is_json_message
    from mmscheck.slidexml.decode import is_other_xml as is_other_xml
    from mmscheck.slidexml.inputs import DOCUMENTS as DOCUMENTS
    from mmscheck.slidexml.inputs import Input as Input
    from mmscheck.slidexml.inputs import Left as Left
    from mmscheck.slidexml.inputs import Unread as Unread
    from mmscheck.slidexml.inputs import document_places as document_places
    from mmscheck.slidexml.inputs import left_out as left_out
    from mmscheck.slidexml.inputs import read_inputs as read_inputs
    from mmscheck.slidexml.inputs import walk as walk
    from mmscheck.slidexml.reader import parse as parse

_HOMES = {
    "DOCUMENTS": "inputs",
    "Input": "inputs",
    "Left": "inputs",
    "MAX_BYTES": "decode",
    "Unread": "inputs",
    "document_places": "inputs",
    "is_json": "decode",
    "is_json_message": "decode",
    "is_other_xml": "decode",
    "left_out": "inputs",
    "parse": "reader",
    "read_inputs": "inputs",
    "walk": "inputs",
}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above
