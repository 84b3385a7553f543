"""Every check of what a decoder found in a file."""

from __future__ import annotations

from mmscheck.checks import appearance, canvas, codecs, decoding, objects, playing
from mmscheck.model.check import Check

CHECKS: tuple[Check, ...] = (
    *decoding.CHECKS,
    *codecs.CHECKS,
    *canvas.CHECKS,
    *appearance.CHECKS,
    *playing.CHECKS,
    *objects.CHECKS,
)
"""Every check of the family."""
