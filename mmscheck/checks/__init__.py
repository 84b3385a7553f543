"""All checks by name, listed one module at a time; nothing registers itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.checks import (
    certificates,
    content_type,
    decoded,
    fields,
    first,
    framing,
    images,
    links,
    media,
    merge_tags,
    message,
    mime,
    objects,
    opened,
    payloads,
    phone_numbers,
    playing,
    probes,
    providers,
    reach,
    recipient,
    repeats,
    request,
    signed_urls,
    sizes,
    slide,
    subject,
    texts,
    url,
    wording,
    wrapped,
)
from mmscheck.model.check import Check
from mmscheck.model.observation import ProbeName

_WORDING = (texts, wording, links, opened, first)
_TEXTS = (
    *(message, sizes, providers, payloads, merge_tags, subject, slide, *_WORDING),
    *(request, phone_numbers, fields, recipient),
)
_FILES = (url, signed_urls, reach, certificates, content_type, mime, media)
_FRAMED = (framing, probes, repeats)
"""What these judge belongs to one connection: through a proxy that writes anew it proves faults at most."""

_DECODED = (decoded, playing, images, objects, wrapped)
"""What these judge is inside the file."""

_ALL: tuple[Check, ...] = (
    *(check for module in (*_TEXTS, *_FILES, *_DECODED) for check in module.CHECKS),
    *(probes.judged_directly(check) for module in _FRAMED for check in module.CHECKS),
)

CHECKS: Mapping[str, Check] = MappingProxyType({check.name: check for check in _ALL})
"""Every check a rule file may name."""

READS_FACTS = frozenset(check.name for module in _DECODED for check in module.CHECKS)
"""The checks that look at what a decoder found; without them nothing needs to be decoded."""

READS_LINKS = frozenset(check.name for check in opened.CHECKS)
"""The checks that look at what came for links in texts; without them no link is asked for."""

READS_PROBES: Mapping[str, tuple[ProbeName, ...]] = MappingProxyType(
    {
        "length-under-gzip": (ProbeName.GZIP,),
        "plain-under-gzip": (ProbeName.GZIP,),
        "length-when-cold": (ProbeName.COLD,),
        "stable": tuple(ProbeName),
    }
)
"""The further requests that a check looks at; what no rule of a set looks at is not asked for."""

if len(CHECKS) != len(_ALL):
    raise AssertionError("two checks share a name")

__all__ = ["CHECKS", "READS_FACTS", "READS_LINKS", "READS_PROBES"]
