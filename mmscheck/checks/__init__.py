"""All checks by name, listed one module at a time; nothing registers itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.checks import http, media, message, mime, request, slide, subject, url
from mmscheck.model.check import Check

_ALL: tuple[Check, ...] = (
    *message.CHECKS,
    *subject.CHECKS,
    *slide.CHECKS,
    *request.CHECKS,
    *url.CHECKS,
    *http.CHECKS,
    *mime.CHECKS,
    *media.CHECKS,
)

CHECKS: Mapping[str, Check] = MappingProxyType({check.name: check for check in _ALL})
"""Every check a rule file may name."""

if len(CHECKS) != len(_ALL):
    raise AssertionError("two checks share a name")

__all__ = ["CHECKS"]
