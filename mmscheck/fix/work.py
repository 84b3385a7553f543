"""Inside a confined process: a job to its answer, by the module for its type."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mmscheck.fix.values import Answer, Job, Mended, Unmended
from mmscheck.media.refusal import RefusedError
from mmscheck.model.words import Owner

MODULES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("image/jpeg", "image/png", "image/apng", "image/gif", "image/webp", "image/avif"),
                *("image/bmp", "image/tiff", "image/heic", "image/heif", "image/x-os2-graphics"),
                *("image/heic-sequence", "image/heif-sequence"),
            ),
            "pictures",
        ),
        **dict.fromkeys(
            (
                *("video/3gpp", "video/3gpp2", "video/mp2t", "video/mp4", "video/mpeg", "video/ogg"),
                *("video/quicktime", "video/webm", "video/x-flv", "video/x-matroska", "video/x-ms-asf"),
                *("video/x-ms-wmv", "video/x-msvideo", "audio/3gpp", "audio/3gpp2", "audio/mp4"),
                *("audio/webm", "audio/x-matroska", "audio/ogg"),
            ),
            "films",
        ),
        **dict.fromkeys(
            (
                *("audio/aac", "audio/amr", "audio/amr-wb", "audio/flac", "audio/mpeg", "audio/wav"),
                *("audio/x-aiff", "audio/x-caf", "audio/x-flac", "audio/x-ms-wma", "audio/x-wav"),
            ),
            "sounds",
        ),
        "text/vcard": "cards",
        "text/calendar": "calendars",
        "application/pdf": "pdfs",
    }
)
"""The module of ``mmscheck.fix`` whose ``mend`` knows the type."""


NEAR = 0.95
"""The measure from which on a product that is no larger than its input is taken (a judgement)."""


def mend(job: Job) -> Answer:
    """What comes of a job; raises for a fault of ours."""
    name = MODULES.get(job.type)
    if name is None:
        return Unmended(why=f"nothing here knows how to mend {job.type}", owner=Owner.CONTENT)
    module = importlib.import_module(f"mmscheck.fix.{name}")
    try:
        answer: Answer = module.mend(job)
        if job.roomy > job.most and not _is_near(answer):
            more: Answer = module.mend(msgspec.structs.replace(job, most=job.roomy))
            answer = more if isinstance(more, Mended) else answer
    except RefusedError as refused:
        return Unmended(why=f"it cannot be read as what it is: {refused}; make it again from its source")
    return answer


def _is_near(answer: Answer) -> bool:
    """Whether there is a product that a person would take for its input."""
    return isinstance(answer, Mended) and (answer.measure is None or answer.measure.value >= NEAR)


def warm() -> None:
    """Load what most jobs need, so that their processes have it."""
    for name in ("pictures", "animations"):
        importlib.import_module(f"mmscheck.fix.{name}")
