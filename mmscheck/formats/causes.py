"""Which findings follow from which others on the same target, so that people are told the cause once.

The table says what is certain from what the rules look at, and nothing that is merely likely: a sign-in page
is no picture, and what is sent in chunks states no length. It changes nothing but the report for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.report import Evaluation
from mmscheck.model.words import Outcome, Severity

REACHABLE = "media-reachable"
"""The rule about there being a file at all."""

_DECODES = (
    *("image-decodes", "audio-decodes", "video-decodes"),
    *("vcard-valid", "ical-valid", "pdf-valid", "passbook-valid"),
)
_PLAYS = (
    *("image-dimensions-advised", "image-aspect-advised", "image-no-transparency", "image-upright"),
    *("gif-frame-rate", "gif-dimensions-advised", "audio-codec", "audio-duration-advised"),
    *("video-codec", "video-container", "video-dimensions-advised", "video-duration-advised"),
    *("video-frame-rate-advised", "vcard-photo-advised"),
)
_LOOKED_INTO = (*_DECODES, *_PLAYS)
_TYPES = ("content-type-matches", "media-kind-matches", "media-type-accepted")
_LENGTHS = ("length-under-gzip", "length-when-cold")

CONSEQUENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "url-absolute": (REACHABLE,),
        "url-clean": (REACHABLE,),
        "url-public": (REACHABLE,),
        "tls-valid": (REACHABLE,),
        "redirect-safe": (REACHABLE, "no-redirect"),
        "response-well-formed": (REACHABLE, "content-length", "content-length-true"),
        "content-length-true": (REACHABLE, *_DECODES),
        "not-chunked": ("content-length", *_LENGTHS),
        "content-length": _LENGTHS,
        "length-under-gzip": ("not-compressed-under-gzip",),
        "media-not-empty": ("media-type-known", "extension-matches", *_TYPES, *_LOOKED_INTO),
        "not-compressed": ("not-compressed-under-gzip", "media-type-known", *_TYPES, *_LOOKED_INTO),
        "not-a-web-page": (
            *("content-type-specific", "content-type-registered", "media-type-known", "extension-matches"),
            *_TYPES,
            *_LOOKED_INTO,
        ),
        "file-itself": ("media-type-known", "extension-matches", *_TYPES, *_LOOKED_INTO),
        "media-type-known": ("extension-matches", *_TYPES, *_LOOKED_INTO),
        "content-type-present": ("content-type-specific",),
        "content-type-valid": ("content-type-specific",),
        **dict.fromkeys(_DECODES, _PLAYS),
        "media-size": (REACHABLE, "media-size-advised"),
        "message-size": ("message-size-advised",),
        "subject-length": ("subject-length-advised",),
        "subject-ascii": ("subject-no-emoji",),
    }
)
"""The rules that follow from a rule, by the cause; where several hold, the first in this order is told.

It has no circles. `follows` says when an entry holds.
"""

UNREACHED: Mapping[str, frozenset[Reason]] = MappingProxyType(
    {
        "url-absolute": frozenset({Reason.INVALID_URL}),
        "url-clean": frozenset({Reason.INVALID_URL}),
        "url-public": frozenset({Reason.ADDRESS_REFUSED}),
        "tls-valid": frozenset({Reason.TLS_CERTIFICATE, Reason.TLS_HANDSHAKE}),
        "redirect-safe": frozenset(
            {
                *(Reason.REDIRECT_LOOP, Reason.TOO_MANY_REDIRECTS),
                *(Reason.INSECURE_REDIRECT, Reason.BAD_REDIRECT),
            }
        ),
        "response-well-formed": frozenset(
            {Reason.MALFORMED_HTTP, Reason.LENGTH_AND_CHUNKED, Reason.TWO_LENGTHS}
        ),
        "content-length-true": frozenset({Reason.SHORT_BODY, Reason.TWO_LENGTHS}),
        "media-size": frozenset({Reason.TOO_LARGE}),
    }
)
"""Why there is no file when that is the cause's doing: a 404 does not follow from an odd header beside it."""

_ONLY_FAILURES = frozenset({"response-well-formed", "subject-ascii"})
_RANK = {rule: at for at, rule in enumerate(CONSEQUENCES)}


def rank(cause: Evaluation) -> int:
    """Sorts the possible causes of one finding, the one to be told first."""
    return _RANK[cause.rule]


def follows(item: Evaluation, cause: Evaluation, seen: Observation | None) -> bool:
    """Whether a finding is told with ``cause``, another on the same target; ``seen`` came for its URL.

    Only below a failure, and only what is no worse: no error is told below advice.
    """
    if item.rule not in CONSEQUENCES.get(cause.rule, ()) or cause.outcome is not Outcome.FAILED:
        return False
    if item.severity is Severity.ERROR and cause.severity is not Severity.ERROR:
        return False
    if item.outcome is not Outcome.FAILED and cause.rule in _ONLY_FAILURES:
        return False
    return item.rule != REACHABLE or (
        isinstance(seen, NotFetched) and seen.reason in UNREACHED.get(cause.rule, ())
    )
