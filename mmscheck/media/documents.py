"""PDF documents, by pikepdf: their structure and pages, not what is drawn on them."""

from __future__ import annotations

import io
import re

import pikepdf

from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import DocumentFacts

MOST_PAGES = 10_000
"""More pages are not counted."""

_HEADER = re.compile(rb"%PDF-(\d+\.\d+)")


def decode(data: bytes, _type: str) -> DocumentFacts:
    """The facts of a PDF; RefusedError for one that a reader would first have to repair.

    Streams are not unpacked, except those that hold the document's own structure.
    """
    try:
        with pikepdf.open(io.BytesIO(data), attempt_recovery=False) as document:
            return DocumentFacts(
                version=document.pdf_version, encrypted=document.is_encrypted, pages=_pages(document)
            )
    except pikepdf.PasswordError:
        header = _HEADER.search(data)
        version = header[1].decode("ascii") if header else "unknown"
        return DocumentFacts(version=version, encrypted=True)
    except pikepdf.PdfError as error:
        raise RefusedError(f"its structure is broken: {_words(error)}") from error


def _pages(document: pikepdf.Pdf) -> int:
    count = len(document.pages)
    if count > MOST_PAGES:
        raise RefusedError(f"it has more than {MOST_PAGES} pages")
    if not count:
        raise RefusedError("it has no pages")
    return count


def _words(error: Exception) -> str:
    """QPDF's words without the name it gives the file."""
    return str(error).rpartition(": ")[2] or type(error).__name__
