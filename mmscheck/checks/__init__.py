"""All checks by name, listed one module at a time; nothing registers itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.checks.decoded import CHECKS as DECODED
from mmscheck.checks.http import CHECKS as HTTP
from mmscheck.checks.local import CHECKS as LOCAL
from mmscheck.checks.media import CHECKS as MEDIA
from mmscheck.checks.message import CHECKS as MESSAGE
from mmscheck.checks.mime import CHECKS as MIME
from mmscheck.checks.probes import CHECKS as PROBES
from mmscheck.checks.providers import CHECKS as PROVIDERS
from mmscheck.checks.relayed import judged_directly
from mmscheck.checks.request import CHECKS as REQUEST
from mmscheck.checks.signed import CHECKS as SIGNED
from mmscheck.checks.slide import CHECKS as SLIDE
from mmscheck.checks.spoilt import CHECKS as SPOILT
from mmscheck.checks.subject import CHECKS as SUBJECT
from mmscheck.checks.url import CHECKS as URL
from mmscheck.checks.wrapped import CHECKS as WRAPPED
from mmscheck.model.check import Check
from mmscheck.model.observation import ProbeName

_ALL: tuple[Check, ...] = (
    *MESSAGE,
    *PROVIDERS,
    *SPOILT,
    *SUBJECT,
    *SLIDE,
    *REQUEST,
    *URL,
    *SIGNED,
    *HTTP,
    *(judged_directly(check) for check in PROBES),
    *MIME,
    *WRAPPED,
    *LOCAL,
    *MEDIA,
    *DECODED,
)

CHECKS: Mapping[str, Check] = MappingProxyType({check.name: check for check in _ALL})
"""Every check a rule file may name."""

READS_FACTS = frozenset(check.name for check in (*DECODED, *WRAPPED))
"""The checks that look at what a decoder found; without them nothing needs to be decoded."""

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

__all__ = ["CHECKS", "READS_FACTS", "READS_PROBES"]
