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
    *("image-screen-colours", "image-whole"),
    *("gif-frame-rate", "gif-dimensions-advised", "audio-codec", "audio-duration-advised"),
    "audio-whole",
    *("video-codec", "video-container", "video-dimensions-advised", "video-duration-advised"),
    *("video-frame-rate-advised", "vcard-photo-advised", "vcard-advised", "ical-advised"),
)
_LOOKED_INTO = (*_DECODES, *_PLAYS)
_SAID = ("content-type-matches", "media-kind-matches")
_TYPES = (*_SAID, "media-type-accepted")
_LENGTHS = ("length-under-gzip", "length-when-cold")

CONSEQUENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "url-absolute": (REACHABLE,),
        "url-clean": (REACHABLE,),
        "url-public": (REACHABLE,),
        "tls-valid": (REACHABLE, "tls-lasts"),
        "redirect-safe": (REACHABLE, "no-redirect"),
        "response-well-formed": (REACHABLE, "content-length"),
        "content-length-true": (REACHABLE, "response-well-formed", *_DECODES),
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
        **dict.fromkeys(_DECODES, (*_PLAYS, "extension-matches", *_SAID)),
        "media-type-accepted": _LOOKED_INTO,
        "media-size": (REACHABLE, "media-size-advised", *_LOOKED_INTO),
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

THE_OTHER_WAY = frozenset(
    {("video-codec", "video-decodes"), *((one, "media-type-accepted") for one in _DECODES)}
)
"""Rules and ones that may be undecided for their failing; the table has them the other way round."""

_ONLY_UNDECIDED = frozenset({"media-type-accepted", "media-size", "video-codec"})
"""Causes for which a file need not be looked into: what is found in it all the same stands for itself."""

_ONLY_FAILURES = frozenset({"response-well-formed", "subject-ascii"})
_ONLY_OPEN = frozenset({"extension-matches", *_TYPES})
"""What does not follow from a decoder's refusal, unless the type of the bytes is not known for it."""
_RANK = {rule: at for at, rule in enumerate(CONSEQUENCES)}


def rank(cause: Evaluation) -> int:
    """Sorts the possible causes of one finding, the one to be told first."""
    return _RANK.get(cause.rule, len(_RANK))


def follows(item: Evaluation, cause: Evaluation, seen: Observation | None) -> bool:
    """Whether a finding is told with ``cause``, another on the same target; ``seen`` came for its URL.

    Only below a failure, and only what is no worse: no error is told below advice.
    """
    listed = item.rule in CONSEQUENCES.get(cause.rule, ()) or (cause.rule, item.rule) in THE_OTHER_WAY
    if not listed or cause.outcome is not Outcome.FAILED:
        return False
    no_less = item.severity is not Severity.ERROR or cause.severity is Severity.ERROR
    if not no_less or _stands_for_itself(item, cause):
        return False
    return item.rule != REACHABLE or (
        isinstance(seen, NotFetched) and seen.reason in UNREACHED.get(cause.rule, ())
    )


def _stands_for_itself(item: Evaluation, cause: Evaluation) -> bool:
    """Whether a finding of a listed rule says more than the cause does."""
    failed = item.outcome is Outcome.FAILED
    return (
        (not failed and cause.rule in _ONLY_FAILURES)
        or (failed and item.rule in _LOOKED_INTO and cause.rule in _ONLY_UNDECIDED)
        or (failed and item.rule in _ONLY_OPEN and cause.rule in _DECODES)
        or (item.rule == "response-well-formed" and not _only_lengths(item))
    )


_LENGTHS_AT_FAULT = frozenset({"EXCESS", "TWO_LENGTHS", "REPEATED_LENGTH", "BAD_LENGTH"})


def _only_lengths(item: Evaluation) -> bool:
    """Whether all that is not well formed is what ``content-length-true`` says better."""
    odd = item.evidence.get("anomalies") or ()
    return bool(odd) and all(each.get("kind") in _LENGTHS_AT_FAULT for each in odd)
