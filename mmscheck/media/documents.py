"""PDF documents, by pikepdf: their structure and pages, not what is drawn on them."""

from __future__ import annotations

import io
import re

import pikepdf

from mmscheck.media.refusal import RefusedError, Verdicts, judging
from mmscheck.model.facts import DocumentFacts

MOST_PAGES = 10_000
"""More pages are not counted."""

QPDF = Verdicts(
    own={pikepdf.PdfError: "its structure is broken: a reader would first have to repair it"},
)
"""How pikepdf, which is QPDF, refuses a document."""

_HEADER = re.compile(rb"%PDF-(\d+\.\d+)")


def decode(data: bytes, _type: str) -> DocumentFacts:
    """The facts of a PDF; RefusedError for one that a reader would first have to repair.

    Streams are not unpacked, except those that hold the document's own structure.
    """
    with judging(QPDF):
        try:
            with pikepdf.open(io.BytesIO(data), attempt_recovery=False) as document:
                return DocumentFacts(
                    version=document.pdf_version, encrypted=document.is_encrypted, pages=_pages(document)
                )
        except pikepdf.PasswordError:
            header = _HEADER.search(data)
            version = header[1].decode("ascii") if header else "unknown"
            return DocumentFacts(version=version, encrypted=True)


def _pages(document: pikepdf.Pdf) -> int:
    count = len(document.pages)
    if count > MOST_PAGES:
        raise RefusedError(f"it has more than {MOST_PAGES} pages")
    if not count:
        raise RefusedError("it has no pages")
    return count
