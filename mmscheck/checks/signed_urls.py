"""Whether a signed URL outlives the time in which the message is to be sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from mmscheck.checks.loose_signatures import edge_tokens, expiries, path_ends, unread
from mmscheck.checks.signed_values import (
    Parameter,
    Query,
    Unclear,
    Validity,
    basic_time,
    duration,
    encoded_json,
    extended_time,
    is_web_token,
    number,
    seconds,
    shown,
)
from mmscheck.model.check import Check, MediaTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.request import SendWindow
from mmscheck.model.words import TargetKind

_FLAGS = "--send-at and --send-within say otherwise"


class Margin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds that a URL must hold beyond the planned time, because the provider fetches after the call."""

    margin: int | float


def not_expiring(target: MediaTarget, params: Margin) -> Result:
    """Every signature of the URL holds from the first to the last planned moment, and the margin longer.

    Only the URL as written counts: the target of a redirect is signed anew for each request. What is given
    twice, malformed or contradictory is never taken for valid. Where a URL bears several signatures, each
    must hold.
    """
    found = signatures(target.ref.url)
    if not found:
        return inapplicable("the URL bears no signature of a known scheme")
    window = target.window
    if window is None:
        return cant_tell("it is not known when the message is to be sent")
    problems = [(each, problem) for each in found if (problem := _problem(each, window, params.margin))]
    if problems:
        return _failed(*problems[0], window, params.margin)
    if doubtful := next((each for each in found if each.doubt), None):
        return cant_tell(f"the signature ({doubtful.scheme}) does not say: {doubtful.doubt}")
    return passed(schemes=[each.scheme for each in found], expires=[_evidence(each.ends) for each in found])


def _problem(said: Validity, window: SendWindow, margin: float) -> tuple[str, str] | None:
    """(what is wrong, as the end of a sentence; what must be in its place) or None.

    When it is now is not known here, so that times are told from the earliest moment of the send on.
    """
    ends, starts = said.ends, said.starts
    # Written so that a time that is no number counts as a problem.
    if ends is not None and not ends >= window.closes + margin:
        soon = f"expires at {shown(ends)}, {_placed(ends, window)}{_or_earlier(said)}"
        return soon, _until(window, margin)
    if starts is not None and not starts <= window.opens:
        late = f"is not valid before {shown(starts)}, {_placed(starts, window)}"
        return late, f"from {shown(window.opens)} on, when the message may first go out ({_FLAGS})"
    if said.session:
        latest = f", at {shown(ends)} at the latest" if ends is not None else ""
        never = f"expires with a temporary session, at a time that it does not tell{latest}"
        return never, _until(window, margin)
    return None


def _placed(moment: float, window: SendWindow) -> str:
    side = "before" if moment < window.opens else "after"
    return f"{duration(abs(moment - window.opens))} {side} the message may first go out"


def _until(window: SendWindow, margin: float) -> str:
    needed = window.closes + margin
    return (
        f"until {shown(needed)}: until the end of the time in which the message is taken to go out"
        f" ({shown(window.closes, needed)}; {_FLAGS}) and {duration(margin)} for the provider to fetch"
    )


def _or_earlier(said: Validity) -> str:
    return ", or earlier with its temporary session" if said.session else ""


def _failed(said: Validity, problem: tuple[str, str], window: SendWindow, margin: float) -> Result:
    planned = f"{shown(window.opens)} to {shown(window.closes)}"
    return failed(
        {"expires": _evidence(said.ends), "starts": _evidence(said.starts)},
        scheme=said.scheme,
        problem=problem[0],
        bounds=problem[1],
        planned=planned,
        needed=shown(window.closes + margin),
    )


def _evidence(moment: float | None) -> str | None:
    return None if moment is None else shown(moment)


_LONGEST = 604_800
"""Seconds: the seven days that S3, Cloud Storage and OSS allow a V4 signature at most."""

_SESSION_KEY = "ASIA"
"""What the id of a temporary AWS access key begins with (IAM reference, unique identifiers)."""
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""The form of Azure's sv, by which its signatures are told from others with a ``sig``."""

_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0", "0:0:0:0:0:0:0:0/0"})
"""Networks that hold every address, which CloudFront's policies may name."""


class _Scheme(msgspec.Struct, frozen=True):
    """A scheme's name, whether a query has a signature of it, and how that is read (raises `Unclear`)."""

    name: str
    meets: Callable[[Query], bool]
    read: Callable[[Query], Validity]


def signatures(url: str) -> tuple[Validity, ...]:
    """What every signature in the query of the URL says; empty when there is none that is known as one."""
    query = Query(url)
    known = [_read(scheme, url) for scheme in _SCHEMES if scheme.meets(query)]
    found = [*known, *_tokens(query), *_signed_ids(query), *edge_tokens(query), *path_ends(query)]
    if not known:
        found += expiries(query)
    return tuple(found or unread(query))


def _read(scheme: _Scheme, url: str) -> Validity:
    query = Query(url)
    try:
        said = scheme.read(query)
    except Unclear as unclear:
        return Validity(scheme=scheme.name, doubt=str(unclear))
    if query.misspelled:
        doubt = f"the scheme writes {', '.join(query.misspelled)} in another case, which servers may not read"
        return msgspec.structs.replace(said, doubt=doubt)
    return said


def _version_4(name: str, prefix: str, *others: str) -> _Scheme:
    """A date, and the number of seconds from then on."""
    marks = tuple(prefix + each for each in ("Signature", "Credential", "Expires", *others))
    if prefix.islower():
        marks = tuple(each.lower() for each in marks)
    signature, credential, expires = marks[:3]
    date = prefix + ("date" if prefix.islower() else "Date")

    def read(query: Query) -> Validity:
        query.one(signature)
        key, _, scope = query.one(credential).partition("/")
        written = query.one(date)
        starts, lasts = basic_time(date, written), seconds(expires, query.one(expires))
        if scope[:8] != written[:8]:
            raise Unclear(f"{date} and {credential} name different days")
        if lasts > _LONGEST:
            raise Unclear(f"{expires} is more than the seven days that are allowed")
        session = query.has(prefix + "Security-Token") or key.startswith(_SESSION_KEY)
        return Validity(scheme=name, starts=starts, ends=starts + lasts, session=session)

    return _Scheme(name, lambda query: any(query.has(mark) for mark in marks), read)


def _expiring(name: str, key: str, *sessions: str) -> _Scheme:
    """``Expires`` in seconds since the epoch, beside a signature and the name of its key."""

    def read(query: Query) -> Validity:
        query.one("Signature")
        session = query.one(key).startswith(_SESSION_KEY) or any(query.has(each) for each in sessions)
        ends = seconds("Expires", query.one("Expires"))
        return Validity(scheme=name, ends=ends, session=session)

    return _Scheme(name, lambda query: query.has(key), read)


def _azure(query: Query) -> Validity:
    query.one("sig")
    if not query.has("se"):
        raise Unclear("it is set by a stored access policy (si)" if query.has("si") else "se is missing")
    ends = [extended_time(each, query.one(each)) for each in ("se", "ske") if query.has(each)]
    starts = [extended_time(each, query.one(each)) for each in ("st", "skt") if query.has(each)]
    bound = _BOUND.format("sip") if query.has("sip") else ""
    return Validity(scheme=_AZURE, ends=min(ends), starts=max(starts, default=None), doubt=bound)


def _cloudfront(query: Query) -> Validity:
    query.one("Signature")
    query.one("Key-Pair-Id")
    if not query.has("Policy"):
        return Validity(scheme=_CLOUDFRONT, ends=seconds("Expires", query.one("Expires")))
    if query.has("Expires"):
        raise Unclear("both Policy and Expires are given")
    # CloudFront writes + = / of base64 as - _ ~.
    text = query.one("Policy").translate(str.maketrans("-_~", "-=_"))
    condition = _condition(encoded_json("Policy", text.replace("=", "")))
    starts = _epoch(condition, "DateGreaterThan") if "DateGreaterThan" in condition else None
    bound = _BOUND.format("IpAddress of Policy") if _is_bound(condition) else ""
    return Validity(scheme=_CLOUDFRONT, ends=_epoch(condition, "DateLessThan"), starts=starts, doubt=bound)


def _is_bound(condition: dict[str, object]) -> bool:
    address = condition.get("IpAddress")
    source = address.get("AWS:SourceIp") if isinstance(address, dict) else address
    return source is not None and not (isinstance(source, str) and source in _EVERYWHERE)


def _condition(policy: dict[str, object]) -> dict[str, object]:
    statements = policy.get("Statement")
    only = statements[0] if isinstance(statements, list) and len(statements) == 1 else None
    condition = only.get("Condition") if isinstance(only, dict) else None
    if not isinstance(condition, dict):
        raise Unclear("Policy holds no single statement with a condition")
    return condition


def _epoch(condition: dict[str, object], name: str) -> float:
    bound = condition.get(name)
    return number(f"{name} of Policy", bound.get("AWS:EpochTime") if isinstance(bound, dict) else None)


def _tencent(query: Query) -> Validity:
    query.one("q-signature")
    bounds = [_range(name, query.one(name)) for name in ("q-sign-time", "q-key-time")]
    return Validity(
        scheme=_TENCENT,
        starts=max(start for start, _ in bounds),
        ends=min(end for _, end in bounds),
        session=query.has("x-cos-security-token"),
    )


def _range(name: str, text: str) -> tuple[int, int]:
    start, _, end = text.partition(";")
    return seconds(name, start), seconds(name, end)


def _signed_ids(query: Query) -> Iterable[Validity]:
    """What every signed id of Ruby on Rails says: JSON in base64, two hyphens, a digest.

    An ``exp`` of null, as Active Storage's permanent ids have it, is no end.
    """
    for each in query.tokens:
        if each.value.startswith(_RAILS_ID):
            try:
                yield from _signed_id(each.value)
            except Unclear as unclear:
                yield Validity(scheme=_RAILS, doubt=str(unclear))


def _signed_id(text: str) -> Iterable[Validity]:
    body = text.partition("--")[0].translate(str.maketrans("+/", "-_")).rstrip("=")
    said = encoded_json("the signed id", body).get("_rails")
    if not isinstance(said, dict):
        raise Unclear("the signed id does not hold what Rails writes")
    if isinstance(ends := said.get("exp"), str):
        yield Validity(scheme=_RAILS, ends=extended_time("exp of the signed id", ends))
    elif ends is not None:
        raise Unclear("exp of the signed id is no time")


def _tokens(query: Query) -> Iterable[Validity]:
    for each in query.tokens:
        if is_web_token(each.value):
            try:
                yield from _token(each)
            except Unclear as unclear:
                yield Validity(scheme=_JWT, doubt=str(unclear))


def _token(parameter: Parameter) -> Iterable[Validity]:
    """What the token's claims say; nothing for one that has no bounds, as it does not expire by itself."""
    parts = parameter.value.split(".")
    if len(parts) > len(("header", "payload", "signature")):
        raise Unclear("the token is encrypted")
    claims = encoded_json("the token", parts[1])
    ends, starts = (
        number(f"{name} of the token", claims[name]) if name in claims else None for name in ("exp", "nbf")
    )
    if ends is not None or starts is not None:
        yield Validity(scheme=_JWT, ends=ends, starts=starts)


_BOUND = "whether the provider has one of the addresses it is bound to ({})"
_AZURE = "Azure shared access signature"
_CLOUDFRONT = "CloudFront"
_TENCENT = "Tencent COS"
_JWT = "JSON web token"
_RAILS = "Rails signed id"
_RAILS_ID = "eyJfcmFpbHMi"
"""Base64 of ``{"_rails"``, with which the signed ids of Rails 5.2 and later begin (6.1.7, seen 2026-11)."""
_SCHEMES = (
    _version_4("AWS Signature Version 4", "X-Amz-", "Algorithm"),
    _version_4("Google Cloud Storage V4", "X-Goog-", "Algorithm"),
    _version_4("Alibaba OSS V4", "x-oss-"),
    _expiring("AWS Signature Version 2", "AWSAccessKeyId", "x-amz-security-token"),
    _expiring("Google Cloud Storage V2", "GoogleAccessId"),
    _expiring("Google Cloud CDN", "KeyName"),
    _expiring("Alibaba OSS V1", "OSSAccessKeyId", "security-token"),
    _Scheme(_CLOUDFRONT, lambda query: query.has("Key-Pair-Id"), _cloudfront),
    _Scheme(
        _AZURE,
        lambda query: query.has("sig") and any(_VERSION.fullmatch(each) for each in query.all("sv")),
        _azure,
    ),
    _Scheme(_TENCENT, lambda query: query.has("q-signature") or query.has("q-sign-time"), _tencent),
)


CHECKS: tuple[Check, ...] = (
    Check(
        name="signed",
        target=TargetKind.MEDIA,
        run=not_expiring,
        params=Margin,
        reports=frozenset({"scheme", "problem", "bounds", "planned", "needed"}),
        static=True,
    ),
)
"""Every check of the family."""
