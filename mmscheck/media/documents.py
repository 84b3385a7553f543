"""PDF documents, by pikepdf: their structure and pages, and that what is drawn on these can be unpacked."""

from __future__ import annotations

import io
import re

import pikepdf

from mmscheck.media.drawn import Drawn
from mmscheck.media.refusal import RefusedError, Verdicts, judging
from mmscheck.model.facts import DocumentFacts

MOST_PAGES = 10_000
"""More pages are not counted."""

BROKEN = "its structure is broken: a reader would first have to repair it"

PARTS_MISSING = "parts of it are missing: a repair finds a page, or what a page shows, no more"

_MISPLACED = re.compile(r"expected (?:n n|\d+ \d+) obj")
_MISSING = re.compile(r"not found in file after regenerating|includes non-dictionary object")
"""What QPDF says of an object that is not where the document's table has it, and of one that is nowhere."""

QPDF = Verdicts(own={pikepdf.PdfError: BROKEN})
"""How pikepdf, which is QPDF, refuses a document."""

_HEADER = re.compile(rb"%PDF-(\d+\.\d+)")
_END = re.compile(rb"startxref\s+\d+\s")
_LAST_OBJECT = b"endobj"


def decode(data: bytes, _type: str) -> DocumentFacts:
    """The facts of a PDF; RefusedError for one that is damaged, or that a reader could repair only with loss.

    A document whose table of contents (xref) is wrong or missing, though it is there to its end, is taken.
    Readers find its objects all the same.
    """
    with judging(QPDF):
        try:
            try:
                return _opened(data, repair=False)
            except pikepdf.PasswordError:
                raise
            except pikepdf.PdfError:
                _check_end(data)
                return _opened(data, repair=True)
        except pikepdf.PasswordError:
            header = _HEADER.search(data)
            version = header[1].decode("ascii") if header else "unknown"
            return DocumentFacts(version=version, encrypted=True)


def _opened(data: bytes, *, repair: bool) -> DocumentFacts:
    with pikepdf.open(io.BytesIO(data), attempt_recovery=repair, suppress_warnings=True) as document:
        facts = DocumentFacts(
            version=document.pdf_version,
            encrypted=document.is_encrypted,
            pages=_pages(document),
            repaired=repair,
        )
        drawn = Drawn()
        for number, page in enumerate(document.pages, 1):
            drawn.check(page, number)
        warnings = "\n".join(document.get_warnings())
        if repair and _MISSING.search(warnings):
            raise RefusedError(PARTS_MISSING)
        if not repair and (_MISSING.search(warnings) or _MISPLACED.search(warnings)):
            raise pikepdf.PdfError(BROKEN)
        return facts


def _check_end(data: bytes) -> None:
    """RefusedError for a document whose last part is missing: whatever a repair finds, something is lost."""
    last = data.rfind(_LAST_OBJECT)
    if last < 0 or _END.search(data, last) is None:
        raise RefusedError(f"{BROKEN}, and its end is missing")


def _pages(document: pikepdf.Pdf) -> int:
    count = len(document.pages)
    if count > MOST_PAGES:
        raise RefusedError(f"it has more than {MOST_PAGES} pages")
    if not count:
        raise RefusedError("it has no pages")
    return count
