"""PDF documents written anew by QPDF: what readers would have to repair, and what is larger than it need be.

A password is never removed, nor what its owner allows and forbids.
"""

from __future__ import annotations

import io

import pikepdf

from mmscheck.fix.values import Answer, Job, Mended, Unmended
from mmscheck.media.documents import QPDF
from mmscheck.media.refusal import RefusedError, judging
from mmscheck.model.words import Owner

LOCKED = "it is protected by a password, which nobody takes off here; ask its owner for one without"


def mend(job: Job) -> Answer:
    """The document of a job; RefusedError when a repair finds no page."""
    try:
        return _mended(job)
    except pikepdf.PasswordError:
        return Unmended(why=LOCKED, owner=Owner.CONTENT)


def _mended(job: Job) -> Answer:
    start = max(job.data.find(b"%PDF-", 0, 1024), 0)
    with judging(QPDF), pikepdf.open(io.BytesIO(job.data[start:]), suppress_warnings=True) as document:
        if document.is_encrypted:
            return Unmended(why=LOCKED, owner=Owner.CONTENT)
        if not len(document.pages):
            raise RefusedError("a repair finds no page in it")
        pages = len(document.pages)
        notes = ("its digital signature holds no more",) if _is_signed(document) else ()
        file = io.BytesIO()
        document.save(
            file,
            compress_streams=True,
            recompress_flate=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
        )
    data = file.getvalue()
    if len(data) > job.most:
        return Unmended(why=f"packed anew it still has {len(data):,} bytes; at most {job.most:,} fit")
    return Mended(data=data, suffix=".pdf", done=(f"written anew with its {pages} pages", *notes))


def _is_signed(document: pikepdf.Pdf) -> bool:
    """Whether there are signatures, which hold for the bytes alone that were signed (ISO 32000-1, 12.7.2)."""
    form = document.Root.get("/AcroForm")
    flags = form.get("/SigFlags") if isinstance(form, pikepdf.Dictionary) else None
    return isinstance(flags, int) and bool(flags & 1)
